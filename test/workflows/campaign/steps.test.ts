import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { assetIds } from '../product-harness.js';
import { type CampaignHarness, ids, openCampaignHarness, planOf } from './harness.js';

/** Places in the fleet: pass at the second execution, never pass, lose their result, answer only 3 s late. */
const [SECOND, LOST, LATE] = [100, 240, 280] as const;
const [REMEDIATE, OTHER, WINDOWS] = [72648, 72649, 72650] as const;

describe('the steps of a campaign', () => {
  let harness: CampaignHarness;

  beforeAll(async () => {
    harness = await openCampaignHarness('steps', {
      simulator: {
        failAssets: assetIds(SECOND, 100),
        failAttempts: 1,
        resultLostAssets: assetIds(LOST, 10),
        lateAssets: assetIds(LATE, 10),
      },
    });
  }, 600_000);

  afterAll(() => harness?.close());

  test('compliant assets are left alone, the others are remediated, and what could not be assessed is not', async () => {
    const campaign = await harness.campaign(
      planOf(0, 0, {
        targets: { assetIds: [...assetIds(0, 6), ...assetIds(SECOND, 4), ...assetIds(LOST, 1)] },
        steps: { assess: OTHER, remediate: REMEDIATE },
      }),
    );
    const report = await campaign.report();
    expect(report).toMatchObject({ status: 'partial', counts: { targeted: 11, skipped: 6, succeeded: 4, unverified: 1 } });
    const outcomes = await campaign.outcomes();
    expect(outcomes[String(ids(0, 1))]).toBe('skipped: compliant');
    expect(outcomes[String(ids(LOST, 1))]).toMatch(/^unverified: assess: /);
    expect(harness.sent(REMEDIATE).at(-1)?.sort()).toEqual(ids(SECOND, 4));
  });

  test('a campaign whose assets are all compliant succeeds, and sends no remedy', async () => {
    const before = harness.sent(REMEDIATE).length;
    const campaign = await harness.campaign(planOf(10, 5, { steps: { assess: OTHER, remediate: REMEDIATE, verify: OTHER } }));
    expect(await campaign.report()).toMatchObject({ status: 'succeeded', counts: { skipped: 5 }, executions: 1 });
    expect(harness.sent(REMEDIATE).length).toBe(before);
  });

  test('verification decides, whatever the remedy said', async () => {
    const campaign = await harness.campaign(
      planOf(0, 0, {
        targets: { assetIds: [...assetIds(20, 3), ...assetIds(SECOND + 10, 3)] },
        steps: { remediate: REMEDIATE, verify: OTHER },
      }),
    );
    expect(await campaign.report()).toMatchObject({ status: 'succeeded', counts: { succeeded: 6 }, executions: 2 });
  });

  test('a breach that only the verification finds stops the campaign, and the wave that it rolls back is the one that broke', async () => {
    // The script for another platform gets no asset jobs: nobody has verified anything.
    const campaign = await harness.campaign(
      planOf(30, 20, {
        steps: { remediate: REMEDIATE, verify: WINDOWS, rollback: OTHER },
        errorBudget: { max: 0 },
        onBreach: 'rollback',
        waves: [{ name: 'canary', size: 3 }, { name: 'rest' }],
        deadline: '3s',
      }),
    );
    const before = harness.sent(OTHER).length;
    const report = await campaign.report();
    expect(report.waves.map(({ name, status }) => [name, status])).toEqual([
      ['canary', 'rolled-back'],
      ['rest', 'skipped'],
    ]);
    const rolledBack = harness.sent(OTHER).slice(before).flat();
    expect(rolledBack).toHaveLength(3);
    expect(Object.entries(await campaign.outcomes()).filter(([, outcome]) => !outcome.startsWith('skipped'))).toEqual(
      expect.arrayContaining(rolledBack.map((id) => [id, 'unverified: rolled-back'])),
    );
  });

  test('a breach that the assessment finds remediates nothing, and there is nothing to roll back', async () => {
    const [assessed, remediated] = [harness.sent(OTHER).length, harness.sent(REMEDIATE).length];
    const campaign = await harness.campaign(
      planOf(0, 0, {
        targets: { assetIds: [...assetIds(LOST + 1, 1), ...assetIds(SECOND + 20, 3)] },
        steps: { assess: OTHER, remediate: REMEDIATE, rollback: OTHER },
        errorBudget: { max: 0 },
        onBreach: 'rollback',
      }),
    );
    expect(await campaign.report()).toMatchObject({ status: 'stopped', counts: { skipped: 3, unverified: 1 } });
    expect([harness.sent(OTHER).length - assessed, harness.sent(REMEDIATE).length - remediated]).toEqual([1, 0]);
  });

  test('onBreach abort ends the campaign behind the wave, and verifies nothing more', async () => {
    const campaign = await harness.campaign(
      planOf(0, 0, {
        targets: { assetIds: [...assetIds(SECOND + 30, 30), ...assetIds(50, 20)] },
        steps: { remediate: REMEDIATE, verify: OTHER },
        errorBudget: { max: 2 },
        onBreach: 'abort',
        maxInFlight: 1,
        waves: [{ name: 'canary', size: 40 }, { name: 'rest' }],
      }),
    );
    const verified = harness.sent(OTHER).length;
    const report = await campaign.report();
    expect(report.status).toBe('stopped');
    expect(report.waves.map(({ status }) => status)).toEqual(['stopped', 'skipped']);
    expect(report.counts.failed).toBeGreaterThan(2);
    expect(report.counts.skipped).toBeGreaterThanOrEqual(10);
    expect(harness.sent(OTHER).length).toBe(verified);
    const outcomes = Object.values(await campaign.outcomes());
    expect(outcomes.filter((outcome) => outcome === 'skipped: error-budget').length).toBeGreaterThan(0);
    // Nobody has looked whether those on which the remedy ended well are well.
    expect(report.counts.succeeded).toBe(0);
    expect(outcomes.filter((outcome) => outcome === 'unverified: not-verified')).toHaveLength(report.counts.unverified);
  });

  test('an asset that answers too late to be verified keeps the doubt', async () => {
    const campaign = await harness.campaign(
      planOf(0, 0, {
        targets: { assetIds: [...assetIds(90, 4), ...assetIds(LATE, 1)] },
        steps: { remediate: REMEDIATE, verify: OTHER },
        deadline: '2s',
        unreachable: { wait: '1m' },
        inconclusive: '50%',
      }),
    );
    expect(await campaign.report()).toMatchObject({ status: 'partial', counts: { succeeded: 4, unverified: 1 } });
    expect((await campaign.outcomes())[String(ids(LATE, 1))]).toBe('unverified: too-late-to-verify');
  });
});
