// The dashboard as people have it: built, served by the real app over a real ledger and Temporal, behind a line that can be cut.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// @ts-expect-error a plain script without types
import { bundleDashboard } from '../../../scripts/dashboard-bundle.mjs';
import { createApp } from '../../../src/server/app.js';
import { loadDashboard } from '../../../src/server/dashboard/files.js';
import { runClient } from '../../../src/temporal/runs/run-client.js';
import { startRun } from '../../../src/temporal/start-run.js';
import type { ProductHarness } from '../../workflows/product-harness.js';
import { configOf, fixed } from '../ticket-server.js';

export interface ServedDashboard {
  /** Of the line. */
  url: string;
  /** Every connection ends, and nobody listens until `restore`. */
  cut(): void;
  restore(): void;
  close(): Promise<void>;
}

export interface Serving {
  /** `overhaul.yaml`. */
  config?: string;
  env?: Record<string, string>;
}

export async function serveDashboard(harness: ProductHarness, { config = '{}', env = {} }: Serving = {}): Promise<ServedDashboard> {
  const folder = await mkdtemp(join(tmpdir(), 'dashboard-'));
  await bundleDashboard(folder);
  const app = createApp({
    configuration: fixed(configOf(config)),
    env,
    now: () => new Date(),
    temporalReachable: async () => true,
    dashboard: await loadDashboard(folder),
    ledger: async () => harness.product.ledger,
    temporal: runClient({ ...harness.env, address: '', namespace: harness.env.namespace ?? 'default' }),
    startRun: (start) => startRun(harness.env.client, { ...start, taskQueue: harness.taskQueue, deadlineMs: 30_000 }),
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const line = await cuttableLine((app.server.address() as AddressInfo).port);
  return {
    ...line,
    async close() {
      await line.close();
      await app.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function cuttableLine(port: number): Promise<ServedDashboard> {
  const open = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) return void near.destroy();
    const far = connect(port, '127.0.0.1');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket);
      socket.pipe(other);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    isCut = true;
    for (const socket of open) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    restore() {
      isCut = false;
    },
    async close() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
