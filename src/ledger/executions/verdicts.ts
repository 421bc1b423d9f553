// What the watch learns about assets. Writes are idempotent: the same poll written twice leaves the same rows.
import { batchesOf } from '../../domain/basics/batches.js';
import { copyAfter, mayBeTriedAgain } from '../../domain/execution/may-still-run.js';
import type { AssetDecision } from '../../domain/polling/settle.js';
import { type Heard, heardIn } from '../../domain/verdict/judge.js';
import { type Closed, closeOpen } from '../cohort/closing.js';
import { ROWS_PER_TRANSACTION } from '../cohort/freeze.js';
import { type AttemptRow, afterPoll, hasMissedOutput, isSameRow, WRITTEN_COLUMNS, writtenValues } from '../rows/attempt.js';
import { addExecutionJob, type ExecutionJob, jobsOf } from '../rows/execution-jobs.js';
import { fieldsOf } from '../rows/fields.js';
import { isClosing, keepBeside, keepLateVerdicts, noteLate } from '../rows/late.js';
import { type OutOfCohortCopy, rememberOutOfCohortCopies } from '../rows/out-of-cohort-copies.js';
import type { Poll, SeenAssetJob } from '../rows/poll.js';
import { readRun } from '../rows/run.js';
import { type Database, jsonRows, type Sql } from '../sql/database.js';
import { byIndex, greatestOf, INTEGERS, jsonObjectsOf, PAIRS, rowsGiven, TEXTS, textAt } from '../sql/dialect.js';
import { requeueAssets } from './requeue.js';

/** An asset in flight, with its asset job as last seen. */
export interface AssetInFlight {
  assetId: string;
  attempt: number;
  outcome: string;
  status?: string | undefined;
  exitCode?: number | undefined;
  finishedAt?: number | undefined;
  endedAt?: number | undefined;
  statusSince?: number | undefined;
  disconnected?: boolean | undefined;
  jobId?: string | undefined;
  /** What the output of a job said, and of which: undefined in an older ledger. */
  heard?: Heard;
  heardJobId?: string | undefined;
}

/** What the script came to at an asset that was hit beside those asked for: shown where the asset is the run's anyway. */
export interface OutOfCohortVerdict {
  outcome: string;
  status: string;
  exitCode?: number | undefined;
}

export interface RetryRule {
  failed: number;
  afterMs: number;
}

const IN_FLIGHT = `
  SELECT asset_id, attempt, outcome, status, exit_code, finished_at, ended_at, status_since, disconnected, job_id, heard, heard_job
  FROM attempts ${byIndex('attempts_execution')}
  WHERE run_id = ? AND execution_no = ?
  ORDER BY seq`;

const ANY_RUNNING = `
  SELECT 1 AS found
  FROM attempts ${byIndex('attempts_execution')}
  WHERE run_id = ? AND execution_no = ? AND outcome = 'running'
  LIMIT 1`;

const COUNT_RUNNING = `
  SELECT count(*) AS n
  FROM attempts ${byIndex('attempts_execution')}
  WHERE run_id = ? AND execution_no IN ${INTEGERS} AND outcome = 'running'`;

/** Another job of the execution is a change, as its rows are new. */
const NOTE_FURTHER_JOB = `
  UPDATE executions
  SET rows_changed_server_at = ${greatestOf('coalesce(rows_changed_server_at, 0)', '?')}
  WHERE run_id = ? AND execution_no = ? AND job_id IS NOT NULL AND job_id <> ?`;

/** The first that is found is the execution's own. */
const SET_JOB = `
  UPDATE executions
  SET job_id = ?, job_created_at = ?,
    rows_changed_server_at = ${greatestOf('coalesce(rows_changed_server_at, 0)', '?')}
  WHERE run_id = ? AND execution_no = ? AND job_id IS NULL`;

const SET_JOB_OF_ATTEMPTS = `
  UPDATE attempts ${byIndex('attempts_execution')}
  SET job_id = ?
  WHERE run_id = ? AND execution_no = ? AND job_id IS NULL`;

const NOTE_SOUGHT = `
  UPDATE executions
  SET job_sought_at = ?
  WHERE run_id = ? AND execution_no IN ${INTEGERS} AND coalesce(job_sought_at, 0) < ?`;

const ADD_OUT_OF_COHORT = `
  INSERT INTO out_of_cohort (run_id, job_id, asset_id)
  SELECT ?, ${textAt('hit', 0)}, ${textAt('hit', 1)}
  FROM ${rowsGiven('hit')}
  WHERE true
  ON CONFLICT DO NOTHING`;

export class Verdicts {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async inFlight(runId: string, executionNo: number): Promise<AssetInFlight[]> {
    const rows = await this.#database.all<StoredAsset>(IN_FLIGHT, [runId, executionNo]);
    return rows.map(toAsset);
  }

  async anyRunning(runId: string, executionNo: number): Promise<boolean> {
    const found = await this.#database.first(ANY_RUNNING, [runId, executionNo]);
    return found !== undefined;
  }

  async countRunning(runId: string, executions: readonly number[]): Promise<number> {
    const row = await this.#database.first<{ n: number }>(COUNT_RUNNING, [runId, jsonRows(executions)]);
    return row?.n ?? 0;
  }

  /** True when a slot became free, or an execution was settled, since the run had that many wakes. */
  async hasWakeSince(runId: string, reported: number): Promise<boolean> {
    const run = await this.#database.first<{ wakes: number }>('SELECT wakes FROM runs WHERE id = ?', [runId]);
    return (run?.wakes ?? 0) > reported;
  }

  /** The number of a poll that begins: of two the one with the lower number began earlier, whatever the clocks say. */
  async beginPoll(runId: string): Promise<number> {
    const [run] = await this.#database.all<{ polls: number }>('UPDATE runs SET polls = polls + 1 WHERE id = ? RETURNING polls', [runId]);
    return run?.polls ?? 0;
  }

  /** When the latest poll of the run that was written began; 0 before any. */
  async lastPollAt(runId: string): Promise<number> {
    const row = await this.#database.first<{ at: number | null }>('SELECT max(polled_at) AS at FROM executions WHERE run_id = ?', [runId]);
    return row?.at ?? 0;
  }

  /** A job of this execution was found: the first one stands for it, each is watched. */
  setJob(runId: string, executionNo: number, job: { jobId: string; createdAt: number; seenAt?: number }): Promise<void> {
    return this.#database.transaction(async (sql) => {
      if (await isClosing(sql, runId)) return;
      await addExecutionJob(sql, { runId, executionNo, jobId: job.jobId, createdAt: job.createdAt });
      await sql.run(NOTE_FURTHER_JOB, [job.seenAt ?? job.createdAt, runId, executionNo, job.jobId]);
      await sql.run(SET_JOB, [job.jobId, job.createdAt, job.createdAt, runId, executionNo]);
      await sql.run(SET_JOB_OF_ATTEMPTS, [job.jobId, runId, executionNo]);
    });
  }

  /** The jobs of these executions, and those that are watched beside them. */
  jobsOf(runId: string, executions: readonly number[]): Promise<ExecutionJob[]> {
    return jobsOf(this.#database, runId, executions);
  }

  /** These were searched for, from this instant of the ledger's clock on, and not found. */
  async setJobSought(runId: string, executions: readonly number[], at: number): Promise<void> {
    if (executions.length === 0) return;
    await this.#database.transaction(async (sql) => {
      if (await isClosing(sql, runId)) return;
      await sql.run(NOTE_SOUGHT, [at, runId, jsonRows(executions), at]);
    });
  }

  /** Writes one poll of one execution. Returns the number of assets whose outcome changed. */
  record(runId: string, poll: Poll, retry: RetryRule): Promise<number> {
    return this.recordAll(runId, [poll], retry);
  }

  /**
   * Writes polls of many executions with few commits, each of which waits for the disk. Returns the number of assets whose outcome changed.
   */
  async recordAll(runId: string, polls: readonly Poll[], retry: RetryRule): Promise<number> {
    let changed = 0;
    for (const part of batchesOf(polls, ROWS_PER_TRANSACTION, ({ decisions }) => decisions.length)) {
      changed += await this.#database.transaction(async (sql) => {
        let inPart = 0;
        for (const poll of part) inPart += await recordPoll(sql, runId, poll, retry);
        return inPart;
      });
    }
    return changed;
  }

  /** Words about a closed run, which nobody watches any more; nothing where it is live after all. */
  keepLate(runId: string, poll: Parameters<typeof keepLateVerdicts>[2]): Promise<void> {
    return this.#database.transaction(async (sql) => {
      if (await isClosing(sql, runId)) await keepLateVerdicts(sql, runId, poll);
    });
  }

  /** Assets hit that the execution did not ask for, as it sees them now. */
  async addOutOfCohort(
    runId: string,
    executionNo: number,
    outOfCohort: readonly (OutOfCohortCopy & { verdict?: OutOfCohortVerdict | undefined })[],
  ): Promise<void> {
    if (outOfCohort.length === 0) return;
    await this.#database.transaction(async (sql) => {
      await rememberOutOfCohortCopies(sql, runId, executionNo, outOfCohort);
      if (await isClosing(sql, runId)) return lateOutOfCohort(sql, runId, outOfCohort);
      await sql.run(ADD_OUT_OF_COHORT, [runId, jsonRows(outOfCohort.map(({ jobId, assetId }) => [jobId, assetId]))]);
      await keepBeside(
        sql,
        runId,
        executionNo,
        outOfCohort.flatMap(({ assetId, verdict }) => (verdict ? [{ assetId, ...verdict }] : [])),
      );
    });
  }

  requeue(runId: string, outcomes: readonly string[]): Promise<number> {
    return this.#database.transaction((sql) => requeueAssets(sql, runId, outcomes));
  }

  /**
   * Ends every asset that has no final outcome: what was sent is `unverified`, what was not is `skipped`. Nothing of the run is sent or
   * watched any more. `stale`: the ledger is older than the run, so what it calls unsent may have been sent.
   */
  closeOpen(runId: string, reason: string, { staleLedger = false } = {}): Promise<Closed> {
    return closeOpen(this.#database, runId, { reason, staleLedger });
  }
}

function lateOutOfCohort(sql: Sql, runId: string, outOfCohort: readonly { jobId: string; assetId: string }[]): Promise<void> {
  const named = outOfCohort.map(({ jobId, assetId }) => `${assetId} by job ${jobId}`).join(', ');
  return noteLate(sql, runId, { action: 'late-out-of-cohort', detail: `hit outside the cohort: ${named}` });
}

/** A poll with a lower number than one that was written began earlier. */
const OPEN_FOR_POLL = `
  SELECT slot_freed_at
  FROM executions
  WHERE run_id = ? AND execution_no = ? AND state = 'accepted' AND settled_at IS NULL AND poll <= ?`;

/** Rows seen and fan-out only ever grow; a slot that was freed stays free. */
const WRITE_POLL = `
  UPDATE executions
  SET poll = ?, polled_at = ?,
    rows_changed_server_at = CASE WHEN rows_seen < ? THEN ? ELSE rows_changed_server_at END,
    rows_seen = ${greatestOf('rows_seen', '?')}, fanned_out = ${greatestOf('fanned_out', '?')},
    slot_freed_at = CASE WHEN ? = 1 THEN coalesce(slot_freed_at, ?) ELSE slot_freed_at END,
    state = CASE WHEN ? = 1 THEN 'settled' ELSE state END, settled_at = CASE WHEN ? = 1 THEN ? ELSE settled_at END
  WHERE run_id = ? AND execution_no = ?`;

async function recordPoll(sql: Sql, runId: string, poll: Poll, retry: RetryRule): Promise<number> {
  if (await isClosing(sql, runId)) {
    await keepLateVerdicts(sql, runId, poll);
    return 0;
  }
  // A poll that comes late must not touch what is settled, or closed and reported.
  // Neither must one that was stopped on its way undo what a later one has seen since.
  const open = await sql.first<{ slot_freed_at: number | null }>(OPEN_FOR_POLL, [runId, poll.executionNo, poll.number]);
  if (!open) return 0;
  const now = await sql.now();
  const rowsSeen = poll.rowsSeen ?? poll.jobs.length;
  const changed = await writePoll(sql, runId, poll, now);
  if (changed === undefined) return 0;
  await queueRetries(sql, runId, poll, { retry, now });
  await sql.run(WRITE_POLL, [
    poll.number,
    poll.polledAt,
    rowsSeen,
    poll.serverNow,
    rowsSeen,
    poll.fannedOut ?? false,
    poll.slotFree,
    now,
    poll.settled,
    poll.settled,
    now,
    runId,
    poll.executionNo,
  ]);
  if (poll.settled || (poll.slotFree && open.slot_freed_at === null))
    await sql.run('UPDATE runs SET wakes = wakes + 1 WHERE id = ?', [runId]);
  return changed;
}

interface StoredAsset {
  asset_id: string;
  attempt: number;
  outcome: string;
  status: string | null;
  exit_code: number | null;
  finished_at: number | null;
  ended_at: number | null;
  status_since: number | null;
  disconnected: number | null;
  job_id: string | null;
  heard: string | null;
  heard_job: string | null;
}

function toAsset(row: StoredAsset): AssetInFlight {
  return {
    ...fieldsOf(row, {
      ...{ assetId: 'asset_id', attempt: 'attempt', outcome: 'outcome', status: 'status', exitCode: 'exit_code' },
      ...{ finishedAt: 'finished_at', endedAt: 'ended_at', statusSince: 'status_since' },
    }),
    disconnected: row.disconnected === null ? undefined : row.disconnected === 1,
    jobId: row.job_id ?? undefined,
    heard: heardIn(row.heard),
    heardJobId: row.heard_job ?? undefined,
  };
}

/** As one JSON text: libsql takes longer to hand over a row of 17 columns than SQLite takes to write it. */
const READ_ATTEMPTS = `
  SELECT ${jsonObjectsOf(['seq', 'attempt', 'asset_id', ...WRITTEN_COLUMNS])} AS attempts
  FROM attempts ${byIndex('attempts_execution')}
  WHERE run_id = ? AND execution_no = ?`;
const WRITE_ATTEMPT = `
  UPDATE attempts
  SET ${WRITTEN_COLUMNS.map((column) => `${column} = ?`).join(', ')}
  WHERE run_id = ? AND seq = ? AND attempt = ?`;

/**
 * Only what differs is written: most polls find most assets as they were. Row by row by the key, as a join with the poll reads far more.
 * Undefined, with nothing written, where the poll decides without an output that another one has heard.
 */
async function writePoll(sql: Sql, runId: string, poll: Poll, now: number): Promise<number | undefined> {
  const jobs = new Map(poll.jobs.map((job) => [job.assetId, job]));
  const decisions = new Map(poll.decisions.map((decision) => [decision.assetId, decision]));
  const found = await sql.first<{ attempts: string }>(READ_ATTEMPTS, [runId, poll.executionNo]);
  const rows = JSON.parse(found?.attempts ?? '[]') as AttemptRow[];
  if (rows.some((row) => hasMissedOutput(row, { job: jobs.get(row.asset_id), decision: decisions.get(row.asset_id) }))) return undefined;
  let changed = 0;
  const decided: { seq: number; attempt: number; decision: AssetDecision }[] = [];
  for (const row of rows) {
    const after = afterPoll(row, { job: jobs.get(row.asset_id), decision: decisions.get(row.asset_id) }, poll, now);
    if (isSameRow(row, after)) continue;
    if (row.outcome !== after.outcome) {
      changed += 1;
      const decision = decisions.get(row.asset_id);
      if (decision?.terminal) decided.push({ seq: row.seq, attempt: row.attempt, decision });
    }
    await sql.run(WRITE_ATTEMPT, [...writtenValues(after), runId, row.seq, row.attempt]);
  }
  await keepBeside(sql, runId, poll.executionNo, await ofEarlierAttempts(sql, runId, { decided, jobs }));
  return changed;
}

/** Those whose asset was queued again since: Qualys has said late that the attempt before had run, too. */
async function ofEarlierAttempts(
  sql: Sql,
  runId: string,
  {
    decided,
    jobs,
  }: { decided: readonly { seq: number; attempt: number; decision: AssetDecision }[]; jobs: ReadonlyMap<string, SeenAssetJob> },
): Promise<{ assetId: string; outcome: string; status?: string | undefined; exitCode?: number | undefined }[]> {
  if (decided.length === 0) return [];
  const keys = jsonRows(decided.map(({ seq, attempt }) => [seq, attempt]));
  const earlier = await sql.all<{ asset_id: string }>(
    `SELECT asset_id FROM attempts WHERE run_id = ? AND last = 0 AND (seq, attempt) IN ${PAIRS}`,
    [runId, keys],
  );
  const put = new Set(earlier.map((row) => row.asset_id));
  return decided.flatMap(({ decision: { assetId, outcome } }) => {
    const job = jobs.get(assetId);
    return put.has(assetId) ? [{ assetId, outcome, status: job?.status, exitCode: job?.exitCode }] : [];
  });
}

/** A failed asset with attempts left gets its next one; the row of the failed attempt stays as it is. */
async function queueRetries(sql: Sql, runId: string, poll: Poll, rule: { retry: RetryRule; now: number }): Promise<void> {
  const failed = poll.decisions
    .filter((decision) => mayBeTriedAgain({ outcome: decision.outcome, copy: copyAfter(decision) }))
    .map(({ assetId }) => assetId);
  if (rule.retry.failed === 0 || failed.length === 0) return;
  const run = await readRun(sql, runId);
  if (!run || run.stop || run.admits === 'nothing') return;
  const chosen = `run_id = ? AND execution_no = ? AND last = 1 AND attempt <= ? AND asset_id IN ${TEXTS}`;
  const parameters = [runId, poll.executionNo, rule.retry.failed, jsonRows(failed)];
  await sql.run(
    `
      INSERT INTO attempts (run_id, seq, attempt, asset_id, last, name, agent_uuid, aliases, outcome, due_at)
      SELECT run_id, seq, attempt + 1, asset_id, 1, name, agent_uuid, aliases, 'pending', ?
      FROM attempts ${byIndex('attempts_execution')}
      WHERE ${chosen}`,
    [rule.now + rule.retry.afterMs, ...parameters],
  );
  // The new rows have no execution yet, so only the failed attempts are meant.
  await sql.run(`UPDATE attempts ${byIndex('attempts_execution')} SET last = 0 WHERE ${chosen}`, parameters);
}
