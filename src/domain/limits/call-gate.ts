// The door every request to Qualys goes through. The ledger implements it for all workers that share it, tests implement it in memory.

/** What the limit headers of one answer said. Seconds are real seconds, whatever the gateway's clock does. */
export interface LimitEvidence {
  /** `X-RateLimit-Limit`: calls in a window. */
  limit?: number;
  /** `X-RateLimit-Window-Sec`. */
  windowSec?: number;
  /** `X-RateLimit-Remaining`. */
  remaining?: number;
  /** `X-RateLimit-ToWait-Sec`, or `Retry-After` in seconds. */
  toWaitSec?: number;
  /** `X-Concurrency-Limit-Limit` (also printed `X-ConcurrencyLimit-Limit`). */
  concurrencyLimit?: number;
  /** `X-Concurrency-Limit-Running`. */
  concurrencyRunning?: number;
  /** True when the answer itself was a refusal for a limit (429 or 409 with evidence). */
  refused: boolean;
}

export type GateAnswer =
  | { kind: 'go'; callId: number }
  /** Not now: `waitMs` is a lower bound in real milliseconds; ask again after it. */
  | { kind: 'wait'; waitMs: number; why: string };

export interface CallGate {
  /**
   * Takes one place in the window and one of the concurrent places. The place is given back by `leave`, or by itself after `holdMs` (a
   * crash).
   */
  enter(call: { endpoint: string; runId?: string | undefined; holdMs: number }): Promise<GateAnswer>;
  /** Gives the concurrent place back and learns from the answer's headers. `evidence` is undefined when no answer came. */
  leave(callId: number, evidence: LimitEvidence | undefined): Promise<void>;
  /** A place taken for a request of which no byte was sent: it does not count against the window. */
  cancel(callId: number): Promise<void>;
}

/** Qualys' clock as seen through the `Date` header of its answers. */
export interface ServerClock {
  observe(serverMs: number): Promise<void>;
  /** Best estimate of the server's time now, epoch milliseconds; local time before any answer was seen. */
  now(): Promise<number>;
}
