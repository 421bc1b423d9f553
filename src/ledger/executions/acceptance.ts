// A job of Qualys becomes an execution's own: by its answer, or found afterwards.

import { rememberAcceptance } from '../limits/script-interval.js';
import { addAuditOnce } from '../rows/audit.js';
import { transition } from '../rows/execution.js';
import { readRun } from '../rows/run.js';
import { isUniqueViolation, type Sql } from '../sql/database.js';
import { byIndex } from '../sql/dialect.js';

interface TakenUuid {
  correlationUuid: string;
  serverAt: number;
  jobId?: string;
  permit?: number;
  adopted: boolean;
  event: 'accept' | 'acceptLate' | 'adopt';
  configuredIntervalMs?: number | undefined;
}

/** The lease is taken again where no other execution has the asset. */
const ACCEPT_NEWEST = `
  UPDATE attempts ${byIndex('attempts_execution')}
  SET outcome = 'running', copy = 'open', reason = NULL, correlation_uuid = ?, job_id = ?, started_at = NULL,
    lease = CASE WHEN lease = 1 OR NOT EXISTS (SELECT 1 FROM attempts AS held
      WHERE held.asset_id = attempts.asset_id AND held.lease = 1) THEN 1 END
  WHERE run_id = ? AND execution_no = ? AND last = 1`;

/** Attempts that a later one stands for: the script runs at their assets all the same. */
const ACCEPT_EARLIER = `
  UPDATE attempts ${byIndex('attempts_execution')}
  SET copy = 'open', correlation_uuid = ?, job_id = ?
  WHERE run_id = ? AND execution_no = ? AND last = 0`;

/** Of the permit that was named, or of the last. */
const NOTE_ANSWER = `
  UPDATE sends
  SET answered_at = coalesce(answered_at, ?), answer = ?
  WHERE run_id = ? AND execution_no = ?
    AND permit = coalesce(?, (SELECT max(permit) FROM sends WHERE run_id = ? AND execution_no = ?))`;

export async function takeUuid(sql: Sql, runId: string, executionNo: number, taken: TakenUuid): Promise<boolean> {
  const now = await sql.now();
  const run = await readRun(sql, runId);
  // The report is written.
  if (taken.event === 'acceptLate' && run?.finishedAt !== undefined) return false;
  try {
    const moved = await transition(
      sql,
      { runId, executionNo, event: taken.event },
      `correlation_uuid = ?, adopted = ?, job_id = ?, job_created_at = ?, accepted_at = ?, accepted_server_at = ?, deadline_at = ?,
        rows_changed_server_at = ?, settled_at = NULL, slot_freed_at = NULL`,
      [
        taken.correlationUuid,
        Number(taken.adopted),
        taken.jobId ?? null,
        taken.jobId ? taken.serverAt : null,
        now,
        taken.serverAt,
        now + (run?.deadlineMs ?? 0),
        taken.serverAt,
      ],
    );
    if (!moved) return false;
  } catch (error) {
    if (isUniqueViolation(error)) return false;
    throw error;
  }
  // Meanwhile another attempt, or another run, may have the lease: then the open copy alone keeps others away.
  await sql.run(ACCEPT_NEWEST, [taken.correlationUuid, taken.jobId, runId, executionNo]);
  // Put back since: the outcome of a further attempt stands, and what this one comes to is shown beside it.
  await sql.run(ACCEPT_EARLIER, [taken.correlationUuid, taken.jobId, runId, executionNo]);
  if (taken.event === 'acceptLate') {
    const detail = `execution ${executionNo}: Qualys has it as ${taken.correlationUuid}, and its fate had been decided: it is watched again`;
    await addAuditOnce(sql, runId, { action: 'late-answer', detail });
  }
  await sql.run('UPDATE runs SET accepted = accepted + 1 WHERE id = ?', [runId]);
  await sql.run(NOTE_ANSWER, [now, taken.adopted ? 'adopted' : 'accepted', runId, executionNo, taken.permit, runId, executionNo]);
  await rememberAcceptance(sql, runId, executionNo, taken.configuredIntervalMs);
  return true;
}

/** Unless another execution has it. */
const KEEP_LATE_UUID = `
  UPDATE executions
  SET correlation_uuid = ?, job_id = coalesce(job_id, ?)
  WHERE run_id = ? AND execution_no = ? AND correlation_uuid IS NULL
    AND NOT EXISTS (SELECT 1 FROM executions AS other WHERE other.correlation_uuid = ?)`;

/**
 * Qualys' word for an execution whose run is closing: its outcomes stand. The job is the execution's anyway, so that nobody else's
 * lost answer is ever explained by it. Always false: the word was not taken.
 */
export async function keepLateUuid(
  sql: Sql,
  runId: string,
  executionNo: number,
  job: { correlationUuid: string; jobId?: string | undefined },
): Promise<false> {
  const kept = await sql.run(KEEP_LATE_UUID, [job.correlationUuid, job.jobId, runId, executionNo, job.correlationUuid]);
  await openCopiesOf(sql, runId, executionNo);
  if (kept === 1) await sql.run('UPDATE runs SET accepted = accepted + 1 WHERE id = ? AND finished_at IS NULL', [runId]);
  await addAuditOnce(sql, runId, {
    action: 'late-answer',
    detail: `execution ${executionNo}: Qualys has it as ${job.correlationUuid}, and its run is closed`,
  });
  return false;
}

/** Of an execution that was sent once, and was not accepted. */
const NOTE_LATE_REFUSAL = `
  UPDATE executions
  SET note = ?
  WHERE run_id = ? AND execution_no = ? AND sends = 1 AND correlation_uuid IS NULL
  RETURNING execution_no`;

const END_COPIES = `
  UPDATE attempts ${byIndex('attempts_execution')}
  SET copy = 'none'
  WHERE run_id = ? AND execution_no = ? AND copy = 'open'`;

/**
 * The request of an execution did not run, and its run is closed: its outcomes stand, but nothing of it is with an agent. Where it was
 * sent before, that one may. Always false: the word was not taken.
 */
export async function keepLateRefusal(
  sql: Sql,
  runId: string,
  executionNo: number,
  answer: { permit: number; detail: string },
): Promise<false> {
  const [execution] = await sql.all(NOTE_LATE_REFUSAL, [answer.detail, runId, executionNo]);
  if (execution) await sql.run(END_COPIES, [runId, executionNo]);
  await addAuditOnce(sql, runId, {
    action: 'late-answer',
    detail: `execution ${executionNo}: not sent, and its run is closed: ${answer.detail}`,
  });
  return false;
}

const OPEN_COPIES = `
  UPDATE attempts ${byIndex('attempts_execution')}
  SET copy = 'open'
  WHERE run_id = ? AND execution_no = ? AND copy = 'none'`;

/** Qualys has taken the call, whatever the ledger made of it before: until asset jobs say otherwise, the script may run at its assets. */
export async function openCopiesOf(sql: Sql, runId: string, executionNo: number): Promise<void> {
  await sql.run(OPEN_COPIES, [runId, executionNo]);
}
