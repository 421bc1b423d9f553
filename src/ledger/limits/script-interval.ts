// What is remembered of a script's execution interval (domain/execution/interval.ts decides, this stores).

import type { ExecuteRefusal } from '../../domain/execution/answer.js';
import {
  afterAcceptance,
  afterRefusal,
  type IntervalMemory,
  type IntervalPlan,
  type RefusedExecution,
} from '../../domain/execution/interval.js';
import type { Sql } from '../sql/database.js';

/** The execution was accepted: the next one of its script waits for the interval. */
export async function rememberAcceptance(sql: Sql, runId: string, executionNo: number, configuredMs: number | undefined): Promise<void> {
  const scriptId = await scriptOf(sql, runId, executionNo);
  await saveInterval(sql, scriptId, afterAcceptance(await intervalOf(sql, scriptId), await sql.now(), configuredMs));
}

/** A refusal of an execution that says when the next one may be asked for, or leaves that to be found out. */
export interface Refused extends RefusedExecution {
  /** Qualys' own words, for whoever waits. */
  detail: string;
}

export async function rememberRefusal(sql: Sql, runId: string, executionNo: number, refused: Refused): Promise<void> {
  const scriptId = await scriptOf(sql, runId, executionNo);
  await saveInterval(sql, scriptId, { ...afterRefusal(await intervalOf(sql, scriptId), await sql.now(), refused), words: refused.detail });
}

async function scriptOf(sql: Sql, runId: string, executionNo: number): Promise<string> {
  return (
    (await sql.first<{ script_id: string }>('SELECT script_id FROM executions WHERE run_id = ? AND execution_no = ?', [runId, executionNo]))
      ?.script_id ?? ''
  );
}

async function intervalOf(sql: Sql, scriptId: string): Promise<IntervalMemory> {
  const row = await sql.first<IntervalRow>('SELECT * FROM scripts WHERE script_id = ?', [scriptId]);
  return {
    intervalMs: row?.interval_ms ?? undefined,
    tooSoonMs: row?.too_soon_ms ?? undefined,
    tooSoonAt: row?.too_soon_at ?? undefined,
    backoffMs: row?.backoff_ms ?? undefined,
    reason: row?.refused_for ?? undefined,
    lastAcceptedAt: row?.last_accepted_at ?? undefined,
  };
}

interface IntervalRow {
  interval_ms: number | null;
  too_soon_ms: number | null;
  too_soon_at: number | null;
  backoff_ms: number | null;
  refused_for: ExecuteRefusal | null;
  last_accepted_at: number | null;
}

const SAVE_INTERVAL = `
  INSERT INTO scripts (script_id, interval_ms, too_soon_ms, too_soon_at, backoff_ms, refused_for, refused_words,
    last_accepted_at, next_execute_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (script_id) DO UPDATE SET interval_ms = excluded.interval_ms, too_soon_ms = excluded.too_soon_ms,
    too_soon_at = excluded.too_soon_at, backoff_ms = excluded.backoff_ms, refused_for = excluded.refused_for,
    refused_words = excluded.refused_words, last_accepted_at = excluded.last_accepted_at,
    next_execute_at = excluded.next_execute_at`;

/** Whole milliseconds: the columns are integers. */
async function saveInterval(sql: Sql, scriptId: string, plan: IntervalPlan & { words?: string }): Promise<void> {
  const whole = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : Math.ceil(ms));
  await sql.run(SAVE_INTERVAL, [
    scriptId,
    ...[whole(plan.intervalMs), whole(plan.tooSoonMs), plan.tooSoonAt, whole(plan.backoffMs)],
    ...[plan.reason, plan.words, plan.lastAcceptedAt, whole(plan.nextExecuteAt)],
  ]);
}
