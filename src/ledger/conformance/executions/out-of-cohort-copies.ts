import { beforeEach, describe, expect, test } from '@jest/globals';
import { misstate } from '../../../../test/support/ledger/damage.js';
import { ledgerOf } from '../../../../test/support/ledger/inspector.js';
import { accepted, close, giveScript, openRun, permitted, poll, TERMS } from '../../../../test/support/ledger/ledger.js';
import { freeLeases } from '../../cohort/closing.js';
import type { Ledger } from '../../index.js';
import type { Ledgers } from '../ledgers.js';

export function outOfCohortCopiesSuite(ledgers: Ledgers): void {
  let ledger: Ledger;
  beforeEach(async () => {
    ledger = await ledgers.open();
  });

  /** Another run's execution hits an asset that it was not meant for. */
  const outOfCohortOf = async (runId: string, assetId: string) => {
    const fence = await openRun(ledger, runId, [`of ${runId}`]);
    const { n } = await accepted(ledger, runId, fence);
    await ledger.verdicts.addOutOfCohort(runId, n, [{ assetId, jobId: `job of ${runId}`, status: 'MANIFEST ASSIGNED' }]);
    return n;
  };
  const ask = (runId: string, n: number, fence: number) => ledger.executions.permit(runId, n, { fence, terms: TERMS });
  const rowsOf = async (runId: string) => {
    const { items } = await ledger.reader.assets(runId);
    return items.map(({ assetId, outcome, reason }) => [assetId, outcome, reason].filter((part) => part !== undefined).join(' '));
  };

  describe('the permit asks for copies again', () => {
    test('and a claimed asset that another run has hit meanwhile is left out; the rest goes', async () => {
      const fence = await openRun(ledger, 'r', ['a', 'b', 'c']);
      await ledger.executions.claim('r', fence);
      await outOfCohortOf('other', 'b');
      expect(await ask('r', 1, fence)).toMatchObject({ kind: 'granted', assetIds: ['a', 'c'] });
      expect(await ledger.executions.get('r', 1)).toMatchObject({ state: 'permitted', size: 2 });
      expect(await rowsOf('r')).toEqual(['a pending', 'b skipped open-copy: run other', 'c pending']);
    });

    test('and a batch of which nothing is left is given up, not sent empty', async () => {
      const fence = await openRun(ledger, 'r', ['a']);
      await ledger.executions.claim('r', fence);
      await outOfCohortOf('other', 'a');
      expect(await ask('r', 1, fence)).toMatchObject({ kind: 'refused', why: 'open-copy' });
      expect(await ledger.executions.get('r', 1)).toMatchObject({ state: 'released' });
      expect(await ledger.executions.claim('r', fence)).toBeUndefined();
      expect(await ledgerOf(ledger).leased('r')).toEqual([]);
    });

    test('of a batch that was proved not executed, too', async () => {
      const fence = await openRun(ledger, 'r', ['a']);
      const { n, permit } = await permitted(ledger, 'r', fence);
      await ledger.executions.lost('r', n, { permit, detail: 'cut', resolveAfterMs: 0 });
      await misstate(ledger, { overAt: 1 });
      expect(await ledger.executions.provedNotExecuted('r', n, { sends: 1, overAt: 1 })).toBe('may-be-sent');
      await outOfCohortOf('other', 'a');
      expect(await ask('r', n, fence)).toMatchObject({ kind: 'refused', why: 'open-copy' });
      expect(await ledger.executions.get('r', n)).toMatchObject({ state: 'unverified' });
      expect(await rowsOf('r')).toEqual(['a skipped open-copy: run other']);
    });

    test('when Qualys tells late that it took a call of a run that is closed, which was proved not executed', async () => {
      const lost = await openRun(ledger, 'lost', ['a']);
      const { n, permit } = await permitted(ledger, 'lost', lost);
      await ledger.executions.giveUp('lost', n, 'not-executed-twice');
      await close(ledger, 'lost');
      await freeLeases(ledger.database, 'lost');
      const fence = await openRun(ledger, 'r', ['a', 'b']);
      expect(await ledger.executions.claim('r', fence)).toMatchObject({ size: 2 });
      expect(await ledger.executions.accept('lost', n, { permit, correlationUuid: 'late', serverAt: TERMS.serverAt })).toBe(false);
      expect(await ask('r', 1, fence)).toMatchObject({ kind: 'granted', assetIds: ['b'] });
    });

    test('when Qualys tells late that it took a call whose asset was put back: the further attempt is withdrawn', async () => {
      const fence = await openRun(ledger, 'r', ['a']);
      const { n, permit } = await permitted(ledger, 'r', fence);
      await ledger.executions.giveUp('r', n, 'not-executed-twice');
      expect(await ledger.verdicts.requeue('r', ['unverified'])).toBe(1);
      const again = await ledger.executions.claim('r', fence);
      expect(await ledger.executions.accept('r', n, { permit, correlationUuid: 'late', serverAt: TERMS.serverAt })).toBe(true);
      expect(await ask('r', again?.executionNo ?? 0, fence)).toMatchObject({ kind: 'refused', why: 'open-copy' });
      expect(await rowsOf('r')).toEqual(['a unverified not-executed-twice']);
      expect((await ledger.audit.of('r')).map(({ action }) => action)).toContain('open-copy');
      await ledger.verdicts.record('r', poll(n, { a: 'succeeded' }), { failed: 0, afterMs: 0 });
      expect(await rowsOf('r')).toEqual(['a succeeded']);
    });

    test('and tags that hit such an asset are given up before they are sent', async () => {
      const fence = await openRun(ledger, 'r', ['a', 'b']);
      const planning = (await ledger.planned.begin('r')) ?? 0;
      await ledger.planned.store('r', planning, [{ tagIds: ['1'], assetIds: [], excludedAssetIds: [], hits: ['a', 'b'] }]);
      const { executionNo = 0 } = (await ledger.executions.claim('r', fence)) ?? {};
      expect(await ledger.planned.leaseMembers('r', executionNo)).toEqual({ kind: 'whole' });
      await ledger.planned.setTagsRead('r', executionNo, await ledger.database.now());
      await outOfCohortOf('other', 'a');
      expect(await ask('r', executionNo, fence)).toMatchObject({ kind: 'refused', why: 'open-copy' });
      expect(await ledger.planned.fallBackToIds('r', executionNo, 'open copies')).toBe('by-ids');
      expect(await ledger.executions.claim('r', fence)).toMatchObject({ size: 1 });
      expect(await rowsOf('r')).toEqual(['a skipped open-copy: run other', 'b pending']);
    });

    test('unless the run may send beside open copies', async () => {
      const fence = await openRun(ledger, 'r', ['a']);
      await ledger.copies.override('r', { assets: 0 });
      await ledger.executions.claim('r', fence);
      await outOfCohortOf('other', 'a');
      expect(await ask('r', 1, fence)).toMatchObject({ kind: 'granted', assetIds: ['a'] });
    });
  });

  describe('an asset that was hit and not asked for', () => {
    test('is kept from the same script only, and until its asset job has ended', async () => {
      const n = await outOfCohortOf('other', 'a');
      const fence = await openRun(ledger, 'r', ['a']);
      await giveScript(ledger, 'r', '8');
      expect(await ledger.executions.claim('r', fence)).toMatchObject({ size: 1 });
      await ledger.executions.release('r', 1);
      const kept = await openRun(ledger, 'kept', ['a']);
      expect(await ledger.executions.claim('kept', kept)).toBeUndefined();
      await ledger.verdicts.addOutOfCohort('other', n, [{ assetId: 'a', jobId: 'job', status: 'EXECUTION PASSED', ended: true }]);
      const next = await openRun(ledger, 'next', ['a']);
      expect(await ledger.executions.claim('next', next)).toMatchObject({ size: 1 });
    });

    test('by several jobs of an execution is kept until all have ended', async () => {
      const n = await outOfCohortOf('other', 'a');
      const seen = (second: boolean) =>
        ledger.verdicts.addOutOfCohort('other', n, [
          { assetId: 'a', jobId: '1', ended: true },
          { assetId: 'a', jobId: '2', ended: second },
          { assetId: 'a', jobId: '3', ended: true },
        ]);
      await seen(false);
      expect(await ledger.copies.of('7', ['a'])).toMatchObject([{ runId: 'other', jobId: '2', copy: 'open' }]);
      await seen(true);
      expect(await ledger.copies.of('7', ['a'])).toEqual([]);
    });

    test('is listed once nobody watches it any more, and ends by what Qualys says', async () => {
      await outOfCohortOf('other', 'a');
      const listed = async () => {
        const rows: unknown[] = [];
        for await (const row of ledger.copies.list()) rows.push(row);
        return rows;
      };
      expect(await listed()).toEqual([]);
      await ledger.verdicts.closeOpen('other', 'cancelled');
      await close(ledger, 'other');
      expect(await listed()).toMatchObject([
        { assetId: 'of other', outcome: 'unverified' },
        { assetId: 'a', runId: 'other', execution: 1, status: 'MANIFEST ASSIGNED', outcome: undefined, attempt: undefined },
      ]);
      await ledger.copies.end(await ledger.copies.of('7', ['a', 'of other']));
      expect(await listed()).toEqual([]);
    });
  });
}
