import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isoTime, tableTime } from './instants.js';

const LAST = 8_640_000_000_000_000;

test('an instant is written as a Date writes it, whichever day was written before', () => {
  const at = fc.oneof(
    ...[fc.integer({ min: 1, max: LAST }), fc.integer({ min: 1, max: 4_102_444_800_000 })],
    ...[fc.double({ min: 1, max: 2_000_000_000_000, noNaN: true }), fc.constantFrom(1, 86_399_999, 86_400_000, 253_402_300_800_000, LAST)],
  );
  fc.assert(
    fc.property(fc.array(at, { minLength: 1, maxLength: 8 }), (instants) => {
      expect(instants.map(isoTime)).toEqual(instants.map((one) => new Date(one).toISOString()));
    }),
  );
});

test.each([undefined, 0, -1, Number.NaN, Number.POSITIVE_INFINITY, LAST + 1])('%p is no time', (at) => {
  expect(isoTime(at)).toBeUndefined();
  expect(tableTime(at)).toBe('');
});
