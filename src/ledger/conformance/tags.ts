import { beforeEach, describe, expect, test } from '@jest/globals';
import { add, misstate, rewriteRun } from '../../../test/support/ledger/damage.js';
import { ledgerOf } from '../../../test/support/ledger/inspector.js';
import { assetIds, openRun, TERMS } from '../../../test/support/ledger/ledger.js';
import { find, tryAgain } from '../../../test/support/ledger/scenario.js';
import type { Ledger } from '../index.js';
import type { Ledgers } from './ledgers.js';

const hits = (from: number, count: number) => assetIds(count, from);
const execution = (tagIds: string[], assets: string[], excludedAssetIds: string[] = []) => ({
  tagIds,
  assetIds: [],
  excludedAssetIds,
  hits: assets,
});

export function tagsSuite(ledgers: Ledgers): void {
  let ledger: Ledger;

  beforeEach(async () => {
    ledger = await ledgers.open();
  });

  /** A run of 60 assets, of which 40 go by tags in two executions. */
  async function plannedRun(id = 'r'): Promise<number> {
    const fence = await openRun(ledger, id, assetIds(60));
    const planning = (await ledger.planned.begin(id)) ?? 0;
    expect(await ledger.planned.store(id, planning, [execution(['t1'], hits(1, 30), ['x']), execution(['t2', 't3'], hits(31, 10))])).toBe(
      true,
    );
    return fence;
  }

  const permit = (n: number, fence: number) => ledger.executions.permit('r', n, { fence, terms: TERMS });
  const statesOf = async (id = 'r') => ledgerOf(ledger).columns('executions', ['executionNo', 'state', 'size'], { runId: id });

  describe('a planned run', () => {
    test('gives out its executions by tags, then what is left by ids', async () => {
      const fence = await plannedRun();
      expect(await ledger.runs.snapshot('r')).toMatchObject({ waiting: 60, unsent: 0 });
      for (const n of [1, 2, 3]) expect((await ledger.executions.claim('r', fence))?.executionNo).toBe(n);
      expect(await ledger.executions.claim('r', fence)).toBeUndefined();
      expect(await statesOf()).toEqual([
        { executionNo: 1, state: 'claimed', size: 30 },
        { executionNo: 2, state: 'claimed', size: 10 },
        { executionNo: 3, state: 'claimed', size: 20 },
      ]);
      expect(await ledger.executions.assetsOf('r', 3)).toEqual(hits(41, 20));
    });

    test('is planned once, and what a lost attempt stored does not count', async () => {
      await openRun(ledger, 'r', assetIds(60));
      const first = (await ledger.planned.begin('r')) ?? 0;
      const second = (await ledger.planned.begin('r')) ?? 0;
      expect(await ledger.planned.store('r', first, [execution(['t1'], hits(1, 30))])).toBe(false);
      expect(await ledger.planned.store('r', second, [])).toBe(true);
      expect(await ledger.planned.begin('r')).toBeUndefined();
    });

    test('plans nothing for what is skipped', async () => {
      await openRun(ledger, 'r', assetIds(3));
      await ledger.cohort.skip('r', ['asset-0002'], 'other-platform');
      const pages: string[][] = [];
      for await (const page of ledger.planned.pending('r')) pages.push(page);
      expect(pages).toEqual([['asset-0001', 'asset-0003']]);
    });

    test('goes by ids altogether under a strict budget', async () => {
      const fence = await openRun(ledger, 'r', assetIds(60), { errorBudget: { max: 2, strict: true } });
      await ledger.planned.store('r', (await ledger.planned.begin('r')) ?? 0, []);
      expect((await ledger.executions.claim('r', fence))?.size).toBe(3);
    });
  });

  describe('an execution by tags', () => {
    test('gets a permit only with all of its assets and freshly read tags, and names the tags', async () => {
      const fence = await plannedRun();
      await ledger.executions.claim('r', fence);
      expect(await permit(1, fence)).toMatchObject({ kind: 'refused', why: 'tags' });
      expect(await ledger.planned.leaseMembers('r', 1)).toEqual({ kind: 'whole' });
      expect(await permit(1, fence)).toMatchObject({ kind: 'refused', why: 'tags' });
      await ledger.planned.setTagsRead('r', 1, (await ledger.database.now()) - 55_001);
      expect(await permit(1, fence)).toMatchObject({ kind: 'refused', why: 'tags' });
      await ledger.planned.setTagsRead('r', 1, await ledger.database.now());
      expect(await permit(1, fence)).toMatchObject({ kind: 'granted', tagIds: ['t1'], assetIds: [], excludedAssetIds: ['x'] });
      expect(await ledger.executions.assetsOf('r', 1)).toEqual(hits(1, 30));
    });

    test('gathers thousands of assets in parts, and goes on where it stopped', async () => {
      const fence = await openRun(ledger, 'r', assetIds(2_500));
      await ledger.planned.store('r', (await ledger.planned.begin('r')) ?? 0, [execution(['t'], assetIds(2_500))]);
      await ledger.executions.claim('r', fence);
      // As if the process had died when it had the first of its assets.
      for (let seq = 1; seq <= 70; seq += 1) await find(ledger, { executionNo: 1, lease: 1 }, { seq });
      expect(await ledger.planned.leaseMembers('r', 1)).toEqual({ kind: 'whole' });
      expect(await ledger.executions.assetsOf('r', 1)).toHaveLength(2_500);
    });

    test('is not whole while another run works on one of its assets; given up, its assets go by ids', async () => {
      const other = await openRun(ledger, 'other', hits(5, 1));
      await ledger.executions.claim('other', other);
      const fence = await plannedRun();
      await ledger.executions.claim('r', fence);
      expect(await ledger.planned.leaseMembers('r', 1)).toMatchObject({ kind: 'broken' });
      expect(await ledger.planned.fallBackToIds('r', 1, 'held elsewhere')).toBe('by-ids');
      expect((await statesOf())[0]).toMatchObject({ executionNo: 1, state: 'released' });
      await ledger.executions.claim('r', fence);
      const byIds = await ledger.executions.claim('r', fence);
      expect(byIds).toMatchObject({ executionNo: 3, size: 25, planned: undefined });
      expect(await ledger.executions.assetsOf('r', 3)).not.toContain('asset-0005');
    });

    test('that was sent before is not split into others: its assets are unverified', async () => {
      const fence = await plannedRun();
      await ledger.executions.claim('r', fence);
      await ledger.planned.leaseMembers('r', 1);
      await ledger.planned.setTagsRead('r', 1, await ledger.database.now());
      await permit(1, fence);
      await misstate(ledger, { state: 'claimed' }, { executionNo: 1 });
      expect(await ledger.planned.fallBackToIds('r', 1, 'changed')).toBe('unverified');
      expect((await ledger.runs.snapshot('r')).counts).toMatchObject({ unverified: 30, pending: 30 });
    });

    test('cannot be given up once it is on its way', async () => {
      const fence = await plannedRun();
      await ledger.executions.claim('r', fence);
      await ledger.planned.leaseMembers('r', 1);
      await ledger.planned.setTagsRead('r', 1, await ledger.database.now());
      await permit(1, fence);
      expect(await ledger.planned.fallBackToIds('r', 1, 'late')).toBe('moved');
      expect(await ledger.planned.leaseMembers('r', 1)).toEqual({ kind: 'moved' });
    });

    /** Execution 1 is accepted, 2 is claimed with its rows. */
    async function firstAccepted(): Promise<number> {
      const fence = await plannedRun();
      await ledger.executions.claim('r', fence);
      await ledger.planned.leaseMembers('r', 1);
      await ledger.planned.setTagsRead('r', 1, await ledger.database.now());
      await permit(1, fence);
      await ledger.executions.accept('r', 1, { permit: 1, correlationUuid: 'u', serverAt: TERMS.serverAt });
      await ledger.executions.claim('r', fence);
      await ledger.planned.leaseMembers('r', 2);
      return fence;
    }

    const hit = (...assets: string[]) => ledger.planned.claimUnplannedHits('r', 1, [...hits(1, 30), ...assets, 'stranger']);

    test('takes in what its job hit of the cohort: an execution that was not sent yet excludes it', async () => {
      await firstAccepted();
      expect(await hit('asset-0031', 'asset-0050')).toEqual({ moved: ['asset-0031', 'asset-0050'], skipped: [], twice: [] });
      expect(await ledger.executions.assetsOf('r', 1)).toEqual([...hits(1, 31), 'asset-0050']);
      expect((await ledger.executions.get('r', 1))?.size).toBe(32);
      expect(await ledger.planned.leaseMembers('r', 2)).toEqual({ kind: 'whole' });
      expect(await ledger.executions.assetsOf('r', 2)).toEqual(hits(32, 9));
      expect(await ledger.planned.listsOf('r', 2)).toMatchObject({ excludedAssetIds: ['asset-0031'] });
      expect(await hit('asset-0031', 'asset-0050')).toEqual({ moved: [], skipped: [], twice: [] });
    });

    test('takes in the further attempt of an asset that failed before, and none of its own that are to be tried again', async () => {
      await firstAccepted();
      await add(ledger, 'executions', { runId: 'r', executionNo: 90, state: 'settled', scriptId: '7', size: 1, settledAt: 1 });
      await find(ledger, { executionNo: 90, outcome: 'failed' }, { assetId: 'asset-0050' });
      await find(ledger, { outcome: 'failed' }, { assetId: 'asset-0002' });
      for (const assetId of ['asset-0050', 'asset-0002']) await tryAgain(ledger, 'r', assetId);
      expect(await hit('asset-0050')).toEqual({ moved: ['asset-0050'], skipped: [], twice: [] });
      const rows = await ledgerOf(ledger).columns('attempts', ['assetId', 'attempt', 'outcome', 'executionNo'], { attempt: 2 });
      expect(rows).toEqual([
        { assetId: 'asset-0002', attempt: 2, outcome: 'pending', executionNo: null },
        { assetId: 'asset-0050', attempt: 2, outcome: 'running', executionNo: 1 },
      ]);
    });

    test('of which nothing is left goes by ids: its tags could still hit whoever joins them', async () => {
      await firstAccepted();
      await hit(...hits(31, 10));
      expect(await ledger.planned.leaseMembers('r', 2)).toEqual({ kind: 'broken', why: 'none of its assets are left to be sent' });
      expect(await ledger.planned.fallBackToIds('r', 2, 'nothing left')).toBe('by-ids');
    });

    test('takes an asset out of a batch by ids that was not sent yet, and the whole batch back when nothing is left', async () => {
      const fence = await firstAccepted();
      expect((await ledger.executions.claim('r', fence))?.size).toBe(20);
      expect(await hit('asset-0041')).toMatchObject({ moved: ['asset-0041'] });
      expect(await ledger.executions.assetsOf('r', 3)).toEqual(hits(42, 19));
      await hit(...hits(42, 19));
      expect((await statesOf()).at(-1)).toEqual({ executionNo: 3, state: 'released', size: 0 });
    });

    test('takes in an asset on which the script was never to run, and says so', async () => {
      await openRun(ledger, 'r', assetIds(60));
      await ledger.cohort.skip('r', ['asset-0060'], 'other-platform');
      const fence = 0;
      await ledger.planned.store('r', (await ledger.planned.begin('r')) ?? 0, [execution(['t1'], hits(1, 30))]);
      await rewriteRun(ledger, { fence });
      await ledger.executions.claim('r', fence);
      await ledger.planned.leaseMembers('r', 1);
      await ledger.planned.setTagsRead('r', 1, await ledger.database.now());
      await permit(1, fence);
      await ledger.executions.accept('r', 1, { permit: 1, correlationUuid: 'u', serverAt: TERMS.serverAt });
      expect(await hit('asset-0060')).toEqual({ moved: [], skipped: ['asset-0060'], twice: [] });
      expect((await ledger.runs.snapshot('r')).counts).toMatchObject({ skipped: 0, running: 31 });
    });

    test('keeps everything else of its run waiting until all that it hit is known', async () => {
      const fence = await firstAccepted();
      await ledger.planned.setTagsRead('r', 2, await ledger.database.now());
      expect(await permit(2, fence)).toMatchObject({ kind: 'refused', why: 'fan-out' });
      await misstate(ledger, { fannedOut: 1 }, { executionNo: 1 });
      // Meanwhile it kept nobody from its assets: they are leased again, and its tags read again.
      expect(await permit(2, fence)).toMatchObject({ kind: 'refused', why: 'tags' });
      expect(await ledger.planned.leaseMembers('r', 2)).toEqual({ kind: 'whole' });
      await ledger.planned.setTagsRead('r', 2, await ledger.database.now());
      expect(await permit(2, fence)).toMatchObject({ kind: 'granted' });
    });
  });

  describe('a budget that becomes strict', () => {
    const strict = () => ledger.runs.adjust('r', { errorBudget: { max: 2, strict: true } });

    test('lets no execution by tags through that was claimed before, and sends what is planned by ids', async () => {
      const fence = await plannedRun();
      await ledger.executions.claim('r', fence);
      await ledger.planned.leaseMembers('r', 1);
      await ledger.planned.setTagsRead('r', 1, await ledger.database.now());
      await strict();
      expect(await permit(1, fence)).toMatchObject({ kind: 'refused', why: 'strict' });
      await ledger.planned.fallBackToIds('r', 1, 'strict');
      expect(await ledger.planned.dropWaiting('r')).toBe(true);
      expect(await ledger.runs.snapshot('r')).toMatchObject({ waiting: 60, unsent: 0 });
      expect((await ledger.executions.claim('r', fence))?.size).toBe(3);
    });

    test('sends back a batch by ids that is larger than it admits', async () => {
      const fence = await openRun(ledger, 'r', assetIds(60));
      await ledger.executions.claim('r', fence);
      await strict();
      expect(await permit(1, fence)).toMatchObject({ kind: 'refused', why: 'strict' });
      expect(await ledger.executions.release('r', 1)).toBe(true);
      expect((await ledger.executions.claim('r', fence))?.size).toBe(3);
      expect(await permit(2, fence)).toMatchObject({ kind: 'granted' });
    });
  });
}
