// A walk over 1,000,000 asset jobs: what it costs in memory, and beside a bare loop of undici and JSON.parse over the same answers.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'undici';
import { median } from '../../src/domain/polling/cadence.js';
import { openLedger } from '../../src/ledger/index.js';
import { createQualys, type QualysClient } from '../../src/qualys/client.js';
import { ProcessGate, processClock } from '../../src/qualys/http/process-gate.js';
import { startWalkGateway } from './walk-gateway.js';
import { paths, ROWS_A_PAGE } from './walk-server.js';

const ROWS = 1_000_000;
const ROUNDS = 10;
const PAGES_A_ROUND = ROWS / ROWS_A_PAGE / ROUNDS;
const LATENCY_MS = 20;
const MIB = 1024 * 1024;
/** Pages after which V8 has sized its heap for the work. */
const SETTLING_PAGES = 10;
const BARE = 'bare loop';
/** Far above what the walks here take: limits are another bench. */
const CAPS = { callsPerHour: 1_000_000, concurrency: 2 };

/** Reads one page and says how many rows it held; 0 at the end. */
type NextPage = () => Promise<number>;

function ours(qualys: QualysClient): NextPage {
  const pages = qualys.searchAssetJobs({ pageSize: ROWS_A_PAGE, readAhead: true })[Symbol.asyncIterator]();
  return async () => {
    const page = await pages.next();
    return page.done ? 0 : page.value.rows.length;
  };
}

/** The least that a walk can do: ask, parse, ask behind the last row. */
function bare(client: Client): NextPage {
  let searchAfter: unknown;
  return async () => {
    const { body } = await client.request({
      path: paths.search,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ pageSize: ROWS_A_PAGE, searchAfter }),
    });
    const { list } = (JSON.parse(await body.text()) as { body: { list: { sortValues: unknown }[] } }).body;
    searchAfter = list.at(-1)?.sortValues;
    return list.length;
  };
}

/** From before the first call, when the process has done nothing yet, and from the page at which its heap has settled. */
async function memoryOf(next: NextPage): Promise<void> {
  collectGarbage();
  const before = process.memoryUsage.rss();
  let [rows, pages, settled, peak] = [0, 0, before, before];
  for (let page = await next(); page > 0; page = await next()) {
    rows += page;
    pages += 1;
    const rss = process.memoryUsage.rss();
    peak = Math.max(peak, rss);
    if (pages <= SETTLING_PAGES) settled = peak;
  }
  collectGarbage();
  const after = process.memoryUsage.rss();
  if (rows !== ROWS) throw new Error(`The walk gave ${rows} rows of ${ROWS}`);
  const mib = (bytes: number): string => `${(bytes / MIB).toFixed(0)} MiB`;
  console.log(`${rows.toLocaleString('en')} rows, ${ROWS_A_PAGE} a page: resident memory was ${mib(before)} before the first call,`);
  console.log(`${mib(settled)} after ${SETTLING_PAGES} pages, ${mib(peak)} at most, ${mib(after)} when all was read and collected`);
  console.log(
    `growth over ${pages - SETTLING_PAGES} pages: ${mib(peak - settled)} (less than 64 MiB); from the cold start ${mib(peak - before)}`,
  );
}

/** Milliseconds for one round. Its first page is not counted: it may have been asked for before the other's round. */
async function roundOf(next: NextPage): Promise<number> {
  await next();
  const startedAt = performance.now();
  let rows = 0;
  for (let page = 1; page < PAGES_A_ROUND; page += 1) rows += await next();
  if (rows !== (PAGES_A_ROUND - 1) * ROWS_A_PAGE) throw new Error(`A round gave ${rows} rows`);
  return performance.now() - startedAt;
}

async function compare(walks: Record<string, NextPage>): Promise<void> {
  const took: Record<string, number[]> = {};
  const names = Object.keys(walks);
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const name of round % 2 === 0 ? [...names].reverse() : names) {
      const next = walks[name];
      if (next) took[name] = [...(took[name] ?? []), await roundOf(next)];
    }
    console.log(`round ${round}: ${names.map((name) => `${name} ${rate(took[name]?.at(-1))}`).join(', ')} rows a second`);
  }
  console.log(`\nmedians of ${ROUNDS} rounds of ${PAGES_A_ROUND} pages, each answer ${LATENCY_MS} ms late`);
  for (const name of names) {
    const ratios = (took[BARE] ?? []).map((bareMs, round) => bareMs / (took[name]?.[round] ?? Number.NaN));
    const [lowest, middle, highest] = [Math.min(...ratios), median(ratios), Math.max(...ratios)].map((ratio) =>
      (ratio ?? Number.NaN).toFixed(2),
    );
    const beside = name === BARE ? '' : `, ${middle} × bare (at least 0.8), ${lowest} to ${highest} a round`;
    console.log(`${name}: ${rate(median(took[name] ?? []))} rows a second${beside}`);
  }
}

function rate(tookMs: number | undefined): string {
  return Math.round(((PAGES_A_ROUND - 1) * ROWS_A_PAGE * 1_000) / (tookMs ?? Number.NaN)).toLocaleString('en');
}

function collectGarbage(): void {
  if (!globalThis.gc) throw new Error('Run this with --expose-gc: memory is compared after garbage collection');
  globalThis.gc();
}

const folder = await mkdtemp(join(tmpdir(), 'overhaul-walk-'));
const ledger = await openLedger({ url: `sqlite:${join(folder, 'ledger.db')}`, create: true, caps: CAPS });
const { url, server } = await startWalkGateway(ROWS, LATENCY_MS);
const account = { baseUrl: url, username: 'bench', password: () => 'bench' };
const worker = createQualys({ ...account, gate: ledger.calls, clock: ledger.serverClock });
const command = createQualys({ ...account, gate: new ProcessGate(CAPS), clock: processClock() });
const client = new Client(url);
try {
  await memoryOf(ours(worker));
  await compare({ 'as the worker walks': ours(worker), 'as a command without a ledger walks': ours(command), [BARE]: bare(client) });
} finally {
  await client.destroy();
  await Promise.all([worker.close(), command.close()]);
  server.kill();
  await ledger.close();
  await rm(folder, { recursive: true, force: true });
}
