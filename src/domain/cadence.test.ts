import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type CadenceFacts, etaMs, mean, median, pollDelayMs } from './cadence.js';

const facts = (changes: Partial<CadenceFacts> = {}): CadenceFacts => ({
  floorMs: 30_000,
  inFlight: 4,
  youngestMs: 0,
  durationsMs: [],
  budgetSpent: 0,
  ...changes,
});

describe('the delay until the next look', () => {
  test.each<[string, Partial<CadenceFacts>, number]>([
    ['is the floor at first', {}, 30_000],
    ['is a third of the youngest age while nothing is learned', { youngestMs: 180_000 }, 60_000],
    ['is a quarter of the usual time with four in flight', { durationsMs: [200_000, 280_000] }, 60_000],
    ['is a sixth of the usual time with forty in flight', { durationsMs: [600_000], inFlight: 40 }, 100_000],
    ['survives nothing in flight', { durationsMs: [60_000], inFlight: 0 }, 60_000],
    ['is not stretched with half of the budget spent', { durationsMs: [240_000], budgetSpent: 0.5 }, 60_000],
    ['is four times as long with all of it spent', { durationsMs: [240_000], budgetSpent: 1 }, 240_000],
    ['takes a share above 1 as 1', { durationsMs: [240_000], budgetSpent: 9 }, 240_000],
    ['is at most 15 minutes', { durationsMs: [40_000_000] }, 900_000],
    ['is the floor when that is longer still', { floorMs: 3_600_000, durationsMs: [40_000_000] }, 3_600_000],
  ])('%s', (_, changes, delayMs) => {
    expect(pollDelayMs(facts(changes))).toBe(delayMs);
  });

  test('is never below the floor', () => {
    const share = fc.double({ min: 0, max: 2, noNaN: true });
    fc.assert(
      fc.property(fc.nat(3_600_000), fc.nat(100), fc.nat(10_000_000), share, (floorMs, inFlight, youngestMs, budgetSpent) => {
        expect(pollDelayMs(facts({ floorMs, inFlight, youngestMs, budgetSpent }))).toBeGreaterThanOrEqual(floorMs);
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
