import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { QualysError } from '../../../src/qualys/errors.js';
import type { ExecuteAnswer } from '../../../src/qualys/types.js';
import { type TimeSkipping, timeSkipping } from '../../support/product/time-skipping.js';
import { type CampaignHarness, failureOfCampaign, openCampaignHarness, planOf } from './harness.js';

describe('a gateway that fails a campaign', () => {
  let harness: CampaignHarness;
  let skipping: TimeSkipping;
  let healthy: CampaignHarness['product']['dependencies']['qualys'];

  beforeAll(async () => {
    harness = await openCampaignHarness('outage');
    skipping = await timeSkipping(harness.env);
    healthy = harness.product.dependencies.qualys;
  }, 600_000);

  afterAll(async () => {
    await skipping?.close();
    await harness?.close();
  });

  beforeEach(() => {
    harness.product.dependencies.qualys = healthy;
  });

  const silent = (): Promise<never> => Promise.reject(new QualysError('unavailable', 'HTTP 503', { waitMs: 600_000 }));
  const refused: ExecuteAnswer = { kind: 'rejected', why: 'invalid', status: 400, message: 'the script is not approved' };
  const TWO_WAVES = { waves: [{ name: 'canary', size: 2, soak: '2s' }, { name: 'rest' }] };

  test('by an hour of silence, as long as nothing was sent', async () => {
    harness.product.dependencies.qualys = { ...healthy, script: silent };
    const failure = await failureOfCampaign(await harness.campaign(planOf(0, 2), { client: skipping.client }));
    expect([failure.type, failure.message]).toEqual(['QualysUnavailable', expect.stringContaining('No response from Qualys for an hour')]);
  });

  test('by refusing the very first execution: with its word, and nothing is left open', async () => {
    harness.product.dependencies.qualys = { ...healthy, execute: async () => refused };
    const campaign = await harness.campaign(planOf(0, 2));
    expect(await failureOfCampaign(campaign)).toMatchObject({ type: 'ScriptNotRunnable', message: 'the script is not approved' });
    expect(await harness.product.ledger.campaigns.openSteps(campaign.workflowId)).toEqual([]);
    expect((await harness.product.ledger.runs.get(campaign.workflowId))?.phase).toBe('finished');
  });

  test('not by hours of silence behind the first wave: it waits, says so, and goes on', async () => {
    const campaign = await harness.campaign(planOf(10, 4, TWO_WAVES), { client: skipping.client });
    let asked = 0;
    await campaign.until(({ counts }) => counts.succeeded === 2);
    harness.product.dependencies.qualys = {
      ...healthy,
      script: (...args) => {
        asked += 1;
        return asked > 9 ? healthy.script(...args) : silent();
      },
    };
    expect(await campaign.report()).toMatchObject({ status: 'succeeded', counts: { succeeded: 4 } });
    expect(asked).toBeGreaterThan(9);
  });

  test('not by refusing an execution of a later wave: it waits, and says so', async () => {
    const campaign = await harness.campaign(planOf(20, 4, TWO_WAVES));
    await campaign.untilPhase('soaking');
    harness.product.dependencies.qualys = { ...healthy, execute: async () => refused };
    const { blocked } = await campaign.untilPhase('blocked');
    expect(blocked).toBe('the script is not approved');
    await campaign.handle.cancel();
    expect(await campaign.report()).toMatchObject({ status: 'cancelled', counts: { succeeded: 2, skipped: 2 } });
  });
});
