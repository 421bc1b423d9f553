import { describe, expect, test } from '@jest/globals';
import { settleExecution, type WatchedAsset } from '../polling/settle.js';
import { OUTCOMES } from '../run/outcome.js';
import { type Attempted, COPY_STATES, copyAfter, mayBeRequeued, mayBeTriedAgain, mayStillRun, OVERRIDING } from './may-still-run.js';

const MINUTE = 60_000;
const NOW = 1_700_000_000_000;

/** The copy of one asset after a poll of it. */
function copyOf(job: WatchedAsset['job'], { pastDeadline = false, jobIsKnown = true } = {}) {
  const [decision] = settleExecution({
    assets: [{ assetId: 'a', job }],
    ...{ jobIsKnown, acceptedAt: NOW - 60 * MINUTE, rowsChangedAt: NOW - 60 * MINUTE, clock: { now: NOW, steadyMs: 60 * MINUTE } },
    ...{ pastDeadline, pastLateWatch: pastDeadline },
  }).assets;
  return decision && { outcome: decision.outcome, copy: copyAfter(decision) };
}

const FRESH = NOW - 1_000;
const LONG_AGO = NOW - 10 * MINUTE;

describe('the copy of a script', () => {
  test.each([
    ['a verdict', { status: 'EXECUTION PASSED', statusSince: FRESH }, 'succeeded', 'over'],
    ['a failure', { status: 'EXECUTION FAILED', statusSince: FRESH }, 'failed', 'over'],
    // The other evidence is terminal, whatever the word.
    ['an unknown word with an exit code', { status: 'AGENT DONE', exitCode: 0, statusSince: FRESH }, 'succeeded', 'over'],
    ['an unknown word with an end time', { status: 'AGENT DONE', endedAt: FRESH, statusSince: FRESH }, 'unverified', 'over'],
    ['a result lost in its upload', { status: 'SCRIPT RESULT UPLOAD FAILED', statusSince: LONG_AGO }, 'unverified', 'over'],
    ['an open asset job', { status: 'MANIFEST ASSIGNED', statusSince: LONG_AGO }, 'unreachable', 'open'],
    ['an unknown word alone', { status: 'AGENT EXECUTING', statusSince: LONG_AGO }, 'unverified', 'open'],
    ['a result that is still being told', { status: 'SCRIPT RESULT UPLOAD SUCCESS', exitCode: 3, statusSince: FRESH }, 'failed', 'open'],
  ])('of %s, past the deadline', (_name, job, outcome, copy) => {
    expect(copyOf(job, { pastDeadline: true })).toEqual({ outcome, copy });
  });

  test('is open while its job is not found, and unseen when the job has nothing for the asset', () => {
    expect(copyOf(undefined, { pastDeadline: true, jobIsKnown: false })).toEqual({ outcome: 'unverified', copy: 'open' });
    expect(copyOf(undefined)).toEqual({ outcome: 'missing', copy: 'unseen' });
  });
});

const ALL: Attempted[] = OUTCOMES.flatMap((outcome) => COPY_STATES.map((copy) => ({ outcome, copy })));
const words = (asked: (attempted: Attempted) => boolean) => ALL.filter(asked).map(({ outcome, copy }) => `${outcome}/${copy}`);

describe('may it still run?', () => {
  test('only an open copy may', () => {
    expect(COPY_STATES.filter(mayStillRun)).toEqual(['open']);
  });

  test('nothing is tried again by itself before the last word of Qualys', () => {
    expect(words(mayBeTriedAgain)).toEqual(['failed/over']);
  });

  test('an operator puts back what has an open copy only by naming an outcome that says so', () => {
    const named = words((one) => mayBeRequeued(one, [...OUTCOMES]) && mayStillRun(one.copy));
    expect(named).toEqual(
      OVERRIDING.map((outcome) => `${outcome}/open`).sort((a, b) => words(() => true).indexOf(a) - words(() => true).indexOf(b)),
    );
    expect(words((one) => mayBeRequeued(one, ['failed']))).toEqual(['failed/none', 'failed/unseen', 'failed/over']);
  });
});
