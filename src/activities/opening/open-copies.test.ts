import { beforeEach, describe, expect, test } from '@jest/globals';
import { ledgerOf } from '../../../test/support/ledger/inspector.js';
import { accepted, allOf, close, openRun, permitted, poll, useLedgers } from '../../../test/support/ledger/ledger.js';
import { find, shift } from '../../../test/support/ledger/scenario.js';
import type { Ledger } from '../../ledger/index.js';
import type { AssetJobRow, Page, WalkOptions } from '../../qualys/types.js';
import { type LeavingWith, leaveOpenCopies } from './open-copies.js';

const ledgers = useLedgers();
let ledger: Ledger;
let shown: AssetJobRow[];
let asked: WalkOptions[];
beforeEach(async () => {
  ledger = await ledgers.open();
  shown = [];
  asked = [];
});

const DAY = 24 * 3_600_000;
const dependencies = (): LeavingWith => {
  async function* searchAssetJobs(walk: WalkOptions = {}): AsyncGenerator<Page<AssetJobRow>> {
    asked.push(walk);
    yield { rows: shown, bytes: 0 };
  }
  return { ledger, qualys: { searchAssetJobs } as unknown as LeavingWith['qualys'] };
};
const row = (assetId: string, status: string, more: Partial<AssetJobRow> = {}): AssetJobRow => ({
  ...{ id: `row-${assetId}`, jobId: 'job-1', assetId, status, createdAt: Date.now() },
  ...more,
});

/** A run over these assets that is closed: `running` ones had an open asset job at its deadline. */
async function ended(runId: string, fates: Parameters<typeof poll>[1]): Promise<void> {
  const fence = await openRun(ledger, runId, Object.keys(fates));
  const { n } = await accepted(ledger, runId, fence);
  const decisions = Object.entries(fates).map(([assetId, fate]) => ({
    ...{ assetId, outcome: fate === 'running' ? ('unreachable' as const) : fate, final: true },
    terminal: fate === 'succeeded' || fate === 'failed',
  }));
  await ledger.verdicts.record(runId, poll(n, fates, { decisions, settled: true, slotFree: true }), { failed: 0, afterMs: 0 });
  await close(ledger, runId);
}

/** Opens a run of the same script as far as to its frozen cohort. */
async function opened(assets: readonly string[], { despite = false } = {}): Promise<string[]> {
  await openRun(ledger, 'next', assets);
  await leaveOpenCopies(dependencies(), { runId: 'next', scriptId: '7', despite, onPage: () => undefined });
  const rows = await ledgerOf(ledger).columns('attempts', ['assetId', 'outcome', 'reason'], { runId: 'next' });
  return rows.map(({ assetId: id, outcome, reason }) => [id, outcome, reason].filter(Boolean).join(' '));
}
const copyOf = async (runId: string) => (await ledgerOf(ledger).columns('attempts', ['copy'], { runId }))[0]?.copy;

describe('the opening of a run', () => {
  test('asks nothing where no earlier copy is known', async () => {
    await ended('first', { 1: 'succeeded' });
    expect(await opened(['1', '2'])).toEqual(['1 pending', '2 pending']);
    expect(asked).toEqual([]);
  });

  test('skips what Qualys still shows as open, and names its run', async () => {
    await ended('first', { 1: 'running', 2: 'succeeded' });
    shown = [row('1', 'MANIFEST ASSIGNED')];
    expect(await opened(['1', '2'])).toEqual(['1 skipped open-copy: run first', '2 pending']);
    expect(asked.map(({ filter }) => filter)).toEqual(['asset.id:1 and job.correlationUuid:"uuid-first-1"']);
  });

  test('sends where Qualys says by now that it has ended; what the first run reported stays', async () => {
    await ended('first', { 1: 'running' });
    shown = [row('1', 'EXECUTION FAILED', { correlationUuid: 'uuid-first-1', jobId: 'job-9' })];
    expect(await opened(['1'])).toEqual(['1 pending']);
    expect(await copyOf('first')).toBe('over');
    const [first] = await ledgerOf(ledger).columns('attempts', ['outcome', 'status'], { runId: 'first' });
    expect(first).toEqual({ outcome: 'unreachable', status: 'MANIFEST ASSIGNED' });
    expect((await ledger.audit.of('first')).map(({ action }) => action)).toEqual(['copies-over']);
  });

  test('takes one of two asset jobs that has not ended for what may still run', async () => {
    await ended('first', { 1: 'running' });
    shown = [
      row('1', 'EXECUTION PASSED', { correlationUuid: 'uuid-first-1' }),
      row('1', 'QUEUED', { correlationUuid: 'uuid-first-1', jobId: 'job-2' }),
    ];
    expect(await opened(['1'])).toEqual(['1 skipped open-copy: run first']);
  });

  test('does not take an asset job that is not shown any more for one that has ended', async () => {
    await ended('first', { 1: 'running' });
    expect(await opened(['1'])).toEqual(['1 skipped open-copy: run first']);
  });

  test('sends again where there was no asset job, and there still is none', async () => {
    await ended('first', { 1: 'missing' });
    expect(await opened(['1'])).toEqual(['1 pending']);
    expect(await copyOf('first')).toBe('over');
  });

  test('does not send where an asset job has come after all, however late', async () => {
    await ended('first', { 1: 'missing', 2: 'missing' });
    shown = [row('1', 'QUEUED', { correlationUuid: 'uuid-first-1', jobId: 'job-2' })];
    expect(await opened(['1', '2'])).toEqual(['1 skipped open-copy: run first', '2 pending']);
    expect(await ledgerOf(ledger).columns('attempts', ['copy'], { runId: 'first' })).toEqual([{ copy: 'open' }, { copy: 'over' }]);
  });

  test('of two jobs that may both have been ours, keeps away until both have ended', async () => {
    const fence = await openRun(ledger, 'first', ['1']);
    await permitted(ledger, 'first', fence);
    const twins = [{ correlationUuid: 'twin', jobId: 'job-2', createdAt: 5 }];
    await ledger.executions.adopt('first', 1, { correlationUuid: 'uuid-first-1', jobId: 'job-1', createdAt: 5, twins });
    await ledger.verdicts.closeOpen('first', 'cancelled');
    await close(ledger, 'first');
    const ours = row('1', 'EXECUTION PASSED', { correlationUuid: 'uuid-first-1' });
    shown = [ours, row('1', 'QUEUED', { correlationUuid: 'twin', jobId: 'job-2' })];
    expect(await opened(['1'])).toEqual(['1 skipped open-copy: run first']);
    expect(asked.map(({ filter }) => filter)).toEqual([
      'asset.id:1 and (job.correlationUuid:"uuid-first-1" or job.correlationUuid:"twin")',
    ]);
    const again = () => leaveOpenCopies(dependencies(), { runId: 'next', scriptId: '7', despite: false, onPage: () => undefined });
    const shows = async (rows: AssetJobRow[]) => {
      shown = rows;
      await find(ledger, { outcome: 'pending' }, { runId: 'next' });
      await again();
      return copyOf('first');
    };
    expect(await shows([ours])).toBe('open');
    expect(await shows([row('1', 'EXECUTION FAILED', { correlationUuid: 'twin', jobId: 'job-2' })])).toBe('open');
    expect(await shows([ours, row('1', 'EXECUTION FAILED', { correlationUuid: 'twin', jobId: 'job-2' })])).toBe('over');
  });

  test('keeps its hands off an asset whose fate is unknown, for a day', async () => {
    const fence = await openRun(ledger, 'lost', ['1']);
    await permitted(ledger, 'lost', fence);
    await ledger.executions.giveUp('lost', 1, 'fate-unknown');
    await close(ledger, 'lost');
    expect(await opened(['1'])).toEqual(['1 skipped open-copy: run lost']);
    expect(asked[0]).toMatchObject({ filter: 'asset.id:1' });
    await shift(ledger, 'executions', { sentAt: -DAY }, { runId: 'lost' });
    const again = async () => {
      await find(ledger, { outcome: 'pending' }, { runId: 'next' });
      await leaveOpenCopies(dependencies(), { runId: 'next', scriptId: '7', despite: false, onPage: () => undefined });
    };
    // Whatever the asset got since may be ours.
    shown = [row('1', 'MANIFEST ASSIGNED', { jobId: 'of-others' })];
    await again();
    expect(await copyOf('lost')).toBe('open');
    shown = [row('1', 'EXECUTION PASSED', { jobId: 'of-others' })];
    await again();
    expect(await copyOf('lost')).toBe('over');
  });

  test('sends anyway where that was asked for, and the audit log says to how many', async () => {
    await ended('first', { 1: 'running', 2: 'running', 3: 'succeeded' });
    shown = [row('1', 'QUEUED'), row('2', 'QUEUED')];
    expect(await opened(['1', '2', '3'], { despite: true })).toEqual(['1 pending', '2 pending', '3 pending']);
    const entries = (await ledger.audit.of('next')).map(({ action, detail }) => `${action} ${detail}`);
    expect(entries).toEqual(['despite-open-copies {"assets":2}']);
    expect(await ledger.runs.warnings('next')).toEqual([
      'targets.despiteOpenCopies: an earlier copy of the script may still be running on 2 asset(s); it is sent there anyway',
    ]);
    const fence = await ledger.runs.takeFence('next');
    expect(await ledger.executions.claim('next', fence)).toMatchObject({ size: 3 });
  });

  test('is not held up by a live run that waits in time: its lease keeps the asset', async () => {
    const fence = await openRun(ledger, 'live', ['1']);
    await accepted(ledger, 'live', fence);
    expect(await opened(['1'])).toEqual(['1 pending']);
    expect(await ledger.executions.claim('next', await ledger.runs.takeFence('next'))).toBeUndefined();
    await ledger.verdicts.record('live', poll(1, allOf(['1'], 'succeeded')), { failed: 0, afterMs: 0 });
    expect(await ledger.executions.claim('next', await ledger.runs.takeFence('next'))).toMatchObject({ size: 1 });
  });
});

test('open copies are listed over all runs, oldest or not', async () => {
  await ended('first', { 1: 'running', 2: 'succeeded', 3: 'missing' });
  const fence = await openRun(ledger, 'live', ['9']);
  await accepted(ledger, 'live', fence);
  const listed = async (olderThanMs?: number) => {
    const ids: string[] = [];
    for await (const { assetId, runId, script, status, execution } of ledger.copies.list({ olderThanMs }))
      ids.push([assetId, runId, script.id, status, execution].join(' '));
    return ids;
  };
  expect(await listed()).toEqual(['1 first 7 MANIFEST ASSIGNED 1']);
  expect(await listed(DAY)).toEqual([]);
});
