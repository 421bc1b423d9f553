// When the next call to Qualys may start: the configured cap over a sliding hour, the window the API announces, and what it told
// us to wait. Pure: the ledger supplies the log of sends, all in its own clock (epoch milliseconds).

export const HOUR_MS = 3_600_000;

export interface WindowFacts {
  now: number;
  /** Configured calls an hour. */
  callsPerHour: number;
  /** Calls sent in the hour before `now`, and the start of the one that has to leave the window before the next fits. */
  sentInHour: number;
  hourOpensAt?: number | undefined;
  /** What the API said last. */
  announced?:
    | {
        limit?: number | undefined;
        windowMs?: number | undefined;
        remaining?: number | undefined;
        observedAt: number;
        sentSince: number;
        opensAt?: number | undefined;
      }
    | undefined;
  /** Until when an answer asked us to wait. */
  blockedUntil?: number | undefined;
  blockedWhy?: string | undefined;
  concurrency: number;
  running: number;
}

export type WindowAnswer = { kind: 'go' } | { kind: 'wait'; waitMs: number; why: string };

/** How soon to ask again when only the number of concurrent calls stands in the way. */
const CONCURRENCY_WAIT_MS = 100;

export function mayCall(facts: WindowFacts): WindowAnswer {
  if (facts.blockedUntil !== undefined && facts.blockedUntil > facts.now) {
    return wait(facts.blockedUntil - facts.now, facts.blockedWhy ?? 'Qualys asked to wait');
  }
  if (facts.sentInHour >= wholeCap(facts.callsPerHour)) {
    return wait((facts.hourOpensAt ?? facts.now) + HOUR_MS - facts.now, `the cap of ${facts.callsPerHour} calls per hour is used up`);
  }
  const { announced } = facts;
  const opensAt = announced?.opensAt ?? 0;
  if (announced?.remaining !== undefined && announced.remaining <= announced.sentSince && opensAt > facts.now) {
    return wait(opensAt - facts.now, 'Qualys reported no calls left in its window');
  }
  if (facts.running >= wholeCap(facts.concurrency)) return wait(CONCURRENCY_WAIT_MS, `${facts.concurrency} calls are already running`);
  return { kind: 'go' };
}

/** A cap in whole calls: 2.5 allow 2, and what is below 1 allows one, because none at all would wait forever. */
export function wholeCap(cap: number): number {
  return Math.max(1, Math.floor(cap));
}

function wait(waitMs: number, why: string): WindowAnswer {
  return { kind: 'wait', waitMs: Math.max(1, Math.ceil(waitMs)), why };
}
