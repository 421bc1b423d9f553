// A wave is rolled back while its remedy may still be running on some of its assets: these are left alone, and named.
import { expect, test } from '@jest/globals';
import { createQualys } from '../../../src/qualys/client.js';
import { meddlingProxy } from '../../support/gateway/meddling-proxy.js';
import { ledgerOf } from '../../support/ledger/inspector.js';
import { assetIds } from '../product-harness.js';
import { ids, planOf, withCampaignHarness } from './harness.js';

const [REMEDIATE, ROLLBACK] = [72648, 72649] as const;
const HOUR = 3_600_000;

const rollback = {
  steps: { remediate: REMEDIATE, rollback: ROLLBACK },
  errorBudget: { max: 0 },
  onBreach: 'rollback',
  deadline: '5s',
} as const;

test.concurrent('a rollback while the job index lags by hours is sent to nothing whose job nobody has seen', () => {
  const simulator = { speed: 60, indexLagMs: HOUR, executionMs: { min: 2 * HOUR, max: 2 * HOUR } };
  return withCampaignHarness('roll', { simulator }, async (harness) => {
    const campaign = await harness.campaign(planOf(0, 2, rollback));
    const report = await campaign.report();
    expect(harness.sent(REMEDIATE)).toEqual([ids(0, 2)]);
    expect(harness.sent(ROLLBACK)).toEqual([]);
    expect(report).toMatchObject({ status: 'stopped', counts: { unverified: 2 }, waves: [{ notRolledBack: 2 }] });
    expect((await harness.product.ledger.reader.run(report.runId))?.waves).toMatchObject([{ status: 'rolled-back', notRolledBack: 2 }]);
    for (const outcome of Object.values(await campaign.outcomes())) expect(outcome).toBe('unverified: not-rolled-back: job-not-found');
  });
});

test.concurrent('a rollback where an asset job says a word that no document has goes to those that have ended, and names the others', () => {
  const AWAY = 5;
  const simulator = {
    speed: 60,
    executionMs: { min: 30_000, max: 30_000 },
    failAssets: assetIds(0, 1),
    offlineAssets: assetIds(AWAY, 2),
    offlineForMs: 5 * HOUR,
  };
  return withCampaignHarness('word', { simulator }, async (harness) => {
    const { product } = harness;
    const proxy = await meddlingProxy(product.simulator.url, ({ body }) => ({
      body: body.replaceAll('MANIFEST ASSIGNED', 'AGENT EXECUTING'),
    }));
    const { calls: gate, serverClock: clock } = product.ledger;
    const qualys = createQualys({ baseUrl: proxy.url, username: 'demo', password: () => 'demo', gate, clock });
    product.dependencies.qualys = qualys;
    try {
      const assets = [...assetIds(0, 3), ...assetIds(AWAY, 2)];
      const campaign = await harness.campaign(planOf(0, 0, { ...rollback, targets: { assetIds: assets }, deadline: '8s' }));
      const report = await campaign.report();
      expect(harness.sent(ROLLBACK).flat().sort()).toEqual(ids(0, 3));
      expect(report.waves).toMatchObject([{ status: 'rolled-back', notRolledBack: 2 }]);
      const outcomes = await campaign.outcomes();
      for (const id of ids(AWAY, 2)) expect(outcomes[id]).toBe('unverified: not-rolled-back: unknown-status');
      expect(Math.max(...product.simulator.state.executionsPerAsset().values())).toBe(2);
    } finally {
      await qualys.close();
      await proxy.close();
    }
  });
});

test.concurrent('a failure that comes late into a wave that is rolled back is not tried again', () => {
  const [LATE] = ids(0, 1);
  const simulator = {
    ...{ speed: 60, executionMs: { min: 1_200_000, max: 1_200_000 } },
    ...{ failAssets: [Number(LATE)], lateAssets: [Number(LATE)], lateByMs: 3_000_000 },
    scripts: [
      { id: REMEDIATE, title: 'Patch', platform: 'LINUX' },
      // Hits nothing: every asset of it is `missing`, which breaks the budget.
      { id: 72650, title: 'Verify', platform: 'WINDOWS' },
      { id: ROLLBACK, title: 'Undo', platform: 'LINUX' },
    ],
  };
  return withCampaignHarness('late-retry', { simulator }, async (harness) => {
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
    const attempts = await ledgerOf(harness).columns('attempts', ['attempt'], { assetId: LATE ?? '' });
    expect(attempts.filter(({ attempt }) => attempt > 1)).toEqual([]);
  });
});
