import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { admits, budgetAllows, budgetSpent, type ErrorBudgetRule, isBreached } from './error-budget.js';
import { type Counts, emptyCounts } from './outcome.js';

const counts = (changes: Partial<Counts>): Counts => ({ ...emptyCounts(), targeted: 100, ...changes });

describe('an error budget', () => {
  test.each<[number | string, number, number]>([
    [3, 100, 3],
    ['10%', 99, 9],
    ['0%', 99, 0],
    ['2.5%', 100, 2],
    ['100%', 7, 7],
  ])('of %s over %d assets allows %d', (max, size, allowed) => {
    expect(budgetAllows({ max }, size)).toBe(allowed);
  });

  test('counts failed and unverified unless told otherwise', () => {
    const seen = counts({ failed: 2, unverified: 3, unreachable: 7, missing: 11 });
    expect(budgetSpent({ max: 1 }, seen)).toBe(5);
    expect(budgetSpent({ max: 1, counts: ['unreachable', 'missing'] }, seen)).toBe(18);
  });

  test.each<[string, ErrorBudgetRule | undefined, Partial<Counts>, boolean]>([
    ['without a rule', undefined, { failed: 100 }, false],
    ['at its max', { max: 2 }, { failed: 2 }, false],
    ['above it', { max: 2 }, { failed: 3 }, true],
    ['before the minimum is finished', { max: 2, minimum: 10 }, { failed: 3, succeeded: 6 }, false],
    ['once the minimum is finished', { max: 2, minimum: 10 }, { failed: 3, succeeded: 6, skipped: 1 }, true],
  ])('is breached %s: %#', (_, rule, changes, breached) => {
    expect(isBreached(rule, counts(changes))).toBe(breached);
  });

  test.each<[ErrorBudgetRule | undefined, Partial<Counts>, number, number]>([
    [undefined, {}, 1_000, Number.POSITIVE_INFINITY],
    [{ max: 5 }, { failed: 9 }, 1_000, Number.POSITIVE_INFINITY],
    [{ max: 5, strict: true }, {}, 0, 6],
    [{ max: 5, strict: true }, { failed: 2 }, 3, 1],
    [{ max: 5, strict: true }, { failed: 6 }, 0, 0],
    [{ max: 5, strict: true }, {}, 9, 0],
    [{ max: 0, minimum: 5, strict: true }, { failed: 1 }, 0, 1],
    [{ max: 0, minimum: 5, strict: true }, { failed: 1 }, 1, 0],
    [{ max: 0, minimum: 5, strict: true }, { failed: 1, succeeded: 4 }, 0, 0],
  ])('%j with %j and %d in flight admits %d', (rule, changes, inFlight, admitted) => {
    expect(admits(rule, counts(changes), inFlight)).toBe(admitted);
  });

  test('a strict one is never exceeded by more than one, however the assets end', () => {
    fc.assert(
      fc.property(fc.nat(10), fc.array(fc.boolean(), { maxLength: 100 }), (max, fates) => {
        const rule = { max, strict: true };
        let failed = 0;
        for (let next = 0; next < fates.length; ) {
          const size = Math.min(25, fates.length - next, admits(rule, counts({ failed }), 0));
          if (size === 0) break;
          failed += fates.slice(next, next + size).filter((fails) => fails).length;
          next += size;
        }
        expect(failed).toBeLessThanOrEqual(max + 1);
      }),
    );
  });
});
