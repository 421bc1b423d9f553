import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CampaignPlanInput } from '../../../src/contracts/plan.js';
import type { CampaignReport } from '../../../src/domain/campaign/status.js';
import { assetIds, eventually, openProductHarness, type ProductHarness } from '../product-harness.js';

describe('a campaign', () => {
  let harness: ProductHarness;

  beforeAll(async () => {
    harness = await openProductHarness('campaign', { simulator: { failAssets: assetIds(300, 20) } });
  }, 600_000);

  afterAll(() => harness?.close());

  const plan = (more: Partial<CampaignPlanInput> = {}): CampaignPlanInput => ({
    name: 'openssl',
    targets: { assetIds: assetIds(0, 60) },
    steps: { remediate: 72648 },
    poll: { interval: '1s' },
    deadline: '1m',
    ...more,
  });

  async function start(input: CampaignPlanInput) {
    const workflowId = `campaign-${randomUUID()}`;
    const handle = await harness.env.client.workflow.start('remediationCampaign', {
      workflowId,
      taskQueue: harness.taskQueue,
      args: [input],
    });
    return { workflowId, handle, report: () => handle.result() as Promise<CampaignReport> };
  }

  test('goes through its waves, each a run of its own', async () => {
    const { report, workflowId } = await start(
      plan({ waves: [{ name: 'canary', size: 5 }, { name: 'half', size: '50%' }, { name: 'rest' }] }),
    );
    const found = await report();
    expect(found).toMatchObject({ status: 'succeeded', executions: 4, counts: { targeted: 60, succeeded: 60 } });
    expect(found.waves.map(({ name, status, counts }) => [name, status, counts.targeted])).toEqual([
      ['canary', 'succeeded', 5],
      ['half', 'succeeded', 30],
      ['rest', 'succeeded', 25],
    ]);
    expect(Math.max(...harness.product.simulator.state.executionsPerAsset().values())).toBe(1);
    const rows = await harness.rows(workflowId);
    expect(rows).toHaveLength(60);
  });

  test('waits for the approval of a wave, and stops when it is refused', async () => {
    const { handle, report } = await start(
      plan({
        targets: { assetIds: assetIds(100, 20) },
        requestedBy: 'ann',
        waves: [
          { name: 'canary', size: 4 },
          { name: 'rest', approval: { quorum: 1 } },
        ],
      }),
    );
    const asked = await eventually(
      () => handle.query<{ phase: string; pending?: { kind: string; wave: string } }>('progress'),
      ({ phase }) => phase === 'awaiting-approval',
    );
    expect(asked.pending).toMatchObject({ kind: 'wave', wave: 'rest' });
    await handle.executeUpdate('reject', { args: [{ by: 'bob', reason: 'no' }] });
    expect(await report()).toMatchObject({ status: 'stopped', counts: { targeted: 20, succeeded: 4, skipped: 16 } });
  });

  test('holds a wave whose budget is exceeded until a person resumes, and then asks nobody again', async () => {
    const { handle, report } = await start(
      plan({
        targets: { assetIds: [...assetIds(300, 10), ...assetIds(120, 60)] },
        maxInFlight: 1,
        errorBudget: { max: 3 },
        waves: [{ name: 'all' }],
      }),
    );
    await eventually(
      () => handle.query<{ phase: string; blocked?: string }>('progress'),
      ({ blocked }) => blocked?.includes('error budget exceeded') === true,
    );
    for (;;) {
      const { blocked } = await handle.query<{ blocked?: string }>('progress');
      // Between the look and the order the step may have gone on: then there is nothing to resume.
      if (blocked?.includes('error budget exceeded'))
        await handle
          .executeUpdate('resume', { args: [{ by: 'bob' }] })
          .catch((error: Error) => expect(String(error.cause)).toContain('not paused'));
      const { phase } = await handle.query<{ phase: string }>('progress');
      if (phase === 'finished') break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await report()).toMatchObject({ status: 'partial', counts: { targeted: 70, succeeded: 60, failed: 10 } });
  });

  test('rolls back the wave that breached, in a run of its own', async () => {
    const { report, workflowId } = await start(
      plan({
        targets: { assetIds: [...assetIds(310, 10), ...assetIds(190, 40)] },
        steps: { remediate: 72648, rollback: 72649 },
        onBreach: 'rollback',
        errorBudget: { max: 0 },
        waves: [{ name: 'canary', size: 25 }, { name: 'rest' }],
      }),
    );
    const found = await report();
    expect(found).toMatchObject({ status: 'stopped', counts: { targeted: 50 } });
    expect(found.waves[0]).toMatchObject({ status: 'rolled-back', rollbackId: `${workflowId}/canary/rollback` });
    expect(found.waves[1]).toMatchObject({ status: 'skipped' });
    expect(found.counts.skipped).toBe(25);
  });

  test('cancelled, sends nothing more and reports what there is', async () => {
    const { handle, report } = await start(
      plan({ targets: { assetIds: assetIds(240, 50) }, waves: [{ name: 'canary', size: 5, soak: '1h' }, { name: 'rest' }] }),
    );
    await eventually(
      () => handle.query<{ phase: string }>('progress'),
      ({ phase }) => phase === 'soaking',
    );
    await handle.cancel();
    expect(await report()).toMatchObject({ status: 'cancelled', counts: { targeted: 50, succeeded: 5, skipped: 45 } });
  });
});
