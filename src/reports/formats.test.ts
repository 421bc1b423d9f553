import { lstat, mkdtemp, readdir, readFile, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PATCH_REPORT } from '../../test/support/patch-report.js';
import type { AssetRow } from '../domain/run/outcome.js';
import { csvReport } from './csv.js';
import { writeReportFile } from './file.js';
import { jsonReport } from './json.js';

const ASSETS: AssetRow[] = [
  { assetId: '1', name: 'web-1', outcome: 'succeeded', status: 'SUCCESS', exitCode: 0, attempt: 1, jobId: '9', outputBytes: 12 },
  { assetId: '2', name: '=cmd|"x"', outcome: 'failed', reason: 'exit code -1, then nothing', exitCode: -1, attempt: 1 },
];

async function* rows(items: readonly AssetRow[]): AsyncGenerator<AssetRow> {
  yield* items;
}

async function text(chunks: AsyncIterable<string>): Promise<string> {
  const parts: string[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return parts.join('');
}

describe('the CSV report', () => {
  test('has a header named like AssetRow, quotes where needed, and leaves numbers numbers', async () => {
    expect(await text(csvReport(rows(ASSETS)))).toBe(
      [
        'assetId,name,outcome,reason,status,exitCode,attempt,wave,correlationUuid,jobId,startedAt,finishedAt,outputBytes,late,rule',
        '1,web-1,succeeded,,SUCCESS,0,1,,,9,,,12,,',
        `2,"'=cmd|""x""",failed,"exit code -1, then nothing",,-1,1,,,,,,,,`,
        '',
      ].join('\n'),
    );
  });

  test('no name begins a formula, whatever blanks and controls come before it', async () => {
    const blanks = fc.string({ unit: fc.constantFrom(' ', '\t', '\r', '\n', '\0', '\u00a0', '\u200b'), maxLength: 4 });
    const name = fc.tuple(blanks, fc.constantFrom('=', '+', '-', '@', '＝', '＋', '－', '＠'), fc.string()).map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(name, async (hostile) => {
        const csv = await text(csvReport(rows([{ assetId: '1', name: hostile, outcome: 'succeeded', attempt: 1 }])));
        expect(csv.split('\n').slice(1).join('\n')).toMatch(/^1,"?'/);
      }),
    );
  });
});

describe('the JSON report', () => {
  test('is { report, assets }', async () => {
    expect(JSON.parse(await text(jsonReport(PATCH_REPORT, rows(ASSETS))))).toEqual({ report: PATCH_REPORT, assets: ASSETS });
  });

  test('says beside why assets failed, where any did', async () => {
    const sample = { first: ['one'], leftOut: 2, last: ['four'] };
    const groups = [{ count: 2, reason: 'exit code 3', exitCode: 3, varies: false, sample, assets: [] }];
    const failures = { groups: [...groups, { count: 1, varies: false, assets: [] }], rest: { groups: 0, assets: 0, isMore: false } };
    expect(JSON.parse(await text(jsonReport(PATCH_REPORT, rows(ASSETS), { failures })))).toEqual({
      report: PATCH_REPORT,
      failures: [{ count: 2, reason: 'exit code 3', exitCode: 3, sample: 'one\n… 2 lines left out …\nfour' }, { count: 1 }],
      assets: ASSETS,
    });
  });

  test('of no assets is still JSON', async () => {
    expect(JSON.parse(await text(jsonReport(PATCH_REPORT, rows([]))))).toEqual({ report: PATCH_REPORT, assets: [] });
  });

  test('comes in chunks of bounded size, however many assets there are', async () => {
    async function* many(): AsyncGenerator<AssetRow> {
      for (let id = 1; id <= 20_000; id += 1) yield { assetId: String(id), outcome: 'succeeded', attempt: 1 };
    }
    let largest = 0;
    let size = 0;
    for await (const chunk of jsonReport(PATCH_REPORT, many())) {
      largest = Math.max(largest, chunk.length);
      size += chunk.length;
    }
    expect(size).toBeGreaterThan(900_000);
    expect(largest).toBeLessThan(30_000);
  });
});

describe('the report file', () => {
  test('is readable by its owner only, and replaces the one before', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'report-')), 'run.csv');
    await writeReportFile(path, lines(['old']));
    await writeReportFile(path, lines(['a', 'b']));
    expect(await readFile(path, 'utf8')).toBe('ab');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('that is a device stays one', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'report-')), 'null');
    await symlink('/dev/null', path);
    await writeReportFile(path, lines(['a', 'b']));
    expect((await lstat(path)).isSymbolicLink()).toBe(true);
    expect(await readFile(path, 'utf8')).toBe('');
  });

  test('that could not be finished leaves the one before, and nothing beside it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'report-'));
    const path = join(directory, 'run.csv');
    await writeReportFile(path, lines(['whole']));
    await expect(writeReportFile(path, broken())).rejects.toThrow('the ledger is gone');
    expect(await readFile(path, 'utf8')).toBe('whole');
    expect(await readdir(directory)).toEqual(['run.csv']);
  });
});

async function* lines(chunks: readonly string[]): AsyncGenerator<string> {
  yield* chunks;
}

async function* broken(): AsyncGenerator<string> {
  yield 'half';
  throw new Error('the ledger is gone');
}
