import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { assetIds, openProductHarness, outcomes, type ProductHarness, requestFor } from '../product-harness.js';

const [FAILING, OFFLINE, LATE, LOST] = [100, 120, 140, 160] as const;
const ids = (place: number) => assetIds(place, 3);

describe('what happens to the assets of a run', () => {
  let harness: ProductHarness;

  beforeAll(async () => {
    harness = await openProductHarness('outcomes', {
      simulator: {
        windowsEvery: 200,
        failAssets: ids(FAILING),
        failAttempts: 1,
        offlineAssets: ids(OFFLINE),
        lateAssets: ids(LATE),
        lateByMs: 1_800_000,
        resultLostAssets: ids(LOST),
        resultLagMs: 60_000,
      },
    });
  }, 600_000);

  afterAll(() => harness?.close());

  test('every asset of two executions succeeds, and each is hit once', async () => {
    const report = await harness.run(requestFor(assetIds(0, 40)), { workflowId: 'plain' });
    expect(report).toMatchObject({
      runId: 'plain',
      status: 'succeeded',
      script: { id: '72648', title: 'Patch OpenSSL' },
      strays: 0,
      executions: 2,
    });
    expect(report.counts).toEqual({ targeted: 40, succeeded: 40, failed: 0, unverified: 0, unreachable: 0, missing: 0, skipped: 0 });
    expect(report.apiCalls).toBe((await harness.product.ledger.reader.run('plain'))?.callsUsed);
    expect(Date.parse(report.finishedAt)).toBeGreaterThan(Date.parse(report.startedAt));
    expect(hits(assetIds(0, 40))).toEqual(new Array(40).fill(1));
    const { events } = await harness.env.client.workflow.getHandle('plain').fetchHistory();
    const activities = events?.flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? []);
    // Nobody has to approve it: it starts as it is opened.
    expect(activities?.slice(0, 3)).toEqual(['identifyLedger', 'openRun', 'dispatch']);
    const rows = await harness.rows('plain');
    expect(rows[0]).toMatchObject({
      assetId: '20452610',
      name: 'host-000001.example.com',
      outcome: 'succeeded',
      status: 'EXECUTION PASSED',
      exitCode: 0,
      attempt: 1,
    });
  });

  test('failures are reported with their exit code beside what succeeded', async () => {
    const report = await harness.run(requestFor([...assetIds(40, 2), ...ids(FAILING)]), { workflowId: 'with-failures' });
    expect([report.status, report.counts.succeeded, report.counts.failed]).toEqual(['partial', 2, 3]);
    const failed = (await harness.rows('with-failures')).filter(({ outcome }) => outcome === 'failed');
    expect(failed.map(({ status, exitCode }) => [status, exitCode])).toEqual(new Array(3).fill(['EXECUTION FAILED', 1]));
  });

  test('an offline asset is unreachable at the deadline, and the run does not wait for it any longer', async () => {
    const report = await harness.run(requestFor([...assetIds(42, 1), ...ids(OFFLINE)], { deadline: '2s' }), { workflowId: 'with-offline' });
    expect([report.status, report.counts.succeeded, report.counts.unreachable]).toEqual(['partial', 1, 3]);
    expect(outcomes(await harness.rows('with-offline'))).toEqual({
      20452652: 'succeeded',
      20452730: 'unreachable: disconnected',
      20452731: 'unreachable: disconnected',
      20452732: 'unreachable: disconnected',
    });
  });

  test('a verdict that comes after the deadline counts while unreachable.wait lasts', async () => {
    const report = await harness.run(requestFor(ids(LATE), { deadline: '1s', unreachable: { wait: '1m' } }));
    expect([report.status, report.counts.succeeded]).toEqual(['succeeded', 3]);
    expect(hits(ids(LATE))).toEqual([1, 1, 1]);
  });

  test('a lost result is unverified and is not repeated', async () => {
    const report = await harness.run(requestFor(ids(LOST), { retry: { failed: 2, after: '1s' } }), { workflowId: 'lost' });
    expect([report.status, report.counts.unverified]).toEqual(['failed', 3]);
    expect(outcomes(await harness.rows('lost'))).toEqual({
      20452770: 'unverified: result-upload-failed',
      20452771: 'unverified: result-upload-failed',
      20452772: 'unverified: result-upload-failed',
    });
    expect(hits(ids(LOST))).toEqual([1, 1, 1]);
  });

  test('an asset of another platform is skipped, and one that Qualys does not know is missing', async () => {
    const report = await harness.run(requestFor([...assetIds(198, 2), 99]), { workflowId: 'platform' });
    expect([report.status, report.counts.succeeded, report.counts.skipped, report.counts.missing]).toEqual(['partial', 1, 1, 1]);
    expect(outcomes(await harness.rows('platform'))).toMatchObject({ 20452809: 'skipped: other-platform', 99: 'missing: no-asset-job' });
  });

  function hits(assets: readonly number[]): number[] {
    const all = harness.product.simulator.state.executionsPerAsset();
    return assets.map((asset) => all.get(String(asset)) ?? 0);
  }
});
