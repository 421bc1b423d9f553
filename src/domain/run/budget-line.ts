// An error budget in words and numbers, for the plan: what it comes to for this wave, and how it was rounded.

import { isRounded } from '../basics/percent.js';
import { BUDGET_COUNTS, budgetAllows, type ErrorBudgetRule } from './error-budget.js';

/** Such as `breach when more than 2 of 50 assets end failed or unverified (5% of 50, rounded down); not before 10 are finished`. */
export function describeBudget(rule: ErrorBudgetRule | undefined, waveSize: number): string {
  if (!rule) return 'no error budget: failures do not stop the wave';
  const allowed = budgetAllows(rule, waveSize);
  const outcomes = orList(rule.counts ?? BUDGET_COUNTS);
  const limit = allowed >= waveSize ? `never breaches: ${allowed} of ${waveSize}` : `breach when more than ${allowed} of ${waveSize}`;
  const parts = [
    `${limit} ${waveSize === 1 ? 'asset' : 'assets'} ${allowed >= waveSize ? 'may ' : ''}end ${outcomes}${roundingOf(rule, waveSize)}`,
  ];
  if (rule.minimum && rule.minimum > waveSize)
    parts.push(`minimum of ${rule.minimum} finished is larger than the wave: if exceeded, a person decides`);
  else if (rule.minimum) parts.push(`not before ${rule.minimum} ${rule.minimum === 1 ? 'is' : 'are'} finished`);
  if (rule.strict) parts.push('strict: in flight never exceeds the remaining budget plus one');
  return parts.join('; ');
}

/** `a, b or c`. */
export function orList(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
}

function roundingOf({ max }: ErrorBudgetRule, waveSize: number): string {
  if (typeof max === 'number') return '';
  return ` (${max} of ${waveSize}${isRounded(max, waveSize) ? ', rounded down' : ''})`;
}
