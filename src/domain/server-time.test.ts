import { describe, expect, test } from '@jest/globals';
import { clockRate, serverTimeAt } from './server-time.js';

const samples = (localMs: number, serverMs: number) => ({
  firstLocal: 1_000,
  firstServer: 50_000,
  lastLocal: 1_000 + localMs,
  lastServer: 50_000 + serverMs,
});

describe("Qualys' clock", () => {
  test.each([
    ['one instant', 0, 600_000, 1],
    ['two machines behind one gateway, ten seconds apart', 500, 10_500, 1],
    ['a simulator sixty times as fast, after half a second', 500, 30_000, 60],
    ['the same pace', 60_000, 60_000, 1],
    ['a drift', 60_000, 65_000, 1],
    ['a simulator sixty times as fast', 60_000, 3_600_000, 60],
    ['a clock set back', 60_000, -60_000, 1],
  ])('%s', (_, localMs, serverMs, rate) => {
    expect(clockRate(samples(localMs, serverMs))).toBe(rate);
  });

  test('goes on from the last answer at its rate, and is ours before any', () => {
    expect(serverTimeAt(1_234, undefined)).toBe(1_234);
    expect(serverTimeAt(62_000, samples(60_000, 60_000))).toBe(111_000);
    expect(serverTimeAt(62_000, samples(60_000, 3_600_000))).toBe(3_710_000);
  });
});
