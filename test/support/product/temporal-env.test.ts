import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import { type TemporalEnv, temporalEnv, uniqueTaskQueue } from './temporal-env.js';
import { type TimeSkipping, timeSkipping } from './time-skipping.js';

const DAY_MS = 86_400_000;

describe('the shared Temporal server', () => {
  let env: TemporalEnv;
  let skipping: TimeSkipping;

  beforeAll(async () => {
    env = await temporalEnv(fileURLToPath(new URL('../sleeper.ts', import.meta.url)));
    skipping = await timeSkipping(env);
  }, 600_000);

  afterAll(async () => {
    await skipping?.close();
    await env?.close();
  });

  test('runs a workflow of the shared bundle in real time', async () => {
    const taskQueue = uniqueTaskQueue('real-time');
    const worker = await workerOn(taskQueue);
    const slept = await worker.runUntil(env.client.workflow.execute('sleeper', { taskQueue, workflowId: randomUUID(), args: [20] }));
    expect(slept).toBeGreaterThanOrEqual(20);
  });

  test('lets a month pass at once for a client that skips time', async () => {
    const taskQueue = uniqueTaskQueue('skipping');
    const worker = await workerOn(taskQueue);
    const started = skipping.client.workflow.execute('sleeper', { taskQueue, workflowId: randomUUID(), args: [30 * DAY_MS] });
    const slept = await worker.runUntil(started);
    expect(slept).toBeGreaterThanOrEqual(30 * DAY_MS);
  });

  function workerOn(taskQueue: string): Promise<Worker> {
    return Worker.create({ connection: env.nativeConnection, workflowBundle: env.workflowBundle, taskQueue });
  }
});
