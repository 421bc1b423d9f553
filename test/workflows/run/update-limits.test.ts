import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectTemporalRuns } from '../../../src/cli/data/temporal-client.js';
import type { TemporalRuns } from '../../../src/temporal/runs/temporal-runs.js';
import { type TemporalEnv, temporalEnv, uniqueTaskQueue } from '../../support/product/temporal-env.js';
import { eventually } from '../product-harness.js';

/** More than the ten that Temporal takes at once of one workflow: in the moment that one is given up, another one has its place. */
const AT_ONCE = 30;

let env: TemporalEnv;
let runs: TemporalRuns;

beforeAll(async () => {
  env = await temporalEnv();
  runs = await connectTemporalRuns({ TEMPORAL_ADDRESS: env.address, TEMPORAL_NAMESPACE: env.namespace, TEMPORAL_CONFIG_FILE: '/nowhere' });
}, 600_000);

afterAll(async () => {
  await runs?.close();
  await env?.close();
});

test('an eleventh order beside ten in flight is told of the limit, not of a worker that does not answer', async () => {
  const workflowId = uniqueTaskQueue('update-limit');
  // Nobody works on this queue, so that what comes stays in flight.
  const handle = await env.client.workflow.start('remediationRun', { workflowId, taskQueue: workflowId, args: [{}] });
  let over = false;
  // The server gives up an order that no worker took within its bounds, and its place is then free: who waits asks again.
  const waiting = Array.from({ length: AT_ONCE }, async () => {
    while (!over) await handle.executeUpdate('pause', { args: [{ by: 'kim' }] }).catch(() => sleep(100));
  });
  const refusal = await eventually(
    () => runs.decide(workflowId, 'pause', { by: 'lee' }).then(String, (error: unknown) => error as { exitCode: number; message: string }),
    (answer) => typeof answer === 'object' && answer.exitCode === 1,
  );
  expect(refusal).toMatchObject({
    exitCode: 1,
    message: expect.stringMatching(/ten orders are in flight, Temporal's limit/),
  });
  over = true;
  await handle.terminate('the test is over');
  await Promise.all(waiting);
}, 600_000);
