// A run that is closing, or has its report, takes no word any more: each of its writers asks here, in its own transaction. What comes
// late is kept beside the report, and in the audit log.
import type { AssetDecision } from '../../domain/polling/settle.js';
import { jsonRows, type Sql } from '../sql/database.js';
import { byIndex, integerAt, rowsGiven, TEXTS, textAt } from '../sql/dialect.js';
import { addAuditOnce } from './audit.js';
import { rememberOutOfCohortCopies } from './out-of-cohort-copies.js';
import type { SeenAssetJob } from './poll.js';

/** Of a row of `runs`: it is neither closing nor closed. */
export const IS_OPEN = 'closing = 0 AND finished_at IS NULL';

/** True from the first moment of a close on. */
export async function isClosing(sql: Sql, runId: string): Promise<boolean> {
  return (await sql.first('SELECT 1 AS found FROM runs WHERE id = ? AND (closing > 0 OR finished_at IS NOT NULL)', [runId])) !== undefined;
}

/**
 * Of what both a living campaign and its close write: the first while it is open (0), the other under its own number, which a zombie's is
 * below.
 */
export async function isOfThisClose(sql: Sql, runId: string, closing: number): Promise<boolean> {
  return (
    (await sql.first('SELECT 1 AS found FROM runs WHERE id = ? AND finished_at IS NULL AND closing = ?', [runId, closing])) !== undefined
  );
}

/** From here on nothing but the close writes to the run. Returns the number of this attempt to close it: a zombie's is lower. */
export async function beginClosing(sql: Sql, runId: string): Promise<number> {
  const [run] = await sql.all<{ closing: number }>('UPDATE runs SET closing = closing + 1 WHERE id = ? RETURNING closing', [runId]);
  return run?.closing ?? 0;
}

const OUTCOMES_OF_EXECUTION = `
  SELECT asset_id, outcome, reason
  FROM attempts ${byIndex('attempts_execution')}
  WHERE run_id = ? AND execution_no = ?`;

/** The latest word of Qualys stands. */
const KEEP_LATE_VERDICT = `
  INSERT INTO late_verdicts (run_id, asset_id, outcome, status, exit_code, seen_at)
  VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (run_id, asset_id) DO UPDATE SET outcome = excluded.outcome, status = excluded.status,
    exit_code = excluded.exit_code`;

const END_COPIES = `
  UPDATE attempts ${byIndex('attempts_execution')}
  SET copy = 'over'
  WHERE run_id = ? AND execution_no = ? AND copy = 'open' AND asset_id IN ${TEXTS}`;

/** Verdicts that came late: the outcomes stand, the report shows these beside them. */
export async function keepLateVerdicts(
  sql: Sql,
  runId: string,
  poll: { executionNo: number; jobs: readonly SeenAssetJob[]; decisions: readonly AssetDecision[] },
): Promise<void> {
  const rows = await sql.all<{ asset_id: string; outcome: string; reason: string | null }>(OUTCOMES_OF_EXECUTION, [
    runId,
    poll.executionNo,
  ]);
  const known = new Map(rows.map((row) => [row.asset_id, row.outcome]));
  const jobs = new Map(poll.jobs.map((job) => [job.assetId, job]));
  // Nobody reads an output for them any more.
  const words = poll.decisions.map(({ awaits, ...decision }) => ({ ...decision, outcome: awaits?.outcome ?? decision.outcome }));
  const late = words.filter(({ assetId, outcome, terminal }) => terminal && known.has(assetId) && known.get(assetId) !== outcome);
  if (late.length === 0) return;
  for (const { assetId, outcome } of late) {
    const job = jobs.get(assetId);
    await sql.run(KEEP_LATE_VERDICT, [runId, assetId, outcome, job?.status, job?.exitCode, await sql.now()]);
  }
  // Their copies have ended: nobody needs to keep away from these assets any more.
  await sql.run(END_COPIES, [runId, poll.executionNo, jsonRows(late.map(({ assetId }) => assetId))]);
  const named = late.map(({ assetId, outcome }) => `${assetId} ${outcome}`).join(', ');
  await addAuditOnce(sql, runId, { action: 'late-verdict', detail: `execution ${poll.executionNo}: ${named}` });
}

/** Of assets that the run has; answers with those whose outcome is new. */
const KEEP_VERDICTS = `
  INSERT INTO late_verdicts (run_id, asset_id, outcome, status, exit_code, seen_at)
  SELECT ?, ${textAt('verdict', 0)}, ${textAt('verdict', 1)}, ${textAt('verdict', 2)}, ${integerAt('verdict', 3)}, ?
  FROM ${rowsGiven('verdict')}
  WHERE EXISTS (SELECT 1 FROM attempts WHERE run_id = ? AND asset_id = ${textAt('verdict', 0)})
  ON CONFLICT (run_id, asset_id) DO UPDATE SET outcome = excluded.outcome, status = excluded.status,
    exit_code = excluded.exit_code
  WHERE late_verdicts.outcome <> excluded.outcome
  RETURNING asset_id, outcome`;

/**
 * What an execution came to at an asset whose last word is another one's: it stands, and this beside it. Others than the run's are left
 * out.
 */
export async function keepBeside(
  sql: Sql,
  runId: string,
  executionNo: number,
  verdicts: readonly { assetId: string; outcome: string; status?: string | undefined; exitCode?: number | undefined }[],
): Promise<void> {
  if (verdicts.length === 0) return;
  const rows = verdicts.map(({ assetId, outcome, status, exitCode }) => [assetId, outcome, status ?? null, exitCode ?? null]);
  const kept = await sql.all<{ asset_id: string; outcome: string }>(KEEP_VERDICTS, [runId, await sql.now(), jsonRows(rows), runId]);
  if (kept.length === 0) return;
  const words = kept.map((row) => `${row.asset_id} ${row.outcome}`).join(', ');
  await addAuditOnce(sql, runId, { action: 'late-verdict', detail: `execution ${executionNo}: ${words}` });
}

/** Assets that its tags hit and nobody had expected: their outcomes stand, but a copy of the script may run there. */
export async function keepLateHits(sql: Sql, runId: string, hit: { executionNo: number; assetIds: readonly string[] }): Promise<void> {
  if (hit.assetIds.length === 0) return;
  const execution = await sql.first<{ job_id: string | null }>('SELECT job_id FROM executions WHERE run_id = ? AND execution_no = ?', [
    runId,
    hit.executionNo,
  ]);
  const jobId = execution?.job_id ?? '';
  await rememberOutOfCohortCopies(
    sql,
    runId,
    hit.executionNo,
    hit.assetIds.map((assetId) => ({ assetId, jobId })),
  );
  await addAuditOnce(sql, runId, { action: 'late-hit', detail: `execution ${hit.executionNo} hit ${hit.assetIds.join(', ')}` });
}
