// A whole product in one process: simulator, ledger, and worker, on a Temporal server that somebody else owns.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { type ActivityDependencies, SEND_TIMINGS, type SendTimings } from '../../../src/activities/dependencies.js';
import { defaultPolicy, type Policy } from '../../../src/contracts/policy.js';
import type { RemediationRequestInput } from '../../../src/contracts/request.js';
import type { RunReport } from '../../../src/domain/run/outcome.js';
import { type Ledger, openLedger } from '../../../src/ledger/index.js';
import { createQualys } from '../../../src/qualys/client.js';
import type { Simulator } from '../../../src/simulator/index.js';
import { startSimulator } from '../../../src/simulator/index.js';
import type { SimulatorOptions } from '../../../src/simulator/options.js';
import { createWorkers } from '../../../src/worker/process.js';

export interface ProductOptions {
  client: Client;
  nativeConnection: NativeConnection;
  namespace: string;
  bundle: string;
  simulator?: SimulatorOptions;
  policy?: Partial<Policy>;
  timings?: Partial<SendTimings>;
  taskQueue: string;
}

export interface Product {
  simulator: Simulator;
  ledger: Ledger;
  dependencies: ActivityDependencies;
  start(workflowId: string, request: RemediationRequestInput): Promise<{ result(): Promise<RunReport> }>;
  /** Its workers end, and others take up what they leave. */
  restartWorkers(): Promise<void>;
  close(): Promise<void>;
}

/** Caps so high that only the simulator's own limits count. */
export const CAPS_OFF = { callsPerHour: 1_000_000, executionsPerDay: 1_000_000, concurrency: 16 };

export async function startProduct(options: ProductOptions): Promise<Product> {
  const folder = await mkdtemp(join(tmpdir(), 'overhaul-product-'));
  const simulator = await startSimulator(options.simulator ?? {});
  const policy: Policy = { ...defaultPolicy(), caps: CAPS_OFF, ...options.policy };
  const ledger = await openLedger({ url: `sqlite:${join(folder, 'ledger.db')}`, create: true, caps: policy.caps });
  // As a worker does that finds it in its file: it holds from here on, whatever the dependencies say.
  await ledger.policies.offer({ policy, isChange: true });
  const qualys = createQualys({
    baseUrl: simulator.url,
    username: 'demo',
    password: () => 'demo',
    gate: ledger.calls,
    clock: ledger.serverClock,
  });
  const dependencies: ActivityDependencies = {
    ledger,
    qualys,
    sender: `demo at ${simulator.url}`,
    policy,
    client: options.client,
    taskQueue: options.taskQueue,
    schedules: { userId: 'user-1', timezone: 'UTC' },
    timings: { ...SEND_TIMINGS, ...options.timings },
  };
  const startWorkers = async () => {
    const workers = await createWorkers(dependencies, {
      connection: options.nativeConnection,
      namespace: options.namespace,
      bundle: options.bundle,
    });
    const running = Promise.all(workers.map((worker) => worker.run()));
    return async () => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await running;
    };
  };
  let endWorkers = await startWorkers();
  return {
    simulator,
    ledger,
    dependencies,
    async start(workflowId, request) {
      const handle = await options.client.workflow.start('remediationRun', { workflowId, taskQueue: options.taskQueue, args: [request] });
      return { result: () => handle.result() as Promise<RunReport> };
    },
    async restartWorkers() {
      await endWorkers();
      endWorkers = await startWorkers();
    },
    async close() {
      await endWorkers();
      await qualys.close();
      await ledger.close();
      await simulator.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
