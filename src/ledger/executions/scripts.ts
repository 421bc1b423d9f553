import type { Database } from '../sql/database.js';

/** How many past executions the cadence looks back on. */
const DURATIONS_KEPT = 50;

export interface Duration {
  /** By the ledger's clock: what a poll would have had to wait. */
  localMs: number;
  /** By Qualys' clock. */
  serverMs: number;
}

const KEEP_DURATIONS = `
  INSERT INTO scripts (script_id, durations)
  VALUES (?, ?)
  ON CONFLICT (script_id) DO UPDATE SET durations = excluded.durations`;

const KEEP_ROW_BYTES = `
  INSERT INTO scripts (script_id, row_bytes)
  VALUES (?, ?)
  ON CONFLICT (script_id) DO UPDATE SET row_bytes = excluded.row_bytes`;

const KEEP_OUTPUT_PAGE = `
  INSERT INTO scripts (script_id, output_page)
  VALUES (?, ?)
  ON CONFLICT (script_id) DO UPDATE SET output_page = excluded.output_page`;

/** What is remembered of a script across runs: how long its executions take and how large their output is. */
export class Scripts {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async memory(scriptId: string): Promise<{ durations: Duration[]; rowBytes?: number | undefined; outputPage?: number | undefined }> {
    const row = await this.#database.first<{ durations: string; row_bytes: number | null; output_page: number | null }>(
      'SELECT durations, row_bytes, output_page FROM scripts WHERE script_id = ?',
      [scriptId],
    );
    return {
      durations: row ? (JSON.parse(row.durations) as Duration[]) : [],
      rowBytes: row?.row_bytes ?? undefined,
      outputPage: row?.output_page ?? undefined,
    };
  }

  addDurations(scriptId: string, added: readonly Duration[]): Promise<void> {
    return this.#database.transaction(async (sql) => {
      const row = await sql.first<{ durations: string }>('SELECT durations FROM scripts WHERE script_id = ?', [scriptId]);
      const durations = [...(row ? (JSON.parse(row.durations) as Duration[]) : []), ...added].slice(-DURATIONS_KEPT);
      await sql.run(KEEP_DURATIONS, [scriptId, JSON.stringify(durations)]);
    });
  }

  async setRowBytes(scriptId: string, rowBytes: number): Promise<void> {
    await this.#database.run(KEEP_ROW_BYTES, [scriptId, Math.ceil(rowBytes)]);
  }

  /** Rows of the largest page of outputs to ask for: larger ones were too much for one answer. */
  async setOutputPage(scriptId: string, rows: number): Promise<void> {
    await this.#database.run(KEEP_OUTPUT_PAGE, [scriptId, rows]);
  }
}
