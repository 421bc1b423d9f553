// The next batch of a run: how many assets it may have, which they are, and their leases.
import { admits, budgetAllows } from '../../domain/run/error-budget.js';
import { giveBackBarred } from '../leases/unsent.js';
import { type DueRow, heldByCopies, leaveToCopies } from '../rows/copies.js';
import { countOutcomes, withBase } from '../rows/counts.js';
import { type Execution, readExecution } from '../rows/execution.js';
import type { RunRow } from '../rows/run.js';
import { jsonRows, type Sql } from '../sql/database.js';
import { byIndex, PAIRS } from '../sql/dialect.js';

/**
 * Counting a large cohort takes long, and only a strict budget asks for it. `besides`: an execution that is claimed already, and asked
 * about.
 */
export async function admittedAssets(sql: Sql, run: RunRow, besides = 0): Promise<number> {
  if (!run.errorBudget?.strict) return Number.POSITIVE_INFINITY;
  const counts = await countOutcomes(sql, run.id);
  const judged = withBase(counts, run.budgetBase);
  // What a person has accepted by resuming is no breach: from there on one asset at a time tells whether it gets worse.
  const max = Math.max(budgetAllows(run.errorBudget, judged.targeted), run.budgetAccepted ?? 0);
  return admits({ ...run.errorBudget, max }, judged, counts.running + (await claimedAssets(sql, run.id, besides)));
}

/** Those of the other executions that are not accepted yet. */
const ASSETS_CLAIMED = `
  SELECT sum(size) AS assets
  FROM executions
  WHERE run_id = ? AND state IN ('claimed', 'permitted') AND settled_at IS NULL AND execution_no <> ?`;

async function claimedAssets(sql: Sql, runId: string, besides: number): Promise<number> {
  const row = await sql.first<{ assets: number | null }>(ASSETS_CLAIMED, [runId, besides]);
  return row?.assets ?? 0;
}

/** Batches of assets that one claim looks through for assets that may be sent: a transaction must not walk the whole cohort. */
const BATCHES_A_CLAIM = 40;

const ADD_EXECUTION = `
  INSERT INTO executions (run_id, execution_no, state, script_id, size, leased)
  VALUES (?, ?, 'claimed', ?, ?, ?)`;

/** `leased`: false where the run cannot send now, and keeps nobody from the assets. */
export async function freezeBatch(
  sql: Sql,
  run: RunRow,
  { executionNo, size, leased }: { executionNo: number; size: number; leased: boolean },
): Promise<Execution | undefined> {
  const runId = run.id;
  let rows = await mayBeSent(sql, run, size);
  while (leased && rows.length < size && (await giveBackBarred(sql, run)) > 0) rows = await mayBeSent(sql, run, size);
  if (rows.length === 0) return undefined;
  await sql.run(`UPDATE attempts SET execution_no = ?, lease = ? WHERE run_id = ? AND (seq, attempt) IN ${PAIRS}`, [
    executionNo,
    leased ? 1 : null,
    runId,
    jsonRows(rows.map(({ seq, attempt }) => [seq, attempt])),
  ]);
  await sql.run('UPDATE runs SET next_execution_no = ? WHERE id = ?', [executionNo + 1, runId]);
  await sql.run(ADD_EXECUTION, [runId, executionNo, run.script?.id, rows.length, leased]);
  return readExecution(sql, runId, executionNo);
}

/** What waits for longest first, without assets that another execution has. */
const DUE_ROWS = `
  SELECT seq, attempt, asset_id, despite
  FROM attempts AS due ${byIndex('attempts_due')}
  WHERE run_id = ? AND outcome = 'pending' AND execution_no IS NULL AND planned IS NULL AND wave IS NULL
    AND due_at <= ? AND NOT EXISTS (
      SELECT 1
      FROM attempts AS held
      WHERE held.asset_id = due.asset_id AND held.lease = 1
    )
  ORDER BY due_at, seq
  LIMIT ?`;

/** The next assets that are due; those that another copy of the script may still run on are left out, visibly. */
async function mayBeSent(sql: Sql, run: RunRow, size: number): Promise<DueRow[]> {
  const now = await sql.now();
  for (let looked = 0; looked < BATCHES_A_CLAIM; looked += 1) {
    // An asset that is in another open execution, of whatever run, is left for later: the unique index would refuse it anyway.
    const rows = await sql.all<DueRow>(DUE_ROWS, [run.id, now, size]);
    const held = await heldByCopies(sql, run, rows);
    if (held.length === 0) return rows;
    await leaveToCopies(sql, run.id, held);
  }
  return [];
}

/** First attempts at assets that another execution has. */
const SKIP_HELD = `
  UPDATE attempts ${byIndex('attempts_due')}
  SET outcome = 'skipped', reason = 'held-by-another-run'
  WHERE run_id = ? AND outcome = 'pending' AND execution_no IS NULL AND planned IS NULL AND wave IS NULL
    AND attempt = 1 AND due_at <= ? AND EXISTS (
      SELECT 1
      FROM attempts AS held
      WHERE held.asset_id = attempts.asset_id AND held.lease = 1
    )`;

/** What another run works on is left out, visibly: so the plan says of conflicts. */
export async function skipHeld(sql: Sql, runId: string): Promise<void> {
  await sql.run(SKIP_HELD, [runId, await sql.now()]);
}
