// May the next wave begin? Judged from the counts as they are now, so that a late verdict moves it as long as the gate is open.

import { amountOf } from '../basics/percent.js';
import { orList } from '../run/budget-line.js';
import { BUDGET_COUNTS, budgetAllows, budgetSpent, type ErrorBudgetRule, isBreached } from '../run/error-budget.js';
import type { LiveCounts } from '../run/outcome.js';

/** More than this share of a wave without a usable verdict asks a person, unless the plan says otherwise. */
export const DEFAULT_INCONCLUSIVE = '20%';

export interface WaveFacts {
  /** Of the wave: `targeted` is its size. */
  counts: LiveCounts;
  budget?: ErrorBudgetRule | undefined;
  /** How many assets may end without a verdict; percent of the wave, rounded down. */
  inconclusive?: number | string | undefined;
  /** How many assets without a verdict (or over the budget) a person has accepted for this wave; more than that asks again. */
  accepted?: number | undefined;
  /** The same of the budget alone; `accepted` when not given. */
  acceptedSpent?: number | undefined;
}

export interface WaveVerdict {
  /** `inconclusive`: a person decides. `running`: nothing stands against the wave so far, and it is not done. */
  verdict: 'go' | 'breach' | 'inconclusive' | 'running';
  /** A sentence with the numbers. */
  why: string;
  /** What an `accepted` has to reach, when the verdict is `inconclusive`. */
  inDoubt?: number;
}

export function decideWave({
  counts,
  budget,
  inconclusive = DEFAULT_INCONCLUSIVE,
  accepted = 0,
  acceptedSpent = accepted,
}: WaveFacts): WaveVerdict {
  const size = counts.targeted;
  if (size === 0) return { verdict: 'go', why: 'The wave has no assets.' };
  if (budget && isBreached(budget, counts)) return { verdict: 'breach', why: exceeded(budget, counts) };
  const open = counts.pending + counts.running;
  if (open > 0) return { verdict: 'running', why: `${open} of ${size} assets have no outcome yet.` };
  const spent = budget ? budgetSpent(budget, counts) : 0;
  if (budget && spent > budgetAllows(budget, size) && spent > acceptedSpent)
    return { verdict: 'inconclusive', why: tooSmall(budget, counts), inDoubt: spent };
  const unknown = counts.unverified + counts.unreachable;
  const allowed = amountOf(inconclusive, size, 'down');
  if (unknown > allowed && unknown > accepted) {
    const why = `${counts.unverified} unverified and ${counts.unreachable} unreachable of ${size} assets have no verdict; ${allowed} are allowed. A person must decide.`;
    return { verdict: 'inconclusive', why, inDoubt: unknown };
  }
  return { verdict: 'go', why: goes(counts, budget) };
}

function exceeded(budget: ErrorBudgetRule, counts: LiveCounts): string {
  const words = orList(budget.counts ?? BUDGET_COUNTS);
  return `${budgetSpent(budget, counts)} of ${counts.targeted} ended ${words}; the error budget allows ${budgetAllows(budget, counts.targeted)}.`;
}

/** Exceeded, but the minimum of finished assets is more than the wave has: neither a breach by its rule, nor a wave to build on. */
function tooSmall(budget: ErrorBudgetRule, counts: LiveCounts): string {
  return `${exceeded(budget, counts)} The wave is smaller than the budget's minimum of ${budget.minimum ?? 0} finished assets. A person must decide.`;
}

function goes(counts: LiveCounts, budget: ErrorBudgetRule | undefined): string {
  const succeeded = `${counts.succeeded} of ${counts.targeted} succeeded`;
  if (!budget) return `${succeeded}.`;
  return `${succeeded}; error budget: ${budgetSpent(budget, counts)} of ${budgetAllows(budget, counts.targeted)} used.`;
}
