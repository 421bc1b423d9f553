import { beforeEach, describe, expect, test } from '@jest/globals';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { openCampaign } from '../../../test/support/ledger/campaign.js';
import { useLedgers } from '../../../test/support/ledger/ledger.js';
import type { StepKey } from '../../domain/campaign/step.js';
import type { Ledger } from '../../ledger/index.js';
import { createAdoptedStep } from './adopted-step.js';

const ledgers = useLedgers();
let ledger: Ledger;
beforeEach(async () => {
  ledger = await ledgers.open();
});

const STEP = 'campaign/1/remediate';
const KEY: StepKey & { runId: string } = { campaignId: 'campaign', wave: 1, step: 'remediate', runId: STEP };

/** Undefined: Temporal does not know the workflow. */
function clientOf(workflow?: { status?: string; type?: string; parent?: string; firstRunId?: string }): Client {
  const { status = 'RUNNING', type = 'campaignStep', parent = 'campaign', firstRunId = 'first-campaign' } = workflow ?? {};
  const describe = async () => {
    if (!workflow) throw new WorkflowNotFoundError('not found', STEP, undefined);
    return { type, status: { name: status }, raw: { workflowExecutionInfo: { firstRunId, parentExecution: { workflowId: parent } } } };
  };
  return { workflow: { getHandle: () => ({ describe }) } } as unknown as Client;
}

const poll = (workflow?: Parameters<typeof clientOf>[0], key = KEY) =>
  createAdoptedStep({ ledger, client: clientOf(workflow) }).pollStep(key);
const close = (workflow?: Parameters<typeof clientOf>[0], runId = STEP) =>
  createAdoptedStep({ ledger, client: clientOf(workflow) }).closeLostStep({ runId });

async function openStep(): Promise<void> {
  const campaign = await openCampaign(ledger, [['a', 'b']]);
  await campaign.step(1, 'remediate', { a: { outcome: 'succeeded' } }, { open: true });
}

describe('a step that is polled', () => {
  test('is open, opening or finished as the ledger says', async () => {
    await openStep();
    await ledger.runs.setPhase(STEP, 'opening');
    expect(await poll()).toEqual({ kind: 'opening' });
    await ledger.runs.setPhase(STEP, 'running');
    expect(await poll()).toMatchObject({ kind: 'open', snapshot: { counts: { targeted: 2 } } });
    await ledger.runs.abandon(STEP);
    expect(await poll()).toEqual({ kind: 'finished' });
  });

  test.each([{ wave: 2 }, { step: 'verify' as const }, { campaignId: 'another' }])('is foreign where its row is of %j', async (other) => {
    await openStep();
    expect(await poll({}, { ...KEY, ...other })).toMatchObject({ kind: 'foreign' });
  });

  test.each([
    [{}, 'opening'],
    [{ status: 'TERMINATED' }, 'finished'],
    [undefined, 'finished'],
    [{ type: 'somethingElse' }, 'foreign'],
    [{ parent: 'another' }, 'foreign'],
  ])('without a row is what Temporal says: %j is %s', async (workflow, kind) => {
    expect(await poll(workflow)).toMatchObject({ kind });
  });
});

describe('a step whose promise has failed', () => {
  test('goes on where its workflow was only reset', async () => {
    await openStep();
    expect(await close({})).toEqual({ goesOn: true });
    expect(await ledger.runs.get(STEP)).toMatchObject({ closing: false, stop: undefined });
  });

  test.each([undefined, { status: 'TERMINATED' }, { firstRunId: 'another' }])('is closed where it is gone: %j', async (workflow) => {
    await openStep();
    expect(await close(workflow)).toEqual({ goesOn: false });
    expect((await ledger.runs.get(STEP))?.finishedAt).toBeDefined();
  });

  test('is left alone where the row under its id is no step', async () => {
    await openStep();
    expect(await close(undefined, 'campaign')).toEqual({ goesOn: false });
    expect((await ledger.runs.get('campaign'))?.finishedAt).toBeUndefined();
  });
});

describe('beside the activities of a history that was reset', () => {
  test('a wave that is closed is not opened again by a word that comes late', async () => {
    await openStep();
    await ledger.campaigns.setWave('campaign', 1, { status: 'rolled-back', ends: true });
    await ledger.campaigns.setWave('campaign', 1, { status: 'running', begins: true });
    expect((await ledger.campaigns.waves('campaign'))[0]).toMatchObject({ status: 'rolled-back', closedAt: expect.any(Number) });
  });

  test('an earlier attempt to close a campaign fails instead of writing a report without what it may not take over', async () => {
    await openStep();
    const earlier = await ledger.runs.beginClosing('campaign');
    await ledger.runs.beginClosing('campaign');
    await expect(ledger.campaigns.mergeAll('campaign', { closing: earlier })).rejects.toThrow('Another attempt is already closing');
  });
});
