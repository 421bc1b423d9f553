import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ageingDelayMs, type CadenceFacts, type CallBudget, etaMs, mean, median, pollDelayMs, shareWorthALook } from './cadence.js';

const plenty: CallBudget = { left: 1_000, perWindow: 1_000, windowMs: 3_600_000, unsentExecutions: 0, slots: 0, watchers: 1 };
/** Executions that a look has just found open at this age, or that were just accepted. */
const open = (count: number, ageMs = 0) => Array.from({ length: count }, () => ({ ageMs, openAtMs: ageMs }));
/** From one to five minutes, evenly. */
const EVENLY = Array.from({ length: 49 }, (_, index) => 60_000 + index * 5_000);
const facts = (changes: Partial<CadenceFacts> = {}): CadenceFacts => ({
  floorMs: 1_000,
  inFlight: open(4),
  sinceLookMs: 0,
  assetsWait: true,
  durationsMs: [],
  clockRate: 1,
  budget: plenty,
  ...changes,
});
const budget = (changes: Partial<CallBudget>): Partial<CadenceFacts> => ({
  durationsMs: [6_000],
  assetsWait: false,
  budget: { ...plenty, ...changes },
});
const learned = (changes: Partial<CadenceFacts>): Partial<CadenceFacts> => ({ durationsMs: EVENLY, ...changes });
const none = { assetsWait: false };

describe('the delay until the next look, in seconds', () => {
  test.each<[string, Partial<CadenceFacts>, number]>([
    ['is the floor when that is long', { floorMs: 200_000 }, 200],
    ['counts the floor from the last look', { floorMs: 200_000, sinceLookMs: 150_000 }, 50],
    ['is 15 seconds at first for one, as no script is done sooner', { inFlight: open(1), ...none }, 15],
    ['is longer for more, of which one look tells more', { inFlight: open(40), ...none }, 95],
    ['counts those by the clock of Qualys', { inFlight: open(1), ...none, clockRate: 10 }, 1.5],
    ['is half of the age of a lone one while nothing is learned', { inFlight: open(1, 180_000), ...none }, 89],
    ['is a third of its age where it has taken longer than any before', learned({ inFlight: open(1, 360_000), ...none }), 120],
    ['is until a third has likely ended of one', learned({ inFlight: open(1), ...none }), 135],
    ['is until nearly half of forty have likely ended', learned({ inFlight: open(40), ...none }), 165],
    ['is not sooner than a sixth of the usual time behind a look at one', learned({ inFlight: open(1, 280_000), ...none }), 30],
    ['… nor than two fifths behind a look at forty', learned({ inFlight: open(40, 280_000), ...none }), 75],
    ['is until two of five are likely over while assets wait for their slots', learned({}), 155],
    ['… for a smaller share of more', learned({ inFlight: open(40) }), 85],
    ['… and does not wait for one that takes longer than any before', learned({ inFlight: [...open(3), ...open(1, 400_000)] }), 155],
    ['is over at once when the instant has passed', learned({ inFlight: [{ ageMs: 400_000, openAtMs: 0 }], sinceLookMs: 400_000 }), 0],
    ['is the floor with nothing in flight', learned({ inFlight: [] }), 1],
    ['is at most 15 minutes', { durationsMs: [40_000_000, 40_000_000, 40_000_000] }, 900],
    ['is the floor when that is longer still', { floorMs: 3_600_000, durationsMs: [40_000_000] }, 3_600],
    ['spreads what is left over the rest of the run', budget({ left: 10, remainingMs: 300_000 }), 30],
    ['shares it with the other runs that watch', budget({ left: 10, remainingMs: 300_000, watchers: 2 }), 60],
    ['is 15 minutes when no call is left and nothing waits', budget({ left: 0, remainingMs: 300_000 }), 900],
    ['counts on what the window gives back in time', budget({ left: 0, perWindow: 300, remainingMs: 7_200_000 }), 24],
  ])('%s', (_, changes, delay) => {
    expect(pollDelayMs(facts(changes)) / 1_000).toBeCloseTo(delay, -0.7);
  });

  test('is never below the floor behind the last look, nor longer than 15 minutes or the floor', () => {
    const flights = fc.array(
      fc.tuple(fc.nat(10_000_000), fc.nat(10_000_000)).map(([openAtMs, moreMs]) => ({ ageMs: openAtMs + moreMs, openAtMs })),
      { maxLength: 50 },
    );
    fc.assert(
      fc.property(fc.nat(3_600_000), flights, fc.boolean(), fc.nat(400), (floorMs, inFlight, assetsWait, left) => {
        const changes = { floorMs, inFlight, assetsWait, durationsMs: EVENLY, budget: { ...plenty, left, remainingMs: 60_000 } };
        const delayMs = pollDelayMs(facts(changes));
        expect(delayMs).toBeGreaterThanOrEqual(floorMs);
        expect(delayMs).toBeLessThanOrEqual(Math.max(floorMs, 900_000));
      }),
    );
  });
});

test('where nothing but its age is known the delay is half of that, as far as calls last', () => {
  const ageing = (ageMs: number, changes: Partial<CallBudget> = {}) =>
    ageingDelayMs({ floorMs: 1_000, clockRate: 1, ageMs, budget: { ...plenty, ...changes } });
  expect([ageing(0), ageing(180_000), ageing(86_400_000), ageing(0, { left: 0, remainingMs: 60_000 })]).toEqual([
    15_000, 90_000, 900_000, 900_000,
  ]);
});

describe('the share of those in flight that is worth a call', () => {
  const share = (changes: Partial<CallBudget>, inFlight = 4) =>
    shareWorthALook({ inFlight: open(inFlight), durationsMs: EVENLY, budget: { ...plenty, perWindow: 300, ...changes } });

  test.each<[string, number, number]>([
    ['is two fifths where calls are plenty', share({ left: 300, unsentExecutions: 36, slots: 4 }), 0.4],
    ['is an eighth of forty', share({ left: 300, unsentExecutions: 100, slots: 40 }, 40), 0.13],
    ['is nearly all where calls are what the work waits for', share({ left: 210, unsentExecutions: 360, slots: 40 }), 0.95],
    ['is the same when they are used up: the slots wait for them anyway', share({ left: 0, unsentExecutions: 1_000, slots: 40 }), 0.95],
    ['is in between where they last with fewer looks', share({ left: 0, perWindow: 100, unsentExecutions: 46, slots: 4 }), 0.5],
  ])('%s', (_, found, expected) => {
    expect(found).toBeCloseTo(expected, 1);
  });
});

test.each<[number[], number | undefined, number | undefined]>([
  [[], undefined, undefined],
  [[5], 5, 5],
  [[9, 1, 2], 4, 2],
  [[4, 1, 2, 9], 4, 2],
])('of %j the mean is %d and the median %d', (values, average, middle) => {
  expect([mean(values), median(values)]).toEqual([average, middle]);
});

test.each([
  ['nothing learned', { waitingAssets: 100, inFlight: 4, maxInFlight: 4, durationsMs: [], batchSize: 25 }, undefined],
  [
    'two rounds wait and one is under way',
    { waitingAssets: 126, inFlight: 4, maxInFlight: 4, durationsMs: [60_000], batchSize: 25 },
    150_000,
  ],
  ['nothing waits and nothing runs', { waitingAssets: 0, inFlight: 0, maxInFlight: 4, durationsMs: [60_000], batchSize: 25 }, 0],
])('the forecast with %s', (_, seen, expected) => {
  expect(etaMs(seen)).toBe(expected);
});
