import { expect, test } from '@jest/globals';
import type { CallBudget } from './cadence.js';
import { fedInFlight, mostInFlight } from './in-flight.js';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const budget = (changes: Partial<CallBudget> = {}): CallBudget => ({
  ...{ left: 300, perWindow: 300, windowMs: HOUR, unsentExecutions: 100, slots: 4, watchers: 1 },
  ...changes,
});

test.each<[string, Partial<CallBudget>, number | undefined, number]>([
  ['the default while nothing is learned', {}, undefined, 4],
  ['forty at most', {}, 3 * MINUTE, 40],
  ['as many as come back in the time of one execution, once the hour is used up', { left: 0 }, 3 * MINUTE, 13],
  ['more of a script that takes longer', { left: 0 }, 6 * MINUTE, 26],
  ['its share where others watch, too', { left: 100, watchers: 10 }, 3 * MINUTE, 9],
  ['one at least', { left: 0, watchers: 100 }, MINUTE, 1],
])('the call budget feeds %s', (_, changes, usualMs, expected) => {
  expect(fedInFlight(budget(changes), usualMs)).toBe(expected);
});

test('a forecast takes the most', () => {
  expect([mostInFlight('auto'), mostInFlight(7)]).toEqual([40, 7]);
});
