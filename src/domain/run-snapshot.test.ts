import { expect, test } from '@jest/globals';
import { isBehind, mostGiven, RUN_PHASES } from './run-snapshot.js';

test.each([
  [{ claimed: 4, permits: 4 }, { claimed: 4, permits: 4 }, false],
  [{ claimed: 5, permits: 9 }, { claimed: 4, permits: 4 }, false],
  [{ claimed: 3, permits: 9 }, { claimed: 4, permits: 4 }, true],
  [{ claimed: 4, permits: 3 }, { claimed: 4, permits: 4 }, true],
])('a ledger with %j, where %j is known, is behind: %s', (ledger, known, behind) => {
  expect(isBehind(ledger, known)).toBe(behind);
});

test('the most that was given is remembered number by number', () => {
  expect(mostGiven({ claimed: 1, permits: 5 }, { claimed: 3, permits: 2 })).toEqual({ claimed: 3, permits: 5 });
  expect(mostGiven(undefined, { claimed: 3, permits: 2 })).toEqual({ claimed: 3, permits: 2 });
  expect(mostGiven({ claimed: 1, permits: 5 }, undefined)).toEqual({ claimed: 1, permits: 5 });
  expect(mostGiven(undefined, undefined)).toEqual({ claimed: 0, permits: 0 });
});

test('a run ends finished', () => {
  expect(RUN_PHASES.at(-1)).toBe('finished');
});
