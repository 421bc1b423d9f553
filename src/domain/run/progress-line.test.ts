import { describe, expect, test } from '@jest/globals';
import { spanText } from '../clock/span.js';
import { emptyCounts } from './outcome.js';
import { doneAssets, joinProgress, phaseWord, type RunProgress } from './progress.js';
import { nextProgressLine, progressFacts } from './progress-line.js';

const NOW = Date.parse('2026-08-22T10:00:00.000Z');
const PROGRESS: RunProgress = {
  phase: 'running',
  asOf: '2026-08-22T10:00:00.000Z',
  counts: { ...emptyCounts(), targeted: 100, succeeded: 39, failed: 1, running: 50, pending: 10 },
  inFlight: 2,
  callsUsed: 7,
  etaAt: '2026-08-22T10:03:20.000Z',
};

describe('a progress line', () => {
  test('says when, what is done, what is under way, what it cost and how long it may take', () => {
    expect(nextProgressLine(undefined, PROGRESS, NOW)?.text).toBe(
      '2026-08-22T10:00:00.000Z running: 40 of 100 done (39 succeeded, 1 failed), 10 pending, 50 running; 2 executions in flight, 7 calls, about 3m 20s left',
    );
  });

  test('is not printed again while nothing changes but the time and the calls that polling takes', () => {
    const first = nextProgressLine(undefined, PROGRESS, NOW);
    expect(
      nextProgressLine(
        first,
        { ...PROGRESS, callsUsed: 9, etaAt: '2026-08-22T11:00:00.000Z', asOf: '2026-08-22T10:59:00.000Z' },
        NOW + 60_000,
      ),
    ).toBeUndefined();
  });

  test('waits three seconds after the line before', () => {
    const first = nextProgressLine(undefined, PROGRESS, NOW);
    const changed = { ...PROGRESS, inFlight: 3 };
    expect(nextProgressLine(first, changed, NOW + 2_999)).toBeUndefined();
    expect(nextProgressLine(first, changed, NOW + 3_000)?.text).toContain('3 executions');
  });

  test('says nothing of a forecast that has passed, nor of assets before there are any', () => {
    expect(nextProgressLine(undefined, PROGRESS, NOW + 3_600_000)?.text).toMatch(/7 calls$/);
    expect(progressFacts({ ...PROGRESS, phase: 'opening', counts: emptyCounts(), inFlight: 0 })).toBe(
      'opening; 0 executions in flight, 7 calls',
    );
  });

  test('names what the run waits for', () => {
    const waiting = { ...PROGRESS, blocked: 'Qualys asked to wait 60 s', pending: { kind: 'approval', digest: 'ab12', approvals: 1 } };
    expect(progressFacts(waiting)).toContain('blocked: Qualys asked to wait 60 s; waits for approval (digest ab12, 1 approval so far)');
    expect(phaseWord(waiting)).toBe('awaiting approval');
    expect(phaseWord({ ...PROGRESS, paused: true })).toBe('paused');
    expect(phaseWord({ ...PROGRESS, blocked: 'x' })).toBe('blocked');
  });
});

describe('progress from two sources', () => {
  test('takes numbers from the ledger, and decisions and forecast from the workflow', () => {
    const ledger = { ...PROGRESS, callsUsed: 9, etaAt: undefined };
    const workflow = { ...PROGRESS, callsUsed: 7, pending: { kind: 'approval', digest: 'ab12', approvals: 0 } };
    const joined = joinProgress(ledger, workflow);
    expect(joined).toMatchObject({ callsUsed: 9, etaAt: '2026-08-22T10:03:20.000Z', pending: { digest: 'ab12' } });
  });

  test('is the one there is when the other is not', () => {
    expect(joinProgress(undefined, PROGRESS)).toEqual(PROGRESS);
    expect(joinProgress(PROGRESS, undefined)).toEqual(PROGRESS);
    expect(joinProgress(undefined, undefined)).toBeUndefined();
  });

  test('counts the six outcomes as done, and neither pending nor running', () => {
    expect(doneAssets(PROGRESS.counts)).toBe(40);
  });
});

test.each([
  [-5, '0s'],
  [45_400, '45s'],
  [200_000, '3m 20s'],
  [7_500_000, '2h 05m'],
  [273_600_000, '3d 04h'],
])('%d ms read %s', (ms, text) => {
  expect(spanText(ms)).toBe(text);
});
