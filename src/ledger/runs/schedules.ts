import type { Database, Sql } from '../sql/database.js';
import { TEXTS } from '../sql/dialect.js';

/**
 * `planned`: ordered, and no request for it can have made it. `intended`: a request for it may have been sent. `exists`: Qualys has it,
 * though no answer of ours said so. `taken`: the title is somebody else's. `rejected`: it is not asked for again.
 */
export type ScheduleState = 'planned' | 'intended' | 'created' | 'exists' | 'taken' | 'rejected';

export interface ScheduleRow {
  title: string;
  state: ScheduleState;
  /** What is asked for while it is planned or intended, as JSON: the same on every attempt, so that it is known again. */
  order?: string | undefined;
  scheduleId?: string | undefined;
  detail?: string | undefined;
}

/** What the audit log says of follow-ups that were not made, in part or at all. */
const REFUSALS = ['follow-up-refused', 'follow-up-cut', 'schedule-rejected'];

/** What was created at Qualys is not unsaid. */
const SET_SCHEDULE = `
  INSERT INTO schedules (run_id, title, state, schedule_id, detail)
  VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (run_id, title) DO UPDATE SET state = excluded.state, schedule_id = excluded.schedule_id,
    detail = excluded.detail
  WHERE schedules.state <> 'created' AND (schedules.state <> 'exists' OR excluded.state = 'created')`;

export async function setSchedule(sql: Sql, runId: string, row: ScheduleRow): Promise<void> {
  await sql.run(SET_SCHEDULE, [runId, row.title, row.state, row.scheduleId, row.order ?? row.detail]);
}

/** The follow-up schedules of a run, by their unique titles: written down before they are asked for. */
export class Schedules {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async get(runId: string, title: string): Promise<ScheduleRow | undefined> {
    const row = await this.#database.first<StoredSchedule>(`${SELECT} WHERE run_id = ? AND title = ?`, [runId, title]);
    return row && toRow(row);
  }

  /** Writes what happened to a schedule. One that is known to be there stays so, whatever an attempt that comes late has found. */
  async set(runId: string, row: ScheduleRow): Promise<void> {
    await setSchedule(this.#database, runId, row);
  }

  async of(runId: string): Promise<ScheduleRow[]> {
    return (await this.#database.all<StoredSchedule>(`${SELECT} WHERE run_id = ? ORDER BY title`, [runId])).map(toRow);
  }

  /** Why follow-ups of a run were not made, in the order in which it was found out. */
  async refusals(runId: string): Promise<string[]> {
    const rows = await this.#database.all<{ detail: string }>(
      `SELECT detail FROM audit WHERE run_id = ? AND detail IS NOT NULL AND action IN ${TEXTS} ORDER BY id`,
      [runId, JSON.stringify(REFUSALS)],
    );
    return rows.map(({ detail }) => detail);
  }
}

interface StoredSchedule {
  title: string;
  state: ScheduleState;
  schedule_id: string | null;
  /** The order as long as it is open, afterwards what there is to say. */
  detail: string | null;
}

const SELECT = 'SELECT title, state, schedule_id, detail FROM schedules';

function toRow({ title, state, schedule_id, detail }: StoredSchedule): ScheduleRow {
  const isOpen = state === 'planned' || state === 'intended';
  const said = detail ?? undefined;
  return { title, state, scheduleId: schedule_id ?? undefined, ...(isOpen ? { order: said } : { detail: said }) };
}
