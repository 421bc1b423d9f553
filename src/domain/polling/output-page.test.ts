import { expect, test } from '@jest/globals';
import { fitsWithRows, largerOutputPage, nextOutputPage, rowBytesOf, smallerOutputPage } from './output-page.js';

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

test.each<[string, number, Parameters<typeof fitsWithRows>[1], boolean]>([
  ['a thousand of which nothing is known', 1_000, {}, true],
  ['more of which nothing is known', 1_001, {}, false],
  ['two thousand small ones', 1_999, { rowBytes: 4_000 }, true],
  ['a hundred of 100 KB', 100, { rowBytes: 100_000 }, false],
  ['as many as have been too much before', 500, { rowBytes: 4_000, outputPage: 488 }, false],
])('%s fit an answer with their outputs: %j', (_, rows, known, fit) => {
  expect(fitsWithRows(rows, known)).toBe(fit);
});

test('a row is as large as its output in base64, learned from ten or more', () => {
  expect(rowBytesOf(Array.from({ length: 10 }, () => 3_000))).toBe(5_000);
  expect(rowBytesOf(Array.from({ length: 9 }, () => 3_000))).toBeUndefined();
});
