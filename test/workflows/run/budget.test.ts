import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ledgerOf } from '../../support/ledger/inspector.js';
import { assetIds, openProductHarness, type ProductHarness, requestFor } from '../product-harness.js';

describe('retries and the error budget', () => {
  let harness: ProductHarness;

  beforeAll(async () => {
    harness = await openProductHarness('budget', {
      simulator: { failAssets: [...assetIds(0, 100), ...assetIds(300, 10)], failAttempts: 2 },
    });
  }, 600_000);

  afterAll(() => harness?.close());

  test('a failed asset is tried again as often as asked, those that succeeded are not', async () => {
    const handle = await harness.start(requestFor([...assetIds(300, 3), ...assetIds(200, 4)], { retry: { failed: 2, after: '1s' } }));
    expect(await handle.result()).toMatchObject({ status: 'succeeded', executions: 3, counts: { targeted: 7, succeeded: 7 } });
    const attempts = (await harness.rows(handle.workflowId)).map(({ attempt }) => attempt);
    expect(attempts).toEqual([3, 3, 3, 1, 1, 1, 1]);
    const hits = harness.product.simulator.state.executionsPerAsset();
    expect([...assetIds(300, 3), ...assetIds(200, 4)].map((asset) => hits.get(String(asset)))).toEqual([3, 3, 3, 1, 1, 1, 1]);
    const all = await ledgerOf(harness.product.ledger).tally('attempts', ['attempt', 'outcome'], { runId: handle.workflowId });
    expect(all.map(({ attempt, outcome, n }) => [attempt, outcome, n])).toEqual([
      [1, 'failed', 3],
      [1, 'succeeded', 4],
      [2, 'failed', 3],
      [3, 'succeeded', 3],
    ]);
  });

  test('attempts that are used up leave the asset failed', async () => {
    const report = await harness.run(requestFor(assetIds(305, 2), { retry: { failed: 1, after: '1s' } }));
    expect(report).toMatchObject({ status: 'failed', executions: 2, counts: { failed: 2 } });
  });

  test('a breach stops the run: what is in flight is collected, the rest is skipped', async () => {
    const handle = await harness.start(requestFor(assetIds(0, 75), { maxInFlight: 1, errorBudget: { max: 10 } }));
    const report = await handle.result();
    expect(report).toMatchObject({ status: 'stopped', executions: 1, counts: { targeted: 75, failed: 25, skipped: 50 } });
    expect((await harness.rows(handle.workflowId)).at(-1)).toMatchObject({ outcome: 'skipped', reason: 'error-budget' });
  });

  test('a strict budget never overshoots, however many slots there are', async () => {
    const report = await harness.run(requestFor(assetIds(80, 20), { maxInFlight: 10, errorBudget: { max: 4, strict: true } }));
    expect(report).toMatchObject({ status: 'stopped', counts: { targeted: 20, failed: 5, skipped: 15 } });
  });

  test('within its budget a run goes on to its end', async () => {
    const ids = [...assetIds(308, 2), ...assetIds(210, 38)];
    const report = await harness.run(requestFor(ids, { errorBudget: { max: '25%', strict: true } }));
    expect(report).toMatchObject({ status: 'partial', counts: { targeted: 40, failed: 2, succeeded: 38 } });
  });
});
