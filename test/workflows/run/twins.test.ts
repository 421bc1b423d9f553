import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ledgerOf } from '../../support/ledger/inspector.js';
import { assetIds, openProductHarness, type ProductHarness, requestFor } from '../product-harness.js';

// The answer is lost, and a moment after our job somebody else executes the same script on the same assets; the trail has display
// names.
const SIZE = 25;
const TRUE = { passed: 'succeeded', failed: 'failed' } as Record<string, string>;
let harness: ProductHarness;

beforeAll(async () => {
  harness = await openProductHarness('twins', {
    simulator: {
      speed: 120,
      failRate: 0.2,
      displayNames: { demo: 'FIM Automation', ada: 'Ada L.' },
      faults: { loseExecutes: [1], lostAs: 'reset' },
      foreignOperator: { username: 'ada', followsMs: 400, scriptId: 72648, assetsPerRun: SIZE, sameTargets: true },
    },
    timings: { sendWindowMs: 2_000, httpTimeoutMs: 2_000, settleMs: 500 },
  });
}, 600_000);
afterAll(() => harness.close(), 60_000);

test('of two jobs on the same assets the earlier one stands, both are watched to their end, and each asset says so', async () => {
  const { simulator, ledger } = harness.product;
  const report = await harness.run(requestFor(assetIds(0, SIZE), { deadline: '3m' }));
  const [ours, twin] = simulator.state.executions;
  expect([ours?.user, twin?.user, simulator.state.executions.length]).toEqual(['demo', 'ada', 2]);
  expect(report).toMatchObject({ executions: 1, counts: { targeted: SIZE, unverified: 0, unreachable: 0, missing: 0 } });

  const execution = await ledger.executions.get(report.runId, 1);
  expect(execution).toMatchObject({ state: 'settled', correlationUuid: ours?.correlationUuid, sends: 1 });
  expect(await ledger.executions.claimedUuids([ours?.correlationUuid ?? '', twin?.correlationUuid ?? ''])).toHaveProperty('size', 2);
  const [adopted] = (await ledger.audit.of(report.runId)).filter(({ action }) => action === 'adopted');
  expect(adopted?.detail).toMatch(
    new RegExp(`^execution 1: job ${ours?.jobId}, .*; job ${twin?.jobId} on the same assets is watched with it: the `),
  );

  const rows = await harness.rows(report.runId);
  expect(rows.map(({ reason }) => reason)).toEqual(rows.map(() => expect.stringContaining(`two-jobs: also ${twin?.jobId}`)));
  expect(rows.map(({ assetId, outcome }) => [assetId, outcome])).toEqual(
    rows.map(({ assetId }) => [assetId, TRUE[simulator.state.fateOf(assetId)]]),
  );
  expect(rows.map(({ jobId }) => jobId)).toEqual(rows.map(() => ours?.jobId));
  // Terminal is what both jobs have ended at: nothing keeps others away any more.
  expect(await ledgerOf(ledger).tally('attempts', ['copy', 'lease'], { runId: report.runId })).toEqual([
    { copy: 'over', lease: null, n: rows.length },
  ]);
}, 600_000);
