// Executions by tags, as planned and as claimed. A planned execution may hit thousands of assets: its rows are leased in parts,
// and until all of them are it gets no permit. Whatever stands against it sends its assets back, to go by ids.
import { batches } from '../../domain/basics/batches.js';
import type { PlannedExecution } from '../../domain/tags/plan.js';
import { ROWS_PER_TRANSACTION } from '../cohort/freeze.js';
import { giveBackBarred } from '../leases/unsent.js';
import { type DueRow, heldByCopies } from '../rows/copies.js';
import { type Execution, readExecution, transition } from '../rows/execution.js';
import { IS_OPEN, isClosing } from '../rows/late.js';
import { readRun } from '../rows/run.js';
import { type Database, jsonRows, type Sql } from '../sql/database.js';
import { byIndex, INTEGERS, TEXTS } from '../sql/dialect.js';
import { type CallLists, readLists } from './planned-lists.js';
import { claimUnplannedHitsPart, type UnplannedHits } from './unplanned-hits.js';

/** `whole`: it may be sent. Else why it may not go by tags. */
export type Leased = { kind: 'whole' } | { kind: 'moved' } | { kind: 'broken'; why: string };

/** The number of the attempt; a later one ends the earlier. */
const BEGIN_PLANNING = `
  UPDATE runs
  SET planning = planning + 1
  WHERE id = ? AND plan IS NULL AND ${IS_OPEN}
  RETURNING planning`;

const PAGE_OF_COHORT = `
  SELECT seq, asset_id, outcome
  FROM attempts
  WHERE run_id = ? AND seq > ? AND attempt = 1
  ORDER BY seq
  LIMIT 5000`;

const COUNT_READING = `
  UPDATE executions
  SET tag_readings = tag_readings + 1
  WHERE run_id = ? AND execution_no = ?
  RETURNING tag_readings AS readings`;

/** Only while its members are leased and nothing was sent. */
const NOTE_TAGS_READ = `
  UPDATE executions
  SET tags_read_at = ?
  WHERE run_id = ? AND execution_no = ? AND state = 'claimed' AND leased = 1 AND planned IS NOT NULL`;

export class Planned {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Begins to plan: what an earlier attempt stored is dropped. Undefined when the run is planned already. */
  async begin(runId: string): Promise<number | undefined> {
    const [row] = await this.#database.all<{ planning: number }>(BEGIN_PLANNING, [runId]);
    if (!row) return undefined;
    await this.#inParts(
      (sql) => sql.run(`UPDATE attempts SET planned = NULL WHERE ${PART('planned IS NOT NULL')}`, [runId, runId, ROWS_PER_TRANSACTION]),
      runId,
      row.planning,
    );
    await this.#asPlanner(runId, row.planning, (sql) => sql.run('DELETE FROM planned WHERE run_id = ?', [runId]));
    return row.planning;
  }

  /** The assets that a plan has to hit: those of the cohort that are to be sent. Page by page, in the order of their places. */
  async *pending(runId: string): AsyncGenerator<string[]> {
    for (let after = 0; ; ) {
      const rows = await this.#database.all<{ seq: number; asset_id: string; outcome: string }>(PAGE_OF_COHORT, [runId, after]);
      if (rows.length === 0) return;
      after = rows.at(-1)?.seq ?? after;
      yield rows.filter(({ outcome }) => outcome === 'pending').map(({ asset_id: assetId }) => assetId);
    }
  }

  /** Stores the executions that go by tags; everything else goes by ids. False when another attempt has planned meanwhile. */
  async store(runId: string, planning: number, executions: readonly PlannedExecution[]): Promise<boolean> {
    for (const [index, execution] of executions.entries()) {
      for (const part of batches(execution.hits, ROWS_PER_TRANSACTION)) {
        if (!(await this.#asPlanner(runId, planning, (sql) => storeHits(sql, runId, index + 1, part)))) return false;
      }
      if (!(await this.#asPlanner(runId, planning, (sql) => storeExecution(sql, runId, index + 1, execution)))) return false;
    }
    return this.#asPlanner(runId, planning, (sql) =>
      sql.run('UPDATE runs SET plan = ? WHERE id = ?', [executions.length > 0 ? 'tags' : 'ids', runId]),
    );
  }

  async listsOf(runId: string, planned: number): Promise<CallLists> {
    return readLists(this.#database, runId, planned);
  }

  /** Leases the assets of a claimed execution, in parts. Repeating it goes on where it stopped. */
  async leaseMembers(runId: string, executionNo: number): Promise<Leased> {
    for (;;) {
      const step = await this.#database.transaction((sql) => leaseMembersPart(sql, runId, executionNo));
      if (step !== undefined) return step;
    }
  }

  /** Its tags are about to be read. Returns how often that was done, this time included. */
  async countTagReading(runId: string, executionNo: number): Promise<number> {
    const [row] = await this.#database.all<{ readings: number }>(COUNT_READING, [runId, executionNo]);
    return row?.readings ?? 0;
  }

  /** The memberships of its tags were read from this instant of the ledger's clock on, and it hits exactly its own assets. */
  async setTagsRead(runId: string, executionNo: number, at: number): Promise<void> {
    await this.#database.run(NOTE_TAGS_READ, [at, runId, executionNo]);
  }

  /**
   * Gives up the tags of a claimed execution: its assets go by ids. One that was sent before, and proved not executed, is not split
   * into others that could each be sent twice: its assets become `unverified`.
   */
  async fallBackToIds(runId: string, executionNo: number, why: string): Promise<'by-ids' | 'unverified' | 'moved'> {
    for (;;) {
      const step = await this.#database.transaction((sql) => fallBackToIdsPart(sql, runId, executionNo, why));
      if (step !== undefined) return step;
    }
  }

  /**
   * Assets of the cohort that this execution's job hit although they were meant for others. Those that were not sent yet are its own from
   * now on: `moved`, and among them `skipped` ones, on which the script was never to run. `twice` had been sent by another execution.
   */
  async claimUnplannedHits(runId: string, executionNo: number, assetIds: readonly string[]): Promise<UnplannedHits> {
    const found: UnplannedHits = { moved: [], skipped: [], twice: [] };
    for (const part of batches(assetIds, ROWS_PER_TRANSACTION)) {
      const taken = await this.#database.transaction((sql) => claimUnplannedHitsPart(sql, runId, executionNo, part));
      for (const kind of ['moved', 'skipped', 'twice'] as const) found[kind].push(...taken[kind]);
    }
    return found;
  }

  /** Gives up what is planned and not claimed: its assets go by ids. Returns true when there was anything. */
  async dropWaiting(runId: string): Promise<boolean> {
    let dropped = false;
    for (;;) {
      const left = await this.#database.transaction((sql) => dropPart(sql, runId));
      if (!left) return dropped;
      dropped = true;
    }
  }

  async #asPlanner(runId: string, planning: number, work: (sql: Sql) => Promise<unknown>): Promise<boolean> {
    return this.#database.transaction(async (sql) => {
      const mine = await sql.first(`SELECT 1 AS found FROM runs WHERE id = ? AND planning = ? AND plan IS NULL AND ${IS_OPEN}`, [
        runId,
        planning,
      ]);
      if (!mine) return false;
      await work(sql);
      return true;
    });
  }

  async #inParts(part: (sql: Sql) => Promise<number>, runId: string, planning: number): Promise<void> {
    let changed = 0;
    do {
      changed = 0;
      await this.#asPlanner(runId, planning, async (sql) => {
        changed = await part(sql);
      });
    } while (changed > 0);
  }
}

function PART(condition: string): string {
  return `run_id = ? AND (seq, attempt) IN (SELECT seq, attempt FROM attempts WHERE run_id = ? AND ${condition} LIMIT ?)`;
}

const PLAN_HITS = `
  UPDATE attempts ${byIndex('attempts_asset')}
  SET planned = ?
  WHERE run_id = ? AND attempt = 1 AND outcome = 'pending' AND execution_no IS NULL AND asset_id IN ${TEXTS}`;

async function storeHits(sql: Sql, runId: string, planNo: number, assetIds: readonly string[]): Promise<void> {
  await sql.run(PLAN_HITS, [planNo, runId, jsonRows(assetIds)]);
}

const ADD_PLANNED = `
  INSERT INTO planned (run_id, plan_no, tag_ids, asset_ids, excluded_ids, size)
  VALUES (?, ?, ?, ?, ?, ?)`;

async function storeExecution(sql: Sql, runId: string, planNo: number, execution: PlannedExecution): Promise<void> {
  await sql.run(ADD_PLANNED, [
    runId,
    planNo,
    jsonRows(execution.tagIds),
    jsonRows(execution.assetIds),
    jsonRows(execution.excludedAssetIds),
    execution.hits.length,
  ]);
}

const NEXT_PLANNED = `
  SELECT plan_no, size
  FROM planned ${byIndex('planned_waiting')}
  WHERE run_id = ? AND state = 'waiting'
  ORDER BY plan_no
  LIMIT 1`;

/** Its members are leased afterwards, part by part. */
const CLAIM = `
  INSERT INTO executions (run_id, execution_no, state, script_id, size, planned, leased)
  VALUES (?, ?, 'claimed', ?, ?, ?, 0)`;

/** The next planned execution, claimed without its rows: they are leased afterwards. Undefined when none is left. */
export async function claimPlanned(
  sql: Sql,
  claim: { runId: string; scriptId: string; executionNo: number },
): Promise<Execution | undefined> {
  const { runId, scriptId, executionNo } = claim;
  const next = await sql.first<{ plan_no: number; size: number }>(NEXT_PLANNED, [runId]);
  if (!next) return undefined;
  await sql.run(`UPDATE planned SET state = 'claimed' WHERE run_id = ? AND plan_no = ?`, [runId, next.plan_no]);
  await sql.run('UPDATE runs SET next_execution_no = ? WHERE id = ?', [executionNo + 1, runId]);
  await sql.run(CLAIM, [runId, executionNo, scriptId, next.size, next.plan_no]);
  return readExecution(sql, runId, executionNo);
}

/** A part of those that are meant to be hit; `held` where another execution has the asset. */
const membersWithoutLease = (which: string): string => `
  SELECT seq, attempt, asset_id, despite,
    CASE WHEN EXISTS (SELECT 1 FROM attempts AS held WHERE held.asset_id = mine.asset_id AND held.lease = 1) THEN 1
      ELSE 0 END AS held
  FROM attempts AS mine ${byIndex('attempts_planned')}
  WHERE run_id = ? AND planned = ? AND ${which} AND outcome = 'pending' AND attempt = 1
  LIMIT ?`;

const LEASE = `
  UPDATE attempts
  SET execution_no = ?, lease = 1
  WHERE run_id = ? AND attempt = 1 AND seq IN ${INTEGERS}`;

async function leaseMembersPart(sql: Sql, runId: string, executionNo: number): Promise<Leased | undefined> {
  const execution = await readExecution(sql, runId, executionNo);
  if (execution?.state !== 'claimed' || (await isClosing(sql, runId))) return { kind: 'moved' };
  if (execution.planned === undefined || execution.leased) return { kind: 'whole' };
  const rows = await toLease(sql, runId, { executionNo, planned: execution.planned });
  const held = rows.filter((row) => row.held === 1).length;
  const run = await readRun(sql, runId);
  if (held > 0 && run && (await giveBackBarred(sql, run)) > 0) return undefined;
  if (held > 0) return { kind: 'broken', why: `${held} or more of its assets are busy in another run` };
  const open = run ? await heldByCopies(sql, run, rows) : [];
  if (open.length > 0)
    return { kind: 'broken', why: `${open.length} or more of its assets may still be running an earlier copy of the script` };
  if (rows.length === 0) return finishLeasing(sql, runId, executionNo, execution.size);
  await sql.run(LEASE, [executionNo, runId, jsonRows(rows.map(({ seq }) => seq))]);
  return undefined;
}

interface MemberRow extends DueRow {
  /** 1: it is in an open execution. */
  held: number;
}

/** Members without a lease: those that were never claimed, then those whose leases the execution gave back. */
async function toLease(sql: Sql, runId: string, { executionNo, planned }: { executionNo: number; planned: number }): Promise<MemberRow[]> {
  const unclaimed = await sql.all<MemberRow>(membersWithoutLease('execution_no IS NULL'), [runId, planned, ROWS_PER_TRANSACTION]);
  if (unclaimed.length > 0) return unclaimed;
  return sql.all<MemberRow>(membersWithoutLease('execution_no = ? AND lease IS NULL'), [runId, planned, executionNo, ROWS_PER_TRANSACTION]);
}

const COUNT_MEMBERS = `
  SELECT count(*) AS n
  FROM attempts ${byIndex('attempts_execution')}
  WHERE run_id = ? AND execution_no = ?`;

async function finishLeasing(sql: Sql, runId: string, executionNo: number, size: number): Promise<Leased> {
  const own = await sql.first<{ n: number }>(COUNT_MEMBERS, [runId, executionNo]);
  if (own?.n !== size) return { kind: 'broken', why: `${own?.n ?? 0} of its ${size} assets are left to be sent` };
  // Tags that name nobody could still hit whoever joins them.
  if (size === 0) return { kind: 'broken', why: 'none of its assets are left to be sent' };
  await sql.run('UPDATE executions SET leased = 1 WHERE run_id = ? AND execution_no = ?', [runId, executionNo]);
  return { kind: 'whole' };
}

const NEXT_TO_DROP = `
  SELECT plan_no
  FROM planned ${byIndex('planned_waiting')}
  WHERE run_id = ? AND state = 'waiting'
  ORDER BY plan_no
  LIMIT 1`;

/** They are due by their ids again. */
const DROP_PART = `
  UPDATE attempts
  SET planned = NULL
  WHERE run_id = ? AND attempt = 1 AND seq IN (
    SELECT seq
    FROM attempts ${byIndex('attempts_planned')}
    WHERE run_id = ? AND planned = ? AND execution_no IS NULL
    LIMIT ?
  )`;

const FALL_BACK = `UPDATE planned SET state = 'by-ids' WHERE run_id = ? AND plan_no = ?`;

async function dropPart(sql: Sql, runId: string): Promise<boolean> {
  if (await isClosing(sql, runId)) return false;
  const next = await sql.first<{ plan_no: number }>(NEXT_TO_DROP, [runId]);
  if (!next) return false;
  const given = await sql.run(DROP_PART, [runId, runId, next.plan_no, ROWS_PER_TRANSACTION]);
  if (given === 0) await sql.run(FALL_BACK, [runId, next.plan_no]);
  return true;
}

/** What was sent by tags that have changed is not known. */
const GIVE_UP = `
  UPDATE attempts ${byIndex('attempts_execution')}
  SET outcome = 'unverified', reason = 'tags-changed'
  WHERE run_id = ? AND execution_no = ? AND outcome IN ('pending', 'running')`;

const FREE_PART = `
  UPDATE attempts
  SET planned = NULL, execution_no = NULL, lease = NULL
  WHERE run_id = ? AND attempt = 1 AND seq IN (
    SELECT seq
    FROM attempts ${byIndex('attempts_planned')}
    WHERE run_id = ? AND planned = ?
    LIMIT ?
  )`;

async function fallBackToIdsPart(
  sql: Sql,
  runId: string,
  executionNo: number,
  why: string,
): Promise<'by-ids' | 'unverified' | 'moved' | undefined> {
  const execution = await readExecution(sql, runId, executionNo);
  if (execution?.state !== 'claimed' || execution.planned === undefined || (await isClosing(sql, runId))) return 'moved';
  const now = await sql.now();
  if (execution.sends > 0) {
    if (!(await transition(sql, { runId, executionNo, event: 'abandon' }, 'settled_at = ?, slot_freed_at = ?, note = ?', [now, now, why])))
      return 'moved';
    await sql.run(GIVE_UP, [runId, executionNo]);
    return 'unverified';
  }
  // From the first row that goes back it may not be sent any more, also when this process dies in between.
  await sql.run('UPDATE executions SET leased = 0, tags_read_at = NULL WHERE run_id = ? AND execution_no = ?', [runId, executionNo]);
  const given = await sql.run(FREE_PART, [runId, runId, execution.planned, ROWS_PER_TRANSACTION]);
  if (given > 0) return undefined;
  await sql.run(FALL_BACK, [runId, execution.planned]);
  return (await transition(sql, { runId, executionNo, event: 'release' }, 'settled_at = ?, note = ?', [now, why])) ? 'by-ids' : 'moved';
}
