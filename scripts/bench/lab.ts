// What every bench of runs needs: a Temporal server of its own, the workflows bundled, and a product.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { startDevServer } from '../../src/temporal/dev-server.js';
import { createLogger } from '../../src/temporal/logger.js';
import { installRuntime } from '../../src/temporal/runtime.js';
import { type Product, type ProductOptions, startProduct } from '../../test/support/product/harness.js';
// @ts-expect-error a plain script without types
import { findTemporal } from '../temporal.mjs';
// @ts-expect-error a plain script without types
import { bundle } from '../workflow-bundle.mjs';

export interface Lab {
  client: Client;
  address: string;
  namespace: string;
  /** The process of the Temporal server. */
  serverPid: number;
  product(options: Pick<ProductOptions, 'simulator' | 'policy' | 'timings'>): Promise<Product>;
  /** Events over all histories of a workflow id, the most events and bytes of one, and the largest payload that is not the input. */
  historyOf(workflowId: string): Promise<HistoryFacts>;
  close(): Promise<void>;
}

interface HistoryFacts {
  events: number;
  /** Activities that were scheduled. */
  activities: number;
  histories: number;
  longest: number;
  /** Of the longest history. */
  bytes: number;
  /** Of all of them together. */
  totalBytes: number;
  largestPayload: number;
}

/** `dynamicConfig`: settings of the Temporal server, as `key=value`. */
export async function openLab({ dynamicConfig = [] }: { dynamicConfig?: readonly string[] } = {}): Promise<Lab> {
  installRuntime(createLogger('error', 'bench'));
  const folder = await mkdtemp(join(tmpdir(), 'overhaul-lab-'));
  const executable = (await findTemporal(() => undefined)) as string;
  const extraArgs = dynamicConfig.flatMap((setting) => ['--dynamic-config-value', setting]);
  const server = await startDevServer({ executable, logFile: join(folder, 'temporal.log'), extraArgs });
  let bundled: Promise<string> | undefined;
  const connection = await Connection.connect({ address: server.address });
  const nativeConnection = await NativeConnection.connect({ address: server.address });
  const client = new Client({ connection });
  const products: Product[] = [];
  return {
    client,
    address: server.address,
    namespace: 'default',
    serverPid: server.pid,
    async product(options) {
      // A bench of the built worker needs none.
      bundled ??= bundle(
        fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url)),
        join(folder, 'workflows.js'),
      ) as Promise<string>;
      const product = await startProduct({
        ...options,
        client,
        nativeConnection,
        namespace: 'default',
        bundle: await bundled,
        taskQueue: `bench-${products.length}`,
      });
      products.push(product);
      return product;
    },
    historyOf: (workflowId) => historyOf(client, workflowId),
    async close() {
      for (const product of products) await product.close();
      await nativeConnection.close();
      await connection.close();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function historyOf(client: Client, workflowId: string): ReturnType<Lab['historyOf']> {
  let [events, activities, histories, longest, bytes, totalBytes, largestPayload] = [0, 0, 0, 0, 0, 0, 0];
  let runId: string | undefined =
    (await client.workflow.getHandle(workflowId).describe()).raw.workflowExecutionInfo?.firstRunId ?? undefined;
  while (runId) {
    const handle = client.workflow.getHandle(workflowId, runId);
    const size = (await handle.describe()).historySize ?? 0;
    bytes = Math.max(bytes, size);
    totalBytes += size;
    const history = await handle.fetchHistory();
    const list = history.events ?? [];
    histories += 1;
    events += list.length;
    activities += list.filter((event) => event.activityTaskScheduledEventAttributes).length;
    longest = Math.max(longest, list.length);
    for (const event of list.slice(1)) largestPayload = Math.max(largestPayload, largestIn(event));
    runId = list.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
  }
  return { events, activities, histories, longest, bytes, totalBytes, largestPayload };
}

function largestIn(value: unknown): number {
  if (value instanceof Uint8Array) return value.length;
  if (value === null || typeof value !== 'object') return 0;
  return Math.max(0, ...Object.values(value).map(largestIn));
}
