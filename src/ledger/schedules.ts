import type { Database } from './database.js';

/** `intended`: a request for it may have been sent. `exists`: Qualys has it, though its id is not known to us. */
export type ScheduleState = 'intended' | 'created' | 'exists' | 'rejected';

export interface ScheduleRow {
  title: string;
  state: ScheduleState;
  scheduleId?: string | undefined;
  detail?: string | undefined;
}

/** The follow-up schedules of a run, by their unique titles: written down before they are asked for. */
export class Schedules {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async get(runId: string, title: string): Promise<ScheduleRow | undefined> {
    return (await this.of(runId)).find((row) => row.title === title);
  }

  /** Writes what became of a schedule. What is known to be created stays so, whatever an attempt that comes late has found. */
  async set(runId: string, row: ScheduleRow): Promise<void> {
    await this.#database.run(
      `INSERT INTO schedules (run_id, title, state, schedule_id, detail) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (run_id, title) DO UPDATE SET state = excluded.state, schedule_id = excluded.schedule_id, detail = excluded.detail
         WHERE schedules.state <> 'created'`,
      [runId, row.title, row.state, row.scheduleId, row.detail],
    );
  }

  async of(runId: string): Promise<ScheduleRow[]> {
    const rows = await this.#database.all<{ title: string; state: ScheduleState; schedule_id: string | null; detail: string | null }>(
      'SELECT title, state, schedule_id, detail FROM schedules WHERE run_id = ? ORDER BY title',
      [runId],
    );
    return rows.map((row) => ({
      title: row.title,
      state: row.state,
      scheduleId: row.schedule_id ?? undefined,
      detail: row.detail ?? undefined,
    }));
  }
}
