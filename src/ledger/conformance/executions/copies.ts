import { beforeEach, describe, expect, test } from '@jest/globals';
import { misstate } from '../../../../test/support/ledger/damage.js';
import { ledgerOf } from '../../../../test/support/ledger/inspector.js';
import { accepted, allOf, assetIds, close, giveScript, openRun, permitted, poll, TERMS } from '../../../../test/support/ledger/ledger.js';
import { find } from '../../../../test/support/ledger/scenario.js';
import type { Ledger } from '../../index.js';
import type { Ledgers } from '../ledgers.js';

const NO_RETRY = { failed: 0, afterMs: 0 };

export function copiesSuite(ledgers: Ledgers): void {
  let ledger: Ledger;
  beforeEach(async () => {
    ledger = await ledgers.open();
  });
  const copies = async (runId: string) => {
    const rows = await ledgerOf(ledger).columns('attempts', ['copy'], { runId });
    return rows.map(({ copy }) => copy).join(' ');
  };
  const rowsOf = async (runId: string) => {
    const rows = await ledgerOf(ledger).columns('attempts', ['assetId', 'attempt', 'outcome', 'reason'], { runId, last: 1 });
    return rows.map((row) => [row.assetId, row.attempt, row.outcome, row.reason].filter((part) => part !== null).join(' '));
  };
  /** Past its deadline, with asset jobs that are still open. */
  const timedOut = async (runId: string, assets: readonly string[]) => {
    const fence = await openRun(ledger, runId, assets);
    const { n } = await accepted(ledger, runId, fence);
    const decisions = assets.map((assetId) => ({
      ...{ assetId, outcome: 'unreachable' as const, reason: 'no-verdict-by-deadline' },
      ...{ final: true, terminal: false },
    }));
    await ledger.verdicts.record(runId, poll(n, allOf(assets, 'running'), { decisions, settled: true, slotFree: true }), NO_RETRY);
  };

  describe('the copy of an attempt', () => {
    test('is open from its acceptance until its asset job is terminal, whatever becomes of the run', async () => {
      const fence = await openRun(ledger, 'r', ['a', 'b', 'c', 'd']);
      expect(await copies('r')).toBe('none none none none');
      await accepted(ledger, 'r', fence);
      expect(await copies('r')).toBe('open open open open');
      await ledger.verdicts.record('r', poll(1, { a: 'succeeded', b: 'failed', c: 'running', d: 'missing' }), NO_RETRY);
      expect(await copies('r')).toBe('over over open unseen');
      await ledger.verdicts.closeOpen('r', 'cancelled');
      await close(ledger, 'r');
      expect(await copies('r')).toBe('over over open unseen');
    });

    test('is open where the fate of the call is unknown, and none where it is proved that nothing ran', async () => {
      const lost = await openRun(ledger, 'lost', ['a']);
      await permitted(ledger, 'lost', lost);
      expect(await copies('lost')).toBe('none');
      await ledger.executions.giveUp('lost', 1, 'fate-unknown');
      expect(await copies('lost')).toBe('open');
      await giveScript(ledger, 'lost', '9');

      const twice = await openRun(ledger, 'twice', ['b']);
      for (const sends of [1, 2]) {
        const { n, permit } = sends === 1 ? await permitted(ledger, 'twice', twice) : { n: 1, permit: 2 };
        if (sends === 2) await ledger.executions.permit('twice', 1, { fence: twice, terms: TERMS });
        await ledger.executions.lost('twice', n, { permit, detail: 'cut', resolveAfterMs: 0 });
        await misstate(ledger, { overAt: 1 }, { runId: 'twice' });
        await ledger.executions.provedNotExecuted('twice', n, { sends, overAt: 1 });
      }
      expect(await rowsOf('twice')).toEqual(['b 1 unverified not-executed-twice']);
      expect(await copies('twice')).toBe('none');
    });

    test('is open for what a cancelled run had on its way, and for all that a stale ledger calls unsent', async () => {
      const fence = await openRun(ledger, 'r', assetIds(26));
      await permitted(ledger, 'r', fence);
      await ledger.verdicts.closeOpen('r', 'cancelled');
      expect(await copies('r')).toBe([...Array.from({ length: 25 }, () => 'open'), 'none'].join(' '));
      await openRun(ledger, 'behind', ['x']);
      await ledger.verdicts.closeOpen('behind', 'interrupted', { staleLedger: true });
      expect(await copies('behind')).toBe('open');
    });
  });

  describe('an asset that still has a copy of the same script open', () => {
    test('is skipped by another run, which names the first', async () => {
      await timedOut('first', ['a', 'b']);
      await close(ledger, 'first');
      const fence = await openRun(ledger, 'second', ['a', 'b', 'c']);
      expect(await ledger.executions.claim('second', fence)).toMatchObject({ size: 1 });
      expect(await rowsOf('second')).toEqual(['a 1 skipped open-copy: run first', 'b 1 skipped open-copy: run first', 'c 1 pending']);
    });

    test('may be sent another script, and the same once its asset job has ended', async () => {
      await timedOut('first', ['a', 'b']);
      await close(ledger, 'first');
      const other = await openRun(ledger, 'other', ['a']);
      await giveScript(ledger, 'other', '8');
      expect(await ledger.executions.claim('other', other)).toMatchObject({ size: 1 });
      await find(ledger, { copy: 'over' }, { runId: 'first' });
      const fence = await openRun(ledger, 'second', ['b']);
      expect(await ledger.executions.claim('second', fence)).toMatchObject({ size: 1 });
    });

    test('does not hold up the others, however many there are', async () => {
      const many = assetIds(60);
      for (const part of [many.slice(0, 25), many.slice(25, 50)]) {
        await timedOut(`first-${part[0]}`, part);
        await close(ledger, `first-${part[0]}`);
      }
      const fence = await openRun(ledger, 'second', many);
      const claimed = await ledger.executions.claim('second', fence);
      expect(await ledger.executions.assetsOf('second', claimed?.executionNo ?? 0)).toEqual(many.slice(50));
    });

    test('gets no further attempt either: the verdict before it stands, and the audit log says why', async () => {
      const fence = await openRun(ledger, 'r', ['a']);
      await accepted(ledger, 'r', fence);
      await ledger.verdicts.record('r', poll(1, { a: 'failed' }), { failed: 1, afterMs: 0 });
      await timedOut('other', ['a']);
      await close(ledger, 'other');
      expect(await ledger.executions.claim('r', fence)).toBeUndefined();
      expect(await rowsOf('r')).toEqual(['a 1 failed']);
      expect((await ledger.audit.of('r')).map(({ action, detail }) => `${action}: ${detail}`)).toEqual([
        'open-copy: attempt 2 at asset a was not sent: the copy of other may still run there',
      ]);
    });

    test('breaks an execution by tags before it is sent', async () => {
      await timedOut('first', ['a']);
      await close(ledger, 'first');
      const fence = await openRun(ledger, 'second', ['a', 'b']);
      const planning = (await ledger.planned.begin('second')) ?? 0;
      await ledger.planned.store('second', planning, [{ tagIds: ['1'], assetIds: [], excludedAssetIds: [], hits: ['a', 'b'] }]);
      const byTags = await ledger.executions.claim('second', fence);
      expect(await ledger.planned.leaseMembers('second', byTags?.executionNo ?? 0)).toMatchObject({ kind: 'broken' });
      await ledger.planned.fallBackToIds('second', byTags?.executionNo ?? 0, 'open copies');
      expect(await ledger.executions.claim('second', fence)).toMatchObject({ size: 1 });
      expect(await rowsOf('second')).toEqual(['a 1 skipped open-copy: run first', 'b 1 pending']);
    });
  });

  describe('an order to put assets back', () => {
    test('leaves those alone whose copy may still run, unless it names their outcome', async () => {
      await timedOut('r', ['a']);
      // As of a result that was still being told at the deadline: failed by its exit code, and not the last word.
      await find(ledger, { outcome: 'failed' });
      expect(await ledger.verdicts.requeue('r', ['failed'])).toBe(0);
      await find(ledger, { outcome: 'unreachable' });
      expect(await ledger.verdicts.requeue('r', ['failed'])).toBe(0);
      expect(await ledger.verdicts.requeue('r', ['unreachable'])).toBe(1);
      const fence = await ledger.runs.takeFence('r');
      expect(await ledger.executions.claim('r', fence)).toMatchObject({ size: 1 });
    });

    test('is in the audit log with the number of copies that may still run', async () => {
      await timedOut('r', ['a', 'b']);
      await ledger.orders.carryOut('r', { id: 'o', number: 1, by: 'kim', command: { kind: 'retry', outcomes: ['unreachable'] } });
      const [entry] = await ledger.audit.of('r');
      expect(JSON.parse(entry?.detail ?? '')).toEqual({ outcomes: ['unreachable'], assets: 2, despiteOpenCopies: 2 });
    });

    test('opens no way for other runs: their assets stay skipped', async () => {
      await timedOut('r', ['a']);
      await ledger.verdicts.requeue('r', ['unreachable']);
      await ledger.verdicts.closeOpen('r', 'cancelled');
      await close(ledger, 'r');
      const fence = await openRun(ledger, 'second', ['a']);
      expect(await ledger.executions.claim('second', fence)).toBeUndefined();
      expect(await rowsOf('second')).toEqual(['a 1 skipped open-copy: run r']);
    });
  });
}
