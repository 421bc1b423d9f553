import { beforeEach, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { assetIds, openRun, useLedgers } from '../../test/support/ledger/ledger.js';
import { defaultPolicy } from '../contracts/policy.js';
import type { Issued } from '../domain/run/snapshot.js';
import type { Ledger } from '../ledger/index.js';
import { createOpenCampaign } from './campaign/open.js';
import type { ActivityDependencies } from './dependencies.js';
import { createOpenRun } from './opening/run.js';
import { createWatch } from './polling/watch.js';
import { createControlRun } from './run/control.js';

const ledgers = useLedgers();
const MORE: Issued = { claimed: 3, permits: 3, orders: 1 };
let ledger: Ledger;
let dependencies: ActivityDependencies;

beforeEach(async () => {
  ledger = await ledgers.open();
  await openRun(ledger, 'r', assetIds(2));
  const untouched = () => {
    throw new Error('nothing may be asked for');
  };
  const qualys = new Proxy({}, { get: untouched });
  const client = { workflowService: { describeNamespace: async () => ({ namespaceInfo: { id: 'ours' } }) } };
  dependencies = { ledger, qualys, client, policy: defaultPolicy() } as unknown as ActivityDependencies;
});

const inActivity = <I, R>(activity: (input: I) => Promise<R>, input: I): Promise<R> => new MockActivityEnvironment().run(activity, input);

test('a campaign whose ledger lacks what its workflow knows of begins no step, and says so', async () => {
  const { recheckPlan } = createOpenCampaign(dependencies);
  const answer = await inActivity(recheckPlan, { runId: 'r', issued: MORE });
  expect(answer).toMatchObject({ kind: 'blocked', blocked: { kind: 'ledger' } });
  expect(JSON.stringify(answer)).toContain('3 executions, 3 permits and 1 orders were issued');
  expect(await ledger.staleness.held()).toContain('of r, and');
  await expect(inActivity(recheckPlan, { runId: 'r', issued: MORE, reported: { kind: 'ledger', why: '' } })).rejects.toMatchObject({
    nextRetryDelay: 30_000,
  });
});

test('a campaign begins no step out of a ledger that another run has shown to be old', async () => {
  await ledger.staleness.note('another', 'it does not know another');
  const { recheckPlan } = createOpenCampaign(dependencies);
  expect(await inActivity(recheckPlan, { runId: 'r' })).toMatchObject({ kind: 'blocked', blocked: { kind: 'halted' } });
});

test('nothing is opened in a stale ledger: the newest one would not know it', async () => {
  await ledger.staleness.note('another', 'it does not know another');
  const { request } = (await ledger.runs.get('r')) ?? {};
  if (!request) throw new Error('no request');
  const { openRun: open } = createOpenRun(dependencies);
  const answer = await inActivity(open, { runId: 'new', firstExecutionId: 'first', namespace: 'default', request });
  expect(answer).toMatchObject({ kind: 'blocked', blocked: { kind: 'halted' } });
  expect(await ledger.runs.get('new')).toBeUndefined();
});

test('a run that only watches tells that its ledger is old', async () => {
  const { watch } = createWatch(dependencies);
  await inActivity(watch, { runId: 'r', reportedAt: 0, reportedWakes: 0, issued: await ledger.runs.issued('r') });
  expect(await ledger.staleness.held()).toBeUndefined();
  await inActivity(watch, { runId: 'r', reportedAt: 0, reportedWakes: 0, issued: MORE });
  expect(await ledger.staleness.held()).toContain('of r, and');
});

test.each([
  ['what was given out', MORE],
  ['nothing', undefined],
])('an order to a run that the ledger has forgotten shows that it is old, where the workflow knows of %s', async (_, issued) => {
  const { controlRun } = createControlRun(dependencies);
  await expect(inActivity(controlRun, { runId: 'gone', command: { kind: 'start' }, issued })).rejects.toThrow('does not know the run gone');
  expect(await ledger.staleness.held()).toContain('it does not know gone');
});
