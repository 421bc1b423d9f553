// Copies of a script at assets that no row of their run stands for: its tags hit others than planned, or an asset that another execution
// had been sent to. Nobody meant them; they run anyway, so the same script keeps away from there until they have ended.
import { jsonRows, type Sql } from '../sql/database.js';
import { byIndex, integerAt, JOIN_IN_ORDER, rowsGiven, textAt } from '../sql/dialect.js';

export interface OutOfCohortCopy {
  assetId: string;
  jobId: string;
  name?: string | undefined;
  /** Qualys' word, and whether its asset job has ended. */
  status?: string | undefined;
  ended?: boolean | undefined;
}

/** A name or status that was seen once is not unsaid by an answer without it. */
const REMEMBER = `
  INSERT INTO out_of_cohort_copies (asset_id, run_id, execution_no, job_id, name, status, copy, since)
  SELECT ${textAt('seen', 0)}, ?, ?, ${textAt('seen', 1)}, ${textAt('seen', 2)}, ${textAt('seen', 3)},
    ${textAt('seen', 4)}, ?
  FROM ${rowsGiven('seen')}
  WHERE true
  ON CONFLICT (asset_id, run_id, execution_no) DO UPDATE SET job_id = excluded.job_id,
    name = coalesce(excluded.name, out_of_cohort_copies.name),
    status = coalesce(excluded.status, out_of_cohort_copies.status), copy = excluded.copy
  WHERE out_of_cohort_copies.copy <> excluded.copy OR out_of_cohort_copies.job_id <> excluded.job_id
    OR out_of_cohort_copies.status IS DISTINCT FROM excluded.status`;

/** As a poll of the execution sees them, also after the close of its run: what was seen last stands. */
export async function rememberOutOfCohortCopies(
  sql: Sql,
  runId: string,
  executionNo: number,
  seen: readonly OutOfCohortCopy[],
): Promise<void> {
  if (seen.length === 0) return;
  // Of several jobs of one execution the one that has not ended says whether it may still run.
  const byAsset = new Map<string, OutOfCohortCopy>();
  for (const copy of seen)
    if (byAsset.get(copy.assetId)?.ended !== false) byAsset.set(copy.assetId, { ...copy, ended: copy.ended === true });
  const rows = [...byAsset.values()].map(({ assetId, jobId, name, status, ended }) => [
    ...[assetId, jobId, name ?? null, status ?? null],
    ended ? 'over' : 'open',
  ]);
  await sql.run(REMEMBER, [runId, executionNo, await sql.now(), jsonRows(rows)]);
}

/** Where it was sent from. */
export const OUT_OF_COHORT_WITH_RUN = `
  ${JOIN_IN_ORDER} runs ON runs.id = outside.run_id
  LEFT JOIN executions ON executions.run_id = outside.run_id AND executions.execution_no = outside.execution_no`;

/** Of the campaign's row `attempts`: an execution of a step of its hit the asset, beside the one that was meant for it. */
export const HAS_OPEN_OUT_OF_COHORT = `EXISTS (
  SELECT 1
  FROM out_of_cohort_copies AS outside ${byIndex('out_of_cohort_copies_open')}
  WHERE outside.asset_id = attempts.asset_id AND outside.copy = 'open'
    AND outside.run_id IN (SELECT hitting.id FROM runs AS hitting WHERE hitting.campaign_id = attempts.run_id))`;

interface OutOfCohortPlace {
  assetId: string;
  execution: number;
}

const END = `
  UPDATE out_of_cohort_copies
  SET copy = 'over'
  WHERE run_id = ? AND copy = 'open' AND (asset_id, execution_no) IN (
    SELECT ${textAt('ended', 0)}, ${integerAt('ended', 1)}
    FROM ${rowsGiven('ended')}
  )`;

/** Qualys says that they are over. Returns how many were not known to be. */
export function endOutOfCohortCopies(sql: Sql, runId: string, ended: readonly OutOfCohortPlace[]): Promise<number> {
  return sql.run(END, [runId, jsonRows(ended.map(({ assetId, execution }) => [assetId, execution]))]);
}
