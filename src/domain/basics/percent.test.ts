import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { amountOf, isRounded } from './percent.js';

test.each<[number | string, number, number, number]>([
  [7, 3, 7, 7],
  ['10%', 30, 3, 3],
  ['10%', 31, 3, 4],
  ['0%', 50, 0, 0],
  ['0.1%', 999, 0, 1],
  ['100%', 7, 7, 7],
  ['33.33%', 300, 99, 100],
  // Floating point makes 1,004 of this.
  ['1.005%', 100_000, 1_005, 1_005],
  ['29%', 100, 29, 29],
  ['0.57%', 1_000_000, 5_700, 5_700],
])('%s of %d is %d rounded down and %d rounded up', (amount, total, down, up) => {
  expect([amountOf(amount, total, 'down'), amountOf(amount, total, 'up')]).toEqual([down, up]);
  expect(isRounded(amount, total)).toBe(down !== up);
});

test('a share rounded up is the smallest number that is not less than it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000 }), fc.nat(1_000_000), (hundredths, total) => {
      const percent = `${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, '0')}%`;
      const up = amountOf(percent, total, 'up');
      expect(up * 10_000).toBeGreaterThanOrEqual(hundredths * total);
      if (up > 0) expect((up - 1) * 10_000).toBeLessThan(hundredths * total);
      else expect(hundredths * total).toBe(0);
    }),
  );
});

test('what is no percentage is refused', () => {
  expect(() => amountOf('five', 100, 'up')).toThrow('"five" is not a percentage');
});
