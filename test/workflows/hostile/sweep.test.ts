import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sweep } from '../../../src/recovery/sweep.js';
import { remove, rewriteRun } from '../../support/ledger/damage.js';
import { find } from '../../support/ledger/scenario.js';
import { assetIds, eventually, openProductHarness, type ProductHarness, progressOf, requestFor } from '../product-harness.js';

const OFFLINE = 10;

describe('the sweep, over a ledger that was restored from a backup', () => {
  let harness: ProductHarness;

  beforeAll(async () => {
    harness = await openProductHarness('sweep', { simulator: { offlineAssets: assetIds(OFFLINE, 2) } });
  }, 600_000);

  afterAll(() => harness?.close());

  test('writes the report that the completed workflow gave, and calls nothing skipped', async () => {
    const handle = await harness.start(requestFor(assetIds(0, 2)));
    const report = await handle.result();
    expect((await harness.product.ledger.runs.get(handle.workflowId))?.namespaceId).toMatch(/./);
    await forget(handle.workflowId);
    expect(await swept()).toEqual([handle.workflowId]);
    expect((await harness.product.ledger.runs.get(handle.workflowId))?.report).toEqual(report);
    expect(await outcomes(handle.workflowId)).toEqual(['unverified ledger-restored', 'unverified ledger-restored']);
    await letGo(handle.workflowId);
  });

  test('calls nothing skipped of a terminated workflow whose history knows more', async () => {
    const handle = await harness.start(requestFor(assetIds(OFFLINE, 2)));
    await eventually(
      () => progressOf(handle),
      ({ inFlight }) => inFlight === 1,
    );
    expect(await swept()).toEqual([]);
    await handle.terminate('the test');
    await forget(handle.workflowId);
    expect(await swept()).toEqual([handle.workflowId]);
    expect(await outcomes(handle.workflowId)).toEqual(['unverified ledger-restored', 'unverified ledger-restored']);
    await letGo(handle.workflowId);
  });

  /** The sweep, too, holds the ledger of other runs. */
  async function letGo(runId: string): Promise<void> {
    expect(await harness.product.ledger.staleness.held()).toContain(`of ${runId}, and 1 executions`);
    await harness.product.ledger.killSwitch.unhalt({ by: 'ada' });
  }

  const swept = () => {
    const { client, namespace } = harness.env;
    const times = { youngestMs: 0 };
    return sweep({ ledger: harness.product.ledger, client, namespace, logger: { warn: () => undefined }, times });
  };
  const outcomes = async (runId: string) => (await harness.rows(runId)).map(({ outcome, reason }) => `${outcome} ${reason}`);

  /** The ledger as it was when the run was just opened. */
  async function forget(runId: string): Promise<void> {
    const { ledger } = harness.product;
    await rewriteRun(ledger, { phase: 'running', report: null, finishedAt: null, nextExecutionNo: 1, accepted: 0 }, { id: runId });
    await find(ledger, { outcome: 'pending', executionNo: null, lease: null }, { runId });
    for (const table of ['executions', 'sends'] as const) await remove(ledger, table, { runId });
  }
});
