import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type TimeSkipping, timeSkipping } from '../../support/product/time-skipping.js';
import {
  assetIds,
  eventually,
  openProductHarness,
  outcomes,
  type ProductHarness,
  phaseBecomes,
  progressOf,
  requestFor,
} from '../product-harness.js';

const OFFLINE = 200;

describe('a run that is cancelled completes with a report', () => {
  let harness: ProductHarness;
  let skipping: TimeSkipping;

  beforeAll(async () => {
    harness = await openProductHarness('cancel', {
      simulator: { executionMs: { min: 1_200_000, max: 1_200_000 }, offlineAssets: assetIds(OFFLINE, 40) },
      policy: { approval: { aboveAssets: 90 } },
    });
    skipping = await timeSkipping(harness.env);
  }, 600_000);

  afterAll(async () => {
    await skipping?.close();
    await harness?.close();
  });

  test('before it started: nothing is known and nothing is sent', async () => {
    const handle = await harness.env.client.workflow.start('remediationRun', {
      workflowId: `cancel-early-${harness.taskQueue}`,
      taskQueue: harness.taskQueue,
      args: [requestFor(assetIds(0, 5))],
      startDelay: '1s',
    });
    await handle.cancel();
    expect(await handle.result()).toMatchObject({ status: 'cancelled', executions: 0, counts: { succeeded: 0, unverified: 0 } });
  });

  test('while it waits for approval: everything is skipped', async () => {
    const handle = await harness.start(requestFor(assetIds(0, 91)));
    await phaseBecomes(handle, 'awaiting-approval');
    await handle.cancel();
    const report = await handle.result();
    expect(report).toMatchObject({ status: 'cancelled', executions: 0, counts: { targeted: 91, skipped: 91 } });
    expect((await harness.rows(handle.workflowId))[0]).toMatchObject({ outcome: 'skipped', reason: 'cancelled' });
  });

  test('in flight: what ends within the minute has its verdict, what was not sent is skipped', async () => {
    const handle = await harness.start(requestFor(assetIds(0, 75), { maxInFlight: 1 }));
    await eventually(
      () => progressOf(handle),
      ({ inFlight }) => inFlight === 1,
    );
    await handle.cancel();
    const report = await handle.result();
    expect([report.status, report.counts.succeeded + report.counts.skipped, report.counts.unverified]).toEqual(['cancelled', 75, 0]);
    expect(report.counts.succeeded).toBe(report.executions * 25);
    expect(report.executions).toBeLessThan(3);
    expect((await harness.rows(handle.workflowId)).at(-1)).toMatchObject({ outcome: 'skipped', reason: 'cancelled' });
  });

  test('in flight: what has no verdict after the minute is unverified', async () => {
    const handle = await harness.start(requestFor(assetIds(OFFLINE, 2), { poll: { interval: '5s' } }), { client: skipping.client });
    await eventually(
      () => progressOf(handle),
      ({ inFlight }) => inFlight === 1,
    );
    await handle.cancel();
    expect(await handle.result()).toMatchObject({ status: 'cancelled', executions: 1, counts: { targeted: 2, unverified: 2 } });
    expect(outcomes(await harness.rows(handle.workflowId))).toEqual({
      20452810: 'unverified: cancelled',
      20452811: 'unverified: cancelled',
    });
  });

  test('while its follow-up cannot be made: the verdicts stay', async () => {
    const followUp = { kind: 'schedule', on: 'always', scheduleType: 'ONE_TIME' } as const;
    const { qualys } = harness.product.dependencies;
    qualys.createSchedule = async () => ({ kind: 'refused', waitMs: 60_000, message: 'No schedule before noon' });
    const handle = await harness.start(requestFor(assetIds(100, 2), { followUp }));
    const { blocked, counts } = await phaseBecomes(handle, 'blocked');
    expect([blocked, counts.succeeded]).toEqual(['No schedule before noon', 2]);
    await handle.cancel();
    expect(await handle.result()).toMatchObject({ status: 'cancelled', executions: 1, counts: { targeted: 2, succeeded: 2 } });
  });
});
