// The Temporal server goes away in the middle of a run and comes back on its port. The worker is the real one, as an operator starts
// it: it must reconnect by itself.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { RunReport } from '../../src/domain/run/outcome.js';
import { type DevServer, startDevServer } from '../../src/temporal/dev-server.js';
import { CAPS_OFF } from '../support/product/harness.js';
import { programArguments } from '../support/programs.js';
import type { Played } from './deaths.js';
import { assetIds, endsWithUs, openScene, type Scene } from './scene.js';
import { verdictOf } from './verdict.js';

const SIZE = 300;
const DOWN_MS = 8_000;

export async function playTemporalRestart(executable: string): Promise<Played> {
  const startedAt = performance.now();
  const idle = { client: undefined as unknown as Client, address: '', namespace: 'default', bundle: '' };
  const scene = await openScene(idle, 'chaos-restart', { simulator: { assets: SIZE, speed: 60, keepAllCalls: true } });
  const folder = dirname(scene.plan.ledgerPath);
  const durable = { executable, dbFilename: join(folder, 'temporal.db'), logFile: join(folder, 'temporal.log') };
  let server: DevServer | undefined = await startDevServer(durable);
  const worker = await realWorker(scene, server.address);
  try {
    const { address } = server;
    await withClient(address, (client) =>
      client.workflow.start('remediationRun', {
        workflowId: scene.workflowId,
        taskQueue: scene.plan.taskQueue,
        args: [{ script: 72648, targets: { assetIds: assetIds(SIZE) }, poll: { interval: '1s' }, deadline: '10m' }],
      }),
    );
    while (scene.simulator.state.executions.length < 4) await new Promise((resolve) => setTimeout(resolve, 50));
    await server.stop();
    server = undefined;
    await new Promise((resolve) => setTimeout(resolve, DOWN_MS));
    server = await startDevServer({ ...durable, port: Number(address.split(':')[1]) });
    const report = (await withClient(address, (client) => client.workflow.getHandle(scene.workflowId).result())) as RunReport;
    const ledger = await scene.ledger();
    const verdict = await verdictOf({ simulator: scene.simulator, ledger, runId: scene.workflowId }, report, { size: SIZE });
    if (worker.exitCode !== null) verdict.problems.push(`the worker ended with ${worker.exitCode}`);
    return { ...verdict, name: 'Temporal restarted', kills: 0, seconds: Math.round((performance.now() - startedAt) / 1_000) };
  } finally {
    worker.kill('SIGKILL');
    if (worker.exitCode === null && worker.signalCode === null) await once(worker, 'exit');
    await server?.stop();
    await scene.close();
  }
}

async function realWorker({ plan, simulator }: Scene, address: string): Promise<ChildProcess> {
  const config = join(dirname(plan.ledgerPath), 'overhaul.yaml');
  await writeFile(config, JSON.stringify({ policy: { caps: CAPS_OFF } }));
  const worker = spawn(process.execPath, await programArguments('src/worker.ts'), {
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      TEMPORAL_ADDRESS: address,
      QUALYS_URL: simulator.url,
      QUALYS_USERNAME: 'demo',
      QUALYS_PASSWORD: 'demo',
      OVERHAUL_TASK_QUEUE: plan.taskQueue,
      OVERHAUL_DATABASE_URL: `sqlite:${plan.ledgerPath}`,
      OVERHAUL_CONFIG: config,
    },
  });
  return endsWithUs(worker);
}

/** A connection of its own: one that saw the server go may take long to believe that it is back. */
async function withClient<T>(address: string, use: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await use(new Client({ connection }));
  } finally {
    await connection.close();
  }
}
