import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
// @ts-expect-error a plain script without types
import Order, { DURATIONS } from './order.mjs';

const ROOT = join(import.meta.dirname, '../..');
const durations = DURATIONS as Record<string, number>;

/** The paths in their order. */
function ordered(paths: readonly string[]): string[] {
  const tests = paths.map((path) => ({ path: join(ROOT, path) }));
  return (new Order().sort(tests) as typeof tests).map(({ path }) => path.slice(ROOT.length + 1));
}

test('every file whose duration is written down is there', () => {
  expect(Object.keys(durations).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

test('no file is lost or run twice, and new ones have their place', () => {
  const paths = [...Object.keys(durations), 'test/chaos/new.test.ts', 'src/new.test.ts'];
  expect(ordered(paths).sort()).toEqual([...paths].sort());
});

test('the longest that waits and the longest that computes begin, and after half of the files most of the time is spent', () => {
  const [first, second, ...rest] = ordered(Object.keys(durations));
  const seconds = (list: (string | undefined)[]) => list.reduce((sum, path) => sum + (durations[path ?? ''] ?? 0), 0);
  expect([first, second].filter((path) => path?.startsWith('src/'))).toHaveLength(1);
  expect(Math.max(...Object.values(durations))).toBe(Math.max(seconds([first]), seconds([second])));
  expect(seconds(rest.slice(0, rest.length / 2))).toBeGreaterThan(seconds(rest.slice(rest.length / 2)));
});

test('what waits and what computes are mixed: neither is done long before the other', () => {
  const paths = ordered(Object.keys(durations));
  const last = (computes: boolean) => paths.findLastIndex((path) => path.startsWith('src/') === computes);
  expect(Math.abs(last(true) - last(false))).toBeLessThan(paths.length / 4);
});
