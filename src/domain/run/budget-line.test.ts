import { expect, test } from '@jest/globals';
import { describeBudget } from './budget-line.js';
import type { ErrorBudgetRule } from './error-budget.js';

test.each<[ErrorBudgetRule | undefined, number, string]>([
  [undefined, 50, 'no error budget: failures do not stop the wave'],
  [{ max: 2 }, 50, 'breach when more than 2 of 50 assets end failed or unverified'],
  [{ max: '5%' }, 50, 'breach when more than 2 of 50 assets end failed or unverified (5% of 50, rounded down)'],
  [{ max: '4%' }, 50, 'breach when more than 2 of 50 assets end failed or unverified (4% of 50)'],
  [{ max: '0.5%', counts: ['failed'] }, 100, 'breach when more than 0 of 100 assets end failed (0.5% of 100, rounded down)'],
  [
    { max: 1, counts: ['failed', 'unreachable', 'missing'], minimum: 10, strict: true },
    20,
    'breach when more than 1 of 20 assets end failed, unreachable or missing; not before 10 are finished; strict: in flight never exceeds the remaining budget plus one',
  ],
  [{ max: 5, minimum: 1 }, 5, 'never breaches: 5 of 5 assets may end failed or unverified; not before 1 is finished'],
  [
    { max: 1, minimum: 10 },
    4,
    'breach when more than 1 of 4 assets end failed or unverified; minimum of 10 finished is larger than the wave: if exceeded, a person decides',
  ],
  [{ max: 0 }, 1, 'breach when more than 0 of 1 asset end failed or unverified'],
])('%j over %d assets: %s', (rule, waveSize, line) => {
  expect(describeBudget(rule, waveSize)).toBe(line);
});
