import { beforeEach, describe, expect, test } from '@jest/globals';
import { ledgerOf } from '../../../../test/support/ledger/inspector.js';
import { accepted, close, dump, openRun, poll } from '../../../../test/support/ledger/ledger.js';
import { find } from '../../../../test/support/ledger/scenario.js';
import type { Ledger } from '../../index.js';
import { REFUSED } from '../../runs/orders.js';
import type { Ledgers } from '../ledgers.js';

export function ordersSuite(ledgers: Ledgers): void {
  let ledger: Ledger;
  let fence: number;
  beforeEach(async () => {
    ledger = await ledgers.open();
    fence = await openRun(ledger, 'r', ['a', 'b']);
  });

  const order = (id: string, number: number, command: Parameters<Ledger['orders']['carryOut']>[1]['command']) =>
    ledger.orders.carryOut('r', { id, number, command, by: 'kim' });
  const isPaused = async () => (await ledger.runs.get('r'))?.paused;
  const entries = async () => (await ledger.audit.of('r')).map(({ action, detail }) => `${action} ${detail}`);

  describe('an order', () => {
    test('to put unverified assets back is carried out once, also when its next attempt finds them unverified again', async () => {
      const retry = { kind: 'retry', outcomes: ['unverified'] } as const;
      await accepted(ledger, 'r', fence);
      await find(ledger, { outcome: 'unverified' });
      expect(await order('update:1', 1, retry)).toBe(2);
      await accepted(ledger, 'r', fence);
      await find(ledger, { outcome: 'unverified' }, { last: 1 });
      const before = await dump(ledger);
      expect(await order('update:1', 1, retry)).toBe(2);
      expect(await dump(ledger)).toEqual(before);
      expect(await entries()).toEqual(['retry {"outcomes":["unverified"],"assets":2,"despiteOpenCopies":2}']);
    });

    test('is noted under a name that the server has authenticated, and under a claim of every other', async () => {
      await ledger.authenticatedOrders.note('r', '1', 'kim');
      await ledger.authenticatedOrders.note('r', '2', 'lee');
      await ledger.authenticatedOrders.note('another', '3', 'kim');
      for (const id of [1, 2, 3, 4]) await order(`update:${id}`, id, { kind: 'pause' });
      expect((await ledger.audit.of('r')).map(({ verified }) => verified)).toEqual([true, false, false, false]);
    });

    test('to resume that comes after a later pause leaves the run paused, and the audit log says so', async () => {
      await order('update:1', 1, { kind: 'pause' });
      await order('update:3', 3, { kind: 'pause' });
      await order('update:2', 2, { kind: 'resume' });
      expect(await isPaused()).toBe(true);
      expect(await entries()).toEqual(['pause {}', 'pause {}', 'resume {"ignored":"a later order stands"}']);
      await order('update:4', 4, { kind: 'resume' });
      expect(await isPaused()).toBe(false);
    });

    test('to resume what is not paused has no effect; a held step of a campaign is something to resume', async () => {
      expect(await order('update:1', 1, { kind: 'resume' })).toBe(REFUSED);
      expect(await entries()).toEqual(['resume {"ignored":"nothing is paused"}']);
      await ledger.runs.hold('r');
      expect(await order('update:2', 2, { kind: 'resume' })).toBe(0);
      await ledger.runs.setBlocked('r', 'the script has changed');
      expect(await order('update:3', 3, { kind: 'resume' })).toBe(0);
      expect(await isPaused()).toBe(false);
    });

    test('to adjust that comes late changes only what no later one has set', async () => {
      await order('update:2', 2, { kind: 'adjust', maxInFlight: 9 });
      await order('update:1', 1, { kind: 'adjust', maxInFlight: 2, deadlineMs: 60_000 });
      expect(await ledger.runs.get('r')).toMatchObject({ maxInFlight: 9, deadlineMs: 60_000 });
    });

    test('changes nothing of a run whose report is written', async () => {
      const { n } = await accepted(ledger, 'r', fence);
      await ledger.verdicts.record('r', poll(n, { a: 'failed', b: 'failed' }), { failed: 0, afterMs: 0 });
      await close(ledger, 'r');
      const { runs, attempts } = await dump(ledger);
      expect(await order('update:1', 1, { kind: 'retry', outcomes: ['failed'] })).toBe(0);
      expect(await ledger.verdicts.requeue('r', ['failed'])).toBe(0);
      expect(await order('update:2', 2, { kind: 'pause' })).toBe(0);
      expect(await dump(ledger)).toMatchObject({ runs, attempts });
    });

    test('of a run that the ledger does not know is refused', async () => {
      await expect(ledger.orders.carryOut('nobody', { id: '1', number: 1, command: { kind: 'pause' } })).rejects.toThrow(
        'The ledger does not know the run nobody.',
      );
      expect(await ledgerOf(ledger).rows('orders')).toEqual([]);
    });
  });
}
