// An execution as the ledger keeps it, and the one way in which its state changes.
import { EXECUTION_EVENTS, type ExecutionEvent, type ExecutionState } from '../../domain/execution/state.js';
import type { Sql } from '../sql/database.js';
import { fieldsOf } from './fields.js';

export interface Execution {
  executionNo: number;
  state: ExecutionState;
  scriptId: string;
  size: number;
  sends: number;
  /** Local clock: the first instant at which a lost answer may be searched for. */
  resolveAt?: number | undefined;
  /** Local clock: from here on the request cannot be on its way any more. */
  requestOverAt?: number | undefined;
  /** Server time that is not later than the permit. */
  serverAt?: number | undefined;
  polls?: string | undefined;
  /** Which user of which gateway it was sent as. */
  sender?: string | undefined;
  correlationUuid?: string | undefined;
  jobId?: string | undefined;
  jobCreatedAt?: number | undefined;
  acceptedAt?: number | undefined;
  acceptedServerAt?: number | undefined;
  deadlineAt?: number | undefined;
  slotFreedAt?: number | undefined;
  /** Local clock: when its job was last searched for without success. */
  jobSoughtAt?: number | undefined;
  rowsSeen: number;
  rowsChangedServerAt?: number | undefined;
  /** No further asset job was expected at an earlier poll. */
  fannedOut: boolean;
  /** Local clock: when the latest poll of it that was written began. */
  polledAt?: number | undefined;
  /** Which planned execution it is, when it goes by tags. */
  planned?: number | undefined;
  /** False while it has not all of its rows. */
  leased: boolean;
  /** Local clock: when the latest reading of its tags began that found them as planned. */
  tagsReadAt?: number | undefined;
  /** How often its tags were read. */
  tagReadings: number;
}

/** Applies an event of the state machine. False, and nothing changed, where the stored state does not allow it. */
export async function transition(
  sql: Sql,
  { runId, executionNo, event }: { runId: string; executionNo: number; event: ExecutionEvent },
  also: string,
  parameters: readonly (string | number | null)[],
): Promise<boolean> {
  const { from, to } = EXECUTION_EVENTS[event];
  const states = from.map((state) => `'${state}'`).join(', ');
  const changed = await sql.run(
    `
      UPDATE executions
      SET state = '${to}', ${also}
      WHERE run_id = ? AND execution_no = ? AND state IN (${states})`,
    [...parameters, runId, executionNo],
  );
  return changed === 1;
}

export interface StoredExecution {
  execution_no: number;
  state: ExecutionState;
  script_id: string;
  size: number;
  sends: number;
  over_at: number | null;
  resolve_at: number | null;
  server_at: number | null;
  polls: string | null;
  sender: string | null;
  correlation_uuid: string | null;
  job_id: string | null;
  job_created_at: number | null;
  accepted_at: number | null;
  accepted_server_at: number | null;
  deadline_at: number | null;
  slot_freed_at: number | null;
  job_sought_at: number | null;
  rows_seen: number;
  rows_changed_server_at: number | null;
  fanned_out: number;
  polled_at: number | null;
  planned: number | null;
  leased: number;
  tags_read_at: number | null;
  tag_readings: number;
}

const FIELDS = {
  executionNo: 'execution_no',
  state: 'state',
  scriptId: 'script_id',
  size: 'size',
  sends: 'sends',
  resolveAt: 'resolve_at',
  requestOverAt: 'over_at',
  serverAt: 'server_at',
  polls: 'polls',
  sender: 'sender',
  correlationUuid: 'correlation_uuid',
  jobId: 'job_id',
  jobCreatedAt: 'job_created_at',
  acceptedAt: 'accepted_at',
  acceptedServerAt: 'accepted_server_at',
  deadlineAt: 'deadline_at',
  slotFreedAt: 'slot_freed_at',
  jobSoughtAt: 'job_sought_at',
  rowsSeen: 'rows_seen',
  rowsChangedServerAt: 'rows_changed_server_at',
  polledAt: 'polled_at',
  planned: 'planned',
  tagsReadAt: 'tags_read_at',
  tagReadings: 'tag_readings',
} as const satisfies Record<string, keyof StoredExecution>;

export function toExecution(row: StoredExecution): Execution {
  return { ...fieldsOf(row, FIELDS), fannedOut: row.fanned_out === 1, leased: row.leased === 1 };
}

/** By name: a star is read the slower way (ledger/sqlite/driver.ts). */
export const EXECUTION_COLUMNS = [...Object.values(FIELDS), 'fanned_out', 'leased'].join(', ');

const READ_EXECUTION = `SELECT ${EXECUTION_COLUMNS} FROM executions WHERE run_id = ? AND execution_no = ?`;

export async function readExecution(sql: Sql, runId: string, executionNo: number): Promise<Execution | undefined> {
  const row = await sql.first<StoredExecution>(READ_EXECUTION, [runId, executionNo]);
  return row && toExecution(row);
}
