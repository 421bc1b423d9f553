import { beforeEach, describe, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { openRun, useLedgers } from '../../../test/support/ledger/ledger.js';
import { find } from '../../../test/support/ledger/scenario.js';
import type { Ledger } from '../../ledger/index.js';
import { type ControlInput, type ControlResult, createControlRun } from './control.js';

const ledgers = useLedgers();
let ledger: Ledger;
beforeEach(async () => {
  ledger = await ledgers.open();
  await openRun(ledger, 'r', ['a']);
});

/** One attempt of the activity of that id. */
const attempt = (activityId: string, input: Omit<ControlInput, 'runId'>): Promise<ControlResult> =>
  new MockActivityEnvironment({ activityId }).run(() => createControlRun({ ledger }).controlRun({ runId: 'r', ...input }));
const actions = async () => (await ledger.audit.of('r')).map(({ action }) => action);

describe('an order', () => {
  test('is the same in every attempt and every history that carries its update', async () => {
    await ledger.cohort.skip('r', ['a'], 'other platform');
    await find(ledger, { outcome: 'missing' });
    const retry = { command: { kind: 'retry', outcomes: ['missing'] }, by: 'kim', orderId: 'update-1', orderNumber: 1 } as const;
    expect((await attempt('4', retry)).assets).toBe(1);
    await find(ledger, { outcome: 'missing' });
    expect(await attempt('9', retry)).toMatchObject({ assets: 1, snapshot: { counts: { missing: 1, pending: 0 } } });
    expect(await actions()).toEqual(['retry']);
  });

  test('of the workflow itself, or of a workflow that numbers none, is known by its place in the history', async () => {
    const stop = { command: { kind: 'stop', cause: 'stopped', why: 'rejected' } } as const;
    expect((await attempt('4', stop)).snapshot.stop).toEqual({ cause: 'stopped', reason: 'rejected' });
    await attempt('4', stop);
    expect(await actions()).toEqual(['stop']);
    await attempt('5', { command: { kind: 'stop', cause: 'cancelled', why: 'cancelled' } });
    expect(await actions()).toEqual(['stop', 'stop']);
  });
});
