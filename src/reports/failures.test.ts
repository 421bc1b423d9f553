import { describe, expect, test } from '@jest/globals';
import type { AssetRow } from '../domain/run/outcome.js';
import { excerptOf, excerptText, failuresIn } from './failures.js';

interface Failed extends Partial<AssetRow> {
  assetId: string;
  output?: string;
}

function failuresOf(rows: Iterable<Failed>) {
  const outputs = new Map<string, string | undefined>();
  async function* failed(): AsyncGenerator<AssetRow> {
    for (const { output, ...row } of rows) {
      outputs.set(row.assetId, output);
      yield { outcome: 'failed', attempt: 1, ...row };
    }
  }
  return failuresIn(failed(), async ({ assetId }) => outputs.get(assetId));
}

const CODE_3 = { reason: 'exit code 3', exitCode: 3, status: 'EXECUTION FAILED' };

describe('failures', () => {
  test('with the same reason, exit code and output are one group, the biggest first', async () => {
    const { groups, rest } = await failuresOf([
      { assetId: '1', name: 'web-1', ...CODE_3, output: 'E: no space left\n' },
      { assetId: '2', name: 'web-2', ...CODE_3, output: 'E: locked' },
      { assetId: '3', name: 'web-3', ...CODE_3, output: '\r\nE: locked  \r\n' },
      { assetId: '4', ...CODE_3, exitCode: 4, output: 'E: locked' },
      { assetId: '5', reason: 'told by its output' },
    ]);
    expect(groups).toEqual([
      {
        ...{ count: 2, ...CODE_3, varies: false, sample: { first: ['E: locked'], leftOut: 0, last: [] } },
        assets: [
          { assetId: '2', name: 'web-2' },
          { assetId: '3', name: 'web-3' },
        ],
      },
      expect.objectContaining({ count: 1, sample: { first: ['E: no space left'], leftOut: 0, last: [] } }),
      expect.objectContaining({ count: 1, exitCode: 4 }),
      expect.objectContaining({ count: 1, reason: 'told by its output', sample: undefined }),
    ]);
    expect(rest).toEqual({ groups: 0, assets: 0, isMore: false });
  });

  test('that different rules decided are different groups', async () => {
    const { groups } = await failuresOf([
      { assetId: '1', reason: 'told by its output', rule: 'verdict.output[0]', output: 'x' },
      { assetId: '2', reason: 'told by its output', rule: 'verdict.output[1]', output: 'x' },
    ]);
    expect(groups.map(({ rule }) => rule)).toEqual(['verdict.output[0]', 'verdict.output[1]']);
  });

  test('that differ in the host’s name only are one group that says so; with another error code they are not', async () => {
    const { groups } = await failuresOf([
      { assetId: '1', name: 'web-1', output: '10:00:31 web-1: error 0x80070005' },
      { assetId: '2', name: 'web-2', output: '10:00:35 web-2: error 0x80070005' },
      { assetId: '3', name: 'web-3', output: '10:00:39 web-3: error 0x80070643' },
    ]);
    expect(groups.map(({ count, varies, sample }) => [count, varies, sample?.first])).toEqual([
      [2, true, ['10:00:31 web-1: error 0x80070005']],
      [1, false, ['10:00:39 web-3: error 0x80070643']],
    ]);
  });

  test('of many kinds are shown up to twenty, and of each ten names; the rest is counted', async () => {
    const kinds = Array.from({ length: 12_000 }, (_, index) => ({ assetId: String(index), output: `error ${Math.max(index, 3_000)}` }));
    const { groups, rest } = await failuresOf(kinds);
    expect(groups).toHaveLength(20);
    expect(groups[0]).toMatchObject({ count: 3_001, assets: Array.from({ length: 10 }, (_, index) => ({ assetId: String(index) })) });
    // 5,000 groups are told apart, and the first takes 3,001 of the 12,000 assets.
    expect(rest).toEqual({ groups: 4_980, assets: 8_980, isMore: true });
  });
});

describe('an excerpt', () => {
  test('has the first and the last lines, and says how many are between', () => {
    const lines = Array.from({ length: 1_234 }, (_, index) => `line ${index + 1}`);
    expect(excerptText(excerptOf(lines.join('\r\n'))).split('\n')).toEqual([
      ...['line 1', 'line 2', 'line 3', 'line 4', 'line 5', 'line 6'],
      '… 1,222 lines left out …',
      ...['line 1229', 'line 1230', 'line 1231', 'line 1232', 'line 1233', 'line 1234'],
    ]);
  });

  test('has all of a short output, and no mark in place of a single line', () => {
    const thirteen = Array.from({ length: 13 }, (_, index) => String(index)).join('\n');
    expect(excerptText(excerptOf(thirteen))).toBe(thirteen);
    expect(excerptText(excerptOf(' \n '))).toBe('');
  });

  test('has no colours, and no line longer than a screen', () => {
    expect(excerptOf(`\x1b[31mred\x1b[0m ${'x'.repeat(1_000)}`).first).toEqual([`red ${'x'.repeat(236)}…`]);
  });
});
