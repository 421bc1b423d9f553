import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ledgerOf } from '../../support/ledger/inspector.js';
import { assetIds } from '../product-harness.js';
import { type CampaignHarness, failureOfCampaign, ids, openCampaignHarness, planOf, sumOf } from './harness.js';

/** Every tenth asset from the fourth on has it, and no asset has the other. */
const [WEB, NOBODY] = [7004, 7010];

describe('the waves of a campaign', () => {
  let harness: CampaignHarness;

  beforeAll(async () => {
    harness = await openCampaignHarness('waves', {
      simulator: {
        tags: [
          { id: WEB, name: 'Web', modulo: 10, remainder: 3 },
          { id: NOBODY, name: 'Nobody', modulo: 100_000, remainder: 99_999 },
        ],
      },
      policy: { approval: { aboveAssets: 300 } },
    });
  }, 600_000);

  afterAll(() => harness?.close());

  const canaryOf = async (plan: Parameters<typeof planOf>[2], targets: readonly number[]): Promise<string[]> => {
    const campaign = await harness.campaign(planOf(0, 0, { targets: { assetIds: [...targets] }, ...plan }));
    await campaign.report();
    return (await ledgerOf(harness).assetsOf({ runId: campaign.workflowId, wave: 1 })).sort();
  };

  test('are cut by number, by percent rounded up, by tag, and what is left, and one without assets is passed over', async () => {
    const campaign = await harness.campaign(
      planOf(0, 43, {
        waves: [
          { name: 'lab', tag: WEB },
          { name: 'nobody', tag: NOBODY, approval: {} },
          { name: 'canary', size: 3 },
          { name: 'tenth', size: '10%' },
          { name: 'rest' },
        ],
      }),
    );
    const seen: { sum: number; least: number }[] = [];
    const watching = campaign.until((progress) => {
      if (progress.counts.targeted > 0) seen.push(sumOf(progress));
      return progress.phase === 'finished';
    });
    const report = await campaign.report();
    expect(report.waves.map(({ name, status, counts }) => [name, status, counts.targeted])).toEqual([
      ['lab', 'succeeded', 4],
      ['nobody', 'empty', 0],
      ['canary', 'succeeded', 3],
      ['tenth', 'succeeded', 5],
      ['rest', 'succeeded', 31],
    ]);
    expect(report).toMatchObject({ status: 'succeeded', counts: { targeted: 43, succeeded: 43 } });
    expect(harness.sent(72648)[0]).toEqual([...ids(3, 1), ...ids(13, 1), ...ids(23, 1), ...ids(33, 1)]);
    await watching;
    expect([...new Set(seen.map(({ sum }) => sum))]).toEqual([43]);
    expect(Math.min(...seen.map(({ least }) => least))).toBe(0);
  });

  test('have the same canary whenever the cohort is the same, and another with another seed', async () => {
    const targets = assetIds(50, 40);
    const waves = [{ name: 'canary', size: 6 }, { name: 'rest' }];
    const first = await canaryOf({ waves }, targets);
    const shuffled = await canaryOf({ waves }, [...targets].reverse());
    const other = await canaryOf({ waves, seed: 'another' }, targets);
    expect(first).toHaveLength(6);
    expect(shuffled).toEqual(first);
    expect(other).not.toEqual(first);
  });

  test('that leave assets out are refused, with nothing sent', async () => {
    const before = harness.product.simulator.state.executions.length;
    const campaign = await harness.campaign(
      planOf(100, 20, {
        waves: [
          { name: 'canary', size: 5 },
          { name: 'lab', tag: WEB },
        ],
      }),
    );
    const failure = await failureOfCampaign(campaign);
    expect(failure.type).toBe('InvalidRequest');
    expect(failure.message).toContain('the waves cover 7 of 20 assets, 13 are in no wave');
    expect(failure.details[0]).toEqual([{ path: 'waves', problem: expect.stringContaining('Add a last wave without size') }]);
    expect(harness.product.simulator.state.executions.length).toBe(before);
  });

  test.each<[string, object, string, string]>([
    ['more assets than it allows itself', planOf(0, 20, { maxAssets: 19 }), 'PolicyViolation', '20'],
    ['no assets', planOf(0, 0, { targets: { assetTagIds: [NOBODY] } }), 'NoTargets', ''],
    ['a rollback that it does not name', planOf(0, 5, { onBreach: 'rollback' }), 'InvalidRequest', 'steps.rollback'],
    ['a script that nobody approved', planOf(0, 5, { steps: { remediate: 72648, verify: 72652 } }), 'ScriptNotRunnable', 'Step verify'],
    ['a script that is not there', planOf(0, 5, { steps: { remediate: 99999 } }), 'ScriptNotFound', ''],
  ])('a plan with %s fails with nothing sent', async (_, plan, type, message) => {
    const before = harness.product.simulator.state.executions.length;
    const failure = await failureOfCampaign(await harness.campaign(plan));
    expect([failure.type, failure.message]).toEqual([type, expect.stringContaining(message)]);
    expect(harness.product.simulator.state.executions.length).toBe(before);
  });

  test('every problem of a plan is named with its path', async () => {
    const failure = await failureOfCampaign(
      await harness.campaign({
        name: '',
        steps: {},
        waves: [{ name: 'a', size: '0%' }, { name: 'A' }],
        targets: {},
        windows: [],
        colour: 'red',
      }),
    );
    const problems = failure.details[0] as { path: string; problem: string }[];
    expect(problems.map(({ path }) => path).sort()).toEqual(
      ['colour', 'name', 'steps.remediate', 'targets', 'waves[0].size', 'waves[1].name', 'windows'].sort(),
    );
  });

  test('more assets than policy lets go unasked wait for an approval before the first wave that has any', async () => {
    const campaign = await harness.campaign(
      planOf(0, 301, {
        waves: [
          { name: 'nobody', tag: NOBODY },
          { name: 'rest', approval: false },
        ],
        requestedBy: 'ann',
      }),
    );
    const { pending } = await campaign.untilPhase('awaiting-approval');
    expect(pending).toMatchObject({ kind: 'wave', wave: 'rest', approvals: [] });
    await expect(campaign.handle.executeUpdate('approve', { args: [{ by: 'ann' }] })).rejects.toThrow();
    await campaign.handle.executeUpdate('reject', { args: [{ by: 'bob' }] });
    expect(await campaign.report()).toMatchObject({ status: 'stopped', executions: 0, counts: { skipped: 301 } });
  });
});
