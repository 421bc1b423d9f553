// Assets that an operator's order puts back.
import { OVERRIDING } from '../../domain/execution/may-still-run.js';
import { readRun } from '../rows/run.js';
import { jsonRows, type Sql } from '../sql/database.js';
import { greatestOf, TEXTS } from '../sql/dialect.js';

/** Of a row `attempts` of a campaign's step: its agent has not checked in since the step before, so nothing of it is sent there. */
const IS_AWAY = `EXISTS (
  SELECT 1
  FROM check_ins
  WHERE check_ins.run_id = attempts.run_id AND check_ins.seq = attempts.seq AND check_ins.seen_at IS NULL)`;

/** As `mayBeRequeued` of the domain has it. */
const IS_OVERRIDING = `outcome IN (${OVERRIDING.map((outcome) => `'${outcome}'`).join(', ')})`;

/**
 * Gives the last attempt of these outcomes another one, due at once. Returns how many assets that were. Where a copy may still run the
 * operator has to name an outcome that says so: then the lease of the attempt before is freed, and the rule is overridden.
 */
export async function requeueAssets(sql: Sql, runId: string, outcomes: readonly string[]): Promise<number> {
  const now = await sql.now();
  const list = jsonRows(outcomes);
  // The report of a finished run is written: nothing of it runs any more. Nor is anything queued again in a wave that has broken its
  // budget.
  const run = await readRun(sql, runId);
  if (!run || run.closing || run.finishedAt !== undefined || run.admits !== 'all') return 0;
  const chosen = `run_id = ? AND last = 1 AND outcome IN ${TEXTS} AND (copy <> 'open' OR ${IS_OVERRIDING}) AND NOT ${IS_AWAY}`;
  await sql.run(`UPDATE attempts SET lease = NULL WHERE ${chosen} AND lease = 1`, [runId, list]);
  const added = await sql.run(
    `
      INSERT INTO attempts (run_id, seq, attempt, asset_id, last, name, agent_uuid, aliases, outcome, due_at, despite)
      SELECT run_id, seq, attempt + 1, asset_id, 1, name, agent_uuid, aliases, 'pending', ?,
        CASE WHEN copy = 'open' THEN 1 ELSE 0 END
      FROM attempts
      WHERE ${chosen} AND execution_no IS NOT NULL`,
    [now, runId, list],
  );
  await sql.run(`UPDATE attempts SET last = 0 WHERE ${chosen} AND execution_no IS NOT NULL`, [runId, list]);
  const unsent = await sql.run(
    `
      UPDATE attempts
      SET outcome = 'pending', reason = NULL, planned = NULL, due_at = ${greatestOf('due_at', '?')}
      WHERE ${chosen} AND execution_no IS NULL`,
    [now, runId, list],
  );
  return added + unsent;
}
