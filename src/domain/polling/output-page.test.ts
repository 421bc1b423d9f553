import { expect, test } from '@jest/globals';
import { fitsWithRows, largerOutputPage, nextOutputPage, type RowsOfScript, rowBytesOf, smallerOutputPage } from './output-page.js';

test.each<[string, { rows: number; bytes: number } | undefined, number | undefined, number]>([
  ['the first page', undefined, undefined, 25],
  ['the first page of a script whose output is known', undefined, 40_000, 100],
  ['the first page of tiny output', undefined, 10, 1_000],
  ['after an empty page', { rows: 0, bytes: 200 }, undefined, 25],
  ['after small rows', { rows: 25, bytes: 25_000 }, undefined, 200],
  ['after rows of 100 KB', { rows: 25, bytes: 2_500_000 }, undefined, 80],
  ['after one row of 30 MB', { rows: 1, bytes: 30_000_000 }, undefined, 1],
  ['after many small rows', { rows: 500, bytes: 500 }, undefined, 1_000],
])('%s', (_, previous, rowBytes, rows) => {
  expect(nextOutputPage(previous, rowBytes)).toBe(rows);
});

test('a page that was too much is halved down to one row, and grows again with each that comes', () => {
  expect([976, 3, 1].map(smallerOutputPage)).toEqual([488, 1, 1]);
  expect([1, 488, 600].map(largerOutputPage)).toEqual([2, 976, 1_000]);
});

test.each<[string, RowsOfScript[], boolean]>([
  ['a thousand of which nothing is known', [{ rows: 1_000 }], true],
  ['more of which nothing is known', [{ rows: 1_001 }], false],
  ['two thousand small ones', [{ rows: 1_999, rowBytes: 4_000 }], true],
  ['a hundred of 100 KB', [{ rows: 100, rowBytes: 100_000 }], false],
  ['those of two scripts, of which one is known', [{ rows: 900 }, { rows: 100, rowBytes: 8_000 }], true],
  ['as many as have been too much before', [{ rows: 500, rowBytes: 4_000, outputPage: 488 }], false],
])('%s fit an answer with their outputs, or not', (_, parts, fit) => {
  expect(fitsWithRows(parts)).toBe(fit);
});

test('a row is as large as its output in base64, learned from ten or more', () => {
  expect(rowBytesOf(Array.from({ length: 10 }, () => 3_000))).toBe(5_000);
  expect(rowBytesOf(Array.from({ length: 9 }, () => 3_000))).toBeUndefined();
});
