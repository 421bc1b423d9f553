// The leases of what is claimed and was never sent. It keeps its assets, but keeps nobody else from them while its run cannot send: then
// `leased` is 0, and the rows' leases go back. They are taken again before a permit, or the execution is released. What was sent once
// keeps its leases until Qualys says how it ended.
import { ROWS_PER_TRANSACTION } from '../cohort/freeze.js';
import { transition } from '../rows/execution.js';
import { type RunRow, readRun } from '../rows/run.js';
import type { Sql } from '../sql/database.js';
import { byIndex, JOIN_IN_ORDER } from '../sql/dialect.js';
import { barOf } from './bars.js';

const UNLEASE = `
  UPDATE executions
  SET leased = 0, tags_read_at = NULL
  WHERE run_id = ? AND execution_no = ? AND state = 'claimed' AND sends = 0 AND settled_at IS NULL`;

const FREE_PART = `
  UPDATE attempts
  SET lease = NULL
  WHERE run_id = ? AND (seq, attempt) IN (
    SELECT seq, attempt
    FROM attempts ${byIndex('attempts_execution')}
    WHERE run_id = ? AND execution_no = ? AND lease = 1
    LIMIT ?
  )`;

/**
 * Gives back the leases of one claimed execution that was never sent; at most a thousand, for one by tags may have more. From the first
 * on there is no permit for it, also when this process dies in between. Returns how many leases that were.
 */
export async function giveBackPart(sql: Sql, runId: string, executionNo: number): Promise<number> {
  if ((await sql.run(UNLEASE, [runId, executionNo])) === 0) return 0;
  return sql.run(FREE_PART, [runId, runId, executionNo, ROWS_PER_TRANSACTION]);
}

const UNSENT = `
  SELECT run_id AS "runId", execution_no AS "executionNo"
  FROM executions ${byIndex('executions_open')}
  WHERE settled_at IS NULL AND state = 'claimed' AND sends = 0
    AND run_id IN (SELECT id FROM runs WHERE id = ? OR campaign_id = ?)`;

/** Everything that a run, or the steps of a campaign, have claimed and never sent. */
export function unsentOf(sql: Sql, id: string): Promise<{ runId: string; executionNo: number }[]> {
  return sql.all<{ runId: string; executionNo: number }>(UNSENT, [id, id]);
}

/** Written with the order that lets it send nothing. Of one by tags the rest follows when it, or somebody else, asks for its assets. */
export async function giveBackUnsent(sql: Sql, id: string): Promise<void> {
  for (const { runId, executionNo } of await unsentOf(sql, id)) await giveBackPart(sql, runId, executionNo);
}

const LEASE_BATCH = `
  UPDATE attempts ${byIndex('attempts_execution')}
  SET lease = 1
  WHERE run_id = ? AND execution_no = ?`;

/**
 * Takes the leases of an execution by ids again, in the transaction of its permit. False where another run has some of its assets by now:
 * then it is released, and those that are free go into the next one.
 */
export async function leaseAgain(sql: Sql, run: RunRow, executionNo: number): Promise<boolean> {
  if (await isHeld(sql, run.id, executionNo)) {
    while ((await giveBackBarred(sql, run)) > 0);
    if (await isHeld(sql, run.id, executionNo)) return releaseBatch(sql, run.id, executionNo).then(() => false);
  }
  await sql.run(LEASE_BATCH, [run.id, executionNo]);
  await sql.run('UPDATE executions SET leased = 1 WHERE run_id = ? AND execution_no = ?', [run.id, executionNo]);
  return true;
}

const HELD = `
  SELECT 1 AS found
  FROM attempts AS mine ${byIndex('attempts_execution')}
  WHERE run_id = ? AND execution_no = ? AND EXISTS (
    SELECT 1
    FROM attempts AS held
    WHERE held.asset_id = mine.asset_id AND held.lease = 1
  )
  LIMIT 1`;

async function isHeld(sql: Sql, runId: string, executionNo: number): Promise<boolean> {
  return (await sql.first(HELD, [runId, executionNo])) !== undefined;
}

/** Executions of others, never sent, that hold an asset which the run waits to send to. */
const UNSENT_BEFORE = `
  SELECT DISTINCT waits.run_id AS "runId", waits.execution_no AS "executionNo"
  FROM executions AS waits ${byIndex('executions_open')}
  ${JOIN_IN_ORDER} attempts AS held ${byIndex('attempts_execution')}
    ON held.run_id = waits.run_id AND held.execution_no = waits.execution_no
  WHERE waits.settled_at IS NULL AND waits.state = 'claimed' AND waits.sends = 0 AND waits.run_id <> ? AND held.lease = 1
    AND EXISTS (
      SELECT 1
      FROM attempts AS mine ${byIndex('attempts_asset')}
      WHERE mine.run_id = ? AND mine.asset_id = held.asset_id AND mine.outcome = 'pending'
    )`;

/**
 * What runs that cannot send now have claimed, and never sent, of the assets that this run waits to send to: asked for by a run that may
 * send, it gets them. Whoever held them may have died, or its window may have closed a moment ago. Returns how many leases went back.
 */
export async function giveBackBarred(sql: Sql, run: Pick<RunRow, 'id'>): Promise<number> {
  const holders = await sql.all<{ runId: string; executionNo: number }>(UNSENT_BEFORE, [run.id, run.id]);
  let given = 0;
  for (const { runId, executionNo } of holders) {
    const holder = await readRun(sql, runId);
    if (holder && (await barOf(sql, holder))) given += await giveBackPart(sql, runId, executionNo);
  }
  return given;
}

const RELEASE = `
  UPDATE attempts ${byIndex('attempts_execution')}
  SET execution_no = NULL, planned = NULL, lease = NULL
  WHERE run_id = ? AND execution_no = ?`;

/** Puts the assets of a claimed execution back into the queue. */
export async function releaseBatch(sql: Sql, runId: string, executionNo: number): Promise<boolean> {
  if (!(await transition(sql, { runId, executionNo, event: 'release' }, 'settled_at = ?', [await sql.now()]))) return false;
  await sql.run(RELEASE, [runId, executionNo]);
  return true;
}
