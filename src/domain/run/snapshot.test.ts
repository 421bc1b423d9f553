import { expect, test } from '@jest/globals';
import { emptyCounts } from './outcome.js';
import { isLate, isStale, issuedIn, mostIssued, RUN_PHASES, type RunSnapshot } from './snapshot.js';

test.each([
  [{ claimed: 4, permits: 4 }, { claimed: 4, permits: 4 }, false],
  [{ claimed: 5, permits: 9 }, { claimed: 4, permits: 4 }, false],
  [{ claimed: 3, permits: 9 }, { claimed: 4, permits: 4 }, true],
  [{ claimed: 4, permits: 3 }, { claimed: 4, permits: 4 }, true],
  [{ claimed: 4, permits: 4, orders: 2 }, { claimed: 4, permits: 4, orders: 3 }, true],
  [{ claimed: 4, permits: 4, orders: 2 }, { claimed: 4, permits: 4 }, false],
  [{ claimed: 4, permits: 4, schedules: 1 }, { claimed: 4, permits: 4, schedules: 2 }, true],
  [{ claimed: 4, permits: 4, schedules: 1 }, { claimed: 4, permits: 4 }, false],
])('a ledger with %j, where %j is known, is stale: %s', (ledger, known, isStaleLedger) => {
  expect(isStale(ledger, known)).toBe(isStaleLedger);
});

test('the most that was given is remembered number by number', () => {
  expect(mostIssued({ claimed: 1, permits: 5 }, { claimed: 3, permits: 2, orders: 7 })).toEqual({
    claimed: 3,
    permits: 5,
    orders: 7,
    schedules: 0,
  });
  expect(mostIssued(undefined, { claimed: 3, permits: 2, schedules: 4 })).toEqual({ claimed: 3, permits: 2, orders: 0, schedules: 4 });
  expect(mostIssued({ claimed: 1, permits: 5 }, undefined)).toEqual({ claimed: 1, permits: 5, orders: 0, schedules: 0 });
  expect(mostIssued(undefined, undefined)).toEqual({ claimed: 0, permits: 0, orders: 0, schedules: 0 });
});

test.each([
  [
    { claimed: 1, permits: 2, orders: 3 },
    { claimed: 1, permits: 2, orders: 3 },
  ],
  [
    { claimed: 1, permits: 2, schedules: 3 },
    { claimed: 1, permits: 2, schedules: 3 },
  ],
  [
    { claimed: 1, permits: 2 },
    { claimed: 1, permits: 2 },
  ],
  [{ claimed: '1', permits: 2 }, undefined],
  ['ACTIVITY_ID_NOT_STARTED', undefined],
  [null, undefined],
])('of %j is taken: %j', (told, issued) => {
  expect(issuedIn(told)).toEqual(issued);
});

test('a run ends finished', () => {
  expect(RUN_PHASES.at(-1)).toBe('finished');
});

const snapshot = (changes: Partial<RunSnapshot>): RunSnapshot => ({
  ...{ counts: emptyCounts(), claimed: 5, permits: 5, orders: 2, wakes: 9, unsent: 0, inDoubt: 0, watched: 1, slotsTaken: 1, waiting: 1 },
  ...{ outputsOwed: 0, accepted: 2, callsUsed: 5, at: 1_700_000_000_000, breached: false, attempted: true, paused: false, maxInFlight: 1 },
  ...changes,
});
const at = (ms: number) => snapshot({}).at + ms;

test.each<[string, Partial<RunSnapshot>, boolean]>([
  ['has more wakes is newer, though its clock is ten minutes behind', { wakes: 10, at: at(-600_000) }, false],
  ['knows of another order is newer, though its clock is a second behind', { orders: 3, at: at(-1_000) }, false],
  ['has fewer wakes and was read a minute earlier is late', { wakes: 8, at: at(-60_000) }, true],
  ['knows less and was read a moment earlier is late', { claimed: 4, permits: 4, at: at(-1) }, true],
  ['says the same and was read a moment earlier is late', { at: at(-1) }, true],
  ['says the same and seems much older is by a clock that was set back', { at: at(-60_000) }, false],
  ['knows less and was read later is of a ledger that was restored', { claimed: 4, wakes: 3, at: at(1) }, false],
  [
    'knows less and seems a day older is of a ledger restored, under a clock set back',
    { claimed: 4, wakes: 3, at: at(-86_400_000) },
    false,
  ],
  ['says the same at the same time changes nothing', {}, false],
])('a snapshot that %s', (_, changes, late) => {
  expect(isLate(snapshot(changes), snapshot({}))).toBe(late);
});
