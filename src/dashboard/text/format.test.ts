import { expect, test } from '@jest/globals';
import { bytes, percent, plural, relative, utc } from './format.js';

const NOW = Date.parse('2026-11-30T20:00:00.000Z');

test.each([
  ['2026-11-30T19:59:55.000Z', 'just now'],
  ['2026-11-30T19:59:30.000Z', '30 seconds ago'],
  ['2026-11-30T19:57:00.000Z', '3 minutes ago'],
  ['2026-11-30T22:01:00.000Z', 'in 2 hours'],
  ['2026-11-27T20:00:00.000Z', '3 days ago'],
])('%s is %s', (instant, words) => {
  expect(relative(instant, NOW)).toBe(words);
});

test('a share is all only of all, and nothing only of nothing', () => {
  expect([percent(0, 0), percent(0, 5), percent(1, 1_000_000), percent(999_999, 1_000_000), percent(5, 5)]).toEqual([0, 0, 1, 99, 100]);
});

test('numbers, instants and sizes', () => {
  expect([plural(1, 'asset'), plural(1_200, 'asset')]).toEqual(['1 asset', '1,200 assets']);
  expect(utc('2026-11-30T20:00:59.000Z')).toBe('2026-11-30 20:00 UTC');
  expect([bytes(999), bytes(1_500), bytes(2_500_000)]).toEqual(['999 B', '1.5 kB', '2.5 MB']);
});
