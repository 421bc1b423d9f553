import { expect, test } from '@jest/globals';
import { assetIds, openRun, useLedgers } from '../../../test/support/ledger/ledger.js';
import type { TicketApproval } from '../dependencies.js';
import { whySuperseded } from './still-stands.js';

const ledgers = useLedgers();
const TICKET = { hook: 'snow', system: 'servicenow', id: 'CHG1' };

async function whyOf(
  runId: string,
  { others = [], now, id = 'CHG1' }: { others?: string[]; now: TicketApproval; id?: string },
): Promise<string | undefined> {
  const ledger = await ledgers.open();
  for (const each of [runId, ...others]) await openRun(ledger, each, assetIds(1), { ticket: { ...TICKET, id } });
  const run = await ledger.runs.get(runId);
  if (!run) throw new Error('no run');
  return whySuperseded(ledger, run, now);
}

test('of two approvals of one ticket the older one, which has sent nothing, is not sent any more', async () => {
  expect(await whyOf('snow/CHG1/5', { others: ['snow/CHG1/7'], now: { kind: 'approved' } })).toContain('snow/CHG1/7 is the run of that');
  expect(await whyOf('snow/CHG1/7', { others: ['snow/CHG1/5'], now: { kind: 'approved' } })).toBeUndefined();
  expect(await whyOf('snow/CHG1/5', { others: ['snow/CHG2/7'], now: { kind: 'approved' } })).toBeUndefined();
});

test('where the system names its authorisations, the one of the run has to be among them', async () => {
  expect(await whyOf('pd/Q1/yes-1', { id: 'Q1', now: { kind: 'approved', generations: ['yes-2'] } })).toContain('yes-2');
  expect(await whyOf('pd/Q1/yes-1', { id: 'Q1', now: { kind: 'approved', generations: ['yes-1', 'yes-2'] } })).toBeUndefined();
});

test.each(['patch-openssl', 'by/hand/50%', 'snow/CHG9/1', 'snow/CHG1/5/retry-1'])(
  'an id that names no authorisation of the ticket, %s, is not judged by one',
  async (runId) => {
    expect(await whyOf(runId, { now: { kind: 'approved', generations: ['yes-2'] } })).toBeUndefined();
  },
);
