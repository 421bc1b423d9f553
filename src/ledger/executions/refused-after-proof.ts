// A second send that is refused for its interval speaks for the first one, of which the index had proved that it did not run.
import type { Sql } from '../sql/database.js';

/** When the first permit was granted whose send was proved not to have happened. */
const FIRST_PROVED = `
  SELECT min(permitted_at) AS at
  FROM sends
  WHERE run_id = ? AND execution_no = ? AND answer = 'proved not executed'
  HAVING min(permitted_at) IS NOT NULL`;

const LAST_ACCEPTED = `
  SELECT last_accepted_at AS last
  FROM scripts
  JOIN executions USING (script_id)
  WHERE run_id = ? AND execution_no = ?`;

/**
 * An interval that has not passed although nothing of ours was accepted since the first send means that something
 * ran within it, and that may be the first send after all.
 */
export async function speaksForTheFirstSend(sql: Sql, runId: string, executionNo: number): Promise<boolean> {
  const first = await sql.first<{ at: number }>(FIRST_PROVED, [runId, executionNo]);
  if (!first) return false;
  const script = await sql.first<{ last: number | null }>(LAST_ACCEPTED, [runId, executionNo]);
  return (script?.last ?? 0) <= first.at;
}

const NOTE_REFUSAL = `
  UPDATE sends
  SET answered_at = ?, answer = 'refused after a proof', detail = ?
  WHERE run_id = ? AND execution_no = ? AND permit = ?`;

const RESOLVE_AGAIN = `
  UPDATE executions
  SET resolve_at = ?, polls = NULL, note = ?
  WHERE run_id = ? AND execution_no = ? AND state = 'permitted'`;

/** Back to looking for the job: the refused send itself did not run, what the proof said of the first one is in doubt. */
export async function resolveAgain(
  sql: Sql,
  runId: string,
  executionNo: number,
  answer: { permit: number; detail: string; now: number },
): Promise<boolean> {
  await sql.run(NOTE_REFUSAL, [answer.now, answer.detail, runId, executionNo, answer.permit]);
  await sql.run(RESOLVE_AGAIN, [answer.now, answer.detail, runId, executionNo]);
  return false;
}
