// When `execute` may be sent: all that can stand against a permit, in the order in which it is told.

import { median } from '../domain/cadence.js';
import { MAX_SENDS } from '../domain/execution-state.js';
import { HOUR_MS, wholeCap } from '../domain/rate-window.js';
import { mayStart } from '../domain/windows.js';
import type { Sql } from './database.js';
import { type Execution, readExecution } from './execution-row.js';
import type { CallLists } from './planned.js';
import { type RunRow, readRun } from './run-row.js';

/** Membership is read again within the minute before each send (contract section 8, promise 2). */
export const TAGS_FRESH_MS = 60_000;

export interface PermitTerms {
  /** Real milliseconds in which the request must have started. */
  sendWindowMs: number;
  httpTimeoutMs: number;
  /** Added to both before anybody may judge. */
  settleMs: number;
  executionsPerDay: number;
  configuredIntervalMs?: number | undefined;
  /** Qualys' clock as last seen in an answer, never estimated: a later one would hide the job from the search for it. */
  serverAt: number;
  /** Which user of which gateway sends. */
  sender: string;
}

export type PermitAnswer =
  | ({ kind: 'granted'; permit: number; sendBy: number; grantedAt: number } & CallLists)
  | {
      kind: 'refused';
      why: 'fence' | 'stopped' | 'paused' | 'halted' | 'state' | 'sends' | 'daily-quota' | 'serialised' | 'interval' | 'window' | 'tags';
      waitMs: number;
      detail: string;
    };

type Refusal = Extract<PermitAnswer, { kind: 'refused' }>;

export async function refusalFor(
  sql: Sql,
  asked: { runId: string; n: number; fence: number; terms: PermitTerms },
): Promise<Refusal | undefined> {
  const { runId, n, fence, terms } = asked;
  const run = await readRun(sql, runId);
  const execution = await readExecution(sql, runId, n);
  const now = await sql.now();
  if (!run || !execution) return refused('state', 0, `the ledger does not know execution ${n} of ${runId}`);
  if (run.fence !== fence) return refused('fence', 0, 'a newer attempt has taken over');
  if (run.stop || run.finishedAt !== undefined) return refused('stopped', 0, run.stop?.reason ?? 'the run is finished');
  if (run.phase === 'awaiting-approval') return refused('paused', 1_000, 'the run waits for its approval');
  if (run.paused) return refused('paused', 1_000, 'the run is paused');
  const ledger = await sql.first<{ halted: number; halted_why: string | null }>('SELECT halted, halted_why FROM ledger');
  if (ledger?.halted) return refused('halted', 2_000, `all executions are halted${ledger.halted_why ? `: ${ledger.halted_why}` : ''}`);
  if (execution.state !== 'claimed') return refused('state', 0, `execution ${n} is ${execution.state}`);
  if (execution.sends >= MAX_SENDS) return refused('sends', 0, `execution ${n} has been sent ${execution.sends} times`);
  const closed = await windowRefusal(sql, run, now);
  if (closed) return closed;
  return (await quotaRefusal(sql, now, terms)) ?? (await turnRefusal(sql, execution.scriptId, now)) ?? tagsRefusal(execution, now, terms);
}

/** How long an execution of a script is expected to take of which nothing is known. */
const UNKNOWN_DURATION_MS = 15 * 60_000;
/** A calendar that never opens again, or not within a year, is looked at again this often. */
const NEVER_OPENS_WAIT_MS = HOUR_MS;

/** Executions start only inside a window, and only when they can be expected to end inside. */
async function windowRefusal(sql: Sql, run: RunRow, now: number): Promise<Refusal | undefined> {
  if (!run.calendar) return undefined;
  const script = await sql.first<{ durations: string }>('SELECT durations FROM scripts WHERE script_id = ?', [run.script?.id]);
  const durationsMs = script ? (JSON.parse(script.durations) as { localMs: number }[]).map(({ localMs }) => localMs) : [];
  const expectedMs = Math.min(median(durationsMs) ?? UNKNOWN_DURATION_MS, run.deadlineMs);
  const verdict = mayStart(run.calendar, now, expectedMs);
  if (verdict.ok) return undefined;
  return refused('window', Math.max(1_000, (verdict.opensAt ?? now + NEVER_OPENS_WAIT_MS) - now), verdict.why);
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

/** Asked last: reading tags costs calls, and would be stale again after a wait. */
function tagsRefusal(execution: Execution, now: number, { sendWindowMs }: PermitTerms): Refusal | undefined {
  if (execution.planned === undefined) return undefined;
  const isFresh = execution.tagsReadAt !== undefined && now + sendWindowMs - execution.tagsReadAt <= TAGS_FRESH_MS;
  return execution.gathered && isFresh ? undefined : refused('tags', 0, 'the members of its tags have to be read first');
}

function refused(why: Refusal['why'], waitMs: number, detail: string): Refusal {
  return { kind: 'refused', why, waitMs, detail };
}

export async function permitIsOpen(sql: Sql, runId: string, n: number, permit: number): Promise<boolean> {
  const latest = await sql.first<{ permit: number; answered_at: number | null }>(
    'SELECT permit, answered_at FROM sends WHERE run_id = ? AND n = ? ORDER BY permit DESC LIMIT 1',
    [runId, n],
  );
  return latest?.permit === permit && latest.answered_at === null;
}
