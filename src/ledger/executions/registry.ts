// Executions and their permits: the memory of the state machine in domain/execution/state.ts. Every change names its event in the
// WHERE clause by the states it may come from, so a repeated or late write changes nothing.

import type { RefusedExecution } from '../../domain/execution/interval.js';
import { type ExecutionState, MAX_ASSETS_PER_EXECUTION, MAX_SENDS } from '../../domain/execution/state.js';
import type { Twin } from '../../domain/in-doubt/resolve.js';
import { barOf } from '../leases/bars.js';
import { letsGo, makesWait, type Refusal } from '../leases/refusal.js';
import { giveBackPart, releaseBatch, unsentOf } from '../leases/unsent.js';
import { rememberRefusal } from '../limits/script-interval.js';
import { needReading } from '../policy/script-reading.js';
import { EXECUTION_COLUMNS, type Execution, readExecution, type StoredExecution, toExecution, transition } from '../rows/execution.js';
import { addExecutionJob, addTwin } from '../rows/execution-jobs.js';
import { isClosing } from '../rows/late.js';
import { readRun } from '../rows/run.js';
import { heldAs } from '../snapshots/stale-ledger.js';
import { type Database, jsonRows, type Sql } from '../sql/database.js';
import { byIndex, TEXTS } from '../sql/dialect.js';
import { claimPlanned } from '../tags/planned.js';
import { type CallLists, readLists } from '../tags/planned-lists.js';
import { keepLateRefusal, keepLateUuid, openCopiesOf, takeUuid } from './acceptance.js';
import { admittedAssets, freezeBatch, skipHeld } from './batch.js';
import { type PermitTerms, permitIsOpen, refusalFor } from './permit.js';
import { resolveAgain, speaksForTheFirstSend } from './refused-after-proof.js';

export type { Execution } from '../rows/execution.js';
export type { PermitTerms } from './permit.js';
/** What a permit is answered with. */
export type PermitAnswer = ({ kind: 'granted'; permit: number; sendBy: number; grantedAt: number } & CallLists) | Refusal;

/** Slots and assets of the run's open executions. */
const TAKEN = `
  SELECT count(CASE WHEN slot_freed_at IS NULL THEN 1 END) AS slots, sum(size) AS assets
  FROM executions
  WHERE run_id = ? AND state IN ('claimed', 'permitted', 'accepted') AND settled_at IS NULL`;

const PERMIT = `
  UPDATE executions
  SET state = 'permitted', sends = sends + 1, fence = ?, sent_at = ?, send_by = ?, over_at = ?, resolve_at = ?,
    server_at = coalesce(server_at, ?), polls = NULL, sender = ?
  WHERE run_id = ? AND execution_no = ?`;

/** Numbered within its execution, from 1. */
const ADD_SEND = `
  INSERT INTO sends (run_id, execution_no, permit, fence, permitted_at, send_by)
  SELECT ?, ?, 1 + coalesce(max(permit), 0), ?, ?, ?
  FROM sends
  WHERE run_id = ? AND execution_no = ?
  RETURNING permit`;

/** It spends none of the quota. */
const NOTE_NOT_SENT = `
  UPDATE sends
  SET answered_at = ?, answer = ?, detail = ?, spent = 0
  WHERE run_id = ? AND execution_no = ? AND permit = ?`;

const NOTE_LOST = `
  UPDATE sends
  SET answered_at = ?, answer = 'lost', detail = ?
  WHERE run_id = ? AND execution_no = ? AND permit = ?`;

const POSTPONE = `
  UPDATE executions
  SET resolve_at = ?, note = ?
  WHERE run_id = ? AND execution_no = ? AND state = 'permitted'`;

/** Only of the very send that they are about. */
const KEEP_POLLS = `
  UPDATE executions
  SET polls = ?, resolve_at = ?
  WHERE run_id = ? AND execution_no = ? AND state = 'permitted' AND sends = ? AND over_at = ?`;

/** It gives back what it had spent. */
const NOTE_PROVED = `
  UPDATE sends
  SET answer = 'proved not executed', spent = 0
  WHERE run_id = ? AND execution_no = ? AND spent = 1`;

const CLAIMED = `
  SELECT execution_no
  FROM executions
  WHERE run_id = ? AND state = 'claimed' AND settled_at IS NULL`;

const IN_STATES = `
  SELECT ${EXECUTION_COLUMNS}
  FROM executions
  WHERE run_id = ? AND settled_at IS NULL AND state IN ${TEXTS}
  ORDER BY execution_no`;

const ASSETS_OF_EXECUTION = `
  SELECT asset_id
  FROM attempts ${byIndex('attempts_execution')}
  WHERE run_id = ? AND execution_no = ?
  ORDER BY seq`;

export class Executions {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Freezes the next batch: its number, its rows, and their leases, in one transaction. Undefined when nothing is due or free. A run that
   * cannot send now gets no leases: they are taken with the permit.
   */
  async claim(runId: string, fence: number): Promise<Execution | undefined> {
    return this.#database.transaction(async (sql) => {
      const run = await readRun(sql, runId);
      if (!run?.script || run.fence !== fence || run.paused || run.stop || run.closing || run.finishedAt !== undefined) return undefined;
      if (run.admits === 'nothing') return undefined;
      // What a stale ledger still issues, the newest one would lack when it is restored.
      if (run.stale || (await heldAs(sql)) !== undefined) return undefined;
      const open = await sql.first<{ slots: number; assets: number | null }>(TAKEN, [runId]);
      if ((open?.slots ?? 0) >= run.maxInFlight) return undefined;
      // A strict budget lets few in at a time: then everything goes by ids.
      const planned = run.errorBudget?.strict
        ? undefined
        : await claimPlanned(sql, { runId, scriptId: run.script.id, executionNo: run.claimed + 1 });
      if (planned) return planned;
      const size = Math.min(MAX_ASSETS_PER_EXECUTION, await admittedAssets(sql, run));
      if (size < 1) return undefined;
      const leased = (await barOf(sql, run)) === undefined;
      const batch = await freezeBatch(sql, run, { executionNo: run.claimed + 1, size, leased });
      if (!batch && run.conflict === 'skip') await skipHeld(sql, runId);
      return batch;
    });
  }

  /** The one door to `execute`: grants the right to send once, before `sendBy`, and writes the intent; or says why not. */
  async permit(runId: string, executionNo: number, { fence, terms }: { fence: number; terms: PermitTerms }): Promise<PermitAnswer> {
    return this.#database.transaction(async (sql) => {
      const refusal = await refusalFor(sql, { runId, executionNo, fence, terms });
      if (refusal) {
        if (makesWait(refusal)) await needReading(sql, runId);
        if (letsGo(refusal)) await giveBackPart(sql, runId, executionNo);
        return refusal;
      }
      const now = await sql.now();
      const sendBy = now + terms.sendWindowMs;
      const overAt = sendBy + terms.httpTimeoutMs + terms.settleMs;
      await sql.run(PERMIT, [fence, now, sendBy, overAt, overAt, terms.serverAt, terms.sender, runId, executionNo]);
      const [send] = await sql.all<{ permit: number }>(ADD_SEND, [runId, executionNo, fence, now, sendBy, runId, executionNo]);
      return { kind: 'granted', permit: send?.permit ?? 1, sendBy, grantedAt: now, ...(await listsToSend(sql, runId, executionNo)) };
    });
  }

  /**
   * Qualys accepted the request of this permit, perhaps after its fate was decided otherwise. False when that cannot be written down,
   * as when another execution has claimed the UUID: then it is never sent again.
   */
  accept(
    runId: string,
    executionNo: number,
    answer: { permit: number; correlationUuid: string; serverAt: number; configuredIntervalMs?: number | undefined },
  ): Promise<boolean> {
    return this.#database.transaction(async (sql) => {
      const execution = await readExecution(sql, runId, executionNo);
      const granted = await sql.first('SELECT 1 AS found FROM sends WHERE run_id = ? AND execution_no = ? AND permit = ?', [
        runId,
        executionNo,
        answer.permit,
      ]);
      if (!execution || !granted) return false;
      const inTime = execution.state === 'permitted' && (await permitIsOpen(sql, runId, executionNo, answer.permit));
      if (await isClosing(sql, runId)) return keepLateUuid(sql, runId, executionNo, answer);
      if (await takeUuid(sql, runId, executionNo, { ...answer, adopted: false, event: inTime ? 'accept' : 'acceptLate' })) return true;
      // In the same transaction: the resolution would find the job claimed, take that for absence, and send the script again.
      await markUnverified(sql, runId, executionNo, 'uuid-taken', 'contradict');
      if (execution.correlationUuid !== answer.correlationUuid) await openCopiesOf(sql, runId, executionNo);
      return false;
    });
  }

  /** A job found afterwards is this execution's. False when another execution has claimed it meanwhile, or the state moved on. */
  async adopt(
    runId: string,
    executionNo: number,
    job: { correlationUuid: string; jobId: string; createdAt: number; twins?: readonly Twin[] },
  ): Promise<boolean> {
    const { correlationUuid, jobId, createdAt, twins = [] } = job;
    return this.#database.transaction(async (sql) => {
      if (await isClosing(sql, runId)) return keepLateUuid(sql, runId, executionNo, { correlationUuid, jobId });
      // Its twins may have been claimed since the poll, too: checked again, they are not free any more.
      if ((await claimedAmong(sql, [correlationUuid, ...twins.map((twin) => twin.correlationUuid)])).size > 0) return false;
      if (!(await takeUuid(sql, runId, executionNo, { correlationUuid, serverAt: createdAt, jobId, adopted: true, event: 'adopt' })))
        return false;
      await addExecutionJob(sql, { runId, executionNo, jobId, createdAt });
      for (const twin of twins)
        await addTwin(sql, { runId, executionNo, jobId: twin.jobId, twinUuid: twin.correlationUuid, createdAt: twin.createdAt });
      return true;
    });
  }

  /**
   * The request of this permit did not run: no byte left, or the answer is documented as not executed. `paced`: when its script may be
   * asked for again.
   */
  notSent(
    runId: string,
    executionNo: number,
    answer: { permit: number; why: string; detail: string; paced?: RefusedExecution | undefined },
  ): Promise<boolean> {
    return this.#database.transaction(async (sql) => {
      if (!(await permitIsOpen(sql, runId, executionNo, answer.permit))) return false;
      // Before the close has come to it, it is an execution that was not sent: its assets are `skipped`, which is more than `unverified`.
      const isClosed = (await isClosing(sql, runId)) && (await readExecution(sql, runId, executionNo))?.state !== 'permitted';
      if (isClosed) return keepLateRefusal(sql, runId, executionNo, answer);
      const now = await sql.now();
      const paced = answer.paced && { ...answer.paced, detail: answer.detail };
      // One that gives no reason may be for the interval as well.
      if (paced && paced.reason !== 'day' && (await speaksForTheFirstSend(sql, runId, executionNo))) {
        await rememberRefusal(sql, runId, executionNo, paced);
        return resolveAgain(sql, runId, executionNo, { ...answer, now });
      }
      // Where nothing was sent before, the next send's job is not searched for among those of the wait in between.
      const forget = 'sends = sends - 1, resolve_at = NULL, server_at = CASE WHEN sends > 1 THEN server_at END, note = ?';
      if (!(await transition(sql, { runId, executionNo, event: 'notSent' }, forget, [answer.detail]))) return false;
      await sql.run(NOTE_NOT_SENT, [now, answer.why, answer.detail, runId, executionNo, answer.permit]);
      if (paced) await rememberRefusal(sql, runId, executionNo, paced);
      return true;
    });
  }

  /** The answer of this permit was lost: looking for its job may start `resolveAfterMs` from now. */
  lost(runId: string, executionNo: number, answer: { permit: number; detail: string; resolveAfterMs: number }): Promise<void> {
    return this.#database.transaction(async (sql) => {
      if (!(await permitIsOpen(sql, runId, executionNo, answer.permit)) || (await isClosing(sql, runId))) return;
      const now = await sql.now();
      await sql.run(NOTE_LOST, [now, answer.detail, runId, executionNo, answer.permit]);
      await sql.run(POSTPONE, [now + answer.resolveAfterMs, answer.detail, runId, executionNo]);
    });
  }

  savePolls(runId: string, executionNo: number, after: { polls: string; nextPollMs: number; inDoubt: PermitInDoubt }): Promise<void> {
    return this.#database.transaction(async (sql) => {
      await sql.run(KEEP_POLLS, [
        after.polls,
        (await sql.now()) + after.nextPollMs,
        runId,
        executionNo,
        after.inDoubt.sends,
        after.inDoubt.overAt,
      ]);
    });
  }

  /** The index proves that it did not run. It may be sent once more, or, when that was the second time, never again. */
  provedNotExecuted(runId: string, executionNo: number, inDoubt: PermitInDoubt): Promise<'may-be-sent' | 'unverified' | 'moved'> {
    return this.#database.transaction(async (sql) => {
      const execution = await readExecution(sql, runId, executionNo);
      // Late evidence is about an earlier permit: of one whose request may still arrive nothing can be proved.
      if (!execution || !isSame(execution, inDoubt) || inDoubt.overAt > (await sql.now()) || (await isClosing(sql, runId))) return 'moved';
      if (execution.sends >= MAX_SENDS) {
        return (await markUnverified(sql, runId, executionNo, NOT_EXECUTED_TWICE)) ? 'unverified' : 'moved';
      }
      if (!(await transition(sql, { runId, executionNo, event: 'proveNotExecuted' }, 'resolve_at = NULL, polls = NULL', [])))
        return 'moved';
      await sql.run(NOTE_PROVED, [runId, executionNo]);
      return 'may-be-sent';
    });
  }

  /** Its fate cannot be established: its assets are `unverified`, and nothing sends it again. */
  giveUp(runId: string, executionNo: number, reason: string, inDoubt?: PermitInDoubt): Promise<boolean> {
    return this.#database.transaction(async (sql) => {
      const execution = await readExecution(sql, runId, executionNo);
      if (!execution || (inDoubt && !isSame(execution, inDoubt)) || (await isClosing(sql, runId))) return false;
      return markUnverified(sql, runId, executionNo, reason);
    });
  }

  /** Puts the assets of one claimed execution that was never sent back into the queue. */
  release(runId: string, executionNo: number): Promise<boolean> {
    return this.#database.transaction(async (sql) => {
      const execution = await readExecution(sql, runId, executionNo);
      if (execution?.sends !== 0 || (await isClosing(sql, runId))) return false;
      return releaseBatch(sql, runId, executionNo);
    });
  }

  /**
   * The attempt of that fence ends, and has nothing to send for a while: what it claimed and never sent keeps nobody else from the assets.
   */
  async giveBack(runId: string, fence: number): Promise<void> {
    for (const { executionNo } of await unsentOf(this.#database, runId)) {
      let given: number;
      do {
        given = await this.#database.transaction(async (sql) =>
          (await readRun(sql, runId))?.fence === fence ? giveBackPart(sql, runId, executionNo) : 0,
        );
      } while (given > 0);
    }
  }

  /** Puts the assets of everything that was claimed and not sent back into the queue (the run is stopping, or starts again elsewhere). */
  releaseClaimed(runId: string): Promise<number> {
    return this.#database.transaction(async (sql) => {
      const rows = await sql.all<{ execution_no: number }>(CLAIMED, [runId]);
      for (const row of rows) await releaseBatch(sql, runId, row.execution_no);
      return rows.length;
    });
  }

  async get(runId: string, executionNo: number): Promise<Execution | undefined> {
    return readExecution(this.#database, runId, executionNo);
  }

  async inState(runId: string, states: readonly ExecutionState[]): Promise<Execution[]> {
    const rows = await this.#database.all<StoredExecution>(IN_STATES, [runId, jsonRows(states)]);
    return rows.map(toExecution);
  }

  async assetsOf(runId: string, executionNo: number): Promise<string[]> {
    const rows = await this.#database.all<{ asset_id: string }>(ASSETS_OF_EXECUTION, [runId, executionNo]);
    return rows.map(({ asset_id: assetId }) => assetId);
  }

  /** Correlation UUIDs among these that some execution of this ledger has claimed. */
  async claimedUuids(uuids: readonly string[]): Promise<Set<string>> {
    return claimedAmong(this.#database, uuids);
  }
}

/** As an execution's own, or as watched beside one. */
const KNOWN_UUIDS = `
  SELECT correlation_uuid
  FROM executions
  WHERE correlation_uuid IN ${TEXTS}
  UNION
  SELECT correlation_uuid
  FROM twins
  WHERE correlation_uuid IN ${TEXTS}`;

/** A twin is claimed, too: it is watched with its execution, and proves nothing for another one. */
async function claimedAmong(sql: Sql, uuids: readonly string[]): Promise<Set<string>> {
  const list = jsonRows(uuids);
  const rows = await sql.all<{ correlation_uuid: string }>(KNOWN_UUIDS, [list, list]);
  return new Set(rows.map(({ correlation_uuid: uuid }) => uuid));
}

/** What the call names: its tags as planned, or all of its assets. */
async function listsToSend(sql: Sql, runId: string, executionNo: number): Promise<CallLists> {
  const execution = await readExecution(sql, runId, executionNo);
  if (execution?.planned !== undefined) return readLists(sql, runId, execution.planned);
  const rows = await sql.all<{ asset_id: string }>(ASSETS_OF_EXECUTION, [runId, executionNo]);
  return { tagIds: [], assetIds: rows.map(({ asset_id: assetId }) => assetId), excludedAssetIds: [] };
}

/** The permit whose fate was looked into: what is found says nothing of a later one. */
export interface PermitInDoubt {
  sends: number;
  overAt: number;
}

function isSame(execution: Execution, inDoubt: PermitInDoubt): boolean {
  return execution.sends === inDoubt.sends && execution.requestOverAt === inDoubt.overAt;
}

/** Its fate is known, other than that of what is given up: nothing of it runs. */
const NOT_EXECUTED_TWICE = 'not-executed-twice';

type MarkUnverified = [runId: string, executionNo: number, reason: string, event?: 'giveUp' | 'contradict'];

const MARK_UNVERIFIED = `
  UPDATE attempts ${byIndex('attempts_execution')}
  SET outcome = 'unverified', copy = ?, reason = ?
  WHERE run_id = ? AND execution_no = ? AND outcome IN ('pending', 'running')`;

async function markUnverified(sql: Sql, ...[runId, executionNo, reason, event = 'giveUp']: MarkUnverified): Promise<boolean> {
  const now = await sql.now();
  if (!(await transition(sql, { runId, executionNo, event }, 'settled_at = ?, slot_freed_at = ?, note = ?', [now, now, reason])))
    return false;
  // The leases stay until the run is closed: the script may be running there.
  await sql.run(MARK_UNVERIFIED, [reason === NOT_EXECUTED_TWICE ? 'none' : 'open', reason, runId, executionNo]);
  return true;
}
