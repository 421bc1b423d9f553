// What is known of the output of one asset: why it is stored, or why it is not.
import type { Outcome } from '../../domain/run/outcome.js';
import { givenFieldsOf } from '../rows/fields.js';
import type { Sql } from '../sql/database.js';

export interface OutputState {
  /** The run that the attempt is of: of a campaign the last step that the asset was in, or itself before its first. */
  runId: string;
  outcome: Outcome;
  reason?: string;
  jobId?: string;
  /** False of an attempt that no execution was ever claimed for. */
  sent: boolean;
  /** `owed`: Qualys is still asked for it. `absent`: it had none in time. `none`: nobody asks. */
  output: 'none' | 'owed' | 'stored' | 'absent';
}

interface StoredState {
  run_id: string;
  outcome: Outcome;
  reason: string | null;
  job_id: string | null;
  execution_no: number | null;
  output: OutputState['output'];
}

const FIELDS = {
  runId: 'run_id',
  outcome: 'outcome',
  reason: 'reason',
  jobId: 'job_id',
  output: 'output',
} as const satisfies Record<string, keyof StoredState>;

/** Undefined of an asset that is not in the run. */
export async function readOutputState(sql: Sql, runId: string, assetId: string): Promise<OutputState | undefined> {
  const row = await sql.first<StoredState>(
    `SELECT attempts.run_id, attempts.outcome, attempts.reason, attempts.job_id, attempts.execution_no, attempts.output
     FROM runs JOIN attempts ON attempts.run_id = runs.id AND attempts.asset_id = ? AND attempts.last = 1
     WHERE runs.id = ? OR runs.campaign_id = ? ORDER BY runs.kind = 'step' DESC, runs.created_at DESC LIMIT 1`,
    [assetId, runId, runId],
  );
  return row && { ...givenFieldsOf(row, FIELDS), sent: row.execution_no !== null };
}
