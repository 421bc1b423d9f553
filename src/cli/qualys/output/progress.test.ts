import { describe, expect, test } from '@jest/globals';
import { lineWidth } from '../../terminal/paint.js';
import { walkLine } from './progress.js';

const text = (facts: Parameters<typeof walkLine>[0], columns: number, unicode = true) =>
  walkLine(facts, { columns, unicode })
    .map((segment) => segment.text)
    .join('');

const facts = { rows: 12_000, total: 48_000, noun: 'asset jobs', elapsedMs: 8_000 };

describe('the line under a walk', () => {
  test('is a bar with rows, rate and what is left', () => {
    expect(text(facts, 140)).toBe(`${'█'.repeat(10)}${'░'.repeat(30)} 12,000/48,000 asset jobs  1,500/s  24s left`);
  });

  test('speaks ASCII where the terminal may not know more', () => {
    expect(text(facts, 80, false)).toBe(`${'#'.repeat(8)}${'.'.repeat(27)} 12,000/48,000 asset jobs  1,500/s  24s left`);
  });

  test('is figures alone where there is no room, or no total', () => {
    expect(text(facts, 45)).toBe('12,000/48,000 asset jobs  1,500/s  24s left');
    expect(text({ ...facts, total: undefined }, 80)).toBe('12,000 asset jobs  1,500/s');
  });

  test('believes the rows where the total is smaller', () => {
    expect(text({ ...facts, total: 100 }, 80)).toBe('12,000 asset jobs  1,500/s');
  });

  test('never reaches the last column', () => {
    for (let columns = 2; columns <= 200; columns += 1) {
      expect(lineWidth(walkLine(facts, { columns, unicode: true }))).toBeLessThan(columns);
    }
  });
});
