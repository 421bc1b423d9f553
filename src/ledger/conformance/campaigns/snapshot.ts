import { beforeEach, describe, expect, test } from '@jest/globals';
import { openCampaign } from '../../../../test/support/ledger/campaign.js';
import { find, finish, grant } from '../../../../test/support/ledger/scenario.js';
import { OUTCOMES } from '../../../domain/run/outcome.js';
import type { Ledger } from '../../index.js';
import type { Ledgers } from '../ledgers.js';

export function campaignSnapshotSuite(ledgers: Ledgers): void {
  let ledger: Ledger;

  beforeEach(async () => {
    ledger = await ledgers.open();
  });

  describe('where a campaign stands', () => {
    test('adds up while its step is taken over in parts, and does not fall back when the step ends', async () => {
      const campaign = await openCampaign(ledger, [['a', 'b', 'c', 'd']]);
      const counts = async () => {
        const { targeted, ...found } = (await ledger.runs.snapshot(campaign.id)).counts;
        return [targeted, Object.fromEntries(Object.entries(found).filter(([, n]) => n !== 0))];
      };
      expect(await counts()).toEqual([4, { pending: 4 }]);
      await campaign.step(
        1,
        'remediate',
        { a: { outcome: 'succeeded' }, b: { outcome: 'failed' }, c: { outcome: 'missing' } },
        { open: true },
      );
      const before = [4, { pending: 1, succeeded: 1, failed: 1, missing: 1 }];
      expect(await counts()).toEqual(before);
      // As if the process had died between two parts.
      await find(ledger, { outcome: 'succeeded' }, { runId: campaign.id, assetId: 'a' });
      expect(await counts()).toEqual(before);
      await campaign.verdict(1, 'remediate', { d: { outcome: 'succeeded' } });
      await finish(ledger, { campaignId: campaign.id });
      const after = [4, { succeeded: 2, failed: 1, missing: 1 }];
      expect(await counts()).toEqual(after);
      await ledger.campaigns.mergeWave(campaign.id, 1);
      expect(await counts()).toEqual(after);
    });

    test('shows what an assessment leaves to be remediated as pending', async () => {
      const campaign = await openCampaign(ledger, [['a', 'b', 'c']]);
      await campaign.step(1, 'assess', { a: { outcome: 'succeeded' }, b: { outcome: 'failed' } }, { open: true });
      expect((await ledger.runs.snapshot(campaign.id)).counts).toMatchObject({ skipped: 1, pending: 2, failed: 0, succeeded: 0 });
    });
  });

  describe('a step', () => {
    test('counts as attempted once any step of its campaign has sent something: from then on nothing fails it', async () => {
      const campaign = await openCampaign(ledger, [['a'], ['b']]);
      await campaign.step(1, 'remediate', { a: { outcome: 'succeeded' } });
      await campaign.step(2, 'remediate', {}, { open: true });
      const attempted = async () => (await ledger.runs.snapshot(`${campaign.id}/2/remediate`)).attempted;
      expect(await attempted()).toBe(false);
      await grant(ledger, { runId: `${campaign.id}/1/remediate`, executionNo: 1, permittedAt: 1 });
      expect(await attempted()).toBe(true);
    });
  });

  describe('the budget of a step', () => {
    test('is measured against its whole wave', async () => {
      const assets = Array.from({ length: 40 }, (_, index) => `asset ${index}`);
      const campaign = await openCampaign(ledger, [assets]);
      await campaign.step(
        1,
        'assess',
        Object.fromEntries(assets.map((id, index) => [id, { outcome: index < 2 ? 'unverified' : index < 30 ? 'succeeded' : 'failed' }])),
      );
      await ledger.campaigns.mergeWave(campaign.id, 1);
      const cohort = await campaign.step(1, 'remediate', {}, { open: true });
      expect(cohort).toHaveLength(10);
      const stepId = `${campaign.id}/1/remediate`;
      await ledger.campaigns.setBudgetBase(stepId, { campaignId: campaign.id, wave: 1, step: 'remediate' });
      await ledger.runs.adjust(campaign.id, { errorBudget: { max: '10%', counts: [...OUTCOMES.slice(1, 3)] } });
      const breachedBy = async (failed: number): Promise<boolean> => {
        await campaign.verdict(
          1,
          'remediate',
          Object.fromEntries(cohort.slice(0, failed).map((id) => [id, { outcome: 'failed' as const }])),
        );
        return (await ledger.runs.snapshot(stepId)).breached;
      };
      // 10 % of 40 are 4, of which the assessment has spent 2.
      expect([await breachedBy(2), await breachedBy(3)]).toEqual([false, true]);
    });

    test('is not given to an assessment or a rollback by an adjustment', async () => {
      const campaign = await openCampaign(ledger, [['a']]);
      await campaign.step(1, 'assess', {}, { open: true });
      await ledger.runs.adjust(campaign.id, { errorBudget: { max: 0 }, maxInFlight: 9 });
      const assess = await ledger.runs.get(`${campaign.id}/1/assess`);
      expect([assess?.errorBudget, assess?.maxInFlight]).toEqual([undefined, 9]);
    });
  });
}
