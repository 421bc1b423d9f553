import { describe, expect, test } from '@jest/globals';
import { parseProgress } from './progress.js';

describe('the answer of the query progress', () => {
  test('is taken as it is, counts that it lacks being zero', () => {
    const answer = { phase: 'running', asOf: '2026-08-22T10:00:00Z', counts: { targeted: 3, succeeded: 1 }, inFlight: 1, callsUsed: 4 };
    expect(parseProgress(answer)).toEqual({
      ...answer,
      counts: { targeted: 3, succeeded: 1, failed: 0, unverified: 0, unreachable: 0, missing: 0, skipped: 0, pending: 0, running: 0 },
    });
  });

  test('may give approvals as a list, a reason for blocking as an object, and more than is known here', () => {
    const parsed = parseProgress({
      phase: 'running',
      asOf: '2026-08-22T10:00:00Z',
      counts: { targeted: 3, novel: 1 },
      inFlight: 1,
      callsUsed: 4,
      blocked: { kind: 'limit', why: 'Qualys asked to wait 60 s' },
      pending: { kind: 'approval', digest: 'ab12', approvals: ['kim', 'lee'] },
      novel: true,
    });
    expect(parsed.blocked).toBe('Qualys asked to wait 60 s');
    expect(parsed.pending).toEqual({ kind: 'approval', digest: 'ab12', approvals: 2 });
    expect(parsed.counts.targeted).toBe(3);
  });

  test('that is none is refused', () => {
    expect(() => parseProgress('busy')).toThrow();
  });
});
