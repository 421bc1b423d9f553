import { beforeEach, describe, expect, test } from '@jest/globals';
import { accepted, allOf, assetIds, close, dump, openRun, permitted, poll } from '../../../../test/support/ledger/ledger.js';
import { age } from '../../../../test/support/ledger/scenario.js';
import { parseRequest } from '../../../contracts/request.js';
import type { Ledger } from '../../index.js';
import type { Ledgers } from '../ledgers.js';

function request() {
  const parsed = parseRequest({ script: 7, targets: { assetIds: [1] }, maxInFlight: 3, deadline: '1h', errorBudget: { max: '10%' } });
  if (!parsed.ok) throw new Error('request');
  const { targets: _cohort, ...stored } = parsed.value;
  return stored;
}

export function runsSuite(ledgers: Ledgers): void {
  let ledger: Ledger;
  beforeEach(async () => {
    ledger = await ledgers.open();
  });
  const open = (id: string, firstExecutionId: string) =>
    ledger.runs.open({ id, firstExecutionId, namespace: 'default', request: request() });

  describe('a run', () => {
    test('is opened once an id: the same execution finds it, another one is refused', async () => {
      expect(await open('r', 'x1')).toBe('new');
      const before = await dump(ledger);
      expect(await open('r', 'x1')).toBe('same');
      expect(await open('r', 'x2')).toBe('already-run');
      expect(await dump(ledger)).toEqual(before);
      expect(await ledger.runs.get('r')).toMatchObject({
        firstExecutionId: 'x1',
        phase: 'opening',
        maxInFlight: 3,
        deadlineMs: 3_600_000,
        claimed: 0,
        fence: 0,
      });
      expect(await ledger.runs.get('other')).toBeUndefined();
    });

    test('hands out fences that only rise', async () => {
      await open('r', 'x');
      expect([await ledger.runs.takeFence('r'), await ledger.runs.takeFence('r'), await ledger.runs.takeFence('other')]).toEqual([1, 2, 0]);
    });

    test('is stopped by the first cause, and a cancel overrides a stop', async () => {
      await open('r', 'x');
      await ledger.runs.stop('r', 'stopped', 'budget');
      await ledger.runs.stop('r', 'stopped', 'kill switch');
      expect((await ledger.runs.get('r'))?.stop).toEqual({ cause: 'stopped', reason: 'budget' });
      await ledger.runs.stop('r', 'cancelled', 'by kim');
      await ledger.runs.stop('r', 'stopped', 'budget');
      expect((await ledger.runs.get('r'))?.stop).toEqual({ cause: 'cancelled', reason: 'by kim' });
    });

    test('takes its start from the first time it is running', async () => {
      await open('r', 'x');
      await ledger.runs.setPhase('r', 'awaiting-approval');
      expect((await ledger.runs.get('r'))?.startedAt).toBeUndefined();
      await ledger.runs.setPhase('r', 'running');
      const startedAt = (await ledger.runs.get('r'))?.startedAt;
      expect(startedAt).toBeGreaterThan(1_700_000_000_000);
      await age(ledger, 5000, { of: ['startedAt'] });
      await ledger.runs.setPhase('r', 'running');
      expect((await ledger.runs.get('r'))?.startedAt).toBe((startedAt ?? 0) - 5_000);
    });

    test('is adjusted, and the deadline of what is in flight moves with it', async () => {
      const fence = await openRun(ledger, 'r', assetIds(1));
      await accepted(ledger, 'r', fence);
      await ledger.runs.adjust('r', { deadlineMs: 60_000 });
      const execution = await ledger.executions.get('r', 1);
      expect((execution?.deadlineAt ?? 0) - (execution?.acceptedAt ?? 0)).toBe(60_000);
      await ledger.runs.adjust('r', { maxInFlight: 9, errorBudget: { max: 1 } });
      expect(await ledger.runs.get('r')).toMatchObject({ deadlineMs: 60_000, maxInFlight: 9, errorBudget: { max: 1 } });
    });
  });

  describe('the report', () => {
    test('is written once, with counts that add up; the second call gives the first one', async () => {
      const fence = await openRun(ledger, 'r', assetIds(60));
      const { assetIds: sent } = await accepted(ledger, 'r', fence);
      await ledger.verdicts.record('r', poll(1, { ...allOf(sent, 'succeeded'), 'asset-0001': 'failed', 'asset-0002': 'missing' }), {
        failed: 0,
        afterMs: 0,
      });
      await permitted(ledger, 'r', fence);
      await ledger.verdicts.closeOpen('r', 'cancelled');
      const report = await close(ledger, 'r');
      expect(report.counts).toEqual({ targeted: 60, succeeded: 23, failed: 1, unverified: 25, unreachable: 0, missing: 1, skipped: 10 });
      expect(report.executions).toBe(1);
      const before = await dump(ledger);
      expect(await close(ledger, 'r')).toEqual(report);
      expect(await dump(ledger)).toEqual(before);
      expect(await ledger.runs.get('r')).toMatchObject({ phase: 'finished', report });
      await ledger.runs.setPhase('r', 'running');
      await ledger.runs.stop('r', 'stopped', 'late');
      expect(await dump(ledger)).toEqual(before);
    });

    test('of a run that the ledger does not know is an error that names it', async () => {
      await expect(close(ledger, 'nobody')).rejects.toThrow('The ledger does not know the run nobody.');
      await expect(ledger.runs.snapshot('nobody')).rejects.toThrow('The ledger does not know the run nobody.');
    });

    test('is missing from what is unfinished', async () => {
      await open('a', 'x');
      await open('b', 'x');
      await close(ledger, 'a');
      expect((await ledger.runs.unfinished()).map(({ id }) => id)).toEqual(['b']);
      await ledger.runs.abandon('b');
      expect(await ledger.runs.unfinished()).toEqual([]);
    });
  });

  test('a snapshot says what is unsent, in doubt, watched, waiting, and whether anything was ever sent', async () => {
    const fence = await openRun(ledger, 'r', assetIds(110), { errorBudget: { max: 0 } });
    expect(await ledger.runs.snapshot('r')).toMatchObject({ attempted: false, waiting: 110, breached: false });
    const { assetIds: sent } = await accepted(ledger, 'r', fence);
    await permitted(ledger, 'r', fence);
    await ledger.executions.claim('r', fence);
    await ledger.verdicts.record('r', poll(1, { ...allOf(sent, 'running'), 'asset-0001': 'failed' }), { failed: 0, afterMs: 0 });
    expect(await ledger.runs.snapshot('r')).toMatchObject({
      unsent: 1,
      inDoubt: 1,
      watched: 1,
      slotsTaken: 3,
      waiting: 35,
      claimed: 3,
      accepted: 1,
      outputsOwed: 1,
      attempted: true,
      breached: true,
      paused: false,
      counts: { targeted: 110, running: 24, failed: 1, pending: 85 },
    });
  });
}
