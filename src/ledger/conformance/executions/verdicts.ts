import { beforeEach, describe, expect, test } from '@jest/globals';
import { ledgerOf } from '../../../../test/support/ledger/inspector.js';
import {
  accepted,
  allOf,
  assetIds,
  close,
  dump,
  type Fate,
  giveScript,
  openRun,
  permitted,
  poll,
  TERMS,
} from '../../../../test/support/ledger/ledger.js';
import { find, shift } from '../../../../test/support/ledger/scenario.js';
import type { Ledger } from '../../index.js';
import type { Poll } from '../../rows/poll.js';
import type { Ledgers } from '../ledgers.js';

const NO_RETRY = { failed: 0, afterMs: 0 };
/** Past the deadline, with rows that say that both are still open. */
const pollPastDeadline = (changes: Partial<Poll>): Poll => {
  const seen = poll(1, { a: 'running', b: 'running' }, { settled: true, slotFree: true, ...changes });
  return { ...seen, decisions: seen.decisions.map((decision) => ({ ...decision, outcome: 'unreachable', final: true })) };
};

export function verdictsSuite(ledgers: Ledgers): void {
  let ledger: Ledger;
  beforeEach(async () => {
    ledger = await ledgers.open();
  });
  const attempts = () => ledgerOf(ledger).columns('attempts', ['assetId', 'attempt', 'last', 'outcome', 'executionNo', 'lease', 'output']);
  const lastOnes = async () => {
    const rows = await ledgerOf(ledger).tally('attempts', ['runId', 'seq'], { last: 1 });
    return rows.map(({ n }) => n);
  };

  describe('a poll', () => {
    test('writes verdicts, frees leases of what Qualys has ended, and keeps those of what never appeared', async () => {
      const fence = await openRun(ledger, 'r', ['a', 'b', 'c', 'd']);
      await accepted(ledger, 'r', fence);
      const fates: Record<string, Fate> = { a: 'succeeded', b: 'failed', c: 'missing', d: 'running' };
      expect(await ledger.verdicts.record('r', poll(1, fates), NO_RETRY)).toBe(3);
      expect(await attempts()).toEqual([
        { assetId: 'a', attempt: 1, last: 1, outcome: 'succeeded', executionNo: 1, lease: null, output: 'owed' },
        { assetId: 'b', attempt: 1, last: 1, outcome: 'failed', executionNo: 1, lease: null, output: 'owed' },
        { assetId: 'c', attempt: 1, last: 1, outcome: 'missing', executionNo: 1, lease: 1, output: 'none' },
        { assetId: 'd', attempt: 1, last: 1, outcome: 'running', executionNo: 1, lease: 1, output: 'none' },
      ]);
      expect(await ledger.verdicts.inFlight('r', 1)).toContainEqual({
        assetId: 'b',
        attempt: 1,
        outcome: 'failed',
        status: 'EXECUTION FAILED',
        exitCode: 3,
        finishedAt: TERMS.serverAt + 1_000,
        statusSince: TERMS.serverAt + 60_000,
        jobId: 'job-1',
      });
    });

    test('written twice leaves the same rows, with a retry in it and settled or not', async () => {
      const fence = await openRun(ledger, 'r', assetIds(30));
      const { assetIds: sent } = await accepted(ledger, 'r', fence);
      const open = poll(1, { ...allOf(sent, 'succeeded'), 'asset-0001': 'failed', 'asset-0002': 'running', 'asset-0003': 'missing' });
      await ledger.verdicts.record('r', open, { failed: 1, afterMs: 60_000 });
      const first = await dump(ledger);
      expect(await ledger.verdicts.record('r', open, { failed: 1, afterMs: 60_000 })).toBe(0);
      expect(await dump(ledger)).toEqual(first);
      const settled = poll(1, { ...allOf(sent, 'succeeded'), 'asset-0001': 'failed' });
      await ledger.verdicts.record('r', settled, { failed: 1, afterMs: 60_000 });
      const second = await dump(ledger);
      expect(await ledger.verdicts.record('r', settled, { failed: 1, afterMs: 60_000 })).toBe(0);
      expect(await dump(ledger)).toEqual(second);
      expect(await ledger.executions.get('r', 1)).toMatchObject({ state: 'settled', rowsSeen: 25 });
    });

    test('remembers since when a status and a number of rows have been seen', async () => {
      const fence = await openRun(ledger, 'r', ['a', 'b']);
      await accepted(ledger, 'r', fence);
      const at = async (serverNow: number, fates: Record<string, Fate>) => {
        await ledger.verdicts.record('r', poll(1, fates, { serverNow, settled: false }), NO_RETRY);
        const [a] = await ledger.verdicts.inFlight('r', 1);
        return [a?.statusSince, (await ledger.executions.get('r', 1))?.rowsChangedServerAt];
      };
      expect(await at(1_000, { a: 'running' })).toEqual([1_000, 1_000]);
      expect(await at(2_000, { a: 'running' })).toEqual([1_000, 1_000]);
      expect(await at(3_000, { a: 'succeeded' })).toEqual([3_000, 1_000]);
      expect(await at(4_000, { a: 'succeeded', b: 'running' })).toEqual([3_000, 4_000]);
    });

    test.each<['all' | 'failed' | 'none', string[]]>([
      ['all', ['owed', 'owed', 'none', 'none']],
      ['failed', ['none', 'owed', 'none', 'none']],
      ['none', ['none', 'none', 'none', 'none']],
    ])('owes the output asked for: %s', async (outputOf, owed) => {
      const fence = await openRun(ledger, 'r', ['a', 'b', 'c', 'd']);
      await accepted(ledger, 'r', fence);
      const fates: Record<string, Fate> = { a: 'succeeded', b: 'failed', c: 'missing', d: 'running' };
      await ledger.verdicts.record('r', poll(1, fates, { outputOf }), NO_RETRY);
      expect((await ledgerOf(ledger).columns('attempts', ['output'])).map(({ output }) => output)).toEqual(owed);
    });

    test('that comes after the run was closed changes no outcome', async () => {
      const fence = await openRun(ledger, 'r', ['a', 'b']);
      await accepted(ledger, 'r', fence);
      await ledger.verdicts.closeOpen('r', 'cancelled');
      await close(ledger, 'r');
      const before = await dump(ledger);
      expect(await ledger.verdicts.record('r', poll(1, { a: 'failed', b: 'running' }), { failed: 3, afterMs: 0 })).toBe(0);
      // Beside the audit log it only says that the copy of the script has ended: others may come to the asset.
      const { audit, attempts, ...after } = await dump(ledger);
      const { audit: _none, attempts: rows = [], ...rest } = before;
      expect(audit).toMatchObject([{ action: 'late-verdict', detail: 'execution 1: a failed' }]);
      expect(attempts).toEqual(rows.map((row, index) => (index === 0 ? { ...(row as object), copy: 'over' } : row)));
      expect(after).toEqual(rest);
    });

    test('that began before another changes nothing of what that one wrote', async () => {
      const fence = await openRun(ledger, 'r', ['a', 'b']);
      await accepted(ledger, 'r', fence);
      await ledger.verdicts.record('r', poll(1, { a: 'succeeded', b: 'running' }, { number: 2 }), NO_RETRY);
      const before = await dump(ledger);
      const late = pollPastDeadline({ number: 1 });
      expect(await ledger.verdicts.record('r', late, NO_RETRY)).toBe(0);
      expect(await dump(ledger)).toEqual(before);
      expect(await ledger.verdicts.record('r', { ...late, number: 3 }, NO_RETRY)).toBe(1);
    });

    test('that began later and read earlier leaves a verdict as it is', async () => {
      const fence = await openRun(ledger, 'r', ['a', 'b']);
      await accepted(ledger, 'r', fence);
      await ledger.verdicts.record('r', poll(1, { a: 'succeeded', b: 'running' }, { number: 2 }), NO_RETRY);
      const [verdict] = await ledger.verdicts.inFlight('r', 1);
      await ledger.verdicts.record('r', pollPastDeadline({ number: 3 }), NO_RETRY);
      expect(await ledger.verdicts.inFlight('r', 1)).toEqual([verdict, expect.objectContaining({ assetId: 'b', outcome: 'unreachable' })]);
    });

    test('frees no lease of an asset whose asset job is still open at Qualys, until the run is closed', async () => {
      const fence = await openRun(ledger, 'r', ['a', 'b']);
      await accepted(ledger, 'r', fence);
      await ledger.verdicts.record('r', pollPastDeadline({}), { failed: 1, afterMs: 0 });
      expect(await ledger.executions.get('r', 1)).toMatchObject({ state: 'settled' });
      const other = await openRun(ledger, 's', ['a', 'b']);
      expect(await ledger.executions.claim('s', other)).toBeUndefined();
      await close(ledger, 'r');
      // The lease is free, the copy is still there: another script may be sent, the same one may not.
      await giveScript(ledger, 's', '8');
      expect(await ledger.executions.claim('s', other)).toMatchObject({ size: 2 });
    });

    test('keeps words and names that no database likes', async () => {
      const fence = await openRun(ledger, 'r', ['a']);
      await accepted(ledger, 'r', fence);
      const seen = poll(1, { a: 'succeeded' });
      const [job] = seen.jobs;
      if (!job) throw new Error('no job');
      const name = `half \ud800, nul \u0000, quote ' " \\ud800 and 😀`;
      await ledger.verdicts.record('r', { ...seen, jobs: [{ ...job, name, status: `X\udfff'; DROP TABLE runs` }] }, NO_RETRY);
      expect((await ledger.reader.assets('r')).items[0]).toMatchObject({
        name: `half \ufffd, nul \ufffd, quote ' " \\ud800 and 😀`,
        status: `X\ufffd'; DROP TABLE runs`,
      });
    });

    test('knows its first job, and that a further one has come', async () => {
      const fence = await openRun(ledger, 'r', ['a']);
      await accepted(ledger, 'r', fence);
      await ledger.verdicts.setJob('r', 1, { jobId: 'j1', createdAt: TERMS.serverAt + 5 });
      await ledger.verdicts.setJob('r', 1, { jobId: 'j2', createdAt: TERMS.serverAt + 9 });
      expect(await ledger.executions.get('r', 1)).toMatchObject({
        jobId: 'j1',
        jobCreatedAt: TERMS.serverAt + 5,
        rowsChangedServerAt: TERMS.serverAt + 9,
      });
    });

    test('counts an asset that was hit and not asked for once', async () => {
      await openRun(ledger, 'r', ['a']);
      await ledger.verdicts.addOutOfCohort('r', 1, []);
      await ledger.verdicts.addOutOfCohort('r', 1, [{ jobId: 'j', assetId: 'x' }]);
      await ledger.verdicts.addOutOfCohort('r', 1, [
        { jobId: 'j', assetId: 'x' },
        { jobId: 'j', assetId: 'y' },
      ]);
      expect((await close(ledger, 'r')).strays).toBe(2);
    });
  });

  describe('retries', () => {
    test('give each failed asset another attempt that is due later, until there are enough; the counts always add up', async () => {
      const fence = await openRun(ledger, 'r', ['a', 'b']);
      const retry = { failed: 2, afterMs: 0 };
      for (const n of [1, 2, 3]) {
        const { assetIds: sent } = await accepted(ledger, 'r', fence);
        expect(sent).toEqual(n === 1 ? ['a', 'b'] : ['a']);
        await ledger.verdicts.record('r', poll(n, n === 1 ? { a: 'failed', b: 'succeeded' } : { a: 'failed' }), retry);
        expect(await lastOnes()).toEqual([1, 1]);
        expect((await ledger.runs.snapshot('r')).counts).toMatchObject({
          targeted: 2,
          succeeded: 1,
          failed: n === 3 ? 1 : 0,
          pending: n === 3 ? 0 : 1,
        });
      }
      expect(await attempts()).toEqual([
        { assetId: 'a', attempt: 1, last: 0, outcome: 'failed', executionNo: 1, lease: null, output: 'owed' },
        { assetId: 'a', attempt: 2, last: 0, outcome: 'failed', executionNo: 2, lease: null, output: 'owed' },
        { assetId: 'a', attempt: 3, last: 1, outcome: 'failed', executionNo: 3, lease: null, output: 'owed' },
        { assetId: 'b', attempt: 1, last: 1, outcome: 'succeeded', executionNo: 1, lease: null, output: 'owed' },
      ]);
      expect(await ledger.executions.claim('r', fence)).toBeUndefined();
    });

    test('are not due before their time', async () => {
      const fence = await openRun(ledger, 'r', ['a']);
      await accepted(ledger, 'r', fence);
      await ledger.verdicts.record('r', poll(1, { a: 'failed' }), { failed: 1, afterMs: 60_000 });
      expect(await ledger.executions.claim('r', fence)).toBeUndefined();
      const { nextDueAt, at, waiting } = await ledger.runs.snapshot('r');
      expect(waiting).toBe(1);
      expect((nextDueAt ?? 0) - at).toBeGreaterThan(50_000);
      await shift(ledger, 'attempts', { dueAt: -60_000 }, { attempt: 2 });
      expect(await ledger.executions.claim('r', fence)).toMatchObject({ executionNo: 2, size: 1 });
    });

    test('belong to failed assets only', async () => {
      const fence = await openRun(ledger, 'r', ['a', 'b', 'c']);
      await accepted(ledger, 'r', fence);
      const seen = poll(1, { a: 'failed', b: 'missing', c: 'running' });
      const decisions = seen.decisions.map((decision) =>
        decision.assetId === 'c' ? { ...decision, outcome: 'failed' as const, final: false } : decision,
      );
      await ledger.verdicts.record('r', { ...seen, decisions }, { failed: 5, afterMs: 0 });
      expect(await ledgerOf(ledger).columns('attempts', ['assetId'], { attempt: 2 })).toEqual([{ assetId: 'a' }]);
    });
  });

  describe('putting back', () => {
    test('gives what was sent another attempt and what was not the same one, due at once', async () => {
      const fence = await openRun(ledger, 'r', ['a', 'b', 'c']);
      await ledger.cohort.skip('r', ['c'], 'other platform');
      await accepted(ledger, 'r', fence);
      await ledger.verdicts.record('r', poll(1, { a: 'failed', b: 'succeeded' }), NO_RETRY);
      expect(await ledger.verdicts.requeue('r', ['failed', 'skipped'])).toBe(2);
      expect(await ledger.verdicts.requeue('r', ['failed', 'skipped'])).toBe(0);
      expect(await lastOnes()).toEqual([1, 1, 1]);
      expect((await ledger.runs.snapshot('r')).counts).toMatchObject({ targeted: 3, succeeded: 1, pending: 2 });
      expect(await ledger.executions.claim('r', fence)).toMatchObject({ executionNo: 2, size: 2 });
    });

    test('of unverified assets frees the lease that an unknown fate keeps', async () => {
      const fence = await openRun(ledger, 'r', ['a']);
      await permitted(ledger, 'r', fence);
      await ledger.executions.giveUp('r', 1, 'fate-unknown');
      expect(await ledger.executions.claim('r', fence)).toBeUndefined();
      expect(await ledger.verdicts.requeue('r', ['unverified'])).toBe(1);
      expect(await ledger.executions.claim('r', fence)).toMatchObject({ executionNo: 2, size: 1 });
      expect(await ledgerOf(ledger).columns('attempts', ['attempt', 'last', 'outcome'])).toEqual([
        { attempt: 1, last: 0, outcome: 'unverified' },
        { attempt: 2, last: 1, outcome: 'pending' },
      ]);
    });
  });

  describe('closing', () => {
    test('ends what was sent as unverified and what was not as skipped, and the outcomes add up', async () => {
      const fence = await openRun(ledger, 'r', assetIds(125));
      const settled = await accepted(ledger, 'r', fence);
      await ledger.verdicts.record('r', poll(1, allOf(settled.assetIds, 'succeeded')), NO_RETRY);
      await accepted(ledger, 'r', fence);
      await permitted(ledger, 'r', fence);
      await ledger.executions.claim('r', fence);
      expect(await ledger.verdicts.closeOpen('r', 'interrupted')).toEqual({ unverified: 50, skipped: 50 });
      expect(await ledger.verdicts.closeOpen('r', 'again')).toEqual({ unverified: 0, skipped: 0 });
      expect(await ledgerOf(ledger).tally('attempts', ['outcome', 'reason'])).toEqual([
        { outcome: 'skipped', reason: 'interrupted', n: 50 },
        { outcome: 'succeeded', reason: null, n: 25 },
        { outcome: 'unverified', reason: 'interrupted', n: 50 },
      ]);
      expect(await ledgerOf(ledger).columns('executions', ['executionNo', 'state'])).toEqual([
        { executionNo: 1, state: 'settled' },
        { executionNo: 2, state: 'accepted' },
        { executionNo: 3, state: 'unverified' },
        { executionNo: 4, state: 'released' },
      ]);
      expect(await ledger.runs.snapshot('r')).toMatchObject({ waiting: 0, slotsTaken: 0 });
    });

    test('leaves the earlier verdict of an asset whose next attempt was not sent, claimed or not, as its last word', async () => {
      const fence = await openRun(ledger, 'r', ['a', 'b', 'c']);
      await accepted(ledger, 'r', fence);
      await ledger.verdicts.record('r', poll(1, { a: 'failed', b: 'failed', c: 'failed' }), { failed: 1, afterMs: 0 });
      for (const assetId of ['b', 'c']) await shift(ledger, 'attempts', { dueAt: 60_000 }, { assetId, attempt: 2 });
      await permitted(ledger, 'r', fence);
      await find(ledger, { dueAt: 0 }, { assetId: 'b', attempt: 2 });
      await ledger.executions.claim('r', fence);
      expect(await ledger.verdicts.closeOpen('r', 'cancelled')).toEqual({ unverified: 1, skipped: 0 });
      expect(await ledgerOf(ledger).columns('attempts', ['assetId', 'attempt', 'last', 'outcome'])).toEqual([
        { assetId: 'a', attempt: 1, last: 0, outcome: 'failed' },
        { assetId: 'a', attempt: 2, last: 1, outcome: 'unverified' },
        { assetId: 'b', attempt: 1, last: 1, outcome: 'failed' },
        { assetId: 'c', attempt: 1, last: 1, outcome: 'failed' },
      ]);
    });

    test('frees every lease of the run with its report', async () => {
      const fence = await openRun(ledger, 'r', ['a']);
      await accepted(ledger, 'r', fence);
      await ledger.verdicts.closeOpen('r', 'cancelled');
      const other = await openRun(ledger, 's', ['a']);
      expect(await ledger.executions.claim('s', other)).toBeUndefined();
      await close(ledger, 'r');
      await giveScript(ledger, 's', '8');
      expect(await ledger.executions.claim('s', other)).toMatchObject({ size: 1 });
    });
  });
}
