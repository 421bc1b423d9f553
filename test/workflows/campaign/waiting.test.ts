import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ledgerOf } from '../../support/ledger/inspector.js';
import { assetIds, eventually, requestFor } from '../product-harness.js';
import { type CampaignHarness, openCampaignHarness, planOf } from './harness.js';

const OFFLINE = 200;

/** Two hours, three days from now. */
function closedNow(): object {
  const day = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'][(new Date().getUTCDay() + 3) % 7];
  return { days: [day], from: '03:00', to: '05:00', timezone: 'UTC' };
}

describe('runs over the same assets', () => {
  let harness: CampaignHarness;

  beforeAll(async () => {
    harness = await openCampaignHarness('waiting', { simulator: { offlineAssets: assetIds(OFFLINE, 20) } });
  }, 600_000);

  afterAll(() => harness?.close());

  test('a campaign whose window is closed holds no assets, and an urgent run over them goes to its end', async () => {
    const campaign = await harness.campaign({ ...planOf(50, 3), windows: [closedNow()] });
    expect((await campaign.untilPhase('blocked')).blocked).toMatch(/No window is open/);
    const { ledger } = harness.product;
    expect(await ledgerOf(ledger).leased()).toEqual([]);
    const urgent = await harness.start(requestFor(assetIds(50, 3)));
    expect(await urgent.result()).toMatchObject({ status: 'succeeded', counts: { succeeded: 3 } });
    expect(await campaign.progress()).toMatchObject({ phase: 'blocked', counts: { pending: 3 } });
    await campaign.handle.cancel();
    expect(await campaign.report()).toMatchObject({ status: 'cancelled', executions: 0, counts: { skipped: 3 } });
  });

  test('a run that waits behind an open execution says whose it is, who asked for it, and how to look', async () => {
    const first = await harness.start(requestFor(assetIds(OFFLINE, 3), { deadline: '50s', requestedBy: 'kim' }));
    await eventually(
      () => harness.product.ledger.executions.inState(first.workflowId, ['accepted']),
      (open) => open.length > 0,
    );
    const waiting = await harness.campaign(planOf(OFFLINE, 3));
    expect((await waiting.untilPhase('blocked')).blocked).toContain(
      `3 for run ${first.workflowId} (requested by kim): overhaul show ${first.workflowId}`,
    );
    await waiting.handle.cancel();
    expect(await waiting.report()).toMatchObject({ counts: { skipped: 3 } });
    await first.cancel();
  });
});
