import { describe, expect, test } from '@jest/globals';
import { costOf } from './cost.js';

const cost = (assets: number, maxInFlight: number, output: 'all' | 'failed' | 'none' = 'all') =>
  costOf({ assets, maxInFlight, output, openingCalls: 2 });

describe('the cost of a run', () => {
  // Measured with the benches (docs/benchmarks.md) and with single runs against the simulator at the default cadence.
  test.each([
    [25, 4, 8],
    [25, 4, 11],
    [100, 4, 13],
    [100, 4, 16],
    [1_000, 40, 52],
    [1_000, 4, 95],
  ])('of %d assets, %d executions at once, holds the measured %d calls', (assets, maxInFlight, measured) => {
    const { calls } = cost(assets, maxInFlight);
    expect(calls.atLeast).toBeLessThanOrEqual(measured);
    expect(calls.atMost).toBeGreaterThanOrEqual(measured);
  });

  test('stays within three calls an execution where there are many', () => {
    expect(cost(10_000, 4).calls.atMost / 400).toBeLessThan(4);
    expect(cost(10_000, 40).calls.atMost / 400).toBeLessThan(2.5);
  });

  test('is lower without output, and only that of opening where nothing is sent', () => {
    expect(cost(25, 4, 'none').calls).toEqual({ opening: 2, atLeast: 4, atMost: 13 });
    expect(cost(25, 4, 'failed').calls.atLeast).toBe(4);
    expect(cost(0, 4)).toEqual({ executions: 0, calls: { opening: 2, atLeast: 2, atMost: 2 } });
  });
});
