import { describe, expect, test } from '@jest/globals';
import { throwSwitchByHand } from '../../../../test/support/ledger/damage.js';
import { accepted, assetIds, openRun, TERMS } from '../../../../test/support/ledger/ledger.js';
import { makeCampaign, makeStep } from '../../../../test/support/ledger/scenario.js';
import type { ErrorBudget } from '../../../contracts/request.js';
import type { Command } from '../../../domain/run/command.js';
import type { Issued } from '../../../domain/run/snapshot.js';
import type { Ledger } from '../../index.js';
import type { Ledgers } from '../ledgers.js';

export function staleLedgerSuite(ledgers: Ledgers): void {
  /** A ledger, and a way to open what it is at this moment. */
  async function withBackups(): Promise<{ ledger: Ledger; backup: () => Promise<() => Promise<Ledger>> }> {
    const ledger = await ledgers.open();
    return {
      ledger,
      async backup() {
        const kept = await ledgers.copy(ledger.url);
        return async () => ledgers.again(await ledgers.copy(kept));
      },
    };
  }

  let orders = 0;
  function order(ledger: Ledger, runId: string, command: Command<ErrorBudget>, issued?: Issued): Promise<number> {
    orders += 1;
    return ledger.orders.carryOut(runId, { id: `order-${orders}`, number: orders, command, issued });
  }

  test('a ledger that forgot a pause is stale, and a later order does not make up for it', async () => {
    const { ledger, backup } = await withBackups();
    const fence = await openRun(ledger, 'r', assetIds(3));
    const execution = await ledger.executions.claim('r', fence);
    const restore = await backup();
    await order(ledger, 'r', { kind: 'pause' });
    const known = await ledger.runs.issued('r');
    const old = await restore();
    await order(old, 'r', { kind: 'adjust', maxInFlight: 2 }, known);
    expect(await old.runs.issued('r')).toEqual(known);
    expect(await old.staleness.isStale('r', known)).toBe(true);
    expect(await old.executions.permit('r', execution?.executionNo ?? 0, { fence, terms: TERMS })).toMatchObject({
      kind: 'refused',
      why: 'stale-ledger',
    });
    expect(await ledger.staleness.isStale('r', known)).toBe(false);
  });

  test('a ledger that forgot that the kill switch was thrown is stale', async () => {
    const { ledger, backup } = await withBackups();
    await openRun(ledger, 'r', assetIds(3));
    const restore = await backup();
    await ledger.killSwitch.halt({ by: 'anna' });
    const known = await ledger.runs.issued('r');
    const old = await restore();
    expect(await old.staleness.isStale('r', known)).toBe(true);
  });

  test('a step whose campaign is stale gets no permit, whatever is known of the step', async () => {
    const { ledger } = await withBackups();
    await openRun(ledger, 'c', assetIds(2));
    const fence = await openRun(ledger, 's', assetIds(2));
    await makeCampaign(ledger, 'c');
    await makeStep(ledger, 's', { campaignId: 'c', step: 'remediate' });
    const { n } = await accepted(ledger, 's', fence);
    expect(n).toBe(1);
    const known = await ledger.runs.issued('c');
    expect(known).toMatchObject({ claimed: 1, permits: 1 });
    expect(await ledger.staleness.isStale('c', { ...known, permits: 2 })).toBe(true);
    expect(await ledger.staleness.isStale('s', undefined)).toBe(true);
    await order(ledger, 'c', { kind: 'start' });
    expect(await ledger.staleness.isStale('c', undefined)).toBe(true);
  });

  test('what is known of a run that the ledger does not know shows that it is stale', async () => {
    const { ledger } = await withBackups();
    expect(await ledger.staleness.isStale('r', { claimed: 0, permits: 0 })).toBe(true);
    expect(await ledger.staleness.isStale('r', undefined)).toBe(false);
  });

  describe('a ledger that is stale for one of its runs', () => {
    const permit = async (of: Ledger, runId: string, fence: number) => {
      const { executionNo } = (await of.executions.inState(runId, ['claimed']))[0] ??
        (await of.executions.claim(runId, fence)) ?? { executionNo: 0 };
      const answer = await of.executions.permit(runId, executionNo, { fence, terms: TERMS });
      return answer.kind === 'granted' ? answer.kind : answer.why;
    };

    /** Both are about the same assets, and the backup has nothing of either; `a` has sent since. */
    async function put(): Promise<{ old: Ledger; known: Issued; fence: number }> {
      const { ledger, backup } = await withBackups();
      const a = await openRun(ledger, 'a', assetIds(2));
      const fence = await openRun(ledger, 'b', assetIds(50));
      const restore = await backup();
      await accepted(ledger, 'a', a);
      const known = await ledger.runs.issued('a');
      return { old: await restore(), known, fence };
    }

    test('sends nothing of any run, and gives nothing out, until somebody says so', async () => {
      const { old, known, fence } = await put();
      const execution = await old.executions.claim('b', fence);
      expect(await old.staleness.held()).toBeUndefined();
      expect(await old.staleness.isStale('a', known)).toBe(true);
      expect(await permit(old, 'b', fence)).toBe('halted');
      expect(await old.executions.claim('b', fence)).toBeUndefined();
      expect(await old.killSwitch.state()).toMatchObject({ by: 'overhaul', reason: expect.stringContaining('of a, and') });
      expect(await old.staleness.held()).toContain('overhaul unhalt');
      await old.killSwitch.unhalt({ by: 'ada' });
      await old.scriptReadings.end('b', await old.scriptReadings.begin('b'));
      expect(execution?.executionNo).toBe(1);
      expect(await permit(old, 'b', fence)).toBe('granted');
      expect(await old.killSwitch.state()).toBeUndefined();
    });

    test('is held once for each run: what was let go holds nothing again, another run does', async () => {
      const { old, known } = await put();
      await old.staleness.isStale('a', known);
      await old.killSwitch.unhalt({ by: 'ada' });
      expect(await old.staleness.isStale('a', { ...known, permits: 9 })).toBe(true);
      await old.staleness.note('a', 'it lacks the report of a');
      expect(await old.staleness.held()).toBeUndefined();
      expect(await old.staleness.isStale('gone', { claimed: 0, permits: 0 })).toBe(true);
      expect(await old.staleness.held()).toContain('it does not know gone');
      await old.killSwitch.unhalt({ by: 'ada' });
      expect(await old.staleness.isStale('gone', { claimed: 0, permits: 0 })).toBe(true);
      expect(await old.staleness.held()).toBeUndefined();
    });

    test('is held beside the kill switch, whose reason comes behind', async () => {
      const { old, known, fence } = await put();
      await old.killSwitch.halt({ by: 'ada', reason: 'incident 7' });
      await old.staleness.isStale('a', known);
      expect(await old.killSwitch.state()).toMatchObject({ by: 'overhaul' });
      await old.killSwitch.halt({ by: 'bob', reason: 'incident 8' });
      await throwSwitchByHand(old, { heldWhy: null });
      expect(await old.killSwitch.state()).toMatchObject({ by: 'ada', reason: 'incident 7' });
      expect(await permit(old, 'b', fence)).not.toBe('granted');
    });

    test('counts no order for it: the newest ledger, put back, is not stale for want of one', async () => {
      const { old, known } = await put();
      const before = await old.runs.issued('b');
      await old.staleness.isStale('a', known);
      expect(await old.runs.issued('b')).toEqual(before);
      expect((await old.audit.of('b')).map(({ action, actor }) => [action, actor])).toEqual([['ledger-held', 'overhaul']]);
    });

    test('a ledger that is not stale is not held', async () => {
      const { old, known } = await put();
      expect(await old.staleness.isStale('b', await old.runs.issued('b'))).toBe(false);
      expect(await old.staleness.isStale('a', { ...known, ...(await old.runs.issued('a')) })).toBe(false);
      expect(await old.staleness.held()).toBeUndefined();
    });
  });
}
