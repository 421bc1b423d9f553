import { describe, expect, test } from '@jest/globals';
import type { CampaignReport } from '../../domain/campaign/status.js';
import { emptyCounts } from '../../domain/run/outcome.js';
import { failureLines, nextLines, reportLines, waveReportLines } from './run-end.js';

const { pending: _pending, running: _running, ...none } = emptyCounts();
const REPORT: CampaignReport = {
  ...{ runId: 'patch', status: 'stopped', script: { id: '7', title: 'Patch' }, strays: 0, executions: 1, apiCalls: 9 },
  counts: { ...none, targeted: 5, failed: 2, unverified: 1, skipped: 2 },
  ...{ startedAt: '2026-08-22T10:00:00.000Z', finishedAt: '2026-08-22T10:01:00.000Z' },
  waves: [
    {
      ...{ name: 'canary', status: 'rolled-back', approvedBy: [], rollbackId: 'patch/canary/rollback', notRolledBack: 1 },
      counts: { ...none, targeted: 3, failed: 2, unverified: 1 },
    },
    { name: 'rest', status: 'skipped', approvedBy: [], counts: { ...none, targeted: 2, skipped: 2 } },
  ],
};
const textOf = (lines: ReturnType<typeof reportLines>): string[] => lines.map((line) => line.map(({ text }) => text).join(''));

describe('how a run ended, for people', () => {
  test('a wave that was rolled back says how many assets were not', () => {
    expect(textOf(waveReportLines(REPORT))).toEqual([
      '  waves       canary      rolled-back  2 failed, 1 unverified; rolled back by patch/canary/rollback; 1 not rolled back',
      '              rest        skipped      2 skipped',
    ]);
  });

  test('a skipped asset is the one whose reason nobody can guess: where it stands is told', () => {
    const lines = textOf(reportLines(REPORT));
    expect(lines).toContain('    skipped     2   why: overhaul assets patch --outcome skipped');
    expect(lines).toContain('    failed      2');
  });

  test('what is left leads to the command that says what to do about it; nothing left, no line', () => {
    expect(textOf(nextLines(REPORT))).toEqual(['  next        what is left, and what to do about it: overhaul show patch']);
    expect(nextLines({ ...REPORT, counts: { ...none, targeted: 2, succeeded: 1, skipped: 1 } })).toEqual([]);
  });

  test('what policy refuses is said once; of several problems each is named with its place', () => {
    const problems = ['tag "a"', 'tag "b"'].map((problem, index) => ({ path: `policy.neverTouch.tags[${index}]`, problem }));
    const failed = (...told: typeof problems) =>
      textOf(failureLines('x', { kind: 'failed', type: 'PolicyViolation', message: 'Not kept: tag "a"; tag "b".', problems: told }));
    expect(failed(...problems.slice(0, 1))).toEqual(['x  PolicyViolation', '  Not kept: tag "a"; tag "b".']);
    expect(failed(...problems)).toHaveLength(4);
  });
});
