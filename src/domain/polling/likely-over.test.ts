import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Curve, chanceOver, isOverdue, likelyOver, whenLikelyOver } from './likely-over.js';

const MINUTE = 60_000;
const unknown: Curve = { sortedMs: [], scaleMs: MINUTE };
/** From one to five minutes, evenly. */
const known: Curve = { sortedMs: Array.from({ length: 49 }, (_, index) => (1 + (index * 4) / 48) * MINUTE), scaleMs: 10_000 };

describe('the chance that an execution is over', () => {
  test.each<[string, Curve, { openAt: number; by: number }, number]>([
    ['is nothing at the look that found it open', known, { openAt: 2, by: 2 }, 0],
    ['is nothing before anything is over of which nothing is known', unknown, { openAt: 0, by: 1 }, 0],
    ['is half at twice the age, where nothing is known', unknown, { openAt: 2, by: 4 }, 0.5],
    ['is two thirds at three times the age', unknown, { openAt: 2, by: 6 }, 2 / 3],
    ['is about half in the middle of what others have taken', known, { openAt: 0, by: 3 }, 0.52],
    ['is nearly one when nearly all others were over', known, { openAt: 0, by: 5 }, 1],
    ['counts only those that have taken longer than it has already', known, { openAt: 4, by: 4.5 }, 0.5],
    ['is that of something not seen before where it has taken longer than all', known, { openAt: 6, by: 12 }, 0.5],
  ])('%s', (_, curve, { openAt, by }, chance) => {
    expect(chanceOver(curve, openAt * MINUTE, by * MINUTE)).toBeCloseTo(chance, 1);
  });

  test('grows with time and stays below one', () => {
    const times = fc.array(fc.nat(600_000), { maxLength: 50 });
    fc.assert(
      fc.property(times, fc.nat(600_000), fc.nat(600_000), fc.nat(600_000), (seen, openAt, first, further) => {
        const curve: Curve = { sortedMs: seen.toSorted((one, other) => one - other), scaleMs: 15_000 };
        const [early, late] = [chanceOver(curve, openAt, openAt + first), chanceOver(curve, openAt, openAt + first + further)];
        expect(early).toBeGreaterThanOrEqual(0);
        expect(late).toBeGreaterThanOrEqual(early);
        expect(late).toBeLessThanOrEqual(1);
      }),
    );
  });
});

const four = Array.from({ length: 4 }, () => ({ ageMs: 2 * MINUTE, openAtMs: 2 * MINUTE }));

test('of four that are open after two minutes two are likely over one and a half later', () => {
  expect(likelyOver(known, four, 1.5 * MINUTE)).toBeCloseTo(2, 0);
  expect(whenLikelyOver(known, four, { count: 2, longestMs: 15 * MINUTE })).toBeCloseTo(1.55 * MINUTE, -4);
});

test('an instant that has passed is told as such, and one that never comes as the longest wait', () => {
  const looked = four.map((one) => ({ ...one, openAtMs: MINUTE }));
  expect(whenLikelyOver(known, looked, { count: 0.5, longestMs: 15 * MINUTE })).toBeLessThan(0);
  expect(whenLikelyOver(known, four, { count: 4, longestMs: 15 * MINUTE })).toBe(15 * MINUTE);
});

test('what has taken longer than all others is overdue, and nothing is where none was seen', () => {
  const late = { ageMs: 6 * MINUTE, openAtMs: 5.5 * MINUTE };
  expect([isOverdue(known, late), isOverdue(known, { ...late, openAtMs: 4 * MINUTE }), isOverdue(unknown, late)]).toEqual([
    true,
    false,
    false,
  ]);
});
