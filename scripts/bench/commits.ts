// `npm run bench:commits`: what it costs that a transaction is on the disk before it is answered (decision 020), beside a bare loop that
// commits as often through the same library, in turns in one run; and how long the event loop stands still meanwhile.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import SqliteDatabase from 'libsql';
import { median } from '../../src/domain/polling/cadence.js';
import { openSqlite } from '../../src/ledger/sqlite/driver.js';

const TOGETHER = 1_000;
const ROUNDS = 9;
const CREATE = 'CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)';
const INSERT = 'INSERT INTO notes (text) VALUES (?)';
const UPDATE = 'UPDATE notes SET text = ? WHERE id = ?';
const TEXT = 'x'.repeat(200);

interface Measured {
  tookMs: number;
  worstMs: number;
  p99Ms: number;
}

/** Each transaction is awaited by somebody else, as activities do. */
async function ledger(path: string): Promise<Measured> {
  const database = openSqlite({ path, create: true });
  await database.run(CREATE);
  const measured = await watched(async () => {
    await Promise.all(
      Array.from({ length: TOGETHER }, (_, index) =>
        database.transaction(async (sql) => {
          await sql.run(INSERT, [TEXT]);
          await sql.run(UPDATE, [TEXT, index]);
        }),
      ),
    );
  });
  await database.close();
  return measured;
}

async function bareLoop(path: string): Promise<Measured> {
  const connection = new SqliteDatabase(path);
  connection.pragma('journal_mode = WAL');
  connection.pragma('synchronous = FULL');
  connection.exec(CREATE);
  const [insert, update] = [connection.prepare(INSERT), connection.prepare(UPDATE)];
  const measured = await watched(async () => {
    for (let index = 0; index < TOGETHER; index += 1) {
      connection.exec('BEGIN IMMEDIATE');
      insert.run([TEXT]);
      update.run([TEXT, index]);
      connection.exec('COMMIT');
    }
  });
  connection.close();
  return measured;
}

async function watched(work: () => Promise<void>): Promise<Measured> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await pause(20);
  delay.reset();
  const started = performance.now();
  await work();
  const tookMs = performance.now() - started;
  await pause(5);
  delay.disable();
  return { tookMs, worstMs: delay.max / 1e6, p99Ms: delay.percentile(99) / 1e6 };
}

const kinds = { ledger, 'bare loop': bareLoop };
const measured: Record<string, Measured[]> = { ledger: [], 'bare loop': [] };
const directory = await mkdtemp(join(tmpdir(), 'bench-commits-'));
try {
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, measure] of Object.entries(kinds)) {
      const found = await measure(join(directory, `${round}-${name === 'ledger' ? 'ledger' : 'bare'}.db`));
      measured[name]?.push(found);
    }
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
console.log(`${TOGETHER.toLocaleString('en')} small transactions at once, medians of ${ROUNDS} rounds in turn`);
for (const [name, rounds] of Object.entries(measured)) {
  const middle = (of: keyof Measured): number => median(rounds.map((round) => round[of])) ?? Number.NaN;
  const perSecond = Math.round((TOGETHER / middle('tookMs')) * 1_000);
  // A loop has no turns in between: the whole of it is one.
  const delays = name === 'ledger' ? `; event loop: p99 ${middle('p99Ms').toFixed(1)} ms, longest ${middle('worstMs').toFixed(1)} ms` : '';
  console.log(`${name}: ${perSecond.toLocaleString('en')} a second${delays}`);
}
