// What the tests of the workflow share: the whole product on the shared Temporal server, and a few ways to look at it.
import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { type Client, WorkflowFailedError, type WorkflowHandle, type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { RemediationRequestInput } from '../../src/contracts/request.js';
import type { AssetRow, RunReport } from '../../src/domain/run/outcome.js';
import type { remediationRun } from '../../src/workflows/index.js';
import { type Progress, progress } from '../../src/workflows/shared/messages.js';
import { knowClock } from '../support/ledger/ledger.js';
import { type Product, type ProductOptions, startProduct } from '../support/product/harness.js';
import { type TemporalEnv, temporalEnv, uniqueTaskQueue } from '../support/product/temporal-env.js';

export const FIRST_ASSET = 20_452_610;
/** Two minutes of simulated time pass in 0.2 s: a run takes a second or two, most of it the floor of the poll delay. */
const SPEED = 600;
const WAIT_MS = 120_000;

/** A run is done in seconds where the machine is free; it need not be. */
jest.setTimeout(240_000);

export type RunHandle = WorkflowHandleWithFirstExecutionRunId<typeof remediationRun>;

export interface ProductHarnessOptions extends Pick<ProductOptions, 'simulator' | 'policy' | 'timings'> {
  /** Another Temporal server than the shared one; closed with the harness. */
  env?: TemporalEnv;
}

export interface StartOptions {
  client?: Client;
  workflowId?: string;
  memo?: Record<string, unknown>;
}

export interface ProductHarness {
  env: TemporalEnv;
  product: Product;
  taskQueue: string;
  start(request: unknown, options?: StartOptions): Promise<RunHandle>;
  /** Starts, and awaits the report. */
  run(request: RemediationRequestInput, options?: StartOptions): Promise<RunReport>;
  rows(runId: string): Promise<AssetRow[]>;
  /** The actions in the audit log, in order. */
  audit(runId: string): Promise<string[]>;
  close(): Promise<void>;
}

/** To be called in `beforeAll`, with 120 s. */
export async function openProductHarness(name: string, { env: otherEnv, ...options }: ProductHarnessOptions = {}): Promise<ProductHarness> {
  const env = otherEnv ?? (await temporalEnv());
  const taskQueue = uniqueTaskQueue(name);
  const product = await startProduct({
    ...options,
    simulator: { assets: 400, speed: SPEED, ...options.simulator },
    ...{ client: env.client, nativeConnection: env.nativeConnection, namespace: env.namespace, taskQueue },
    bundle: env.workflowBundle.codePath,
  });
  await remember(product, options.simulator?.speed ?? SPEED);
  const started: RunHandle[] = [];
  const harness: ProductHarness = {
    env,
    product,
    taskQueue,
    async start(request, { client = env.client, workflowId = `${name}-${randomUUID()}`, memo } = {}) {
      const handle = await client.workflow.start<typeof remediationRun>('remediationRun', {
        workflowId,
        taskQueue,
        args: [request],
        ...(memo ? { memo } : {}),
      });
      started.push(handle);
      return handle;
    },
    run: async (request, startOptions) => (await harness.start(request, startOptions)).result(),
    async rows(runId) {
      const rows: AssetRow[] = [];
      for await (const row of product.ledger.reader.allAssets(runId)) rows.push(row);
      return rows;
    },
    audit: async (runId) => (await product.ledger.audit.of(runId)).map(({ action }) => action),
    async close() {
      // A workflow that a failed test left behind would keep its activities, and these the worker.
      await Promise.all(started.map((handle) => handle.terminate('the test is over').catch(() => undefined)));
      await product.close();
      await env.close();
    },
  };
  return harness;
}

/** The ledger has worked with this gateway before: it knows how fast its clock goes, and that these scripts take half a second. */
async function remember({ ledger, simulator }: Product, speed: number): Promise<void> {
  await knowClock(ledger, simulator.state.now(), speed);
  for (const script of ['72648', '72649']) await ledger.scripts.addDurations(script, [{ localMs: 500, serverMs: 500 * speed }]);
}

/** Ids of assets by their place in the simulator's fleet, from 0. */
export function assetIds(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => FIRST_ASSET + first + index);
}

/** A request that lets a run end soon: the floor of the cadence is a second of real time. */
export function requestFor(ids: readonly number[], more: Partial<RemediationRequestInput> = {}): RemediationRequestInput {
  return { script: 72648, targets: { assetIds: [...ids] }, poll: { interval: '1s' }, deadline: '1m', ...more };
}

/** Between two looks, in ms: a query costs server and worker some of the processor that other tests compute on. */
const [SOONEST_MS, LATEST_MS] = [20, 200] as const;

/** Looks again until it holds; the thing awaited is asynchronous, and nothing announces it. */
export async function eventually<T>(poll: () => Promise<T>, holds: (seen: T) => boolean): Promise<T> {
  const endsAt = performance.now() + WAIT_MS;
  for (let waitMs: number = SOONEST_MS; ; waitMs = Math.min(waitMs * 1.5, LATEST_MS)) {
    const seen = await poll();
    if (holds(seen)) return seen;
    if (performance.now() > endsAt) throw new Error(`After ${WAIT_MS / 1_000} s it is still ${JSON.stringify(seen)}.`);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

export function progressOf(handle: RunHandle): Promise<Progress> {
  return handle.query(progress);
}

export function phaseBecomes(handle: RunHandle, phase: string): Promise<Progress> {
  return eventually(
    () => progressOf(handle),
    (seen) => seen.phase === phase,
  );
}

/** The failure that ended the workflow: the contract's word, what it says, and its details. */
export async function failureOf(
  handle: Pick<WorkflowHandle, 'result' | 'workflowId'>,
): Promise<{ type: string | null | undefined; message: string; details: unknown[] }> {
  try {
    await handle.result();
  } catch (error) {
    if (error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure) {
      const { type, message, details } = error.cause;
      return { type, message, details: details ?? [] };
    }
    throw error;
  }
  throw new Error(`The workflow ${handle.workflowId} completed.`);
}

/** Outcomes, or outcome and reason, by asset id. */
export function outcomes(rows: readonly AssetRow[]): Record<string, string> {
  return Object.fromEntries(
    rows.map(({ assetId, outcome, reason }) => [assetId, reason === undefined ? outcome : `${outcome}: ${reason}`]),
  );
}
