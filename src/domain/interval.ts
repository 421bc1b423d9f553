// The execution interval of a script: configured at Qualys, not readable, refused with 429 (C45, T-02). Learned by asking again,
// one minute doubling to fifteen, each time under a new permit; what worked is remembered for the script.

const FIRST_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 15 * 60_000;

export interface IntervalMemory {
  /** What is known to be enough between two executions; undefined while nothing was refused. */
  intervalMs?: number | undefined;
  /** The wait that followed the last refusal; undefined when the last execute was accepted. */
  backoffMs?: number | undefined;
  lastAcceptedAt?: number | undefined;
}

export interface IntervalPlan extends IntervalMemory {
  /** Not before this instant, same clock as `now`. */
  nextExecuteAt: number;
}

/** `configuredMs`: the subscription's interval, when the operator knows it; 0 means there is none. */
export function afterRefusal(memory: IntervalMemory, now: number, configuredMs: number | undefined): IntervalPlan {
  // A configured 0 says that there is no interval; the refusal says that there is one.
  const first = configuredMs || FIRST_WAIT_MS;
  const waitMs = memory.backoffMs === undefined ? first : Math.min(Math.max(memory.backoffMs * 2, first), LONGEST_WAIT_MS);
  return { ...memory, backoffMs: waitMs, nextExecuteAt: now + waitMs };
}

export function afterAcceptance(memory: IntervalMemory, now: number, configuredMs: number | undefined): IntervalPlan {
  const learned = memory.backoffMs === undefined ? memory.intervalMs : Math.max(memory.backoffMs, memory.intervalMs ?? 0);
  const intervalMs = configuredMs ?? learned;
  return { intervalMs: learned, backoffMs: undefined, lastAcceptedAt: now, nextExecuteAt: now + (intervalMs ?? 0) };
}
