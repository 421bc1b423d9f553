import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { assetIds, eventually, requestFor } from '../product-harness.js';
import { type Campaign, type CampaignHarness, ids, openCampaignHarness, planOf } from './harness.js';

/** Places in the fleet: fail at first, are always offline. */
const [SECOND, OFFLINE] = [100, 200] as const;
const by = 'kim';

describe('assets that are worked on again', () => {
  let harness: CampaignHarness;

  beforeAll(async () => {
    harness = await openCampaignHarness('again', {
      simulator: { failAssets: assetIds(SECOND, 40), failAttempts: 1, offlineAssets: assetIds(OFFLINE, 20) },
    });
  }, 600_000);

  afterAll(() => harness?.close());

  const sentOf = async ({ workflowId }: Campaign): Promise<number> => (await harness.product.ledger.campaigns.spent(workflowId)).executions;

  test('failed assets of closed waves are put into a wave of their own; unreachable ones only when that is said', async () => {
    const campaign = await harness.campaign(
      planOf(0, 0, {
        targets: { assetIds: [...assetIds(SECOND, 3), ...assetIds(OFFLINE, 1), ...assetIds(85, 2)] },
        deadline: '4s',
        inconclusive: '100%',
        waves: [
          { name: 'first', size: 5, soak: '1h' },
          { name: 'last', approval: {} },
        ],
        seed: 'any',
      }),
    );
    await campaign.untilPhase('soaking');
    expect(await campaign.handle.executeUpdate('retryUnresolved', { args: [{ by }] })).toBe(0);
    await harness.product.ledger.campaigns.setWave(campaign.workflowId, 1, { status: 'soaking', ends: true });
    const failed = (await campaign.progress()).counts.failed;
    expect(failed).toBeGreaterThan(0);
    expect(await campaign.handle.executeUpdate('retryUnresolved', { args: [{ by, reason: 'again' }] })).toBe(failed);
    const waves = await harness.product.ledger.campaigns.waves(campaign.workflowId);
    expect(waves.at(-1)).toMatchObject({ name: 'retry 1', size: failed });
    const entry = (await harness.product.ledger.audit.of(campaign.workflowId)).filter(({ action }) => action === 'retry').at(-1);
    expect(entry).toMatchObject({ actor: by, detail: expect.stringMatching(/failed.*again/) });
    await campaign.handle.cancel();
    const report = await campaign.report();
    // What was never sent again keeps its verdict.
    expect(report).toMatchObject({ status: 'cancelled', counts: { targeted: 6, failed } });
  });

  test('assets that are put back go through the steps once more', async () => {
    const campaign = await harness.campaign(
      planOf(0, 0, {
        targets: { assetIds: [...assetIds(SECOND + 10, 2), ...assetIds(88, 4)] },
        waves: [
          { name: 'first', size: '100%' },
          { name: 'never', approval: {} },
        ],
      }),
    );
    expect(await campaign.report()).toMatchObject({ status: 'partial', counts: { failed: 2 } });
    const again = await harness.campaign(
      planOf(0, 0, {
        targets: { assetIds: [...assetIds(SECOND + 20, 2), ...assetIds(OFFLINE + 2, 1), ...assetIds(92, 2)] },
        deadline: '8s',
        unreachable: { wait: '2m' },
        inconclusive: '100%',
      }),
    );
    await eventually(
      () => harness.product.ledger.campaigns.waves(again.workflowId),
      ([wave]) => wave?.closedAt !== undefined,
    );
    expect(await again.handle.executeUpdate('retryUnresolved', { args: [{ by }] })).toBe(2);
    expect(await again.handle.executeUpdate('retryUnresolved', { args: [{ by, outcomes: ['unreachable'] }] })).toBe(1);
    await eventually(
      () => harness.product.ledger.campaigns.waves(again.workflowId),
      (waves) => waves.length === 3 && waves.every(({ closedAt }) => closedAt !== undefined),
    );
    await again.handle.executeUpdate('adjust', { args: [{ by, deadline: '1s' }] });
    await again.handle.cancel();
    const report = await again.report();
    expect(report.counts).toMatchObject({ targeted: 5, succeeded: 4 });
    expect(report.waves.map(({ name, counts }) => [name, counts.targeted])).toEqual([
      ['all', 2],
      ['retry 1', 2],
      ['retry 2', 1],
    ]);
    const executed = harness.product.simulator.state.executionsPerAsset();
    expect([...ids(SECOND + 20, 2), ...ids(OFFLINE + 2, 1), ...ids(92, 2)].map((id) => executed.get(id))).toEqual([2, 2, 2, 1, 1]);
  });

  test('a second run on the same assets waits for them, or leaves them out, as its plan says', async () => {
    const first = await harness.start(requestFor([...assetIds(OFFLINE + 5, 3)], { deadline: '50s' }));
    await eventually(
      () => harness.product.ledger.executions.inState(first.workflowId, ['accepted']),
      (open) => open.length > 0,
    );
    const skipping = await harness.campaign(
      planOf(0, 0, { targets: { assetIds: [...assetIds(OFFLINE + 5, 3), ...assetIds(20, 2)] }, conflict: 'skip' }),
    );
    expect(await skipping.report()).toMatchObject({ counts: { skipped: 3, succeeded: 2 } });
    expect((await skipping.outcomes())[String(ids(OFFLINE + 5, 1))]).toBe('skipped: held-by-another-run');
    const waiting = await harness.campaign(planOf(OFFLINE + 5, 3, { conflict: 'wait' }));
    const { blocked } = await waiting.untilPhase('blocked');
    expect(blocked).toContain('3 asset(s) are busy in another run');
    expect(await sentOf(waiting)).toBe(0);
    await waiting.handle.cancel();
    expect(await waiting.report()).toMatchObject({ counts: { skipped: 3 } });
  });
});
