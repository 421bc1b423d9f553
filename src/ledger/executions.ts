// Executions and their permits: the memory of the state machine in domain/execution-state.ts. Every change names its event in the
// WHERE clause by the states it may come from, so a repeated or late write changes nothing.
import { admits } from '../domain/error-budget.js';
import {
  EXECUTION_EVENTS,
  type ExecutionEvent,
  type ExecutionState,
  MAX_ASSETS_PER_EXECUTION,
  MAX_SENDS,
} from '../domain/execution-state.js';
import { afterAcceptance, afterRefusal, type IntervalMemory, type IntervalPlan } from '../domain/interval.js';
import { HOUR_MS, wholeCap } from '../domain/rate-window.js';
import { type Database, isUniqueViolation, jsonRows, type Sql } from './database.js';
import { countOutcomes, type RunRow, readRun } from './runs.js';

export interface Execution {
  n: number;
  state: ExecutionState;
  scriptId: string;
  size: number;
  sends: number;
  /** Local clock: the first instant at which a lost answer may be looked for. */
  judgeAt?: number | undefined;
  /** Local clock: from here on the request cannot be on its way any more. */
  requestOverAt?: number | undefined;
  /** Server time just before the permit. */
  serverAt?: number | undefined;
  looks?: string | undefined;
  correlationUuid?: string | undefined;
  jobId?: string | undefined;
  jobCreatedAt?: number | undefined;
  acceptedAt?: number | undefined;
  acceptedServerAt?: number | undefined;
  deadlineAt?: number | undefined;
  slotFreedAt?: number | undefined;
  rowsSeen: number;
  rowsChangedServerAt?: number | undefined;
}

export interface PermitTerms {
  /** Real milliseconds in which the request must have started. */
  sendWindowMs: number;
  httpTimeoutMs: number;
  /** Added to both before anybody may judge. */
  settleMs: number;
  executionsPerDay: number;
  configuredIntervalMs?: number | undefined;
  serverAt: number;
}

export type PermitAnswer =
  | { kind: 'granted'; permit: number; sendBy: number; grantedAt: number; assetIds: string[] }
  | {
      kind: 'refused';
      why: 'fence' | 'stopped' | 'paused' | 'halted' | 'state' | 'sends' | 'daily-quota' | 'serialised' | 'interval';
      waitMs: number;
      detail: string;
    };

export class Executions {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Freezes the next batch: its number, its rows, and their leases, in one transaction. Undefined when nothing is due or free. */
  async claim(runId: string, fence: number): Promise<Execution | undefined> {
    return this.#database.transaction(async (sql) => {
      const run = await readRun(sql, runId);
      if (!run?.script || run.fence !== fence || run.paused || run.stop || run.finishedAt !== undefined) return undefined;
      const open = await sql.first<{ slots: number; assets: number | null }>(
        `SELECT count(CASE WHEN slot_freed_at IS NULL THEN 1 END) AS slots, sum(size) AS assets FROM executions
         WHERE run_id = ? AND state IN ('claimed', 'permitted', 'accepted') AND settled_at IS NULL`,
        [runId],
      );
      if ((open?.slots ?? 0) >= run.maxInFlight) return undefined;
      const size = Math.min(MAX_ASSETS_PER_EXECUTION, await admittedAssets(sql, run));
      if (size < 1) return undefined;
      return freezeBatch(sql, { runId, scriptId: run.script.id, n: run.claimed + 1, size });
    });
  }

  /** The one door to `execute`: grants the right to send once, before `sendBy`, and writes the intent; or says why not. */
  async permit(runId: string, n: number, { fence, terms }: { fence: number; terms: PermitTerms }): Promise<PermitAnswer> {
    return this.#database.transaction(async (sql) => {
      const refusal = await refusalFor(sql, { runId, n, fence, terms });
      if (refusal) return refusal;
      const now = await sql.now();
      const sendBy = now + terms.sendWindowMs;
      const overAt = sendBy + terms.httpTimeoutMs + terms.settleMs;
      await sql.run(
        `UPDATE executions SET state = 'permitted', sends = sends + 1, fence = ?, sent_at = ?, send_by = ?, over_at = ?, judge_at = ?, server_at = coalesce(server_at, ?), looks = NULL
         WHERE run_id = ? AND n = ?`,
        [fence, now, sendBy, overAt, overAt, terms.serverAt, runId, n],
      );
      const [send] = await sql.all<{ permit: number }>(
        `INSERT INTO sends (run_id, n, permit, fence, permitted_at, send_by)
         SELECT ?, ?, 1 + coalesce(max(permit), 0), ?, ?, ? FROM sends WHERE run_id = ? AND n = ? RETURNING permit`,
        [runId, n, fence, now, sendBy, runId, n],
      );
      const rows = await sql.all<{ asset_id: string }>(
        'SELECT asset_id FROM attempts INDEXED BY attempts_execution WHERE run_id = ? AND execution_n = ? ORDER BY seq',
        [runId, n],
      );
      return { kind: 'granted', permit: send?.permit ?? 1, sendBy, grantedAt: now, assetIds: rows.map(({ asset_id: assetId }) => assetId) };
    });
  }

  /** Qualys accepted the request of this permit. False when the state no longer allows it. */
  accept(
    runId: string,
    n: number,
    answer: { permit: number; correlationUuid: string; serverAt: number; configuredIntervalMs?: number | undefined },
  ): Promise<boolean> {
    return this.#database.transaction(async (sql) => {
      if (!(await permitIsOpen(sql, runId, n, answer.permit))) return false;
      return takeUuid(sql, runId, n, { ...answer, adopted: false, event: 'accept' });
    });
  }

  /** A job found afterwards is this execution's. False when another execution has claimed it meanwhile, or the state moved on. */
  adopt(runId: string, n: number, job: { correlationUuid: string; jobId: string; createdAt: number }): Promise<boolean> {
    return this.#database.transaction((sql) =>
      takeUuid(sql, runId, n, {
        correlationUuid: job.correlationUuid,
        serverAt: job.createdAt,
        jobId: job.jobId,
        adopted: true,
        event: 'adopt',
      }),
    );
  }

  /** The request of this permit did not run: no byte left, or the answer is documented as not executed. */
  notSent(
    runId: string,
    n: number,
    answer: { permit: number; why: string; detail: string; intervalRefused?: boolean; configuredIntervalMs?: number | undefined },
  ): Promise<boolean> {
    return this.#database.transaction(async (sql) => {
      if (!(await permitIsOpen(sql, runId, n, answer.permit))) return false;
      const now = await sql.now();
      // Where nothing was sent before, the next send's job is not looked for among those of the wait in between.
      const forget = 'sends = sends - 1, judge_at = NULL, server_at = CASE WHEN sends > 1 THEN server_at END, note = ?';
      if (!(await move(sql, runId, n, 'notSent', forget, [answer.detail]))) return false;
      await sql.run('UPDATE sends SET answered_at = ?, answer = ?, detail = ?, spent = 0 WHERE run_id = ? AND n = ? AND permit = ?', [
        now,
        answer.why,
        answer.detail,
        runId,
        n,
        answer.permit,
      ]);
      if (answer.intervalRefused) {
        const scriptId = await scriptOf(sql, runId, n);
        await saveInterval(sql, scriptId, afterRefusal(await intervalOf(sql, scriptId), now, answer.configuredIntervalMs));
      }
      return true;
    });
  }

  /** The answer of this permit was lost: looking for its job may start `lookAfterMs` from now. */
  lost(runId: string, n: number, answer: { permit: number; detail: string; lookAfterMs: number }): Promise<void> {
    return this.#database.transaction(async (sql) => {
      if (!(await permitIsOpen(sql, runId, n, answer.permit))) return;
      const now = await sql.now();
      await sql.run(`UPDATE sends SET answered_at = ?, answer = 'lost', detail = ? WHERE run_id = ? AND n = ? AND permit = ?`, [
        now,
        answer.detail,
        runId,
        n,
        answer.permit,
      ]);
      await sql.run(`UPDATE executions SET judge_at = ?, note = ? WHERE run_id = ? AND n = ? AND state = 'permitted'`, [
        now + answer.lookAfterMs,
        answer.detail,
        runId,
        n,
      ]);
    });
  }

  saveLooks(runId: string, n: number, looks: string, nextLookMs: number): Promise<void> {
    return this.#database.transaction(async (sql) => {
      await sql.run(`UPDATE executions SET looks = ?, judge_at = ? WHERE run_id = ? AND n = ? AND state = 'permitted'`, [
        looks,
        (await sql.now()) + nextLookMs,
        runId,
        n,
      ]);
    });
  }

  /** The index proves that it did not run. It may be sent once more, or, when that was the second time, never again. */
  provedNotExecuted(runId: string, n: number): Promise<'may-be-sent' | 'unverified' | 'moved'> {
    return this.#database.transaction(async (sql) => {
      const execution = await readExecution(sql, runId, n);
      // A late judge's evidence is about an earlier permit: of one whose request may still arrive nothing can be proved.
      if (!execution || (execution.requestOverAt ?? 0) > (await sql.now())) return 'moved';
      if (execution.sends >= MAX_SENDS) {
        return (await surrender(sql, runId, n, 'not-executed-twice')) ? 'unverified' : 'moved';
      }
      if (!(await move(sql, runId, n, 'proveNotExecuted', 'judge_at = NULL, looks = NULL', []))) return 'moved';
      await sql.run(`UPDATE sends SET answer = 'proved not executed', spent = 0 WHERE run_id = ? AND n = ? AND spent = 1`, [runId, n]);
      return 'may-be-sent';
    });
  }

  /** Its fate cannot be established: its assets are `unverified`, and nothing sends it again. */
  giveUp(runId: string, n: number, reason: string): Promise<boolean> {
    return this.#database.transaction((sql) => surrender(sql, runId, n, reason));
  }

  /** Puts the assets of everything that was claimed and not sent back into the queue (the run is stopping, or starts anew elsewhere). */
  releaseClaimed(runId: string): Promise<number> {
    return this.#database.transaction(async (sql) => {
      const rows = await sql.all<{ n: number }>(`SELECT n FROM executions WHERE run_id = ? AND state = 'claimed' AND settled_at IS NULL`, [
        runId,
      ]);
      for (const { n } of rows) {
        if (!(await move(sql, runId, n, 'release', 'settled_at = ?', [await sql.now()]))) continue;
        await sql.run(
          'UPDATE attempts INDEXED BY attempts_execution SET execution_n = NULL, lease = NULL WHERE run_id = ? AND execution_n = ?',
          [runId, n],
        );
      }
      return rows.length;
    });
  }

  async get(runId: string, n: number): Promise<Execution | undefined> {
    return readExecution(this.#database, runId, n);
  }

  async inState(runId: string, states: readonly ExecutionState[]): Promise<Execution[]> {
    const rows = await this.#database.all<StoredExecution>(
      `SELECT * FROM executions WHERE run_id = ? AND settled_at IS NULL AND state IN (SELECT value FROM json_each(?)) ORDER BY n`,
      [runId, jsonRows(states)],
    );
    return rows.map(toExecution);
  }

  async assetsOf(runId: string, n: number): Promise<string[]> {
    const rows = await this.#database.all<{ asset_id: string }>(
      'SELECT asset_id FROM attempts INDEXED BY attempts_execution WHERE run_id = ? AND execution_n = ? ORDER BY seq',
      [runId, n],
    );
    return rows.map(({ asset_id: assetId }) => assetId);
  }

  /** Correlation UUIDs among these that some execution of this ledger has claimed. */
  async claimedUuids(uuids: readonly string[]): Promise<Set<string>> {
    const rows = await this.#database.all<{ correlation_uuid: string }>(
      'SELECT correlation_uuid FROM executions WHERE correlation_uuid IN (SELECT value FROM json_each(?))',
      [jsonRows(uuids)],
    );
    return new Set(rows.map(({ correlation_uuid: uuid }) => uuid));
  }
}

interface StoredExecution {
  n: number;
  state: ExecutionState;
  script_id: string;
  size: number;
  sends: number;
  over_at: number | null;
  judge_at: number | null;
  server_at: number | null;
  looks: string | null;
  correlation_uuid: string | null;
  job_id: string | null;
  job_created_at: number | null;
  accepted_at: number | null;
  accepted_server_at: number | null;
  deadline_at: number | null;
  slot_freed_at: number | null;
  rows_seen: number;
  rows_changed_server_at: number | null;
}

function toExecution(row: StoredExecution): Execution {
  return {
    n: row.n,
    state: row.state,
    scriptId: row.script_id,
    size: row.size,
    sends: row.sends,
    judgeAt: row.judge_at ?? undefined,
    requestOverAt: row.over_at ?? undefined,
    serverAt: row.server_at ?? undefined,
    looks: row.looks ?? undefined,
    correlationUuid: row.correlation_uuid ?? undefined,
    jobId: row.job_id ?? undefined,
    jobCreatedAt: row.job_created_at ?? undefined,
    acceptedAt: row.accepted_at ?? undefined,
    acceptedServerAt: row.accepted_server_at ?? undefined,
    deadlineAt: row.deadline_at ?? undefined,
    slotFreedAt: row.slot_freed_at ?? undefined,
    rowsSeen: row.rows_seen,
    rowsChangedServerAt: row.rows_changed_server_at ?? undefined,
  };
}

async function readExecution(sql: Sql, runId: string, n: number): Promise<Execution | undefined> {
  const row = await sql.first<StoredExecution>('SELECT * FROM executions WHERE run_id = ? AND n = ?', [runId, n]);
  return row && toExecution(row);
}

/** Applies an event of the state machine. False, and nothing changed, where the stored state does not allow it. */
async function move(
  sql: Sql,
  runId: string,
  n: number,
  event: ExecutionEvent,
  ...[also, parameters]: [also: string, parameters: readonly (string | number | null)[]]
): Promise<boolean> {
  const { from, to } = EXECUTION_EVENTS[event];
  const states = from.map((state) => `'${state}'`).join(', ');
  const changed = await sql.run(`UPDATE executions SET state = '${to}', ${also} WHERE run_id = ? AND n = ? AND state IN (${states})`, [
    ...parameters,
    runId,
    n,
  ]);
  return changed === 1;
}

/** Counting a large cohort takes long, and only a strict budget asks for it. */
async function admittedAssets(sql: Sql, run: RunRow): Promise<number> {
  if (!run.errorBudget?.strict) return Number.POSITIVE_INFINITY;
  const counts = await countOutcomes(sql, run.id);
  return admits(run.errorBudget, counts, counts.running + (await claimedAssets(sql, run.id)));
}

async function claimedAssets(sql: Sql, runId: string): Promise<number> {
  const row = await sql.first<{ assets: number | null }>(
    `SELECT sum(size) AS assets FROM executions WHERE run_id = ? AND state IN ('claimed', 'permitted') AND settled_at IS NULL`,
    [runId],
  );
  return row?.assets ?? 0;
}

async function freezeBatch(sql: Sql, batch: { runId: string; scriptId: string; n: number; size: number }): Promise<Execution | undefined> {
  const { runId, n } = batch;
  const now = await sql.now();
  // An asset that is in another open execution, of whatever run, is left for later: the unique index would refuse it anyway.
  const rows = await sql.all<{ seq: number; attempt: number }>(
    `SELECT seq, attempt FROM attempts AS due WHERE run_id = ? AND outcome = 'pending' AND execution_n IS NULL AND due_at <= ?
       AND NOT EXISTS (SELECT 1 FROM attempts AS held WHERE held.asset_id = due.asset_id AND held.lease = 1)
     ORDER BY due_at, seq LIMIT ?`,
    [runId, now, batch.size],
  );
  if (rows.length === 0) return undefined;
  await sql.run(
    `UPDATE attempts SET execution_n = ?, lease = 1 WHERE run_id = ? AND (seq, attempt) IN (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))`,
    [n, runId, jsonRows(rows.map(({ seq, attempt }) => [seq, attempt]))],
  );
  await sql.run('UPDATE runs SET next_n = ? WHERE id = ?', [n + 1, runId]);
  await sql.run(`INSERT INTO executions (run_id, n, state, script_id, size) VALUES (?, ?, 'claimed', ?, ?)`, [
    runId,
    n,
    batch.scriptId,
    rows.length,
  ]);
  return readExecution(sql, runId, n);
}

type Refusal = Extract<PermitAnswer, { kind: 'refused' }>;

async function refusalFor(sql: Sql, asked: { runId: string; n: number; fence: number; terms: PermitTerms }): Promise<Refusal | undefined> {
  const { runId, n, fence, terms } = asked;
  const run = await readRun(sql, runId);
  const execution = await readExecution(sql, runId, n);
  const now = await sql.now();
  if (!run || !execution) return refused('state', 0, `the ledger does not know execution ${n} of ${runId}`);
  if (run.fence !== fence) return refused('fence', 0, 'a newer attempt has taken over');
  if (run.stop || run.finishedAt !== undefined) return refused('stopped', 0, run.stop?.reason ?? 'the run is finished');
  if (run.paused) return refused('paused', 1_000, 'the run is paused');
  const ledger = await sql.first<{ halted: number; halted_why: string | null }>('SELECT halted, halted_why FROM ledger');
  if (ledger?.halted) return refused('halted', 2_000, `all executions are halted${ledger.halted_why ? `: ${ledger.halted_why}` : ''}`);
  if (execution.state !== 'claimed') return refused('state', 0, `execution ${n} is ${execution.state}`);
  if (execution.sends >= MAX_SENDS) return refused('sends', 0, `execution ${n} has been sent ${execution.sends} times`);
  return (await quotaRefusal(sql, now, terms)) ?? (await turnRefusal(sql, execution.scriptId, now));
}

async function quotaRefusal(sql: Sql, now: number, terms: PermitTerms): Promise<Refusal | undefined> {
  const dayMs = 24 * HOUR_MS;
  const day = await sql.first<{ n: number }>('SELECT count(*) AS n FROM sends WHERE spent = 1 AND permitted_at > ?', [now - dayMs]);
  const spent = day?.n ?? 0;
  const allowed = wholeCap(terms.executionsPerDay);
  if (spent < allowed) return undefined;
  const opener = await sql.first<{ permitted_at: number }>(
    'SELECT permitted_at FROM sends WHERE spent = 1 AND permitted_at > ? ORDER BY permitted_at LIMIT 1 OFFSET ?',
    [now - dayMs, spent - allowed],
  );
  return refused(
    'daily-quota',
    (opener?.permitted_at ?? now) + dayMs - now,
    `${spent} executions were sent in the last 24 hours, ${terms.executionsPerDay} are allowed`,
  );
}

/** Executes of one script go one after the other, and not sooner than its interval. */
async function turnRefusal(sql: Sql, scriptId: string, now: number): Promise<Refusal | undefined> {
  const other = await sql.first(
    `SELECT 1 FROM executions JOIN sends USING (run_id, n) WHERE executions.state = 'permitted' AND executions.script_id = ?
       AND sends.answered_at IS NULL AND sends.spent = 1 AND executions.over_at > ? LIMIT 1`,
    [scriptId, now],
  );
  if (other) return refused('serialised', 50, 'another execution of the script is being sent');
  const script = await sql.first<{ next_execute_at: number }>('SELECT next_execute_at FROM scripts WHERE script_id = ?', [scriptId]);
  const waitMs = (script?.next_execute_at ?? 0) - now;
  return waitMs > 0 ? refused('interval', waitMs, `the script's execution interval has not passed`) : undefined;
}

function refused(why: Refusal['why'], waitMs: number, detail: string): Refusal {
  return { kind: 'refused', why, waitMs, detail };
}

async function permitIsOpen(sql: Sql, runId: string, n: number, permit: number): Promise<boolean> {
  const latest = await sql.first<{ permit: number; answered_at: number | null }>(
    'SELECT permit, answered_at FROM sends WHERE run_id = ? AND n = ? ORDER BY permit DESC LIMIT 1',
    [runId, n],
  );
  return latest?.permit === permit && latest.answered_at === null;
}

interface TakenUuid {
  correlationUuid: string;
  serverAt: number;
  jobId?: string;
  permit?: number;
  adopted: boolean;
  event: 'accept' | 'adopt';
  configuredIntervalMs?: number | undefined;
}

async function takeUuid(sql: Sql, runId: string, n: number, taken: TakenUuid): Promise<boolean> {
  const now = await sql.now();
  const run = await readRun(sql, runId);
  try {
    const moved = await move(
      sql,
      runId,
      n,
      taken.event,
      'correlation_uuid = ?, adopted = ?, job_id = ?, job_created_at = ?, accepted_at = ?, accepted_server_at = ?, deadline_at = ?, rows_changed_server_at = ?',
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
  await sql.run(
    `UPDATE attempts INDEXED BY attempts_execution SET outcome = 'running', correlation_uuid = ?, job_id = ?, started_at = NULL WHERE run_id = ? AND execution_n = ?`,
    [taken.correlationUuid, taken.jobId, runId, n],
  );
  await sql.run('UPDATE runs SET accepted = accepted + 1 WHERE id = ?', [runId]);
  await sql.run(
    `UPDATE sends SET answered_at = coalesce(answered_at, ?), answer = ? WHERE run_id = ? AND n = ? AND permit = (SELECT max(permit) FROM sends WHERE run_id = ? AND n = ?)`,
    [now, taken.adopted ? 'adopted' : 'accepted', runId, n, runId, n],
  );
  const scriptId = await scriptOf(sql, runId, n);
  await saveInterval(sql, scriptId, afterAcceptance(await intervalOf(sql, scriptId), now, taken.configuredIntervalMs));
  return true;
}

async function surrender(sql: Sql, runId: string, n: number, reason: string): Promise<boolean> {
  const now = await sql.now();
  if (!(await move(sql, runId, n, 'giveUp', 'settled_at = ?, slot_freed_at = ?, note = ?', [now, now, reason]))) return false;
  // The leases stay until the run is closed: the script may be running there.
  await sql.run(
    `UPDATE attempts INDEXED BY attempts_execution SET outcome = 'unverified', reason = ? WHERE run_id = ? AND execution_n = ? AND outcome IN ('pending', 'running')`,
    [reason, runId, n],
  );
  return true;
}

async function scriptOf(sql: Sql, runId: string, n: number): Promise<string> {
  return (
    (await sql.first<{ script_id: string }>('SELECT script_id FROM executions WHERE run_id = ? AND n = ?', [runId, n]))?.script_id ?? ''
  );
}

async function intervalOf(sql: Sql, scriptId: string): Promise<IntervalMemory> {
  const row = await sql.first<{ interval_ms: number | null; backoff_ms: number | null; last_accepted_at: number | null }>(
    'SELECT * FROM scripts WHERE script_id = ?',
    [scriptId],
  );
  return {
    intervalMs: row?.interval_ms ?? undefined,
    backoffMs: row?.backoff_ms ?? undefined,
    lastAcceptedAt: row?.last_accepted_at ?? undefined,
  };
}

async function saveInterval(sql: Sql, scriptId: string, plan: IntervalPlan): Promise<void> {
  await sql.run(
    `INSERT INTO scripts (script_id, interval_ms, backoff_ms, last_accepted_at, next_execute_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (script_id) DO UPDATE SET interval_ms = excluded.interval_ms, backoff_ms = excluded.backoff_ms,
       last_accepted_at = excluded.last_accepted_at, next_execute_at = excluded.next_execute_at`,
    [scriptId, plan.intervalMs, plan.backoffMs, plan.lastAcceptedAt, plan.nextExecuteAt],
  );
}
