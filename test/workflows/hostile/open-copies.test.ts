// What one run leaves with an agent keeps later runs of the same script away, until Qualys says that it has ended.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { assetIds, eventually, openProductHarness, outcomes, type ProductHarness, requestFor } from '../product-harness.js';

const [AWAY] = assetIds(50, 1);
const SPEED = 600;
let harness: ProductHarness;
beforeAll(async () => {
  harness = await openProductHarness('copies', { simulator: { offlineAssets: [AWAY ?? 0], offlineForMs: 40_000 * SPEED } });
}, 600_000);
afterAll(() => harness?.close());

test('an asset whose run timed out is skipped, another script is sent to it, and the same again once the first has ended', async () => {
  const assets = [AWAY ?? 0, ...assetIds(0, 1)];
  const id = String(AWAY);
  const first = await harness.run(requestFor(assets, { deadline: '3s' }), { workflowId: 'copies-first' });
  expect(first.counts).toMatchObject({ unreachable: 1, succeeded: 1 });

  await harness.run(requestFor(assets), { workflowId: 'copies-second' });
  expect(outcomes(await harness.rows('copies-second'))[id]).toBe('skipped: open-copy: run copies-first');
  await harness.run(requestFor([AWAY ?? 0], { script: 72649, deadline: '3s' }), { workflowId: 'copies-other' });
  expect(outcomes(await harness.rows('copies-other'))[id]).toMatch(/^unreachable/);

  const { state } = harness.product.simulator;
  const [sent] = state.executions;
  await eventually(
    async () => state.now(),
    (now) => now > (sent?.simulatedAt ?? 0) + 45_000 * SPEED,
  );
  await harness.run(requestFor([AWAY ?? 0]), { workflowId: 'copies-third' });
  expect(outcomes(await harness.rows('copies-third'))[id]).toBe('succeeded');
  expect(await harness.audit('copies-first')).toContain('copies-over');
});
