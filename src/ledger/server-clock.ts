import type { ServerClock } from '../domain/call-gate.js';
import { type ClockSamples, clockRate, serverTimeAt } from '../domain/server-time.js';
import type { Database } from './database.js';

interface ClockRow {
  first_local: number;
  first_server: number;
  last_local: number;
  last_server: number;
}

/** Qualys' clock, estimated from the `Date` headers that all workers of the ledger have seen. */
export class LedgerServerClock implements ServerClock {
  readonly #database: Database;
  #seen: number | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  async observe(serverMs: number): Promise<void> {
    // A Date header has whole seconds: an answer within the same second adds nothing worth a write.
    if (serverMs === this.#seen) return;
    this.#seen = serverMs;
    const now = await this.#database.now();
    await this.#database.run(
      `INSERT INTO server_clock (id, first_local, first_server, last_local, last_server) VALUES (1, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET last_local = excluded.last_local, last_server = excluded.last_server,
         first_local = CASE WHEN excluded.last_local - first_local > 600000 OR excluded.last_server < last_server - 60000 THEN excluded.first_local ELSE first_local END,
         first_server = CASE WHEN excluded.last_local - first_local > 600000 OR excluded.last_server < last_server - 60000 THEN excluded.first_server ELSE first_server END`,
      [now, serverMs, now, serverMs],
    );
  }

  /** The time in the last answer that was seen, as it was; 0 before any. Never ahead of Qualys, which an estimate may be. */
  async lastSeen(): Promise<number> {
    return (await this.#samples())?.lastServer ?? 0;
  }

  async now(): Promise<number> {
    const now = await this.#database.now();
    return serverTimeAt(now, await this.#samples());
  }

  /** Server milliseconds in a local one: 1 in earnest, more with a simulator that runs faster. */
  async rate(): Promise<number> {
    const samples = await this.#samples();
    return samples ? clockRate(samples) : 1;
  }

  async #samples(): Promise<ClockSamples | undefined> {
    const row = await this.#database.first<ClockRow>('SELECT * FROM server_clock WHERE id = 1');
    if (!row) return undefined;
    return { firstLocal: row.first_local, firstServer: row.first_server, lastLocal: row.last_local, lastServer: row.last_server };
  }
}
