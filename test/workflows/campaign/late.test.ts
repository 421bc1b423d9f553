import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { assetIds, eventually } from '../product-harness.js';
import { type Campaign, type CampaignHarness, ids, openCampaignHarness, planOf } from './harness.js';

/** Come back this long after their asset job, the second half of them to fail. */
const [BACK, BACK_TO_FAIL] = [200, 210] as const;
const BACK_AFTER_MS = 25_000;
const SPEED = 600;

describe('assets that answer late', () => {
  let harness: CampaignHarness;
  /** They run side by side: each takes as long as its assets are away. */
  let watched: Campaign;
  let soaking: Campaign;
  let followed: Campaign;

  const away = (late: number, others: number) => ({
    targets: { assetIds: [...assetIds(late, 2), ...assetIds(others, 6)] },
    deadline: '2s',
    unreachable: { wait: '2m' },
    inconclusive: '100%',
  });

  beforeAll(async () => {
    harness = await openCampaignHarness('late', {
      simulator: {
        speed: SPEED,
        offlineAssets: assetIds(BACK, 20),
        offlineForMs: BACK_AFTER_MS * SPEED,
        failAssets: assetIds(BACK_TO_FAIL, 10),
      },
    });
    watched = await harness.campaign(
      planOf(0, 0, {
        ...away(BACK, 0),
        waves: [{ name: 'all but one', size: 7 }, { name: 'last' }],
        followUp: { kind: 'recheck', on: 'unresolved', after: '30d', script: 72649 },
      }),
    );
    soaking = await harness.campaign(
      planOf(0, 0, {
        ...away(BACK_TO_FAIL, 10),
        waves: [{ name: 'canary', size: 7, soak: '1h' }, { name: 'rest' }],
        errorBudget: { max: 0 },
        onBreach: 'abort',
      }),
    );
    followed = await harness.campaign(
      planOf(0, 0, {
        ...away(BACK_TO_FAIL + 4, 20),
        followUp: { kind: 'schedule', on: 'unresolved', scheduleType: 'ONE_TIME', after: '1d', script: 72649 },
      }),
    );
  }, 600_000);

  afterAll(() => harness?.close());

  test('hold no wave back, are watched on, and count where they belong and in what follows', async () => {
    const waiting = await watched.until(({ counts }) => counts.unreachable === 2 && counts.succeeded === 6);
    expect([waiting.phase, waiting.inFlight]).toEqual(['running', 1]);
    const waves = await eventually(
      () => harness.product.ledger.campaigns.waves(watched.workflowId),
      (seen) => seen.every(({ closedAt }) => closedAt !== undefined),
    );
    expect(waves).toHaveLength(2);
    const report = await watched.report();
    expect(report).toMatchObject({ status: 'succeeded', counts: { succeeded: 8, unreachable: 0 } });
    expect(report.waves.map(({ status, counts }) => [status, counts.unreachable])).toEqual([
      ['succeeded', 0],
      ['succeeded', 0],
    ]);
    // Everything has succeeded in the end, so nothing is left to look at again.
    expect(report.followUp?.ids ?? []).toEqual([]);
    expect(Math.max(...harness.product.simulator.state.executionsPerAsset().values())).toBe(1);
  });

  test('judge a soaking wave again: their failures close its gate at once', async () => {
    const report = await soaking.report();
    expect(report.waves.map(({ name, status }) => [name, status])).toEqual([
      ['canary', 'stopped'],
      ['rest', 'skipped'],
    ]);
    expect(report.counts.failed).toBeGreaterThan(0);
  });

  test('are followed up by what they came to', async () => {
    const report = await followed.report();
    expect(report).toMatchObject({ status: 'partial', counts: { succeeded: 6, failed: 2 }, followUp: { kind: 'schedule' } });
    const [schedule] = harness.product.simulator.state.schedules.filter(({ title }) => report.followUp?.titles.includes(title));
    expect(JSON.stringify(schedule?.body)).toContain(String(ids(BACK_TO_FAIL + 4, 2)[1]));
    expect(JSON.stringify(schedule?.body)).not.toContain(String(ids(20, 1)));
  });
});
