import {
  type ClockMemory,
  type ClockReading,
  type ClockSample,
  isWorthKeeping,
  observed,
  readClock,
} from '../../domain/clock/server-time.js';
import type { ServerClock } from '../../domain/limits/call-gate.js';
import type { Database, Sql } from '../sql/database.js';

interface ClockRow {
  samples: string;
  jumps: number;
  jumped_at: number;
}

const SAVE_CLOCK = `
  INSERT INTO server_clock (id, samples, jumps, jumped_at)
  VALUES (1, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET samples = excluded.samples, jumps = excluded.jumps, jumped_at = excluded.jumped_at`;

/** Qualys' clock, estimated from the `Date` headers that all workers of the ledger have seen. */
export class LedgerServerClock implements ServerClock {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async observe(serverMs: number): Promise<void> {
    const before = await read(this.#database);
    if (before && !isWorthKeeping(before, await this.#database.now())) return;
    await this.#database.transaction(async (sql) => {
      const { samples, jumps, jumpedAt } = observed(await read(sql), { local: await sql.now(), server: serverMs });
      await sql.run(SAVE_CLOCK, [JSON.stringify(samples.map(({ local, server }) => [local, server])), jumps, jumpedAt]);
    });
  }

  /** All that is known of Qualys' clock, as of one instant. */
  async reading(): Promise<ClockReading> {
    return readClock(await read(this.#database), await this.#database.now());
  }

  async now(): Promise<number> {
    return (await this.reading()).now;
  }

  /** Server milliseconds in a local one: 1 in earnest, more with a simulator that runs faster. */
  async rate(): Promise<number> {
    return (await this.reading()).rate;
  }
}

async function read(sql: Sql): Promise<ClockMemory | undefined> {
  const row = await sql.first<ClockRow>('SELECT samples, jumps, jumped_at FROM server_clock WHERE id = 1');
  if (!row) return undefined;
  const samples = (JSON.parse(row.samples) as [number, number][]).map(([local, server]): ClockSample => ({ local, server }));
  return { samples, jumps: row.jumps, jumpedAt: row.jumped_at };
}
