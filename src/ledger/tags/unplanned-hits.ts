// Assets of the cohort that an execution by tags hit although they were meant for others, or for none: whoever has not sent to them yet
// does without them from now on.
import { ENTRIES_A_LIST } from '../../domain/tags/plan-cost.js';
import { type Execution, readExecution, transition } from '../rows/execution.js';
import { isClosing, keepLateHits } from '../rows/late.js';
import { jsonRows, type Sql } from '../sql/database.js';
import { byIndex, TEXTS } from '../sql/dialect.js';
import { readLists } from './planned-lists.js';

/**
 * Ids. `moved` belong to the execution that hit them now; `skipped` too, and the script was never to run there; `twice` had been sent to.
 */
export interface UnplannedHits {
  moved: string[];
  skipped: string[];
  twice: string[];
}

/** The asset's last attempt: a further one that waits to be sent is what was hit, not the one before that has its verdict. */
interface HitRow {
  seq: number;
  attempt: number;
  asset_id: string;
  outcome: string;
  execution_no: number | null;
  planned: number | null;
}

/** Rows that were hit by an execution other than their own. */
const HITS_OF_OTHERS = `
  SELECT seq, attempt, asset_id, outcome, execution_no, planned
  FROM attempts ${byIndex('attempts_asset')}
  WHERE run_id = ? AND asset_id IN ${TEXTS} AND last = 1 AND NOT EXISTS (
    SELECT 1
    FROM attempts AS own ${byIndex('attempts_asset')}
    WHERE own.run_id = attempts.run_id AND own.asset_id = attempts.asset_id AND own.execution_no = ?
  )`;

export async function claimUnplannedHitsPart(
  sql: Sql,
  runId: string,
  executionNo: number,
  assetIds: readonly string[],
): Promise<UnplannedHits> {
  const taken: UnplannedHits = { moved: [], skipped: [], twice: [] };
  if (await isClosing(sql, runId)) {
    await keepLateHits(sql, runId, { executionNo, assetIds });
    return taken;
  }
  const execution = await readExecution(sql, runId, executionNo);
  if (execution?.state !== 'accepted') return taken;
  const rows = await sql.all<HitRow>(HITS_OF_OTHERS, [runId, jsonRows(assetIds), executionNo]);
  for (const row of rows) {
    if (!(await isStillFree(sql, runId, row))) {
      taken.twice.push(row.asset_id);
      continue;
    }
    await withdraw(sql, runId, row);
    await takeOver(sql, runId, execution, row);
    (row.outcome === 'skipped' ? taken.skipped : taken.moved).push(row.asset_id);
  }
  const own = taken.moved.length + taken.skipped.length;
  if (own > 0) await sql.run('UPDATE executions SET size = size + ? WHERE run_id = ? AND execution_no = ?', [own, runId, executionNo]);
  return taken;
}

/** An execution that is claimed and was never sent can still do without the asset. */
async function isStillFree(sql: Sql, runId: string, { execution_no: owner }: HitRow): Promise<boolean> {
  if (owner === null) return true;
  const execution = await readExecution(sql, runId, owner);
  return execution?.state === 'released' || (execution?.state === 'claimed' && execution.sends === 0);
}

/** Its members are leased again, without those that were taken from it. */
const WITHDRAW = `
  UPDATE executions
  SET leased = 0, tags_read_at = NULL, size = (SELECT size FROM planned WHERE run_id = ? AND plan_no = ?)
  WHERE run_id = ? AND planned = ? AND state = 'claimed'`;

/** The execution that the asset was meant for does without it: by tags it is excluded, where there is room for one more. */
async function withdraw(sql: Sql, runId: string, { asset_id: assetId, execution_no: owner, planned }: HitRow): Promise<void> {
  if (planned !== null) {
    const lists = await readLists(sql, runId, planned);
    const hasRoom = lists.excludedAssetIds.length < ENTRIES_A_LIST && !lists.assetIds.includes(assetId);
    // Without room the sizes no longer agree, and `leaseMembers` gives the tags up.
    await sql.run('UPDATE planned SET size = size - ?, excluded_ids = ?, asset_ids = ? WHERE run_id = ? AND plan_no = ?', [
      hasRoom || lists.assetIds.includes(assetId) ? 1 : 0,
      jsonRows(hasRoom ? [...lists.excludedAssetIds, assetId] : lists.excludedAssetIds),
      jsonRows(lists.assetIds.filter((id) => id !== assetId)),
      runId,
      planned,
    ]);
    await sql.run(WITHDRAW, [runId, planned, runId, planned]);
  } else if (owner !== null) {
    await sql.run('UPDATE executions SET size = size - 1 WHERE run_id = ? AND execution_no = ?', [runId, owner]);
    const execution = await readExecution(sql, runId, owner);
    if (execution?.size === 0) await transition(sql, { runId, executionNo: owner, event: 'release' }, 'settled_at = ?', [await sql.now()]);
  }
}

async function takeOver(sql: Sql, runId: string, execution: Execution, { seq, attempt }: HitRow): Promise<void> {
  const held = `EXISTS (
      SELECT 1
      FROM attempts AS held
      WHERE held.asset_id = attempts.asset_id AND held.lease = 1
        AND NOT (held.run_id = attempts.run_id AND held.seq = attempts.seq AND held.attempt = attempts.attempt))`;
  await sql.run(
    `
      UPDATE attempts
      SET execution_no = ?, planned = ?, outcome = 'running', copy = 'open', reason = NULL,
        lease = CASE WHEN ${held} THEN NULL ELSE 1 END, correlation_uuid = ?, job_id = ?
      WHERE run_id = ? AND attempt = ? AND seq = ?`,
    [execution.executionNo, execution.planned, execution.correlationUuid, execution.jobId, runId, attempt, seq],
  );
}
