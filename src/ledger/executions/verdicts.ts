// What the watch learns about assets. Writes are idempotent: the same poll written twice leaves the same rows.
import { batchesOf } from '../../domain/basics/batches.js';
import { copyAfter, mayBeTriedAgain } from '../../domain/execution/may-still-run.js';
import { type Heard, heardIn } from '../../domain/verdict/judge.js';
import { type Closed, closeOpen } from '../cohort/closing.js';
import { ROWS_PER_TRANSACTION } from '../cohort/freeze.js';
import { type AttemptRow, afterPoll, hasMissedOutput, isSameRow, WRITTEN_COLUMNS } from '../rows/attempt.js';
import { type AttemptChange, writeAttempts } from '../rows/attempt-writes.js';
import { addAuditOnce } from '../rows/audit.js';
import { addExecutionJob, type ExecutionJob, jobsOf } from '../rows/execution-jobs.js';
import { fieldsOf } from '../rows/fields.js';
import { IS_OPEN, isClosing, keepBeside, keepLateVerdicts } from '../rows/late.js';
import { type OutOfCohortCopy, rememberOutOfCohortCopies } from '../rows/out-of-cohort-copies.js';
import type { Poll } from '../rows/poll.js';
import { readRun } from '../rows/run.js';
import { type Database, jsonRows, type Sql } from '../sql/database.js';
import { byIndex, greatestOf, INTEGERS, jsonArraysOf, rowsGiven, TEXTS, textAt } from '../sql/dialect.js';
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

/** Other runs with something by ids in flight, the one that was looked at longest ago first. */
const ALSO_IN_FLIGHT = `
  SELECT run_id, max(coalesce(polled_at, 0)) AS looked_at
  FROM executions
  WHERE state = 'accepted' AND settled_at IS NULL AND planned IS NULL AND run_id <> ?
  GROUP BY run_id
  ORDER BY looked_at
  LIMIT 100`;

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

  async alsoInFlight(runId: string): Promise<{ runId: string; lookedAt: number }[]> {
    const rows = await this.#database.all<{ run_id: string; looked_at: number }>(ALSO_IN_FLIGHT, [runId]);
    return rows.map((row) => ({ runId: row.run_id, lookedAt: row.looked_at }));
  }

  /** Something that the workflow of the run has to hear of: as of a slot that became free. */
  async wake(runId: string): Promise<void> {
    await this.#database.run(`UPDATE runs SET wakes = wakes + 1 WHERE id = ? AND ${IS_OPEN}`, [runId]);
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
      changed += await this.#database.transaction((sql) => recordPart(sql, runId, part, retry));
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
  return addAuditOnce(sql, runId, { action: 'late-out-of-cohort', detail: `hit outside the cohort: ${named}` });
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

async function recordPart(sql: Sql, runId: string, polls: readonly Poll[], retry: RetryRule): Promise<number> {
  if (await isClosing(sql, runId)) {
    for (const poll of polls) await keepLateVerdicts(sql, runId, poll);
    return 0;
  }
  const now = await sql.now();
  let [changed, wakes] = [0, 0];
  for (const poll of polls) {
    const recorded = await recordPoll(sql, runId, poll, { retry, now });
    changed += recorded.changed;
    wakes += recorded.wakes;
  }
  if (wakes > 0) await sql.run('UPDATE runs SET wakes = wakes + ? WHERE id = ?', [wakes, runId]);
  return changed;
}

const NOTHING_RECORDED = { changed: 0, wakes: 0 };

async function recordPoll(
  sql: Sql,
  runId: string,
  poll: Poll,
  { retry, now }: { retry: RetryRule; now: number },
): Promise<{ changed: number; wakes: number }> {
  // A poll that comes late must not touch what is settled, or closed and reported.
  // Neither must one that was stopped on its way undo what a later one has seen since.
  const open = await sql.first<{ slot_freed_at: number | null }>(OPEN_FOR_POLL, [runId, poll.executionNo, poll.number]);
  if (!open) return NOTHING_RECORDED;
  const rowsSeen = poll.rowsSeen ?? poll.jobs.length;
  const changed = await writePoll(sql, runId, poll, now);
  if (changed === undefined) return NOTHING_RECORDED;
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
  return { changed, wakes: poll.settled || (poll.slotFree && open.slot_freed_at === null) ? 1 : 0 };
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

const READ_COLUMNS = ['seq', 'attempt', 'asset_id', 'last', ...WRITTEN_COLUMNS] as const;
/** As one JSON text: libsql takes longer to hand over a row of 17 columns than SQLite takes to write it. */
const READ_ATTEMPTS = `
  SELECT ${jsonArraysOf(READ_COLUMNS)} AS attempts
  FROM attempts ${byIndex('attempts_execution')}
  WHERE run_id = ? AND execution_no = ?`;

type FoundAttempt = AttemptRow & { last: 0 | 1 };
const EMPTY_ROW = Object.fromEntries(READ_COLUMNS.map((column) => [column, null])) as Record<(typeof READ_COLUMNS)[number], unknown>;

async function readAttempts(sql: Sql, runId: string, executionNo: number): Promise<FoundAttempt[]> {
  const found = await sql.first<{ attempts: string }>(READ_ATTEMPTS, [runId, executionNo]);
  const rows = JSON.parse(found?.attempts ?? '[]') as unknown[][];
  return rows.map((values) => {
    // All of one shape from the first moment: rows that grow column by column cost more than to read them.
    const row = { ...EMPTY_ROW };
    for (let index = 0; index < READ_COLUMNS.length; index += 1) row[READ_COLUMNS[index] as keyof typeof EMPTY_ROW] = values[index];
    return row as FoundAttempt;
  });
}

/**
 * Only what differs is written: most polls find most assets as they were. Undefined, with nothing written, where the poll decides without an output that another one has heard.
 */
async function writePoll(sql: Sql, runId: string, poll: Poll, now: number): Promise<number | undefined> {
  const jobs = new Map(poll.jobs.map((job) => [job.assetId, job]));
  const decisions = new Map(poll.decisions.map((decision) => [decision.assetId, decision]));
  const rows = await readAttempts(sql, runId, poll.executionNo);
  if (rows.some((row) => hasMissedOutput(row, { job: jobs.get(row.asset_id), decision: decisions.get(row.asset_id) }))) return undefined;
  let changed = 0;
  const changes: AttemptChange[] = [];
  /** Those whose asset was queued again since: Qualys has said late that the attempt before had run, too. */
  const earlier: Parameters<typeof keepBeside>[3][number][] = [];
  for (const row of rows) {
    const after = afterPoll(row, { job: jobs.get(row.asset_id), decision: decisions.get(row.asset_id) }, poll, now);
    if (isSameRow(row, after)) continue;
    if (row.outcome !== after.outcome) {
      changed += 1;
      const [decision, job] = [decisions.get(row.asset_id), jobs.get(row.asset_id)];
      if (decision?.terminal && row.last === 0)
        earlier.push({ assetId: row.asset_id, outcome: decision.outcome, status: job?.status, exitCode: job?.exitCode });
    }
    changes.push({ before: row, after });
  }
  await writeAttempts(sql, runId, changes);
  await keepBeside(sql, runId, poll.executionNo, earlier);
  return changed;
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
