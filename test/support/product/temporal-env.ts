// A test's way to the Temporal dev server that all test files of one Jest run share (global-setup.mjs starts it when it is first asked
// for).
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { shared } from '../shared.js';

export interface TemporalEnv {
  address: string;
  namespace: string;
  connection: Connection;
  nativeConnection: NativeConnection;
  client: Client;
  /** The workflows, bundled once for the whole Jest run. */
  workflowBundle: { codePath: string };
  /** Path of the Temporal command line. */
  executable: string;
  /** False when the machine's own Temporal is too old to skip time (before CLI 1.9). */
  skipsTime: boolean;
  /** To be called in `afterAll`, when no `result()` is being awaited any more: a connection closed under one ends the process. */
  close(): Promise<void>;
}

interface Offer {
  address: string;
  namespace: string;
  executable: string;
  skipsTime: boolean;
}

const WORKFLOWS = fileURLToPath(new URL('../../../src/workflows/index.ts', import.meta.url));

/**
 * Connects to the shared server. `workflows` is the path of a module of workflows, by default all of `src/workflows`.
 * Give the hook that calls it 120 s: the first caller may have to wait for a download, a start and a bundle.
 */
export async function temporalEnv(workflows: string = WORKFLOWS): Promise<TemporalEnv> {
  quietRuntime();
  const { address, namespace, executable, skipsTime } = await shared<Offer>('/temporal');
  const workflowBundle = await sharedBundle(workflows);
  const connection = await Connection.connect({ address });
  const nativeConnection = await NativeConnection.connect({ address });
  return {
    ...{ address, namespace, executable, skipsTime, workflowBundle, connection, nativeConnection },
    client: new Client({ connection, namespace }),
    async close() {
      await nativeConnection.close();
      await connection.close();
    },
  };
}

/** The workflows, bundled once for the whole Jest run: for tests with a Temporal server of their own. */
export async function sharedBundle(workflows: string = WORKFLOWS): Promise<{ codePath: string }> {
  quietRuntime();
  return shared<{ codePath: string }>(`/bundle?workflows=${encodeURIComponent(workflows)}`);
}

/**
 * Workers report every change of their state; between the results of tests that is noise. A runtime that the test itself installed stays.
 */
function quietRuntime(): void {
  if (!Runtime._instance) Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
}

/** A task queue that no other test has: the server is shared. */
export function uniqueTaskQueue(name: string): string {
  return `${name}-${randomUUID().slice(0, 8)}`;
}
