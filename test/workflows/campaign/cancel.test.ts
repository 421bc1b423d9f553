import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CampaignPlanInput } from '../../../src/contracts/plan.js';
import { ledgerOf } from '../../support/ledger/inspector.js';
import { assetIds, eventually } from '../product-harness.js';
import { type Campaign, type CampaignHarness, ids, openCampaignHarness, planOf } from './harness.js';

/** Always offline. */
const OFFLINE = 100;

describe('a campaign that is cancelled', () => {
  let harness: CampaignHarness;

  beforeAll(async () => {
    harness = await openCampaignHarness('cancelled', {
      // Two and a half seconds of real time each, so that there is a step under way to be cancelled; and every answer takes a while.
      simulator: { executionMs: { min: 1_500_000, max: 1_500_000 }, offlineAssets: assetIds(OFFLINE, 20), latencyMs: 20 },
    });
  }, 600_000);

  afterAll(() => harness?.close());

  const openStepOf = ({ workflowId }: Campaign, step: string): Promise<string[]> =>
    eventually(
      () => harness.product.ledger.campaigns.openSteps(workflowId),
      (open) => open.some((id) => id.endsWith(`/${step}`)),
    );
  /** A step has handed something to Qualys. */
  const inFlightOf = ({ workflowId }: Campaign): Promise<number> =>
    eventually(
      async () => {
        const ids = (await ledgerOf(harness).runsOf(workflowId)).map(({ id }) => id);
        const accepted = await ledgerOf(harness).rows('executions', { state: 'accepted', settledAt: null });
        return accepted.filter(({ runId }) => ids.includes(runId)).length;
      },
      (inFlight) => inFlight > 0,
    );

  const cases: [string, Partial<CampaignPlanInput>, (campaign: Campaign) => Promise<unknown>, object][] = [
    [
      'while it assesses',
      { steps: { assess: 72649, remediate: 72648 } },
      async (campaign) => [await openStepOf(campaign, 'assess'), await inFlightOf(campaign)],
      { targeted: 4, skipped: 4 },
    ],
    [
      'while it remediates collects what is in flight',
      { waves: [{ name: 'canary', size: 1 }, { name: 'rest' }] },
      inFlightOf,
      { targeted: 4, succeeded: 1, skipped: 3 },
    ],
    [
      'while it waits for an approval',
      { approval: {} },
      (campaign) => campaign.untilPhase('awaiting-approval'),
      { targeted: 4, skipped: 4 },
    ],
    [
      'while a wave soaks',
      { waves: [{ name: 'canary', size: 1, soak: '1h' }, { name: 'rest' }] },
      (campaign) => campaign.untilPhase('soaking'),
      { targeted: 4, succeeded: 1, skipped: 3 },
    ],
  ];
  test.each(cases)('%s reports what there is', async (_, more, reached, counts) => {
    const campaign = await harness.campaign(planOf(0, 4, more));
    await reached(campaign);
    const before = harness.product.simulator.state.executions.length;
    await campaign.handle.cancel();
    const report = await campaign.report();
    expect(report).toMatchObject({ status: 'cancelled', counts });
    expect(harness.product.simulator.state.executions.length).toBe(before);
    expect(await harness.product.ledger.campaigns.openSteps(campaign.workflowId)).toEqual([]);
    expect(await campaign.progress()).toMatchObject({ phase: 'finished', counts });
    const held = await ledgerOf(harness.product.ledger).leased();
    expect(held).toEqual([]);
  });

  test('while it is opened says so, and its id is used', async () => {
    const campaign = await harness.campaign(planOf(0, 0, { targets: { assetIds: assetIds(0, 90) } }));
    await eventually(
      async () => harness.product.ledger.runs.get(campaign.workflowId),
      (run) => run !== undefined,
    );
    await campaign.handle.cancel();
    const report = await campaign.report();
    expect(report).toMatchObject({ status: 'cancelled', executions: 0 });
    const { counts } = report;
    expect(counts.skipped).toBe(counts.targeted);
  });

  test('while it waits for late verdicts gives up waiting', async () => {
    const campaign = await harness.campaign(planOf(OFFLINE, 2, { deadline: '1s', unreachable: { wait: '7d' }, inconclusive: '100%' }));
    await campaign.until(({ counts }) => counts.unreachable === 2);
    await campaign.handle.cancel();
    const report = await campaign.report();
    expect(report).toMatchObject({ status: 'cancelled', counts: { targeted: 2 } });
    expect(report.counts.unverified + report.counts.unreachable).toBe(2);
    expect(Object.keys(await campaign.outcomes()).sort()).toEqual(ids(OFFLINE, 2));
  });
});
