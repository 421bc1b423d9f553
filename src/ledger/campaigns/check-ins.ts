// Which assets of a step wait for what: a time past their verdict in the step before, or a check-in of their agent since.
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { batches } from '../../domain/basics/batches.js';
import type { StepKey } from '../../domain/campaign/step.js';
import {
  type AgentSeen,
  isBack,
  NEVER_DUE,
  NO_CHECK_IN,
  STEP_BEFORE,
  type StepBefore,
  type StepWaits,
  stepWait,
} from '../../domain/campaign/step-after.js';
import { fieldsOf } from '../rows/fields.js';
import { isClosing } from '../rows/late.js';
import { type Database, jsonRows, type Sql } from '../sql/database.js';
import { byIndex, INTEGERS, integerAt, rowsGiven, TEXTS } from '../sql/dialect.js';

export interface CheckInsAwaited {
  /** Assets whose agent has not checked in since. */
  assets: number;
  /** When the last of them is given up, by the ledger's clock. */
  lastBy: number;
  /** When they are asked about next. */
  pollAt: number;
}

const ROWS_A_PART = 1_000;

/** Of rows `waiting` of a step: their agents are waited for. */
const IS_AWAITED = `waiting.run_id = ? AND waiting.due_at = ${NEVER_DUE} AND waiting.outcome = 'pending'
    AND waiting.execution_no IS NULL AND waiting.planned IS NULL AND waiting.wave IS NULL`;

const AWAITED = `
  SELECT count(*) AS assets, max(check_ins.by_at) AS last_by, (SELECT check_in_poll_at FROM runs WHERE id = ?) AS poll_at
  FROM attempts AS waiting ${byIndex('attempts_due')}
  JOIN check_ins ON check_ins.run_id = waiting.run_id AND check_ins.seq = waiting.seq
  WHERE ${IS_AWAITED}`;

/** Those of the step before that were sent to their assets. */
const EXECUTIONS_BEFORE = `
  SELECT DISTINCT sent.run_id, sent.execution_no
  FROM attempts AS waiting ${byIndex('attempts_due')}
  JOIN runs AS steps ON steps.campaign_id = ? AND steps.wave = ? AND steps.step = ?
  JOIN attempts AS sent ON sent.run_id = steps.id AND sent.seq = waiting.seq AND sent.last = 1
  WHERE ${IS_AWAITED} AND sent.execution_no IS NOT NULL
  ORDER BY 1, 2`;

const AWAITED_AMONG = `
  SELECT waiting.seq, waiting.asset_id, check_ins.behind_at, check_ins.by_default, check_ins.told
  FROM attempts AS waiting ${byIndex('attempts_asset')}
  JOIN check_ins ON check_ins.run_id = waiting.run_id AND check_ins.seq = waiting.seq
  WHERE ${IS_AWAITED} AND waiting.asset_id IN ${TEXTS}`;

const TIME_IS_OVER = `
  SELECT waiting.seq, check_ins.by_default, check_ins.told
  FROM attempts AS waiting ${byIndex('attempts_due')}
  JOIN check_ins ON check_ins.run_id = waiting.run_id AND check_ins.seq = waiting.seq
  WHERE ${IS_AWAITED} AND check_ins.by_at <= ?
  LIMIT ?`;

const GIVE_UP = `
  UPDATE attempts
  SET outcome = 'unverified', reason = '${NO_CHECK_IN}', decided_at = ?
  WHERE run_id = ? AND attempt = 1 AND seq IN ${INTEGERS}`;

/** What the other steps of the wave know of the assets of a step, between two places. */
const SAID_BEFORE = `
  SELECT mine.seq, sent.decided_at, sent.finished_at, sent.ended_at, sent.status_since, sent.exit_code
  FROM attempts AS mine
  LEFT JOIN runs AS steps ON steps.campaign_id = ? AND steps.wave = ? AND steps.id <> mine.run_id
  LEFT JOIN attempts AS sent ON sent.run_id = steps.id AND sent.seq = mine.seq AND sent.last = 1
  WHERE mine.run_id = ? AND mine.seq > ? AND mine.seq <= ?`;

const SET_DUE = `
  UPDATE attempts
  SET due_at = ?
  WHERE run_id = ? AND attempt = 1 AND due_at = ${NEVER_DUE} AND seq IN ${INTEGERS}`;

const AWAIT = `
  INSERT INTO check_ins (run_id, seq, behind_at, by_at, by_default)
  SELECT ?, ${integerAt('wait', 0)}, ${integerAt('wait', 1)}, ${integerAt('wait', 2)}, ${integerAt('wait', 3)}
  FROM ${rowsGiven('wait')}
  WHERE true
  ON CONFLICT DO NOTHING`;

export class CheckIns {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async awaited(stepId: string): Promise<CheckInsAwaited> {
    const row = await this.#database.first<{ assets: number; last_by: number | null; poll_at: number | null }>(AWAITED, [stepId, stepId]);
    return { assets: row?.assets ?? 0, lastBy: row?.last_by ?? 0, pollAt: row?.poll_at ?? 0 };
  }

  /** Whether the step waits, or has waited, for any agent: then its assets become due one by one. */
  async areAny(stepId: string): Promise<boolean> {
    return (await this.#database.first('SELECT 1 AS found FROM check_ins WHERE run_id = ? LIMIT 1', [stepId])) !== undefined;
  }

  async setNextPoll(stepId: string, at: number): Promise<void> {
    await this.#database.run('UPDATE runs SET check_in_poll_at = ? WHERE id = ?', [Math.round(at), stepId]);
  }

  /** The executions of the step before at whose assets somebody is waited for: their asset jobs tell when. */
  async executionsBefore(stepId: string, { campaignId, wave, step }: StepKey): Promise<{ runId: string; executionNo: number }[]> {
    const rows = await this.#database.all<{ run_id: string; execution_no: number }>(EXECUTIONS_BEFORE, [
      ...[campaignId, wave, STEP_BEFORE[step]],
      stepId,
    ]);
    return rows.map(({ run_id: runId, execution_no: executionNo }) => ({ runId, executionNo }));
  }

  /** Check-ins by Qualys' clock, as read: new ones let their assets be sent to. Returns how many that were. */
  async note(stepId: string, seen: ReadonlyMap<string, AgentSeen>): Promise<number> {
    let back = 0;
    for (const part of batches([...seen.keys()], ROWS_A_PART)) {
      back += await this.#database.transaction((sql) => notePart(sql, stepId, seen, part));
      await yieldToLoop();
    }
    return back;
  }

  /**
   * Those whose time was over by then get no further word, and are never sent to in this step: how many that were. Of those that no plan
   * lets wait, and of which no row has told when an agent has checked in, the time was enough, and they are sent to: `untold`.
   */
  async giveUp(stepId: string, overBefore: number): Promise<{ givenUp: number; untold: number }> {
    for (const all = { givenUp: 0, untold: 0 }; ; ) {
      const part = await this.#database.transaction((sql) => giveUpPart(sql, stepId, overBefore));
      if (part.givenUp + part.untold === 0) return all;
      all.givenUp += part.givenUp;
      all.untold += part.untold;
      await yieldToLoop();
    }
  }
}

async function giveUpPart(sql: Sql, stepId: string, overBefore: number): Promise<{ givenUp: number; untold: number }> {
  if (await isClosing(sql, stepId)) return { givenUp: 0, untold: 0 };
  const rows = await sql.all<{ seq: number; by_default: number; told: number }>(TIME_IS_OVER, [
    ...[stepId, Math.floor(overBefore), ROWS_A_PART],
  ]);
  const isUntold = ({ by_default: byDefault, told }: { by_default: number; told: number }): boolean => byDefault === 1 && told === 0;
  const places = (of: typeof rows): string => jsonRows(of.map(({ seq }) => seq));
  const untold = rows.filter(isUntold);
  // Nobody is known to be away: an order may put them back.
  await sql.run(`UPDATE check_ins SET seen_at = 0 WHERE run_id = ? AND seq IN ${INTEGERS}`, [stepId, places(untold)]);
  return {
    untold: await sql.run(SET_DUE, [await sql.now(), stepId, places(untold)]),
    givenUp: await sql.run(GIVE_UP, [await sql.now(), stepId, places(rows.filter((row) => !isUntold(row)))]),
  };
}

async function notePart(sql: Sql, stepId: string, seen: ReadonlyMap<string, AgentSeen>, assetIds: readonly string[]): Promise<number> {
  if (await isClosing(sql, stepId)) return 0;
  const rows = await sql.all<{ seq: number; asset_id: string; behind_at: number | null; by_default: number; told: number }>(AWAITED_AMONG, [
    ...[stepId, jsonRows(assetIds)],
  ]);
  const back = rows.filter(({ asset_id: assetId, behind_at: behindAt, by_default: byDefault }) => {
    const agent = seen.get(assetId);
    return agent !== undefined && isBack(agent, { behindAt: behindAt ?? undefined, byDefault: byDefault === 1 });
  });
  const untold = rows.filter(({ told }) => told === 0).map(({ seq }) => seq);
  if (untold.length > 0) await sql.run(`UPDATE check_ins SET told = 1 WHERE run_id = ? AND seq IN ${INTEGERS}`, [stepId, jsonRows(untold)]);
  for (const { seq, asset_id: assetId } of back)
    await sql.run('UPDATE check_ins SET seen_at = ? WHERE run_id = ? AND seq = ?', [seen.get(assetId)?.checkedInAt, stepId, seq]);
  return sql.run(SET_DUE, [await sql.now(), stepId, jsonRows(back.map(({ seq }) => seq))]);
}

/**
 * What the rows of a step wait for that were made between two places, and are not due before this is written. `now`: when the step was
 * opened.
 */
export async function writeWaits(
  sql: Sql,
  stepId: string,
  { campaignId, wave, waits, from, end, now }: Omit<StepKey, 'step'> & { waits: StepWaits; from: number; end: number; now: number },
): Promise<void> {
  const rows = await sql.all<StoredBefore>(SAID_BEFORE, [campaignId, wave, stepId, from, end]);
  const before = new Map<number, StepBefore[]>();
  for (const row of rows) before.set(row.seq, [...(before.get(row.seq) ?? []), fieldsOf(row, BEFORE)]);
  const dueAt = new Map<number, number[]>();
  const checkIns: [number, number | null, number, number][] = [];
  for (const [seq, said] of before) {
    const wait = stepWait(waits, said, now);
    if ('byAt' in wait) checkIns.push([seq, wait.behindAt ?? null, wait.byAt, wait.byDefault ? 1 : 0]);
    else dueAt.set(wait.dueAt, [...(dueAt.get(wait.dueAt) ?? []), seq]);
  }
  for (const [at, seqs] of dueAt) await sql.run(SET_DUE, [at, stepId, jsonRows(seqs)]);
  if (checkIns.length > 0) await sql.run(AWAIT, [stepId, jsonRows(checkIns)]);
}

interface StoredBefore {
  seq: number;
  decided_at: number | null;
  finished_at: number | null;
  ended_at: number | null;
  status_since: number | null;
  exit_code: number | null;
}

const BEFORE = {
  decidedAt: 'decided_at',
  finishedAt: 'finished_at',
  endedAt: 'ended_at',
  statusSince: 'status_since',
  exitCode: 'exit_code',
} as const;
