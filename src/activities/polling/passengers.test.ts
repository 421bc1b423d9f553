// Looks that read for several runs.
import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { accepted, openRun, useLedgers } from '../../../test/support/ledger/ledger.js';
import type { RemediationRequestInput } from '../../contracts/request.js';
import type { Ledger } from '../../ledger/index.js';
import type { AssetJobRow, Page } from '../../qualys/types.js';
import { createWatch, type WatchResult } from './watch.js';

const ASSETS = { a: ['1', '2'], b: ['3', '4'], c: ['5'] } as const;
type Id = keyof typeof ASSETS;
const ledgers = useLedgers();
let ledger: Ledger;
let now: number;
/** The UUIDs that each call asked for. */
let asked: string[][];
let statusOf: (assetId: string) => string;
let shows: (assetId: string) => boolean;
/** What happens before a call is answered. */
let meanwhile: () => Promise<void>;

beforeEach(async () => {
  ledger = await ledgers.open();
  asked = [];
  statusOf = () => 'EXECUTION PASSED';
  shows = () => true;
  meanwhile = async () => undefined;
  now = await ledger.database.now();
  jest.spyOn(ledger.database, 'now').mockImplementation(async () => now);
});

const later = (minutes: number) => {
  now += minutes * 60_000;
};

async function opened(ids: readonly Id[], request: Partial<RemediationRequestInput> = {}): Promise<void> {
  for (const id of ids) await accepted(ledger, id, await openRun(ledger, id, [...ASSETS[id]], { output: 'none', ...request }));
}

async function* searchAssetJobs({ filter = '' }: { filter?: string }): AsyncGenerator<Page<AssetJobRow>> {
  await meanwhile();
  const uuids = [...filter.matchAll(/uuid-(\w)-1/g)].map(([, id]) => id as Id);
  asked.push(uuids);
  const rows = uuids.flatMap((id) => ASSETS[id].filter(shows).map((assetId) => rowOf(id, assetId)));
  yield { rows, bytes: 1_000 };
}

function rowOf(id: Id, assetId: string): AssetJobRow {
  const correlationUuid = `uuid-${id}-1`;
  return { id: `row-${assetId}`, jobId: `job-${id}`, correlationUuid, assetId, status: statusOf(assetId), exitCode: 0 };
}

function watch(id: Id, reportedWakes = 0): Promise<WatchResult> {
  async function* searchJobs(): AsyncGenerator<Page<never>> {}
  const { watch: watchRun } = createWatch({ ledger, qualys: { searchAssetJobs, searchJobs, countAssetJobs: async () => ({}) } });
  return new MockActivityEnvironment().run(watchRun, { runId: id, reportedAt: now, reportedWakes });
}

async function delayOf(attempt: Promise<WatchResult>): Promise<unknown> {
  const failure = await attempt.then(
    () => new Error('The watch returned.'),
    (error: unknown) => error,
  );
  if (failure instanceof ApplicationFailure) return failure.nextRetryDelay;
  throw failure;
}

const countsOf = async (id: Id) => (await ledger.runs.snapshot(id)).counts;

test('one call reads what all runs have in flight, and each has its verdicts without one of its own', async () => {
  await opened(['a', 'b', 'c']);
  later(20);
  expect((await watch('a')).snapshot.counts.succeeded).toBe(2);
  expect(asked).toEqual([['a', 'b', 'c']]);
  expect((await watch('b')).snapshot).toMatchObject({ watched: 0, counts: { succeeded: 2 } });
  expect((await watch('c')).snapshot).toMatchObject({ watched: 0, counts: { succeeded: 1 } });
  expect(asked).toHaveLength(1);
});

test('runs that are due at the same time make one look', async () => {
  await opened(['a', 'b', 'c']);
  later(20);
  const told = await Promise.all([watch('a'), watch('b'), watch('c')]);
  expect(told.map(({ snapshot }) => snapshot.watched)).toEqual([0, 0, 0]);
  expect(asked).toHaveLength(1);
});

test('a run that the look before its own has settled is done, also where nothing woke it', async () => {
  await opened(['a', 'b']);
  later(20);
  jest.spyOn(ledger.verdicts, 'hasWakeSince').mockResolvedValue(false);
  const told = await Promise.all([watch('a'), watch('b')]);
  expect(told.map(({ snapshot }) => snapshot.watched)).toEqual([0, 0]);
});

test('a run that another look has found open looks again no sooner than after its own interval', async () => {
  statusOf = (assetId) => (assetId === '1' || assetId === '2' ? 'EXECUTION PASSED' : 'MANIFEST ASSIGNED');
  await opened(['a', 'b'], { poll: { interval: '10m' } });
  later(20);
  await watch('a');
  expect(await delayOf(watch('b'))).toBe(600_000);
  expect(asked).toEqual([['a', 'b']]);
});

test('a run that waits for its look asks what others have found without a call: every few seconds, and less often for what has long been on its way', async () => {
  statusOf = () => 'MANIFEST ASSIGNED';
  await opened(['a', 'b']);
  later(1);
  expect(await delayOf(watch('a'))).toBe(5_000);
  later(20);
  expect(await delayOf(watch('a'))).toBeCloseTo(21 * 60_000 * 0.05, -1);
  statusOf = () => 'EXECUTION PASSED';
  later(20);
  await watch('a');
  expect((await watch('b')).snapshot).toMatchObject({ watched: 0 });
  expect(asked).toHaveLength(3);
});

test('none is read along more often than its own interval allows', async () => {
  statusOf = () => 'MANIFEST ASSIGNED';
  await opened(['a'], { poll: { interval: '30s' } });
  await opened(['b'], { poll: { interval: '30m' } });
  later(20);
  await delayOf(watch('a'));
  later(16);
  await delayOf(watch('a'));
  expect(asked).toEqual([['a', 'b'], ['a']]);
});

test('what the call does not show of another run is for that one to find out', async () => {
  shows = (assetId) => assetId !== '3' && assetId !== '4';
  await opened(['a', 'b']);
  later(20);
  await watch('a');
  expect(await countsOf('b')).toMatchObject({ running: 2 });
  expect(await ledger.verdicts.lastPollAt('b')).toBe(0);
  await delayOf(watch('b'));
  expect(asked).toEqual([['a', 'b'], ['b']]);
});

test('an error budget that is exceeded in the look of another run stops its own, and its workflow hears of it', async () => {
  statusOf = (assetId) => (assetId === '3' ? 'EXECUTION FAILED' : assetId === '4' ? 'MANIFEST ASSIGNED' : 'EXECUTION PASSED');
  await opened(['a', 'b'], { errorBudget: { max: 0 }, retry: { failed: 0 } });
  later(20);
  await watch('a');
  expect((await ledger.runs.get('b'))?.stop).toMatchObject({ cause: 'stopped' });
  expect((await watch('b')).snapshot.stop).toBeDefined();
  expect(asked).toHaveLength(1);
});

test('a budget that a process did not come to is enforced before the run is told that a slot is free', async () => {
  statusOf = (assetId) => (assetId === '3' ? 'EXECUTION FAILED' : 'EXECUTION PASSED');
  await opened(['a', 'b'], { errorBudget: { max: 0 }, retry: { failed: 0 } });
  later(20);
  const ends = jest.spyOn(ledger.runs, 'setNextPoll').mockRejectedValue(new Error('killed'));
  await expect(watch('a')).rejects.toThrow('killed');
  ends.mockRestore();
  expect((await ledger.runs.get('b'))?.stop).toBeUndefined();
  expect((await watch('b')).snapshot.stop).toBeDefined();
});

describe('a run that closes while another looks', () => {
  test('is written to no more: what was found is kept beside its report', async () => {
    await opened(['a', 'b']);
    later(20);
    meanwhile = async () => {
      await ledger.runs.beginClosing('b');
      await ledger.verdicts.closeOpen('b', 'cancelled');
    };
    await watch('a');
    expect(await countsOf('a')).toMatchObject({ succeeded: 2 });
    expect(await countsOf('b')).toMatchObject({ unverified: 2, succeeded: 0 });
  });
});
