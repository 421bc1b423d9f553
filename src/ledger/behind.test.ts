import { copyFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { backUpLedger } from '../../test/support/ledger-backup.js';
import { accepted, assetIds, openRun, TERMS, useLedgers } from '../../test/support/test-ledger.js';
import type { Command } from '../domain/command.js';
import type { Given } from '../domain/run-snapshot.js';
import type { ErrorBudget } from '../schema/request.js';
import type { Ledger } from './ledger.js';

const ledgers = useLedgers();

/** A ledger, and a way to open what it is at this moment. */
async function withBackups(): Promise<{ ledger: Ledger; backup: () => Promise<() => Promise<Ledger>> }> {
  const ledger = await ledgers.open();
  let copies = 0;
  return {
    ledger,
    async backup() {
      const path = `${ledger.url.slice('sqlite:'.length)}.${++copies}`;
      backUpLedger(ledger.url.slice('sqlite:'.length), path);
      return async () => {
        await copyFile(path, `${path}.restored`);
        return ledgers.again(`sqlite:${path}.restored`);
      };
    },
  };
}

let orders = 0;
function order(ledger: Ledger, runId: string, command: Command<ErrorBudget>, given?: Given): Promise<number> {
  orders += 1;
  return ledger.orders.carryOut(runId, { id: `order-${orders}`, number: orders, command, given });
}

test('a ledger that forgot a pause is behind, and a later order does not make up for it', async () => {
  const { ledger, backup } = await withBackups();
  const fence = await openRun(ledger, 'r', assetIds(3));
  const execution = await ledger.executions.claim('r', fence);
  const restore = await backup();
  await order(ledger, 'r', { kind: 'pause' });
  const known = await ledger.runs.given('r');
  const old = await restore();
  await order(old, 'r', { kind: 'adjust', maxInFlight: 2 }, known);
  expect(await old.runs.given('r')).toEqual(known);
  expect(await old.runs.isBehind('r', known)).toBe(true);
  expect(await old.executions.permit('r', execution?.n ?? 0, { fence, terms: TERMS })).toMatchObject({ kind: 'refused', why: 'behind' });
  expect(await ledger.runs.isBehind('r', known)).toBe(false);
});

test('a ledger that forgot that the kill switch was thrown is behind', async () => {
  const { ledger, backup } = await withBackups();
  await openRun(ledger, 'r', assetIds(3));
  const restore = await backup();
  await ledger.killSwitch.halt({ by: 'anna' });
  const known = await ledger.runs.given('r');
  const old = await restore();
  expect(await old.runs.isBehind('r', known)).toBe(true);
});

test('a step whose campaign is behind gets no permit, whatever is known of the step', async () => {
  const { ledger } = await withBackups();
  await openRun(ledger, 'c', assetIds(2));
  const fence = await openRun(ledger, 's', assetIds(2));
  await ledger.database.run(`UPDATE runs SET kind = 'campaign' WHERE id = 'c'`);
  await ledger.database.run(`UPDATE runs SET kind = 'step', campaign_id = 'c', wave = 1, step = 'remediate' WHERE id = 's'`);
  const { n } = await accepted(ledger, 's', fence);
  expect(n).toBe(1);
  const known = await ledger.runs.given('c');
  expect(known).toMatchObject({ claimed: 1, permits: 1 });
  expect(await ledger.runs.isBehind('c', { ...known, permits: 2 })).toBe(true);
  expect(await ledger.runs.isBehind('s', undefined)).toBe(true);
  await order(ledger, 'c', { kind: 'start' });
  expect(await ledger.runs.isBehind('c', undefined)).toBe(true);
});

test('what is known of a run that the ledger does not know shows that it is behind', async () => {
  const { ledger } = await withBackups();
  expect(await ledger.runs.isBehind('r', { claimed: 0, permits: 0 })).toBe(true);
  expect(await ledger.runs.isBehind('r', undefined)).toBe(false);
});
