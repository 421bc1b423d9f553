import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createQualys } from '../../../src/qualys/client.js';
import { chance } from '../../../src/simulator/world/chance.js';
import { dateMoved, type MeddlingProxy, meddlingProxy, page } from '../../support/gateway/meddling-proxy.js';
import { assetIds, openProductHarness, type ProductHarness, requestFor } from '../product-harness.js';

// Answers lost and replaced by pages after the effect, a Date that lies, executions spread over two jobs, a display name in the trail, and
// two operators with the same script on other assets in the same seconds.
const SIZE = 200;
const FAST = { sendWindowMs: 2_000, httpTimeoutMs: 2_000, settleMs: 500 };
const follower = { scriptId: 72648, assetsPerRun: 5, fromIndex: 300 };
let harness: ProductHarness;
let proxy: MeddlingProxy;
let closeClient: () => Promise<void>;

beforeAll(async () => {
  harness = await openProductHarness('hostile', {
    simulator: {
      speed: 120,
      splitRate: 0.3,
      displayNames: { demo: 'FIM Automation', ada: 'Ada L.', bob: 'Bob M.' },
      faults: { loseExecutes: [2, 9], lostAs: 'reset' },
      foreignOperator: [
        { ...follower, username: 'ada', followsMs: 700 },
        { ...follower, username: 'bob', followsMs: 2_500 },
      ],
    },
    timings: FAST,
  });
  proxy = await meddlingProxy(harness.product.simulator.url, (answer) => {
    if (/\/execute/.test(answer.path)) return chance(7, 'page', answer.nth) < 0.15 ? page(403) : undefined;
    return chance(7, 'date', answer.nth) < 0.1 ? dateMoved(answer, answer.nth % 2 === 0 ? 600_000 : -600_000) : undefined;
  });
  const { calls: gate, serverClock: clock } = harness.product.ledger;
  const qualys = createQualys({ baseUrl: proxy.url, username: 'demo', password: () => 'demo', gate, clock });
  harness.product.dependencies.qualys = qualys;
  closeClient = () => qualys.close();
}, 600_000);
afterAll(async () => {
  await closeClient();
  await proxy.close();
  await harness.close();
}, 60_000);

test('nothing is executed twice, no outcome is untrue, and what Qualys knows is known', async () => {
  const { simulator } = harness.product;
  const report = await harness.run(requestFor(assetIds(0, SIZE), { deadline: '3m', maxInFlight: 8 }));
  const rows = await harness.rows(report.runId);
  const times = simulator.state.executionsPerAsset('demo');
  expect(rows.filter(({ assetId }) => (times.get(assetId) ?? 0) !== 1)).toEqual([]);
  const TRUE = { passed: 'succeeded', failed: 'failed' } as Record<string, string>;
  const untrue = rows.filter(({ assetId, outcome }) => outcome !== 'unverified' && outcome !== TRUE[simulator.state.fateOf(assetId)]);
  expect(untrue.map(({ assetId, outcome, reason }) => [assetId, outcome, reason])).toEqual([]);
  expect(rows.filter(({ outcome }) => outcome === 'unverified').map(({ assetId, reason }) => [assetId, reason])).toEqual([]);
  expect(await harness.audit(report.runId)).toContain('adopted');
  // 3.5 an execution were measured; on a busy machine more looks fit into a run.
  expect(report.apiCalls).toBeLessThanOrEqual(report.executions * 8);
}, 600_000);
