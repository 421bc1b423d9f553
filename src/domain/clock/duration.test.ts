import { expect, test } from '@jest/globals';
import { durationMs } from './duration.js';

test.each<[unknown, number | undefined]>([
  [0, 0],
  [1.4, 1],
  [-1, undefined],
  [Number.NaN, undefined],
  [Number.POSITIVE_INFINITY, undefined],
  ['250ms', 250],
  ['250', 250],
  ['90s', 90_000],
  [' 1.5m ', 90_000],
  ['4h', 14_400_000],
  ['7d', 604_800_000],
  ['36525d', 3_155_760_000_000],
  ['36526d', undefined],
  [1e21, undefined],
  ['7w', undefined],
  ['-1s', undefined],
  ['', undefined],
  ['1h30m', undefined],
  [undefined, undefined],
  [true, undefined],
])('%j is %j milliseconds', (value, ms) => {
  expect(durationMs(value)).toBe(ms);
});
