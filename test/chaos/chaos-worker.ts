// One worker over a given ledger file, simulator and Temporal server: in this process, or as a child that dies (dying-worker.ts).
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import type { ActivityDependencies, SendTimings } from '../../src/activities/dependencies.js';
import { defaultPolicy } from '../../src/contracts/policy.js';
import { openLedger } from '../../src/ledger/index.js';
import { createQualys } from '../../src/qualys/client.js';
import { createWorkers } from '../../src/worker/process.js';
import { CAPS_OFF } from '../support/product/harness.js';

export interface WorkerPlan {
  address: string;
  namespace: string;
  taskQueue: string;
  /** The workflows, bundled. */
  bundle: string;
  simulatorUrl: string;
  ledgerPath: string;
  timings: SendTimings;
}

export interface ChaosWorker {
  /** Lets activities end, then closes everything. Calling it twice is harmless. */
  stop(): Promise<void>;
}

/** `prepare` sees the dependencies before any activity does. */
export async function startChaosWorker(plan: WorkerPlan, prepare?: (dependencies: ActivityDependencies) => void): Promise<ChaosWorker> {
  const connection = await Connection.connect({ address: plan.address });
  const nativeConnection = await NativeConnection.connect({ address: plan.address });
  const ledger = await openLedger({ url: `sqlite:${plan.ledgerPath}`, create: true, caps: CAPS_OFF });
  const qualys = createQualys({
    baseUrl: plan.simulatorUrl,
    username: 'demo',
    password: () => 'demo',
    gate: ledger.calls,
    clock: ledger.serverClock,
    timeoutMs: plan.timings.httpTimeoutMs,
  });
  const dependencies: ActivityDependencies = {
    ledger,
    qualys,
    sender: `demo at ${plan.simulatorUrl}`,
    policy: { ...defaultPolicy(), caps: CAPS_OFF },
    client: new Client({ connection, namespace: plan.namespace }),
    taskQueue: plan.taskQueue,
    schedules: { timezone: 'UTC' },
    timings: plan.timings,
  };
  prepare?.(dependencies);
  const workers = await createWorkers(dependencies, { connection: nativeConnection, namespace: plan.namespace, bundle: plan.bundle });
  const running = Promise.all(workers.map((worker) => worker.run()));
  let stopping: Promise<void> | undefined;
  async function stop(): Promise<void> {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    await running;
    await qualys.close();
    await ledger.close();
    await nativeConnection.close();
    await connection.close();
  }
  return {
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}
