// How much may go wrong before a run stops. Percent is of the cohort (of the wave in a campaign), rounded down (docs/plans.md).

import { amountOf } from '../basics/percent.js';
import type { Counts, FinalOutcome } from './outcome.js';

export interface ErrorBudgetRule {
  max: number | string;
  counts?: readonly FinalOutcome[] | undefined;
  minimum?: number | undefined;
  strict?: boolean | undefined;
}

/** What counts against a budget that does not say. */
export const BUDGET_COUNTS: readonly FinalOutcome[] = ['failed', 'unverified'];

export function budgetAllows(rule: ErrorBudgetRule, cohortSize: number): number {
  return amountOf(rule.max, cohortSize, 'down');
}

export function budgetSpent(rule: ErrorBudgetRule, counts: Counts): number {
  return [...new Set(rule.counts ?? BUDGET_COUNTS)].reduce((sum, outcome) => sum + counts[outcome], 0);
}

export function isBreached(rule: ErrorBudgetRule | undefined, counts: Counts): boolean {
  if (!rule) return false;
  const finished = counts.succeeded + counts.failed + counts.unverified + counts.unreachable + counts.missing + counts.skipped;
  return finished >= (rule.minimum ?? 0) && budgetSpent(rule, counts) > budgetAllows(rule, counts.targeted);
}

/**
 * How many assets may be sent now. `strict` keeps those in flight at what is left of the budget plus one, so that a breach never
 * overshoots. Exceeded before `minimum` assets are finished, it lets one at a time through: with none the run would wait forever.
 */
export function admits(rule: ErrorBudgetRule | undefined, counts: Counts, assetsInFlight: number): number {
  if (!rule?.strict) return Number.POSITIVE_INFINITY;
  if (isBreached(rule, counts)) return 0;
  const left = Math.max(0, budgetAllows(rule, counts.targeted) - budgetSpent(rule, counts));
  return Math.max(0, left + 1 - assetsInFlight);
}
