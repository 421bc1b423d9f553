import { expect, test } from '@jest/globals';
import { assetIds, openRun, readScript, TERMS, useLedgers } from '../../../test/support/ledger/ledger.js';
import { defaultPolicy } from '../../contracts/policy.js';
import type { ActivityDependencies } from '../dependencies.js';
import { sendExecution } from './send.js';

const ledgers = useLedgers();

test('a ledger that is found to be behind while a run sends is told and asked about again: nothing else would wake the run', async () => {
  const ledger = await ledgers.open();
  const fence = await openRun(ledger, 'r', assetIds(2));
  await readScript(ledger, 'r');
  const execution = await ledger.executions.claim('r', fence);
  const run = await ledger.runs.get('r');
  if (!execution || !run) throw new Error('nothing to send');
  expect(await ledger.staleness.isStale('r', { claimed: 9, permits: 9 })).toBe(true);
  const dependencies = { ledger, policy: defaultPolicy(), timings: TERMS, sender: TERMS.sender } as unknown as ActivityDependencies;
  const report = () => Promise.reject(new Error('nothing may be sent'));
  const sent = await sendExecution(dependencies, { run, execution, fence, beat: () => undefined, report });
  expect(sent).toMatchObject({ kind: 'wait', wait: { waitMs: 30_000, blocked: { kind: 'ledger' } } });
});
