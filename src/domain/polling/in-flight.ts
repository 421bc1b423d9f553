// How many executions `maxInFlight: auto` lets be in flight at once: as many as the call budget can feed.
import type { InFlightLimit } from '../run/command.js';
import { type CallBudget, callsWithin } from './cadence.js';

/** The default of a request, while nothing is learned. */
export const DEFAULT_IN_FLIGHT = 4;
export const MOST_IN_FLIGHT = 40;
/** What an execution takes, with its part of the looks, while calls are short (docs/benchmarks.md). */
const CALLS_AN_EXECUTION = 1.15;

/** As many as can be sent, with this run's share of the calls, in the time that one takes: more would only wait for their looks. */
export function fedInFlight(budget: CallBudget, usualMs: number | undefined): number {
  if (usualMs === undefined) return DEFAULT_IN_FLIGHT;
  const share = callsWithin(budget, usualMs) / Math.max(1, budget.watchers);
  return Math.max(1, Math.min(MOST_IN_FLIGHT, Math.floor(share / CALLS_AN_EXECUTION)));
}

/** What a forecast goes by, which knows no budget. */
export function mostInFlight(limit: InFlightLimit): number {
  return limit === 'auto' ? MOST_IN_FLIGHT : limit;
}
