// What the ledger costs beside a bare loop over the same library, tables, indexes and pragmas; and what a page costs at two sizes.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'libsql';
import { parseRequest } from '../../src/contracts/request.js';
import { median } from '../../src/domain/polling/cadence.js';
import { type Ledger, openLedger, sqlitePath } from '../../src/ledger/index.js';
import type { Poll } from '../../src/ledger/rows/poll.js';
import { misstate, together } from '../../test/support/ledger/damage.js';
import { find } from '../../test/support/ledger/scenario.js';
import { BareRows } from './bare-rows.js';

const ROWS = Number(process.env['ROWS'] ?? 100_000);
const ROUNDS = Number(process.env['ROUNDS'] ?? 5);
const ROWS_PER_TRANSACTION = 1_000;
const BATCH = 25;
const PAGE_SIZES = [1_000, 1_000_000];
const PAGES = 40;
const SERVER_AT = 1_700_000_000_000;
/** What a watch of 40 executions in flight writes at once. */
const POLLS_TOGETHER = 40;
const PAGE_KINDS: [string, { outcome?: 'failed'; q?: string }][] = [
  ['no filter', {}],
  ['outcome failed (1 in 5)', { outcome: 'failed' }],
  ['search in the name (1 in 2)', { q: 'even' }],
  ['outcome and search', { outcome: 'failed', q: 'host' }],
];
/** At 1,000 and at 1,000,000 rows. */
const RARE_TEXTS = [
  ['host-999-', 'host-999-'],
  ['host-654-', 'host-654321-'],
  ['20000777', '20777777'],
] as const;
const RARE_ROUNDS = 11;
const CAPS = { callsPerHour: 1_000, concurrency: 2 };

/** Made before anything is measured: they are given, as the rows of the loop are. */
const POLLS = Array.from({ length: ROWS / BATCH }, (_, index) => pollAt(index + 1));

type Step = (ledger: Ledger) => Promise<void>;

async function compareWrites(): Promise<void> {
  const took: Record<string, Took[]> = {};
  const kinds: [string, () => Promise<Took>][] = [
    ['bare inserts', () => inNewLedger(openRun, bareInserts)],
    ['cohort.add', () => inNewLedger(openRun, (ledger) => addCohort(ledger, ROWS))],
    ['bare updates', () => inNewLedger(acceptEverything, bareUpdates)],
    ['recordAll', () => inNewLedger(acceptEverything, (ledger) => recordVerdicts(ledger, POLLS_TOGETHER))],
    ['record', () => inNewLedger(acceptEverything, (ledger) => recordVerdicts(ledger, 1))],
  ];
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const [name, measure] of round % 2 === 0 ? [...kinds].reverse() : kinds) took[name] = [...(took[name] ?? []), await measure()];
    console.log(`round ${round}: ${kinds.map(([name]) => `${name} ${shown(took[name]?.at(-1))}`).join(', ')}`);
  }
  const middle = (name: string): Took => ({
    clockMs: median((took[name] ?? []).map(({ clockMs }) => clockMs)) ?? Number.NaN,
    processorMs: median((took[name] ?? []).map(({ processorMs }) => processorMs)) ?? Number.NaN,
  });
  const [inserts, updates] = [middle('bare inserts'), middle('bare updates')];
  const times = (one: Took, other: Took): string =>
    `${(one.clockMs / other.clockMs).toFixed(2)} × by the clock, ${(one.processorMs / other.processorMs).toFixed(2)} × by the processor`;
  console.log(`\n${ROWS.toLocaleString('en')} rows, medians of ${ROUNDS} rounds, by the clock and the processor`);
  console.log(`bare loop, a prepared INSERT a row, ${ROWS_PER_TRANSACTION} a commit: ${shown(inserts)}`);
  console.log(`cohort.add: ${shown(middle('cohort.add'))}: ${times(middle('cohort.add'), inserts)} (at most 2)`);
  console.log(`bare loop, a prepared UPDATE a row, ${ROWS_PER_TRANSACTION} a commit: ${shown(updates)}`);
  for (const [name, what] of [
    ['recordAll', `verdicts.recordAll, ${POLLS_TOGETHER} polls of ${BATCH} a commit`],
    ['record', `verdicts.record, ${BATCH} a commit`],
  ] as const)
    console.log(`${what}: ${shown(middle(name))}: ${times(middle(name), updates)} (at most 1.5)`);
}

const shown = (took: Took | undefined): string => `${Math.round(took?.clockMs ?? 0)} and ${Math.round(took?.processorMs ?? 0)} ms`;

/** Pages of the small ledger and of the large one in turn, so that both meet the same machine. */
async function comparePages(): Promise<void> {
  console.log(`\na page of 100, medians of ${PAGES} pages spread over the run, sizes in turn`);
  const [few = 0, many = 0] = PAGE_SIZES;
  await inNewLedger(
    (ledger) => fill(ledger, few),
    (small) =>
      inNewLedger(
        (ledger) => fill(ledger, many),
        async (large, url) => {
          for (const kind of PAGE_KINDS) await comparePage(kind, [small, large]);
          await compareRareText([small, large], url);
        },
      ).then(() => undefined),
  );
}

async function comparePage([name, options]: (typeof PAGE_KINDS)[number], ledgers: readonly Ledger[]): Promise<void> {
  const times = ledgers.map((): number[] => []);
  for (let page = 0; page < PAGES; page += 1) {
    for (const [index, ledger] of ledgers.entries()) {
      const cursor = String(Math.floor(((PAGE_SIZES[index] ?? 0) * 0.2 * page) / PAGES));
      const started = performance.now();
      const { items } = await ledger.reader.assets('run', { ...options, limit: 100, cursor });
      times[index]?.push(performance.now() - started);
      if (items.length !== 100)
        throw new Error(`A page has ${items.length} rows, not 100: the measurement would compare different things.`);
    }
  }
  const [few = 0, many = 0] = times.map((taken) => median(taken) ?? 0);
  console.log(
    `${name}: ${few.toFixed(2)} ms at 1,000 rows, ${many.toFixed(2)} ms at 1,000,000, ratio ${(many / few).toFixed(2)} (at most 3)`,
  );
}

/** A text that one row holds, in turn; first as long as the index of names is not filled, when nothing but reading all rows tells. */
async function compareRareText([small, large]: readonly [Ledger, Ledger], url: string): Promise<void> {
  const search = async (ledger: Ledger, q: string): Promise<number> => {
    const started = performance.now();
    const { items } = await ledger.reader.assets('run', { q, limit: 100 });
    if (items.length !== 1) throw new Error(`${items.length} rows hold ${q}, not 1.`);
    return performance.now() - started;
  };
  const compare = async (when: string): Promise<void> => {
    for (const [few, many] of RARE_TEXTS) {
      const [a, b]: [number[], number[]] = [[], []];
      for (let round = 0; round < RARE_ROUNDS; round += 1) {
        a.push(await search(small, few));
        b.push(await search(large, many));
      }
      const [fewMs = 0, manyMs = 0] = [median(a), median(b)];
      console.log(
        `${when}, ${many}: ${fewMs.toFixed(2)} ms at 1,000, ${manyMs.toFixed(2)} ms at 1,000,000, ratio ${(manyMs / fewMs).toFixed(1)} (at most 5)`,
      );
    }
  };
  console.log('\na text that one row holds');
  await compare('all rows read');
  const [bytes, cpu] = [bytesOf(url), process.cpuUsage()];
  let longest = 0;
  for (let more = true; more; ) {
    const started = performance.now();
    more = await large.names.fill();
    longest = Math.max(longest, performance.now() - started);
  }
  const { user, system } = process.cpuUsage(cpu);
  const rows = PAGE_SIZES[1] ?? 1;
  console.log(
    `the index: ${((user + system) / rows).toFixed(1)} µs of processor and ${((bytesOf(url) - bytes) / rows).toFixed(1)} bytes a row, the longest turn ${Math.round(longest)} ms`,
  );
  await compare('by the index');
}

function bytesOf(url: string): number {
  const file = new SqliteDatabase(sqlitePath(url));
  const pragma = (name: string): number => Number((file.pragma(name) as Record<string, number>[])[0]?.[name]);
  const bytes = (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
  file.close();
  return bytes;
}

interface Took {
  clockMs: number;
  processorMs: number;
}

/** What `measured` takes in a ledger of its own, prepared by `before`. */
async function inNewLedger(before: Step, measured: (ledger: Ledger, url: string) => Promise<void>): Promise<Took> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-ledger-'));
  const url = `sqlite:${join(directory, 'ledger.db')}`;
  const ledger = await openLedger({ url, create: true, caps: CAPS });
  try {
    await before(ledger);
    const [started, used] = [performance.now(), process.cpuUsage()];
    await measured(ledger, url);
    const { user, system } = process.cpuUsage(used);
    return { clockMs: performance.now() - started, processorMs: (user + system) / 1_000 };
  } finally {
    await ledger.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function openRun(ledger: Ledger): Promise<void> {
  const parsed = parseRequest({ script: 7, targets: { assetIds: [1] } });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { targets: _cohort, ...request } = parsed.value;
  await ledger.runs.open({ id: 'run', firstExecutionId: 'first', namespace: 'default', request });
  await ledger.runs.setScript('run', { id: '7', title: 'Patch' });
  // Everything is in flight at once here, which no request may ask for.
  await ledger.runs.adjust('run', { maxInFlight: ROWS });
}

function asset(index: number): { assetId: string; name: string; agentUuid: string } {
  return {
    assetId: String(20_000_000 + index),
    name: `host-${index}-${index % 2 === 0 ? 'even' : 'odd'}.example.com`,
    agentUuid: `6f1d0000-0000-4000-8000-${String(index).padStart(12, '0')}`,
  };
}

async function bareInserts(_ledger: Ledger, url: string): Promise<void> {
  const bare = new BareRows(sqlitePath(url));
  bare.addStep(
    'run',
    Array.from({ length: ROWS }, (_, index) => ({ ...asset(index), seq: index + 1 })),
  );
  bare.close();
}

async function addCohort(ledger: Ledger, size: number): Promise<void> {
  for (let start = 0; start < size; start += ROWS_PER_TRANSACTION) {
    await ledger.cohort.add(
      'run',
      Array.from({ length: Math.min(ROWS_PER_TRANSACTION, size - start) }, (_, index) => asset(start + index)),
    );
  }
}

/** Everything claimed and accepted, as it is before the first verdict. The permits are not what is measured here. */
async function acceptEverything(ledger: Ledger): Promise<void> {
  await openRun(ledger);
  await addCohort(ledger, ROWS);
  await ledger.cohort.freeze('run');
  const fence = await ledger.runs.takeFence('run');
  for (let n = 1; n <= ROWS / BATCH; n += 1) await ledger.executions.claim('run', fence);
  await together(ledger, async (within) => {
    for (let n = 1; n <= ROWS / BATCH; n += 1) {
      await misstate(within, { state: 'accepted', acceptedAt: 1, correlationUuid: `uuid-${n}` }, { runId: 'run', executionNo: n });
      await find(within, { outcome: 'running', correlationUuid: `uuid-${n}` }, { runId: 'run', executionNo: n });
    }
  });
}

async function bareUpdates(_ledger: Ledger, url: string): Promise<void> {
  const bare = new BareRows(sqlitePath(url));
  bare.recordPassed('run', ROWS, { status: 'EXECUTION PASSED', exitCode: 0, finishedAt: SERVER_AT, jobId: 'job-1' });
  bare.close();
}

async function recordVerdicts(ledger: Ledger, pollsTogether: number): Promise<void> {
  for (let n = 0; n < ROWS / BATCH; n += pollsTogether)
    await ledger.verdicts.recordAll('run', POLLS.slice(n, n + pollsTogether), { failed: 1, afterMs: 0 });
}

function pollAt(n: number): Poll {
  const assets = Array.from({ length: BATCH }, (_, index) => asset((n - 1) * BATCH + index));
  return {
    executionNo: n,
    number: 1,
    polledAt: 1,
    serverNow: SERVER_AT,
    jobs: assets.map((seen) => ({
      ...seen,
      jobId: `job-${n}`,
      status: 'EXECUTION PASSED',
      exitCode: 0,
      startedAt: SERVER_AT,
      finishedAt: SERVER_AT + 1_000,
    })),
    decisions: assets.map(({ assetId }) => ({ assetId, outcome: 'succeeded', final: true, terminal: true })),
    settled: true,
    slotFree: true,
    outputOf: 'none',
  };
}

async function fill(ledger: Ledger, size: number): Promise<void> {
  await openRun(ledger);
  await addCohort(ledger, size);
  await ledger.cohort.freeze('run');
  await find(ledger, { outcome: 'succeeded' });
  await together(ledger, async (within) => {
    for (let seq = 5; seq <= size; seq += 5) await find(within, { outcome: 'failed' }, { runId: 'run', seq });
  });
}

if (process.env['ONLY'] !== 'pages') await compareWrites();
if (process.env['ONLY'] !== 'writes') await comparePages();
