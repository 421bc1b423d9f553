import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { assetIds, eventually } from '../product-harness.js';
import { type CampaignHarness, ids, openCampaignHarness, planOf } from './harness.js';

/** Places in the fleet: always fail, lose their result, are offline. */
const [FAIL, LOST, OFFLINE] = [100, 240, 280] as const;
const [REMEDIATE, OTHER] = [72648, 72649] as const;

describe('the error budget of a campaign', () => {
  let harness: CampaignHarness;

  beforeAll(async () => {
    harness = await openCampaignHarness('budget', {
      simulator: { failAssets: assetIds(FAIL, 100), resultLostAssets: assetIds(LOST, 10), offlineAssets: assetIds(OFFLINE, 20) },
    });
  }, 600_000);

  afterAll(() => harness?.close());

  test('is of the wave, not of the few assets that an assessment left to be remediated', async () => {
    const campaign = await harness.campaign(
      planOf(0, 0, {
        targets: { assetIds: [...assetIds(0, 40), ...assetIds(FAIL, 4)] },
        steps: { assess: OTHER, remediate: REMEDIATE },
        errorBudget: { max: '10%', counts: ['failed'] },
        onBreach: 'abort',
      }),
    );
    const report = await campaign.report();
    expect(report).toMatchObject({ status: 'failed', counts: { targeted: 44, skipped: 40, failed: 4 }, waves: [{ status: 'failed' }] });
  });

  test('counts what earlier steps spent, and a rollback goes where the remedy went', async () => {
    const campaign = await harness.campaign(
      planOf(0, 0, {
        targets: { assetIds: [...assetIds(LOST, 2), ...assetIds(FAIL + 10, 2)] },
        steps: { assess: OTHER, remediate: REMEDIATE, rollback: 72650 },
        errorBudget: { max: 3 },
        onBreach: 'rollback',
        inconclusive: '100%',
        deadline: '3s',
      }),
    );
    expect(await campaign.report()).toMatchObject({ status: 'stopped', waves: [{ status: 'rolled-back' }], counts: { unverified: 4 } });
    const outcomes = await campaign.outcomes();
    for (const id of ids(LOST, 2)) expect(outcomes[id]).toMatch(/^unverified: assess: /);
    for (const id of ids(FAIL + 10, 2)) expect(outcomes[id]).toBe('unverified: rollback: missing');
  });

  test('strict, is never exceeded by more than the asset that breached, and resumed lets one asset at a time through', async () => {
    const campaign = await harness.campaign(
      planOf(0, 0, {
        targets: { assetIds: [...assetIds(FAIL + 20, 10), ...assetIds(40, 10)] },
        errorBudget: { max: '10%', strict: true },
        maxInFlight: 10,
      }),
    );
    const isHeld = ({ blocked }: { blocked?: string }): boolean => blocked?.includes('error budget exceeded') === true;
    const held = await campaign.until(isHeld);
    expect(held.counts.failed).toBe(3);
    // Its step stops before the campaign has heard of it.
    await eventually(
      () => harness.product.ledger.campaigns.waves(campaign.workflowId),
      ([wave]) => wave?.status === 'awaiting-decision',
    );
    await campaign.handle.executeUpdate('resume', { args: [{ by: 'bob' }] });
    const again = await campaign.until((seen) => isHeld(seen) && seen.counts.failed > 3);
    expect(again.counts.failed).toBe(4);
    await campaign.handle.executeUpdate('adjust', { args: [{ by: 'bob', errorBudget: { max: '100%' } }] });
    await campaign.handle.executeUpdate('resume', { args: [{ by: 'bob' }] });
    expect(await campaign.report()).toMatchObject({ status: 'partial', counts: { failed: 10, succeeded: 10 } });
  });

  test('as adjusted is what the gate judges by', async () => {
    const campaign = await harness.campaign(
      planOf(0, 0, {
        targets: { assetIds: assetIds(FAIL + 40, 10) },
        errorBudget: { max: 0 },
        onBreach: 'abort',
        waves: [{ name: 'canary', size: 5, approval: {} }, { name: 'rest' }],
      }),
    );
    await campaign.untilPhase('awaiting-approval');
    await campaign.handle.executeUpdate('adjust', { args: [{ by: 'bob', errorBudget: { max: 5 } }] });
    await campaign.handle.executeUpdate('approve', { args: [{ by: 'bob' }] });
    expect(await campaign.report()).toMatchObject({ counts: { failed: 10 }, waves: [{ status: 'failed' }, { status: 'failed' }] });
  });

  test('exceeded at the end of a wave waits for an approval that names it, and asks nobody twice about the same', async () => {
    const campaign = await harness.campaign(
      planOf(0, 0, {
        targets: { assetIds: [...assetIds(FAIL + 60, 3), ...assetIds(60, 3)] },
        errorBudget: { max: 0, minimum: 3 },
        waves: [
          { name: 'canary', size: 5, soak: '1s' },
          { name: 'rest', size: '90%', errorBudget: { max: 5 } },
        ],
        requestedBy: 'ann',
      }),
    );
    const { pending } = await campaign.untilPhase('awaiting-approval');
    expect(pending).toMatchObject({ kind: 'breach', wave: 'canary' });
    const [wave] = await harness.product.ledger.campaigns.waves(campaign.workflowId);
    expect([wave?.status, wave?.why]).toEqual(['awaiting-decision', expect.stringContaining('the error budget allows 0')]);
    await campaign.handle.executeUpdate('approve', { args: [{ by: 'bob', digest: pending?.digest }] });
    expect(await campaign.report()).toMatchObject({ counts: { failed: 3, succeeded: 3 } });
    expect((await harness.audit(campaign.workflowId)).filter((action) => action === 'approve')).toHaveLength(1);
  });

  test('a wave of which too many have no verdict asks: approved, the campaign goes on; asked once, also after its soak', async () => {
    const campaign = await harness.campaign(
      planOf(0, 0, {
        targets: { assetIds: [...assetIds(OFFLINE, 4), ...assetIds(70, 4)] },
        deadline: '1s',
        waves: [
          { name: 'all but one', size: 7, soak: '1s', inconclusive: '10%' },
          { name: 'last', inconclusive: 1 },
        ],
      }),
    );
    const { pending } = await campaign.untilPhase('awaiting-approval');
    expect(pending).toMatchObject({ kind: 'inconclusive', wave: 'all but one' });
    await campaign.handle.executeUpdate('approve', { args: [{ by: 'bob' }] });
    const report = await campaign.report();
    expect(report).toMatchObject({ status: 'partial', counts: { unreachable: 4, succeeded: 4 } });
    expect((await harness.audit(campaign.workflowId)).filter((action) => action === 'approve')).toHaveLength(1);
  });

  test('a wave of which too many have no verdict asks: rejected, nothing more is sent', async () => {
    const campaign = await harness.campaign(
      planOf(0, 0, {
        targets: { assetIds: [...assetIds(OFFLINE + 10, 4), ...assetIds(80, 20)] },
        seed: 'offline first',
        deadline: '1s',
        waves: [{ name: 'first', size: 20, inconclusive: 0 }, { name: 'rest' }],
      }),
    );
    await campaign.untilPhase('awaiting-approval');
    await campaign.handle.executeUpdate('reject', { args: [{ by: 'bob', reason: 'too many are away' }] });
    const report = await campaign.report();
    expect(report).toMatchObject({ status: 'stopped', waves: [{ status: 'stopped' }, { status: 'skipped' }] });
    const entry = (await harness.product.ledger.audit.of(campaign.workflowId)).find(({ action }) => action === 'reject');
    expect(entry).toMatchObject({ actor: 'bob', detail: expect.stringContaining('too many are away') });
    await eventually(
      () => harness.product.ledger.campaigns.openSteps(campaign.workflowId),
      (open) => open.length === 0,
    );
  });
});
