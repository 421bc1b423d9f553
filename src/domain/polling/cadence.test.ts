import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type CadenceFacts, type CallBudget, etaMs, mean, median, pollDelayMs } from './cadence.js';

const plenty: CallBudget = { left: 1_000, perWindow: 1_000, windowMs: 3_600_000, unsentExecutions: 0, watchers: 1 };
const facts = (changes: Partial<CadenceFacts> = {}): CadenceFacts => ({
  floorMs: 1_000,
  inFlight: 4,
  assetsWait: true,
  youngestMs: 0,
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

describe('the delay until the next poll', () => {
  test.each<[string, Partial<CadenceFacts>, number]>([
    ['is the floor when that is long', { floorMs: 30_000 }, 30_000],
    ['is 15 seconds at first, as no script is done sooner', {}, 15_000],
    ['counts those by the clock of Qualys', { clockRate: 10 }, 1_500],
    ['is half of the age while nothing is learned', { youngestMs: 180_000 }, 90_000],
    ['is a quarter of the usual time with four in flight and assets waiting', { durationsMs: [200_000, 280_000] }, 60_000],
    ['is a sixth of the usual time with four in flight and none waiting', { durationsMs: [240_000], assetsWait: false }, 40_000],
    ['is a sixth of the usual time with forty in flight', { durationsMs: [600_000], inFlight: 40 }, 100_000],
    ['follows the age of those that take longer than usual', { durationsMs: [60_000], assetsWait: false, youngestMs: 240_000 }, 40_000],
    ['survives nothing in flight', { durationsMs: [60_000], inFlight: 0 }, 60_000],
    ['is at most 15 minutes', { durationsMs: [40_000_000] }, 900_000],
    ['is the floor when that is longer still', { floorMs: 3_600_000, durationsMs: [40_000_000] }, 3_600_000],
    ['is not stretched by a budget that lasts', budget({ left: 100, remainingMs: 60_000 }), 1_000],
    ['spreads what is left over the rest of the run', budget({ left: 10, remainingMs: 300_000 }), 30_000],
    ['shares it with the other runs that watch', budget({ left: 10, remainingMs: 300_000, watchers: 2 }), 60_000],
    [
      'is the usual time where calls are what the executions wait for',
      budget({ left: 5, remainingMs: 300_000, unsentExecutions: 5 }),
      6_000,
    ],
    ['is 15 minutes when no call is left and nothing waits', budget({ left: 0, remainingMs: 300_000 }), 900_000],
    [
      'leaves no calls unused: ten runs with four in flight each, 210 of 300 calls left, 360 executions to send',
      {
        durationsMs: [120_000],
        budget: { ...plenty, left: 210, perWindow: 300, unsentExecutions: 360, watchers: 10, remainingMs: 1_080_000 },
      },
      120_000,
    ],
    [
      'is the time in which the calls of a round come back, once they are used up',
      {
        durationsMs: [120_000],
        budget: { ...plenty, left: 3, perWindow: 300, unsentExecutions: 360, watchers: 10, remainingMs: 1_080_000 },
      },
      600_000,
    ],
    ['counts on what the window gives back in time', budget({ left: 0, perWindow: 300, remainingMs: 7_200_000 }), 24_000],
  ])('%s', (_, changes, delayMs) => {
    expect(pollDelayMs(facts(changes))).toBe(delayMs);
  });

  test('is never below the floor', () => {
    fc.assert(
      fc.property(fc.nat(3_600_000), fc.nat(100), fc.nat(10_000_000), fc.nat(400), (floorMs, inFlight, youngestMs, left) => {
        const changes = { floorMs, inFlight, youngestMs, budget: { ...plenty, left, remainingMs: 60_000 } };
        expect(pollDelayMs(facts(changes))).toBeGreaterThanOrEqual(floorMs);
      }),
    );
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
