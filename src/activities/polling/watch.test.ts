import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { accepted, close, openRun, steadyReading, TERMS, useLedgers } from '../../../test/support/ledger/ledger.js';
import { find } from '../../../test/support/ledger/scenario.js';
import type { Ledger } from '../../ledger/index.js';
import { QualysError } from '../../qualys/errors.js';
import type { AssetJobRow, Page } from '../../qualys/types.js';
import { createWatch, type WatchInput, type WatchResult } from './watch.js';

const ledgers = useLedgers();
let ledger: Ledger;
let now: number;
let polls: number;
let failure: QualysError | undefined;
let rows: AssetJobRow[];

beforeEach(async () => {
  ledger = await ledgers.open();
  polls = 0;
  failure = undefined;
  rows = [{ id: 'row', jobId: '900', assetId: 'a', status: 'MANIFEST ASSIGNED' }];
  const fence = await openRun(ledger, 'r', ['a', 'b'], {
    poll: { interval: '30s' },
    errorBudget: { max: 0 },
    retry: { failed: 0 },
    output: 'none',
  });
  await accepted(ledger, 'r', fence);
  await ledger.verdicts.setJob('r', 1, { jobId: '900', createdAt: TERMS.serverAt });
  now = await ledger.database.now();
  jest.spyOn(ledger.database, 'now').mockImplementation(async () => now);
  jest.spyOn(ledger.serverClock, 'reading').mockImplementation(async () => steadyReading(TERMS.serverAt + 60_000));
});

async function* answered(): AsyncGenerator<Page<AssetJobRow>> {
  polls += 1;
  if (failure) throw failure;
  yield { rows, bytes: 1_000 };
}

function watch(input: Partial<WatchInput> = {}, attempt = 1): Promise<WatchResult> {
  const qualys = { searchJobs: () => nothing(), searchAssetJobs: answered, countAssetJobs: async () => ({}) };
  const environment = new MockActivityEnvironment({ attempt });
  return environment.run(createWatch({ ledger, qualys }).watch, { runId: 'r', reportedAt: now + 1, reportedWakes: 0, ...input });
}

async function* nothing(): AsyncGenerator<Page<never>> {}

/** Real milliseconds until the next attempt. */
async function delayOf(attempt: Promise<WatchResult>): Promise<unknown> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof ApplicationFailure) return error.nextRetryDelay;
    throw error;
  }
  throw new Error('The watch returned.');
}

describe('the last minute of a cancelled run', () => {
  const hurry = true;

  test('has a look at once, and the next no sooner than five seconds later, also where the budget is breached', async () => {
    await find(ledger, { outcome: 'failed', lease: null }, { assetId: 'b' });
    await ledger.runs.setNextPoll('r', now + 900_000);
    expect(await delayOf(watch({ hurry }))).toBe(5_000);
    now += 1_000;
    expect(await delayOf(watch({ hurry }))).toBe(4_000);
    expect(polls).toBe(1);
    now += 4_000;
    expect(await delayOf(watch({ hurry }))).toBe(5_000);
    expect(polls).toBe(2);
  });

  test('does not wait for the cadence after a poll that failed', async () => {
    await ledger.runs.setNextPoll('r', now + 900_000);
    failure = new QualysError('unavailable', 'HTTP 502');
    expect(await delayOf(watch({ hurry }))).toBe(2_000);
    failure = undefined;
    now += 2_000;
    expect(await delayOf(watch({ hurry }, 2))).toBe(5_000);
    expect(polls).toBe(2);
  });

  test('is not spent on saying why nothing can be seen', async () => {
    failure = new QualysError('limited', 'HTTP 429', { waitMs: 60_000 });
    expect(await delayOf(watch({ hurry }))).toBe(60_000);
  });
});

describe('a slot that is free', () => {
  beforeEach(async () => {
    jest.restoreAllMocks();
    now += 15 * 60_000;
    jest.spyOn(ledger.database, 'now').mockImplementation(async () => now);
  });

  test('is told at once when the attempt that freed it ended before it could tell', async () => {
    const { wakes: reportedWakes } = await ledger.runs.snapshot('r');
    rows = ['a', 'b'].map((assetId) => ({ id: `row-${assetId}`, jobId: '900', assetId, status: 'PENDING', disconnected: true }));
    const ends = jest.spyOn(ledger.runs, 'setNextPoll').mockRejectedValueOnce(new Error('killed'));
    await expect(watch({ reportedWakes })).rejects.toThrow('killed');
    ends.mockRestore();
    await ledger.runs.setNextPoll('r', now + 900_000);
    expect((await watch({ reportedWakes }, 2)).snapshot).toMatchObject({ slotsTaken: 0, watched: 1 });
    expect(polls).toBe(1);
  });

  test.each([
    ['set back', -60_000],
    ['set forward', 86_400_000],
  ])('is told once also when the clock was %s meanwhile: it wakes nothing again', async (_, byMs) => {
    rows = ['a', 'b'].map((assetId) => ({ id: `row-${assetId}`, jobId: '900', assetId, status: 'PENDING', disconnected: true }));
    const { snapshot } = await watch({ reportedWakes: 0 });
    const stampedAt = now;
    now += byMs;
    jest.spyOn(ledger.database, 'now').mockImplementation(async () => now);
    await ledger.runs.setNextPoll('r', now + 60_000);
    expect(await delayOf(watch({ reportedWakes: snapshot.wakes, reportedAt: stampedAt }))).toBe(60_000);
  });

  test('is told once', async () => {
    rows = ['a', 'b'].map((assetId) => ({ id: `row-${assetId}`, jobId: '900', assetId, status: 'EXECUTION PASSED' }));
    const { snapshot } = await watch();
    expect(await ledger.verdicts.hasWakeSince('r', snapshot.wakes)).toBe(false);
    await close(ledger, 'r');
    expect(await ledger.verdicts.hasWakeSince('r', snapshot.wakes)).toBe(false);
  });
});
