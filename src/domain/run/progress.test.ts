import { expect, test } from '@jest/globals';
import { emptyCounts } from './outcome.js';
import { doneAssets, joinProgress, phaseWord, type RunProgress } from './progress.js';

const progress = (changes: Partial<RunProgress> = {}): RunProgress => ({
  phase: 'running',
  asOf: '2026-01-01T00:00:00.000Z',
  counts: emptyCounts(),
  inFlight: 0,
  callsUsed: 0,
  ...changes,
});
const pending = { kind: 'start', digest: 'd', approvals: 0 };

test.each<[Partial<RunProgress>, string]>([
  [{}, 'running'],
  [{ blocked: 'limit' }, 'blocked'],
  [{ blocked: 'limit', paused: true }, 'paused'],
  [{ paused: true, pending }, 'awaiting approval'],
  [{ phase: 'finished', paused: true, pending, blocked: 'limit' }, 'finished'],
])('%j is in one word %s', (changes, word) => {
  expect(phaseWord(progress(changes))).toBe(word);
});

test('assets are done when they have one of the six outcomes', () => {
  const counts = {
    ...emptyCounts(),
    targeted: 28,
    succeeded: 1,
    failed: 2,
    unverified: 3,
    unreachable: 4,
    missing: 5,
    skipped: 6,
    pending: 3,
    running: 4,
  };
  expect(doneAssets(counts)).toBe(21);
});

test('what only one of the two knows is joined, and one alone is taken as it is', () => {
  const ledger = progress({ callsUsed: 9, etaAt: 'ledger', blocked: 'ledger', pending: { ...pending, digest: 'old' } });
  const workflow = progress({ callsUsed: 5, paused: true });
  expect(joinProgress(ledger, workflow)).toEqual({ ...ledger, pending: undefined, paused: true });
  expect(joinProgress(ledger, { ...workflow, etaAt: 'w', blocked: 'w', pending })).toMatchObject({
    etaAt: 'w',
    blocked: 'w',
    pending,
    callsUsed: 9,
  });
  expect(joinProgress(ledger, undefined)).toBe(ledger);
  expect(joinProgress(undefined, workflow)).toBe(workflow);
});
