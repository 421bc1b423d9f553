import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { CampaignPlanInput } from '../../../src/contracts/plan.js';
import type { CampaignReport } from '../../../src/domain/campaign/status.js';
import { sweep } from '../../../src/recovery/sweep.js';
import type { Progress } from '../../../src/workflows/shared/messages.js';
import { ledgerOf } from '../../support/ledger/inspector.js';
import { assetIds, eventually, openProductHarness, type ProductHarness } from '../product-harness.js';

/** Real milliseconds that an execution is in flight: long enough to end a workflow meanwhile. */
const IN_FLIGHT_MS = 3_000;
const SPEED = 600;

describe('the sweep, over a campaign', () => {
  let harness: ProductHarness;
  let first = -60;

  beforeAll(async () => {
    harness = await openProductHarness('sweep-campaign', {
      simulator: { speed: SPEED, executionMs: { min: IN_FLIGHT_MS * SPEED, max: IN_FLIGHT_MS * SPEED } },
    });
  }, 600_000);

  // Every test has sixty assets of its own.
  beforeEach(() => {
    first += 60;
  });

  afterAll(() => harness?.close());

  test('stops the steps of a terminated campaign, and closes it when they have collected', async () => {
    const { handle, workflowId } = await start();
    await inFlight(workflowId, 'rest');
    await handle.terminate('the test');
    expect(await swept()).toEqual([]);
    const sent = executes();
    await harness.env.client.workflow.getHandle(`${workflowId}/rest/remediate`).result();
    expect(await swept()).toEqual([workflowId]);
    expect(await reportOf(workflowId)).toMatchObject({
      status: 'stopped',
      executions: 3,
      counts: { targeted: 60, succeeded: 55, skipped: 5, unverified: 0 },
      waves: [
        { name: 'canary', status: 'succeeded' },
        { name: 'rest', status: 'stopped' },
      ],
    });
    expect(executes()).toBe(sent);
    await nothingIsLeft();
  });

  test('closes the steps first where their workflows are gone, too', async () => {
    const { handle, workflowId } = await start();
    await inFlight(workflowId, 'rest');
    const step = `${workflowId}/rest/remediate`;
    await handle.terminate('the test');
    await harness.env.client.workflow.getHandle(step).terminate('the test');
    expect(await swept()).toEqual([step, workflowId]);
    const sent = executes();
    expect(await reportOf(workflowId)).toMatchObject({
      status: 'stopped',
      counts: { targeted: 60, succeeded: 5, unverified: 50, skipped: 5 },
    });
    expect(await swept()).toEqual([]);
    await nothingIsLeft();
    expect(executes()).toBe(sent);
  });

  test('lets a campaign go on whose step was terminated by hand: it asks, sends nothing twice, and adds up', async () => {
    const { handle, workflowId, report } = await start({ waves: [{ name: 'canary', size: 30 }, { name: 'rest' }] });
    await inFlight(workflowId, 'canary');
    await harness.env.client.workflow.getHandle(`${workflowId}/canary/remediate`).terminate('the test');
    const { pending } = await eventually(
      () => handle.query<Progress>('progress'),
      (seen) => seen.pending !== undefined,
    );
    expect(pending).toMatchObject({ kind: 'inconclusive', wave: 'canary' });
    await handle.executeUpdate('approve', { args: [{ by: 'bob' }] });
    const { counts } = await report();
    expect(counts).toMatchObject({ targeted: 60, succeeded: 30 });
    expect(counts.unverified + counts.skipped).toBe(30);
    expect(await swept()).toEqual([]);
    await nothingIsLeft();
  });

  test('a cancelled campaign ends although its step could not even be opened', async () => {
    const { runs } = harness.product.ledger;
    const open = runs.open.bind(runs);
    let refused = 0;
    runs.open = async (run) => {
      if (run.kind !== 'step') return open(run);
      refused += 1;
      throw new Error('The disk is full.');
    };
    try {
      const { handle, report } = await start();
      await eventually(
        () => Promise.resolve(refused),
        (times) => times > 0,
      );
      await handle.cancel();
      expect(await report()).toMatchObject({ status: 'cancelled', counts: { targeted: 60, skipped: 60 } });
    } finally {
      runs.open = open;
    }
  });

  async function start(more: Partial<CampaignPlanInput> = {}) {
    const workflowId = `sweep-campaign-${randomUUID()}`;
    const plan: CampaignPlanInput = {
      name: 'openssl',
      targets: { assetIds: assetIds(first, 60) },
      steps: { remediate: 72648 },
      poll: { interval: '1s' },
      deadline: '1m',
      maxInFlight: 2,
      waves: [{ name: 'canary', size: 5 }, { name: 'rest' }],
      ...more,
    };
    const handle = await harness.env.client.workflow.start('remediationCampaign', {
      workflowId,
      taskQueue: harness.taskQueue,
      args: [plan],
    });
    return { workflowId, handle, report: () => handle.result() as Promise<CampaignReport> };
  }

  /** Both slots are taken by executions of this wave. */
  async function inFlight(workflowId: string, wave: string): Promise<void> {
    await eventually(
      () => harness.product.ledger.executions.inState(`${workflowId}/${wave}/remediate`, ['accepted']),
      (open) => open.length === 2,
    );
  }

  function swept(): Promise<string[]> {
    const { client, namespace } = harness.env;
    return sweep({ ledger: harness.product.ledger, client, namespace, logger: { warn: () => undefined }, times: { youngestMs: 0 } });
  }

  async function reportOf(workflowId: string) {
    return (await harness.product.ledger.runs.get(workflowId))?.report;
  }

  function executes(): number {
    return harness.product.simulator.state.executions.length;
  }

  async function nothingIsLeft(): Promise<void> {
    expect(await ledgerOf(harness).leased()).toEqual([]);
    const outcomes = (await ledgerOf(harness).tally('attempts', ['outcome'], { last: 1 })).map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === 'pending' || outcome === 'running')).toEqual([]);
    expect(await ledgerOf(harness).rows('runs', { finishedAt: null })).toEqual([]);
    expect(Math.max(...harness.product.simulator.state.executionsPerAsset().values())).toBe(1);
  }
});
