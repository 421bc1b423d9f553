// Places the executions of a forecast one after the other, each as early as all limits allow, and keeps account of what was waited for.
import type { ForecastFacts, ForecastOpening } from './forecast-facts.js';

export type Constraint = 'interval' | 'daily-quota' | 'calls' | 'concurrency' | 'windows';

const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
/** Openings that are too short are passed over; with more of them in a row a window is taken never to be long enough. */
const OPENINGS_TRIED = 500;

export class Pace {
  readonly #facts: ForecastFacts;
  /** Of all executions of the campaign, ascending. */
  readonly #starts: number[] = [];
  readonly #daily: SlidingCap;
  readonly #hourly: SlidingCap;
  #opening: ForecastOpening | undefined;
  #waits = new Map<Constraint, number>();

  constructor(facts: ForecastFacts) {
    const { executionsPerDay, executionsLeftToday, callsPerHour, callsLeft, callsPerExecution } = facts.limits;
    this.#facts = facts;
    this.#daily = slidingCap(executionsPerDay, executionsLeftToday, DAY_MS);
    this.#hourly = slidingCap(callsPerHour / callsPerExecution, callsLeft / callsPerExecution, HOUR_MS);
  }

  /** Milliseconds that went by for each constraint since they were last taken. */
  takeWaits(): ReadonlyMap<Constraint, number> {
    const taken = this.#waits;
    this.#waits = new Map();
    return taken;
  }

  /** The first and the last start of so many executions of one script; undefined when no opening is left for one of them. */
  place(executions: number, notBefore: number): { first: number; last: number } | undefined {
    let first = notBefore;
    let last = notBefore;
    for (let index = 0; index < executions; index += 1) {
      const start = this.#next(last, index === 0 ? 0 : this.#facts.limits.executeIntervalMs);
      if (start === undefined) return undefined;
      if (index === 0) first = start;
      last = start;
    }
    return { first, last };
  }

  #next(notBefore: number, intervalMs: number): number | undefined {
    const { limits, executionMs, startsAt } = this.#facts;
    const freed = this.#starts[this.#starts.length - limits.maxInFlight];
    const earliest: [Constraint, number][] = [
      ['interval', notBefore + intervalMs],
      ['concurrency', freed === undefined ? notBefore : freed + executionMs],
      ['daily-quota', allowedAt(this.#daily, this.#starts, startsAt)],
      ['calls', allowedAt(this.#hourly, this.#starts, startsAt)],
    ];
    const [constraint, at] = earliest.reduce((latest, candidate) => (candidate[1] > latest[1] ? candidate : latest));
    const allowed = Math.max(notBefore, at);
    this.#wait(constraint, allowed - notBefore);
    const start = this.#insideOpening(allowed);
    if (start === undefined) return undefined;
    this.#wait('windows', start - allowed);
    this.#starts.push(start);
    return start;
  }

  /** The first instant from `at` on at which an execution can begin and be expected to end within the same opening. */
  #insideOpening(at: number): number | undefined {
    const { nextOpening, executionMs } = this.#facts;
    if (!nextOpening) return at;
    let from = at;
    for (let tried = 0; tried < OPENINGS_TRIED; tried += 1) {
      const opening = this.#opening && holds(this.#opening, from) ? this.#opening : nextOpening(from);
      if (!opening) return undefined;
      this.#opening = opening;
      const start = Math.max(at, opening.opensAt);
      if (opening.closesAt === undefined || start + executionMs <= opening.closesAt) return start;
      from = Math.max(from + 1, opening.closesAt);
    }
    return undefined;
  }

  #wait(constraint: Constraint, ms: number): void {
    if (ms > 0) this.#waits.set(constraint, (this.#waits.get(constraint) ?? 0) + ms);
  }
}

/** At most `cap` starts within `windowMs`, of which `left` are free at the beginning. */
interface SlidingCap {
  cap: number;
  left: number;
  windowMs: number;
}

function allowedAt({ cap, left, windowMs }: SlidingCap, starts: readonly number[], startsAt: number): number {
  const leaving = starts[starts.length - cap];
  return Math.max(starts.length >= left ? startsAt + windowMs : startsAt, leaving === undefined ? startsAt : leaving + windowMs);
}

/** Caps may be any positive number: half an execution a day is one in two days. */
function slidingCap(cap: number, left: number, windowMs: number): SlidingCap {
  return cap >= 1
    ? { cap: Math.floor(cap), left: Math.floor(left), windowMs }
    : { cap: 1, left: Math.floor(left), windowMs: windowMs / cap };
}

function holds(opening: ForecastOpening, at: number): boolean {
  return opening.opensAt <= at && (opening.closesAt === undefined || at < opening.closesAt);
}
