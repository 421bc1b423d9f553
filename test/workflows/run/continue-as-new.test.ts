import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { type DevServer, startDevServer } from '../../../src/temporal/dev-server.js';
import { adjust } from '../../../src/workflows/shared/messages.js';
import { type TemporalEnv, temporalEnv } from '../../support/product/temporal-env.js';
import { historiesOf, largestPayload } from '../histories.js';
import { assetIds, eventually, openProductHarness, type ProductHarness, requestFor } from '../product-harness.js';

/** The server suggests a new history so early that a run of a few executions has several. */
const SUGGESTED_AT_EVENTS = 40;

describe('a run that continues as new', () => {
  let shared: TemporalEnv;
  let server: DevServer;
  let folder: string;
  let harness: ProductHarness;

  beforeAll(async () => {
    shared = await temporalEnv();
    folder = await mkdtemp(join(tmpdir(), 'overhaul-continue-'));
    server = await startDevServer({
      executable: shared.executable,
      logFile: join(folder, 'temporal.log'),
      extraArgs: ['--dynamic-config-value', `limit.historyCount.suggestContinueAsNew=${SUGGESTED_AT_EVENTS}`],
    });
    const connection = await Connection.connect({ address: server.address });
    const nativeConnection = await NativeConnection.connect({ address: server.address });
    const env = { ...shared, address: server.address, connection, nativeConnection, client: new Client({ connection }) };
    harness = await openProductHarness('continue', {
      env: {
        ...env,
        async close() {
          await nativeConnection.close();
          await connection.close();
        },
      },
      simulator: { failAssets: assetIds(100, 5), failAttempts: 1, faults: { loseExecutes: [3] } },
    });
  }, 600_000);

  afterAll(async () => {
    await harness?.close();
    await server?.stop();
    await shared?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  test('loses no asset, sends none twice, and remembers which updates it has carried out', async () => {
    const handle = await harness.start(requestFor(assetIds(0, 250), { maxInFlight: 2, retry: { failed: 1, after: '1s' } }));
    const update = { args: [{ by: 'kim', maxInFlight: 3 }] as [{ by: string; maxInFlight: number }], updateId: 'adjust-once' };
    await eventually(
      async () => (await harness.product.ledger.runs.get(handle.workflowId))?.phase,
      (phase) => phase === 'running',
    );
    await eventually(
      () =>
        handle.executeUpdate(adjust, update).then(
          () => true,
          () => false,
        ),
      (isTaken) => isTaken,
    );
    await eventually(
      async () => (await handle.describe()).runId,
      (runId) => runId !== handle.firstExecutionRunId,
    );
    await handle.executeUpdate(adjust, update);
    const report = await handle.result();
    expect(report).toMatchObject({ status: 'succeeded', executions: 11, counts: { targeted: 250, succeeded: 250 } });
    const hits = harness.product.simulator.state.executionsPerAsset();
    const expected = assetIds(0, 250).map((asset) => (asset >= 20_452_710 && asset < 20_452_715 ? 2 : 1));
    expect(assetIds(0, 250).map((asset) => hits.get(String(asset)))).toEqual(expected);
    expect((await harness.audit(handle.workflowId)).filter((action) => action === 'adjust')).toEqual(['adjust']);

    const histories = await historiesOf(harness.env.client, handle.workflowId);
    expect(histories.length).toBeGreaterThanOrEqual(3);
    expect(Math.max(...histories.map(({ events }) => events?.length ?? 0))).toBeLessThan(8_000);
    expect(largestPayload(histories)).toBeLessThan(16 * 1_024);
  });
});
