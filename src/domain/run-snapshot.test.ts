import { expect, test } from '@jest/globals';
import { givenIn, isBehind, mostGiven, RUN_PHASES } from './run-snapshot.js';

test.each([
  [{ claimed: 4, permits: 4 }, { claimed: 4, permits: 4 }, false],
  [{ claimed: 5, permits: 9 }, { claimed: 4, permits: 4 }, false],
  [{ claimed: 3, permits: 9 }, { claimed: 4, permits: 4 }, true],
  [{ claimed: 4, permits: 3 }, { claimed: 4, permits: 4 }, true],
  [{ claimed: 4, permits: 4, orders: 2 }, { claimed: 4, permits: 4, orders: 3 }, true],
  [{ claimed: 4, permits: 4, orders: 2 }, { claimed: 4, permits: 4 }, false],
])('a ledger with %j, where %j is known, is behind: %s', (ledger, known, behind) => {
  expect(isBehind(ledger, known)).toBe(behind);
});

test('the most that was given is remembered number by number', () => {
  expect(mostGiven({ claimed: 1, permits: 5 }, { claimed: 3, permits: 2, orders: 7 })).toEqual({ claimed: 3, permits: 5, orders: 7 });
  expect(mostGiven(undefined, { claimed: 3, permits: 2 })).toEqual({ claimed: 3, permits: 2, orders: 0 });
  expect(mostGiven({ claimed: 1, permits: 5 }, undefined)).toEqual({ claimed: 1, permits: 5, orders: 0 });
  expect(mostGiven(undefined, undefined)).toEqual({ claimed: 0, permits: 0, orders: 0 });
});

test.each([
  [
    { claimed: 1, permits: 2, orders: 3 },
    { claimed: 1, permits: 2, orders: 3 },
  ],
  [
    { claimed: 1, permits: 2 },
    { claimed: 1, permits: 2 },
  ],
  [{ claimed: '1', permits: 2 }, undefined],
  ['ACTIVITY_ID_NOT_STARTED', undefined],
  [null, undefined],
])('of %j is taken: %j', (told, given) => {
  expect(givenIn(told)).toEqual(given);
});

test('a run ends finished', () => {
  expect(RUN_PHASES.at(-1)).toBe('finished');
});
