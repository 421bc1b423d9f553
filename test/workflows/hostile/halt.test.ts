import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { temporalRuns } from '../../../src/cli/data/temporal-client.js';
import { overhaul } from '../../support/command-line.js';
import { urlOf } from '../../support/ledger/sqlite.js';
import { assetIds, eventually, openProductHarness, type ProductHarness, phaseBecomes, progressOf, requestFor } from '../product-harness.js';

/** A permit taken before the switch was thrown may start its request this much later (ARCHITECTURE.md, "The permit"). */
const WITHIN_MS = 5_000;

describe('the kill switch over a live run', () => {
  let harness: ProductHarness;
  let env: { OVERHAUL_DATABASE_URL: string };

  beforeAll(async () => {
    // Three seconds must pass between two executions, so one is always in backoff, for longer than an attempt sleeps through.
    harness = await openProductHarness('halt', { policy: { executeIntervalMs: 4_000 }, simulator: { executionIntervalSec: 1_800 } });
    env = { OVERHAUL_DATABASE_URL: await urlOf(harness.product.ledger) };
  }, 600_000);

  afterAll(() => harness?.close());

  test('no execute call is made after 5 s, nor by an execution in backoff, and unhalt lets the run go on', async () => {
    const handle = await harness.start(requestFor(assetIds(0, 100)));
    await eventually(executeInstants, (instants) => instants.length >= 2);

    expect(await overhaul(['halt', '--by', 'ada', '--reason', 'incident 7'], { env })).toMatchObject({ exitCode: 0 });
    const haltedAt = Date.now();
    const { blocked } = await eventually(
      () => progressOf(handle),
      (seen) => seen.blocked !== undefined,
    );
    expect(blocked).toBe('all executions are halted: incident 7');
    await eventually(
      async () => Date.now() - haltedAt,
      (haltedMs) => haltedMs > WITHIN_MS + 5_000,
    );
    expect((await executeInstants()).filter((at) => at > haltedAt + WITHIN_MS)).toEqual([]);
    expect(await harness.product.ledger.executions.inState(handle.workflowId, ['claimed'])).not.toEqual([]);

    await overhaul(['unhalt', '--by', 'ada'], { env });
    expect(await handle.result()).toMatchObject({ status: 'succeeded', executions: 4 });
    expect((await harness.audit(handle.workflowId)).filter((action) => action.endsWith('halt'))).toEqual(['halt', 'unhalt']);
  });

  test('doctor finds the worker that has this ledger', async () => {
    const temporal = { ...temporalRuns(harness.env), close: async () => undefined };
    const checks = await overhaul(['doctor', '--json'], { env: { ...env, OVERHAUL_TASK_QUEUE: harness.taskQueue }, temporal });
    const { checks: found } = JSON.parse(checks.stdout) as { checks: { name: string; state: string; detail: string }[] };
    expect(found.find(({ name }) => name === 'worker')).toEqual({
      name: 'worker',
      state: 'ok',
      detail: expect.stringMatching(new RegExp(`^1 worker polls task queue ${harness.taskQueue}, last seen .+ ago$`)),
    });
    const elsewhere = await overhaul(['doctor'], { env: { ...env, OVERHAUL_TASK_QUEUE: `${harness.taskQueue}-other` }, temporal });
    expect(elsewhere.stdout).toContain(`no worker polls task queue ${harness.taskQueue}-other`);
  });

  test('a run that has ended is not cancelled, and one that goes on has its canceller in the audit log', async () => {
    const temporal = { ...temporalRuns(harness.env), close: async () => undefined };
    const handle = await harness.start(requestFor(assetIds(200, 100)));
    await phaseBecomes(handle, 'running');
    expect(await overhaul(['cancel', handle.workflowId, '--by', 'ada', '--reason', 'enough'], { env, temporal })).toMatchObject({
      exitCode: 0,
    });
    expect(await handle.result()).toMatchObject({ status: 'cancelled' });
    expect(await harness.product.ledger.audit.of(handle.workflowId)).toContainEqual(
      expect.objectContaining({ actor: 'ada', verified: false, action: 'cancel', detail: '{"reason":"enough"}' }),
    );
    const again = await overhaul(['cancel', handle.workflowId], { env, temporal });
    expect(again.exitCode).toBe(2);
    expect(again.stderr).toContain(`${handle.workflowId} has already ended (completed at `);
  });

  /** Real instants of every execute call that the gateway saw, refused ones too. */
  async function executeInstants(): Promise<number[]> {
    return harness.product.simulator.state.calls.filter(({ path }) => path.endsWith('/execute')).map(({ at }) => at);
  }
});
