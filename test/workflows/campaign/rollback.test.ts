// A wave is rolled back while its remedy may still be running on some of its assets: these are left alone, and named.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createQualys } from '../../../src/qualys/client.js';
import { type MeddlingProxy, meddlingProxy } from '../../support/gateway/meddling-proxy.js';
import { assetIds } from '../product-harness.js';
import { type CampaignHarness, ids, openCampaignHarness, planOf } from './harness.js';

const [REMEDIATE, ROLLBACK] = [72648, 72649] as const;
const HOUR = 3_600_000;

const rollback = {
  steps: { remediate: REMEDIATE, rollback: ROLLBACK },
  errorBudget: { max: 0 },
  onBreach: 'rollback',
  deadline: '5s',
} as const;

describe('a rollback while the job index lags by hours', () => {
  let harness: CampaignHarness;
  beforeAll(async () => {
    harness = await openCampaignHarness('roll', {
      simulator: { speed: 60, indexLagMs: HOUR, executionMs: { min: 2 * HOUR, max: 2 * HOUR } },
    });
  }, 600_000);
  afterAll(() => harness?.close());

  test('is sent to nothing whose job nobody has seen', async () => {
    const campaign = await harness.campaign(planOf(0, 2, rollback));
    const report = await campaign.report();
    expect(harness.sent(REMEDIATE)).toEqual([ids(0, 2)]);
    expect(harness.sent(ROLLBACK)).toEqual([]);
    expect(report).toMatchObject({ status: 'stopped', counts: { unverified: 2 }, waves: [{ notRolledBack: 2 }] });
    expect((await harness.product.ledger.reader.run(report.runId))?.waves).toMatchObject([{ status: 'rolled-back', notRolledBack: 2 }]);
    for (const outcome of Object.values(await campaign.outcomes())) expect(outcome).toBe('unverified: not-rolled-back: job-not-found');
  });
});

describe('a rollback where an asset job says a word that no document has', () => {
  let harness: CampaignHarness;
  let proxy: MeddlingProxy;
  const AWAY = 5;
  beforeAll(async () => {
    harness = await openCampaignHarness('word', {
      simulator: {
        speed: 60,
        executionMs: { min: 30_000, max: 30_000 },
        failAssets: assetIds(0, 1),
        offlineAssets: assetIds(AWAY, 2),
        offlineForMs: 5 * HOUR,
      },
    });
    const { product } = harness;
    proxy = await meddlingProxy(product.simulator.url, ({ body }) => ({ body: body.replaceAll('MANIFEST ASSIGNED', 'AGENT EXECUTING') }));
    const { calls: gate, serverClock: clock } = product.ledger;
    product.dependencies.qualys = createQualys({ baseUrl: proxy.url, username: 'demo', password: () => 'demo', gate, clock });
  }, 600_000);
  afterAll(async () => {
    const qualys = harness?.product.dependencies.qualys;
    await harness?.close();
    if (qualys && 'close' in qualys) await (qualys as { close(): Promise<void> }).close();
    await proxy?.close();
  });

  test('goes to those that have ended, and names the others', async () => {
    const assets = [...assetIds(0, 3), ...assetIds(AWAY, 2)];
    const campaign = await harness.campaign(planOf(0, 0, { ...rollback, targets: { assetIds: assets }, deadline: '8s' }));
    const report = await campaign.report();
    expect(harness.sent(ROLLBACK).flat().sort()).toEqual(ids(0, 3));
    expect(report.waves).toMatchObject([{ status: 'rolled-back', notRolledBack: 2 }]);
    const outcomes = await campaign.outcomes();
    for (const id of ids(AWAY, 2)) expect(outcomes[id]).toBe('unverified: not-rolled-back: unknown-status');
    expect(Math.max(...harness.product.simulator.state.executionsPerAsset().values())).toBe(2);
  });
});

describe('a failure that comes late into a wave that is rolled back', () => {
  let harness: CampaignHarness;
  const [LATE] = ids(0, 1);
  beforeAll(async () => {
    harness = await openCampaignHarness('late-retry', {
      simulator: {
        ...{ speed: 60, executionMs: { min: 1_200_000, max: 1_200_000 } },
        ...{ failAssets: [Number(LATE)], lateAssets: [Number(LATE)], lateByMs: 3_000_000 },
        scripts: [
          { id: REMEDIATE, title: 'Patch', platform: 'LINUX' },
          // Hits nothing: every asset of it is `missing`, which breaks the budget.
          { id: 72650, title: 'Verify', platform: 'WINDOWS' },
          { id: ROLLBACK, title: 'Undo', platform: 'LINUX' },
        ],
      },
    });
  }, 600_000);
  afterAll(() => harness?.close());

  test('is not tried again', async () => {
    const campaign = await harness.campaign(
      planOf(0, 3, {
        steps: { remediate: REMEDIATE, verify: 72650, rollback: ROLLBACK },
        ...{ errorBudget: { max: 1 }, onBreach: 'rollback', deadline: '25s' },
        ...{ retry: { failed: 1, after: '1s' }, unreachable: { wait: '5m' } },
      }),
    );
    const report = await campaign.report();
    expect(harness.sent(REMEDIATE)).toEqual([ids(0, 3)]);
    expect(harness.sent(ROLLBACK).flat()).not.toContain(LATE);
    expect(report.waves).toMatchObject([{ status: 'rolled-back', notRolledBack: 1 }]);
    expect((await campaign.outcomes())[LATE ?? '']).toMatch(/: not-rolled-back: /);
    const attempts = await harness.product.ledger.database.all('SELECT 1 FROM attempts WHERE asset_id = ? AND attempt > 1', [LATE ?? '']);
    expect(attempts).toEqual([]);
  });
});
