// The last word for what a run leaves open, at most a thousand rows a transaction: a million in one would stop the whole process,
// and its heartbeats, for a minute. Ended in the middle and begun again it comes to the same rows.
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { lastWord } from '../../domain/verdict/asset-job.js';
import { heardIn, judge, OUTPUT_NOT_READ } from '../../domain/verdict/judge.js';
import { isGood } from '../../domain/verdict/meaning.js';
import { goesByCode, type Judging, judgingBy } from '../../domain/verdict/rules.js';
import { heardOf } from '../rows/attempt.js';
import { readRun } from '../rows/run.js';
import { type Database, jsonRows, type Sql } from '../sql/database.js';
import { byIndex, INTEGERS, PAIRS } from '../sql/dialect.js';
import { ROWS_PER_TRANSACTION } from './freeze.js';

export interface ClosingTerms {
  reason: string;
  /** The ledger is older than the run, so what it calls unsent may have been sent. */
  staleLedger?: boolean;
}

/** How many assets this call ended. */
export interface Closed {
  unverified: number;
  skipped: number;
}

/** What was sent is `unverified`, what was not is `skipped`. Nothing of the run is sent or watched any more. */
export async function closeOpen(database: Database, runId: string, terms: ClosingTerms): Promise<Closed> {
  const closed: Closed = { unverified: 0, skipped: 0 };
  const run = await readRun(database, runId);
  const judging = judgingBy(run?.request.verdict, run?.campaign?.step);
  // Executions first: from then on no answer and no look that comes late can open an asset again.
  await inParts(database, (sql) => closeExecutions(sql, runId, terms.reason));
  for (const outcome of ['pending', 'running'] as const) {
    let after = 0;
    await inParts(database, async (sql) => {
      const rows = await openAssets(sql, { runId, outcome, after });
      const ended = rows.filter(({ copy }) => outcome === 'running' && copy === 'over');
      const open = rows.filter((row) => !ended.includes(row));
      await (outcome === 'running' ? endSent(sql, runId, open, terms.reason) : endPending(sql, runId, open, terms));
      closed.unverified += await endUnheard(sql, runId, ended, judging);
      closed.unverified += open.filter((row) => outcome === 'running' || wasSent(row, terms)).length;
      closed.skipped += rows.filter((row) => outcome === 'pending' && !wasSent(row, terms) && row.attempt === 1).length;
      after = rows.at(-1)?.seq ?? after;
      return rows.length;
    });
  }
  return closed;
}

const FREE_PART = `
  UPDATE attempts
  SET lease = NULL
  WHERE run_id = ? AND (seq, attempt) IN (
    SELECT seq, attempt
    FROM attempts ${byIndex('attempts_lease')}
    WHERE lease = 1 AND run_id = ? AND execution_no IS NOT NULL
    LIMIT ?
  )`;

/** The assets of a run that is over may be sent to by others. */
export async function freeLeases(database: Database, runId: string): Promise<void> {
  await inParts(database, (sql) => sql.run(FREE_PART, [runId, runId, ROWS_PER_TRANSACTION]));
}

/** Repeats `part`, each time in a transaction of its own, until it finds nothing more to do. */
async function inParts(database: Database, part: (sql: Sql) => Promise<number>): Promise<void> {
  while ((await database.transaction(part)) > 0) await yieldToLoop();
}

const FREE_ATTEMPTS = `
  UPDATE attempts ${byIndex('attempts_execution')}
  SET execution_no = NULL, planned = NULL, lease = NULL
  WHERE run_id = ? AND execution_no IN ${INTEGERS}`;

/** What had a permit may have been sent. */
const CLOSE_EXECUTIONS = `
  UPDATE executions
  SET state = CASE state WHEN 'claimed' THEN 'released' WHEN 'permitted' THEN 'unverified' ELSE state END,
    settled_at = ?, note = ?
  WHERE run_id = ? AND execution_no IN ${INTEGERS}`;

/** A batch that was frozen and not sent gives its assets back: else an attempt that comes late could still send it. */
async function closeExecutions(sql: Sql, runId: string, reason: string): Promise<number> {
  const open = await sql.all<{ execution_no: number; state: string }>(
    `SELECT execution_no, state FROM executions WHERE run_id = ? AND settled_at IS NULL LIMIT ?`,
    [runId, EXECUTIONS_A_PART],
  );
  const unsent = open.filter(({ state }) => state === 'claimed').map(({ execution_no: executionNo }) => executionNo);
  if (unsent.length > 0) {
    await sql.run(FREE_ATTEMPTS, [runId, jsonRows(unsent)]);
  }
  await sql.run(CLOSE_EXECUTIONS, [await sql.now(), reason, runId, jsonRows(open.map(({ execution_no: executionNo }) => executionNo))]);
  return open.length;
}

/** With up to 25 assets each they stay below the rows of a transaction. */
const EXECUTIONS_A_PART = 38;

interface OpenAsset {
  seq: number;
  attempt: number;
  execution_no: number | null;
  copy: string;
  status: string | null;
  exit_code: number | null;
  finished_at: number | null;
  ended_at: number | null;
  job_id: string | null;
  heard: string | null;
  heard_job: string | null;
}

const OPEN_ASSETS = `
  SELECT seq, attempt, execution_no, copy, status, exit_code, finished_at, ended_at, job_id, heard, heard_job
  FROM attempts ${byIndex('attempts_outcome')}
  WHERE run_id = ? AND last = 1 AND outcome = ? AND seq > ?
  ORDER BY seq
  LIMIT ?`;

/** Half the rows of a transaction, as a further attempt that was not sent concerns two. */
function openAssets(sql: Sql, { runId, outcome, after }: { runId: string; outcome: string; after: number }): Promise<OpenAsset[]> {
  return sql.all<OpenAsset>(OPEN_ASSETS, [runId, outcome, after, ROWS_PER_TRANSACTION / 2]);
}

/** The batches that were not sent have given their assets back, so a pending asset in an execution may have been sent. */
function wasSent(row: OpenAsset, { staleLedger }: ClosingTerms): boolean {
  return staleLedger === true || row.execution_no !== null;
}

async function endPending(sql: Sql, runId: string, rows: readonly OpenAsset[], terms: ClosingTerms): Promise<void> {
  const unsent = rows.filter((row) => !wasSent(row, terms));
  await endSent(
    sql,
    runId,
    rows.filter((row) => wasSent(row, terms)),
    terms.staleLedger ? 'ledger-restored' : terms.reason,
  );
  await sql.run(`UPDATE attempts SET outcome = 'skipped', reason = ? WHERE ${CHOSEN}`, [
    terms.reason,
    runId,
    keysOf(unsent.filter(({ attempt }) => attempt === 1)),
  ]);
  // A further attempt that was never sent leaves the verdict of the one before as the asset's last word.
  const further = unsent.filter(({ attempt }) => attempt > 1);
  await sql.run(`UPDATE attempts SET last = 1 WHERE ${CHOSEN}`, [
    runId,
    keysOf(further.map(({ attempt, ...row }) => ({ ...row, attempt: attempt - 1 }))),
  ]);
  await sql.run(`DELETE FROM attempts WHERE ${CHOSEN}`, [runId, keysOf(further)]);
}

async function endSent(sql: Sql, runId: string, rows: readonly OpenAsset[], reason: string): Promise<void> {
  // It may be with its agent, and nobody of this run looks after it any more: other runs find it by `copy`.
  await sql.run(`UPDATE attempts SET outcome = 'unverified', copy = 'open', reason = ? WHERE ${CHOSEN}`, [reason, runId, keysOf(rows)]);
}

/**
 * Those that have ended at Qualys and waited for their output: by what it said where it was heard, else as without it. Returns how many are
 * `unverified`.
 */
async function endUnheard(sql: Sql, runId: string, rows: readonly OpenAsset[], judging: Judging): Promise<number> {
  let unverified = 0;
  for (const row of rows) {
    const { seq, attempt, status, exit_code: exitCode, finished_at: finishedAt, ended_at: endedAt } = row;
    const job = {
      status: status ?? '',
      exitCode: exitCode ?? undefined,
      finishedAt: finishedAt ?? undefined,
      endedAt: endedAt ?? undefined,
    };
    const own = lastWord(job) ?? { outcome: 'unverified', reason: OUTPUT_NOT_READ };
    const judged = judge(job, own, judging, heardIn(heardOf(row)) ?? 'absent');
    // A code that could still deny the success had its two minutes cut short by the close.
    const isEarly = exitCode === null && goesByCode(judging) && isGood(judged.outcome);
    const { outcome, reason, rule } = isEarly ? { ...judged, outcome: 'unverified', reason: 'verdict-unknown' } : judged;
    if (outcome === 'unverified') unverified += 1;
    await sql.run('UPDATE attempts SET outcome = ?, reason = ?, rule = ? WHERE run_id = ? AND seq = ? AND attempt = ?', [
      ...[outcome, reason, rule],
      ...[runId, seq, attempt],
    ]);
  }
  return unverified;
}

const CHOSEN = `run_id = ? AND (seq, attempt) IN ${PAIRS}`;

function keysOf(rows: readonly OpenAsset[]): string {
  return jsonRows(rows.map(({ seq, attempt }) => [seq, attempt]));
}
