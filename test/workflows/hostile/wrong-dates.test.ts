import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createQualys } from '../../../src/qualys/client.js';
import { chance } from '../../../src/simulator/world/chance.js';
import { dateMoved, type Meddle, type MeddlingProxy, meddlingProxy } from '../../support/gateway/meddling-proxy.js';
import { assetIds, openProductHarness, outcomes, type ProductHarness, requestFor } from '../product-harness.js';

const TEN_MINUTES = 600_000;
const FAST = { sendWindowMs: 2_000, httpTimeoutMs: 2_000, settleMs: 500 };
let harness: ProductHarness;
let proxy: MeddlingProxy;
let closeClient: () => Promise<void>;

/** Puts something between the worker and the gateway that moves dates. */
async function between(meddle: Meddle): Promise<void> {
  const { product } = harness;
  proxy = await meddlingProxy(product.simulator.url, meddle);
  const { calls: gate, serverClock: clock } = product.ledger;
  const qualys = createQualys({ baseUrl: proxy.url, username: 'demo', password: () => 'demo', gate, clock });
  product.dependencies.qualys = qualys;
  closeClient = () => qualys.close();
}

afterEach(async () => {
  await closeClient();
  await proxy.close();
});

const sent = (scriptId = '72648') => harness.product.simulator.state.executions.filter((execution) => execution.scriptId === scriptId);

describe('the answer of an execute is lost, and the Date of the read before it is wrong', () => {
  beforeAll(async () => {
    harness = await openProductHarness('date', {
      simulator: {
        faults: { loseExecutes: [1, 2, 3], lostAs: 'reset' },
        // Shows that the index is live, so that a job which is not there would be proved absent.
        foreignOperator: { everyMs: 60_000, scriptId: 72649, assetsPerRun: 1 },
      },
      timings: FAST,
    });
  }, 600_000);
  afterAll(() => harness.close(), 60_000);

  test.each([
    ['ten minutes ahead', TEN_MINUTES, 0],
    ['ten minutes behind', -TEN_MINUTES, 10],
    ['a day ahead', 86_400_000, 20],
  ])('%s: its job is found and adopted, and nothing is sent twice', async (_, byMs, from) => {
    const before = sent().length;
    await between((answer) => (/assets\/search/.test(answer.path) ? dateMoved(answer, byMs) : undefined));
    const report = await harness.run(requestFor(assetIds(from, 3)));
    expect(sent().length - before).toBe(1);
    expect(Object.values(outcomes(await harness.rows(report.runId)))).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(await harness.audit(report.runId)).toContain('adopted');
  });
});

describe('asset jobs appear late, and looks are told a wrong time', () => {
  beforeAll(async () => {
    harness = await openProductHarness('look', {
      simulator: { speed: 60, fanOutLagMs: 150_000, executionMs: { min: 60_000, max: 60_000 } },
    });
  }, 600_000);
  afterAll(() => harness.close(), 60_000);

  test.each([
    ['ten minutes ahead, on one poll', (nth: number) => nth === 1, TEN_MINUTES, 0],
    ['ten minutes behind, on one poll', (nth: number) => nth === 1, -TEN_MINUTES, 50],
    ['ten minutes ahead, on every third', (nth: number) => nth % 3 === 0, TEN_MINUTES, 100],
  ])('%s: nothing is missing that Qualys has a verdict on', async (_, lies, byMs, from) => {
    await between((answer) => (/assetjobs\/search/.test(answer.path) && lies(answer.nthOfPath) ? dateMoved(answer, byMs) : undefined));
    const report = await harness.run(requestFor(assetIds(from, 3), { deadline: '10m' }));
    expect(Object.values(outcomes(await harness.rows(report.runId)))).toEqual(['succeeded', 'succeeded', 'succeeded']);
  });

  test('ahead when Qualys accepts it: its job is found', async () => {
    await between((answer) => (/execute/.test(answer.path) ? dateMoved(answer, 86_400_000) : undefined));
    const report = await harness.run(requestFor(assetIds(150, 3), { deadline: '10m' }));
    expect(Object.values(outcomes(await harness.rows(report.runId)))).toEqual(['succeeded', 'succeeded', 'succeeded']);
  });
});

describe('a tenth of all answers is ten minutes off', () => {
  beforeAll(async () => {
    harness = await openProductHarness('tenth', {
      simulator: {
        faults: { loseExecutes: [1, 4], lostAs: 'reset' },
        failAssets: assetIds(30, 10),
        foreignOperator: { everyMs: 60_000, scriptId: 72649, assetsPerRun: 1 },
      },
      timings: FAST,
    });
  }, 600_000);
  afterAll(() => harness.close(), 60_000);

  test('150 assets with lost answers: none is hit twice, and each outcome is what Qualys says', async () => {
    await between((answer) => {
      const draw = chance(7, 'date', answer.nth);
      return draw < 0.1 ? dateMoved(answer, draw < 0.05 ? TEN_MINUTES : -TEN_MINUTES) : undefined;
    });
    const report = await harness.run(requestFor(assetIds(0, 150), { deadline: '10m', retry: { failed: 0 } }));
    const hits = harness.product.simulator.state.executionsPerAsset('demo');
    expect(Math.max(...assetIds(0, 150).map((assetId) => hits.get(String(assetId)) ?? 0))).toBe(1);
    const untrue = (await harness.rows(report.runId)).filter(({ assetId, outcome }) => {
      const fate = harness.product.simulator.state.fateOf(assetId);
      return outcome !== (fate === 'passed' ? 'succeeded' : fate);
    });
    expect(untrue).toEqual([]);
  });
});
