// When an execution of a script may be asked for again after Qualys refused one. The script's interval is configured there and not readable
// (docs/qualys-api.md#execute): it is learned from what was refused and what was accepted, and tried to be shorter, so that it shrinks
// again. A day's cap and a refusal without a reason say nothing of it.
import type { ExecuteRefusal } from './answer.js';

const MINUTE_MS = 60_000;
const FIRST_WAIT_MS = MINUTE_MS;
const LONGEST_WAIT_MS = 15 * MINUTE_MS;
/** A day slides: an execution leaves it at any time, so it is asked for again this often. */
const DAY_WAIT_MS = 15 * MINUTE_MS;
/** What worked is tried a quarter shorter, and no closer to what was refused than a tenth. */
const SHRINK = 0.75;
const CLOSE = 0.1;
/** Another operator's execution may have been what made it too soon, and intervals may be changed: tried again after this long. */
const REFUSAL_HOLDS_MS = 60 * MINUTE_MS;

export interface IntervalMemory {
  /** What is known to be enough between two executions; undefined while nothing was refused. */
  intervalMs?: number | undefined;
  /** The longest time since an accepted one after which the next was refused, and when that was. */
  tooSoonMs?: number | undefined;
  tooSoonAt?: number | undefined;
  /** The wait that followed the last refusal, and why; undefined when the last execute was accepted. */
  backoffMs?: number | undefined;
  reason?: ExecuteRefusal | undefined;
  lastAcceptedAt?: number | undefined;
}

export interface IntervalPlan extends IntervalMemory {
  /** Not before this instant, same clock as `now`. */
  nextExecuteAt: number;
}

export interface RefusedExecution {
  reason: ExecuteRefusal;
  /** What Qualys asked to wait. */
  requestedMs?: number | undefined;
  /** The subscription's interval, when the operator knows it; 0 means there is none. */
  configuredMs?: number | undefined;
}

export function afterRefusal(memory: IntervalMemory, now: number, refused: RefusedExecution): IntervalPlan {
  const { reason, requestedMs } = refused;
  const gapMs = reason === 'interval' ? gapOf(memory, now) : undefined;
  const tooSoon = gapMs === undefined ? {} : { tooSoonMs: gapMs, tooSoonAt: now };
  // Told what is left of it, its length is known.
  const intervalMs = gapMs === undefined || requestedMs === undefined ? memory.intervalMs : Math.min(gapMs + requestedMs, LONGEST_WAIT_MS);
  const waitMs = Math.max(1, requestedMs ?? unrequestedWaitMs(memory, now, refused));
  return { ...memory, ...tooSoon, intervalMs, backoffMs: waitMs, reason, nextExecuteAt: now + waitMs };
}

export function afterAcceptance(memory: IntervalMemory, now: number, configuredMs: number | undefined): IntervalPlan {
  const refusal = refusalThatHolds(memory, now);
  const intervalMs = learned({ ...memory, ...refusal }, now);
  const known = { intervalMs, ...refusal, backoffMs: undefined, reason: undefined, lastAcceptedAt: now };
  return { ...known, nextExecuteAt: now + (configuredMs ?? nextGapMs(known)) };
}

function unrequestedWaitMs(memory: IntervalMemory, now: number, { reason, configuredMs }: RefusedExecution): number {
  if (reason === 'day') return DAY_WAIT_MS;
  const goesOn = memory.backoffMs !== undefined && memory.reason === reason;
  // A shorter interval than the known one was tried: the known one is waited for, and nothing is lost.
  const untilKnownMs = reason === 'interval' ? (memory.intervalMs ?? 0) - (gapOf(memory, now) ?? Infinity) : 0;
  if (untilKnownMs > 0 && !goesOn) return untilKnownMs;
  // A configured 0 says that there is no interval; the refusal says that there is one.
  const first = (reason === 'interval' && configuredMs) || FIRST_WAIT_MS;
  return goesOn ? Math.min(Math.max((memory.backoffMs ?? 0) * 2, first), LONGEST_WAIT_MS) : first;
}

/** What was enough: the wait that worked, or what is known already; less, where the time since the last accepted one was less. */
function learned(memory: IntervalMemory, now: number): number | undefined {
  const { backoffMs, reason, intervalMs, tooSoonMs = 0 } = memory;
  const waitedMs = reason === 'interval' ? backoffMs : undefined;
  if (waitedMs === undefined && intervalMs === undefined) return undefined;
  const gapMs = gapOf(memory, now);
  const enoughMs = Math.max(waitedMs ?? 0, intervalMs ?? 0);
  if (gapMs === undefined) return enoughMs;
  return enoughMs > tooSoonMs ? Math.min(enoughMs, gapMs) : gapMs;
}

function nextGapMs({ intervalMs, tooSoonMs = 0 }: IntervalMemory): number {
  if (intervalMs === undefined) return 0;
  if (intervalMs - tooSoonMs <= CLOSE * intervalMs) return intervalMs;
  return Math.max(SHRINK * intervalMs, (tooSoonMs + intervalMs) / 2);
}

function refusalThatHolds({ tooSoonMs, tooSoonAt }: IntervalMemory, now: number): Pick<IntervalMemory, 'tooSoonMs' | 'tooSoonAt'> {
  const holds = tooSoonAt !== undefined && now - tooSoonAt < REFUSAL_HOLDS_MS;
  return holds ? { tooSoonMs, tooSoonAt } : { tooSoonMs: undefined, tooSoonAt: undefined };
}

/** Undefined, too, where the clock has gone back since, and after a rest, which says nothing of the interval. */
function gapOf({ lastAcceptedAt = Infinity }: IntervalMemory, now: number): number | undefined {
  const gapMs = now - lastAcceptedAt;
  return gapMs < 0 || gapMs > LONGEST_WAIT_MS ? undefined : gapMs;
}
