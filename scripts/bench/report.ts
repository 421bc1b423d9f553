// What a report of 100,000 assets costs as HTML, CSV and JSON: each in a process of its own, beside a bare loop over the same rows and
// beside writing the same bytes. Every fifth asset has failed, each with an output that is read for its group.
import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import SqliteDatabase from 'libsql';
import { parseRequest } from '../../src/contracts/request.js';
import { median } from '../../src/domain/polling/cadence.js';
import { ASSET_ROW_COLUMNS, type FinalOutcome } from '../../src/domain/run/outcome.js';
import { type Ledger, openLedger, sqlitePath } from '../../src/ledger/index.js';
import type { RunRow } from '../../src/ledger/rows/run.js';
import { csvReport } from '../../src/reports/csv.js';
import { failuresOf, reportFacts } from '../../src/reports/facts.js';
import { writeReportFile } from '../../src/reports/file.js';
import { htmlReport } from '../../src/reports/html/page.js';
import { jsonReport } from '../../src/reports/json.js';

const ASSETS = Number(process.env['ASSETS'] ?? 100_000);
const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
const AT = 1_700_000_000_000;
const OUTPUT = 'reading package lists\nE: no space left on device\n'.padEnd(2_048, 'checked a package, nothing to do\n');
const CAPS = { callsPerHour: 1_000, concurrency: 2 };
const ROWS_A_COMMIT = 1_000;
const BYTES_AT_ONCE = 65_536;
const PARTS = ['html', 'json', 'csv', 'bare csv', 'bytes'] as const;
type Part = (typeof PARTS)[number];
interface Measured {
  ms: number;
  /** Of all threads: other work on the same cores does not count. */
  cpuMs: number;
  peakMiB: number;
  bytes: number;
}

/** A closed run as the ledger keeps it. The rows are set by hand: how they come to be is not what is measured. */
async function fill(url: string): Promise<void> {
  const ids = Array.from({ length: ASSETS }, (_, index) => String(20_000_000 + index));
  const before = await openLedger({ url, create: true, caps: CAPS });
  await openRun(before, ids);
  await before.close();
  const database = new SqliteDatabase(sqlitePath(url));
  const told = database.prepare(
    `UPDATE attempts SET name = ?, outcome = ?, status = ?, exit_code = ?, job_id = ?, correlation_uuid = ?, started_at = ?, finished_at = ?, output = ?, output_bytes = ?, rule = 'default'
     WHERE run_id = 'run' AND asset_id = ?`,
  );
  const stored = database.prepare(`INSERT INTO outputs (run_id, asset_id, attempt, bytes, gzip) VALUES ('run', ?, 1, ?, ?)`);
  database.exec('BEGIN');
  for (const [index, id] of ids.entries()) {
    const name = `host-${String(index).padStart(6, '0')}.example.com`;
    const failed = index % 5 === 0;
    const execution = Math.floor(index / 25);
    const text = `${name}: cause ${index % 3}\n${OUTPUT}`;
    const uuid = `6f1d0000-0000-4000-8000-${String(execution).padStart(12, '0')}`;
    const word = failed ? ['failed', 'EXECUTION FAILED', 1] : ['succeeded', 'EXECUTION PASSED', 0];
    told.run(name, ...word, String(80_000 + execution), uuid, AT, AT + index, failed ? 'stored' : 'none', failed ? text.length : null, id);
    if (failed) stored.run(id, text.length, gzipSync(text));
  }
  database.exec('COMMIT');
  database.close();
  const after = await openLedger({ url, create: false, caps: CAPS });
  await close(after);
  await after.close();
}

async function openRun(ledger: Ledger, ids: readonly string[]): Promise<void> {
  const parsed = parseRequest({ script: 7, targets: { assetIds: [1] } });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { targets: _cohort, ...request } = parsed.value;
  await ledger.runs.open({ id: 'run', firstExecutionId: 'first', namespace: 'default', request });
  await ledger.runs.setScript('run', { id: '7', title: 'Patch' });
  for (let from = 0; from < ids.length; from += ROWS_A_COMMIT)
    await ledger.cohort.add(
      'run',
      ids.slice(from, from + ROWS_A_COMMIT).map((assetId) => ({ assetId })),
    );
  await ledger.cohort.freeze('run');
}

async function close(ledger: Ledger): Promise<void> {
  await ledger.runs.close('run', ({ counts, outOfCohort, executions, apiCalls }) => {
    const { pending: _pending, running: _running, ...final } = counts;
    const [startedAt, finishedAt] = [AT, AT + ASSETS].map((at) => new Date(at).toISOString()) as [string, string];
    return {
      ...{ runId: 'run', status: 'partial', script: { id: '7', title: 'Patch' }, strays: outOfCohort, executions, apiCalls },
      ...{ counts: final satisfies Record<FinalOutcome, number>, startedAt, finishedAt },
    };
  });
}

async function measure(part: Part, url: string, file: string): Promise<Measured> {
  const [started, before] = [performance.now(), process.cpuUsage()];
  await write(part, url, file);
  const ms = performance.now() - started;
  const { user, system } = process.cpuUsage(before);
  return { ms, cpuMs: (user + system) / 1_000, peakMiB: process.resourceUsage().maxRSS / 1_024, bytes: (await stat(file)).size };
}

async function write(part: Part, url: string, file: string): Promise<void> {
  if (part === 'bytes') return writeReportFile(file, createReadStream(`${file}.same`, { encoding: 'utf8', highWaterMark: BYTES_AT_ONCE }));
  if (part === 'bare csv') return bareCsv(sqlitePath(url), file);
  const ledger = await openLedger({ url, create: false, caps: CAPS });
  try {
    const run = (await ledger.runs.get('run')) as RunRow & { report: NonNullable<RunRow['report']> };
    const { reader } = ledger;
    if (part === 'csv') await writeReportFile(file, csvReport(reader.allAssets('run')));
    if (part === 'json')
      await writeReportFile(file, jsonReport(run.report, reader.allAssets('run'), { failures: await failuresOf(ledger, run) }));
    if (part === 'html')
      await writeReportFile(
        file,
        htmlReport(await reportFacts(ledger, run), (outcome, wave) => reader.allAssets('run', { outcome, wave })),
      );
  } finally {
    await ledger.close();
  }
}

/** One statement over the same rows, joined by commas and written in pieces: no quoting, no pages, no formulas. */
async function bareCsv(path: string, file: string): Promise<void> {
  const database = new SqliteDatabase(path, { readonly: true });
  const out = await open(file, 'w', 0o600);
  const rows = database
    .prepare(
      `SELECT asset_id, name, outcome, reason, status, exit_code, attempt, NULL, correlation_uuid, job_id, started_at, finished_at, output_bytes, NULL, rule
       FROM attempts WHERE run_id = 'run' AND last = 1 ORDER BY seq`,
    )
    .raw()
    .iterate() as Iterable<(string | number | null)[]>;
  let piece = `${ASSET_ROW_COLUMNS.join(',')}\n`;
  for (const row of rows) {
    for (const place of [10, 11]) row[place] = new Date(Number(row[place])).toISOString();
    piece += `${row.join(',')}\n`;
    if (piece.length < BYTES_AT_ONCE) continue;
    await out.writeFile(piece);
    piece = '';
  }
  await out.writeFile(piece);
  await out.sync();
  await out.close();
  database.close();
}

async function inOwnProcess(part: Part, url: string, file: string): Promise<Measured> {
  const argv = ['--import', 'tsx', import.meta.filename, part, url, file];
  const { stdout } = await promisify(execFile)(process.execPath, argv);
  return JSON.parse(stdout) as Measured;
}

async function compare(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-report-'));
  const url = `sqlite:${join(folder, 'ledger.db')}`;
  try {
    await fill(url);
    const file = join(folder, 'report');
    await write('csv', url, `${file}.same`);
    const took = new Map<Part, Measured[]>(PARTS.map((part) => [part, []]));
    for (let round = 1; round <= ROUNDS; round += 1) {
      for (const part of round % 2 === 0 ? [...PARTS].reverse() : PARTS) took.get(part)?.push(await inOwnProcess(part, url, file));
    }
    const middle = (part: Part, of: keyof Measured): number => median(took.get(part)?.map((one) => one[of]) ?? []) ?? Number.NaN;
    console.log(`${ASSETS.toLocaleString('en')} assets, a fifth failed, medians of ${ROUNDS} rounds, each in a process of its own`);
    for (const part of PARTS)
      console.log(
        `${part}: ${Math.round(middle(part, 'ms'))} ms, ${Math.round(middle(part, 'cpuMs'))} ms of processor time, ${Math.round(middle(part, 'peakMiB'))} MiB at most, ${(middle(part, 'bytes') / 2 ** 20).toFixed(1)} MiB written`,
      );
    console.log(
      `CSV at ${(middle('bare csv', 'cpuMs') / middle('csv', 'cpuMs')).toFixed(2)} × the speed of the bare loop, by processor time (at least 0.6)`,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const [part, url, file] = process.argv.slice(2);
if (part !== undefined && url !== undefined && file !== undefined) console.log(JSON.stringify(await measure(part as Part, url, file)));
else await compare();
