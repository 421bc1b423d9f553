// `npm run bench:hooks`: how soon a ticket event is acknowledged, at a steady rate, and how many a second are taken, beside a bare server on
// the same framework that verifies one HMAC and starts one workflow. Both in one run, against one Temporal dev server, in turns.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../src/temporal/child-server.js';
import { startDevServer } from '../../src/temporal/dev-server.js';
import { HOOK_SECRET, type HookPool, hookPool, signed } from '../../test/support/hooks/senders.js';
import { listening, startHookServer } from '../../test/support/hooks/server-process.js';
// @ts-expect-error a plain script without types
import { findTemporal } from '../temporal.mjs';

const RATE = Number(process.env['RATE'] ?? 50);
const SECONDS = Number(process.env['FOR_SECONDS'] ?? 20);
const ROUNDS = Number(process.env['ROUNDS'] ?? 6);
const EVENTS = Number(process.env['EVENTS'] ?? 300);
const AT_ONCE = 16;

const folder = await mkdtemp(join(tmpdir(), 'bench-hooks-'));
const temporal = await startDevServer({
  executable: (await findTemporal(() => undefined)) as string,
  logFile: join(folder, 'temporal.log'),
});
const children: ChildProcess[] = [];
let tickets = 0;

async function bareServer(): Promise<string> {
  const port = await freePort();
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('bare-hook-server.ts', import.meta.url))], {
    env: { ...process.env, TEMPORAL_ADDRESS: temporal.address, TASK_QUEUE: 'bare', HOOK_SECRET, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  await listening(child);
  return `http://127.0.0.1:${port}`;
}

async function ourServer(): Promise<string> {
  const port = await freePort();
  const { child } = await startHookServer({ folder, address: temporal.address, taskQueue: 'ours', port });
  children.push(child);
  return `http://127.0.0.1:${port}`;
}

/** Answers other than an acknowledgement, after which an event was sent again. */
const again = new Map<HookPool, number>();

/** Milliseconds from its first sending to its acknowledgement. */
async function deliver(pool: HookPool): Promise<number> {
  tickets += 1;
  const [id, event] = [`m${tickets}`, { ticket: { id: `T${tickets}`, generation: '1' }, targets: { assetIds: [1] } }];
  const startedAt = performance.now();
  for (;;) {
    const answer = await pool.send('/hooks/std', signed(id, event));
    if ('status' in answer && answer.status >= 200 && answer.status < 300) return performance.now() - startedAt;
    again.set(pool, (again.get(pool) ?? 0) + 1);
    await pause(50);
  }
}

/** Each at its time, whether those before it are answered or not. */
async function steadily(pool: HookPool): Promise<number[]> {
  const startedAt = performance.now();
  const sent: Promise<number>[] = [];
  for (let n = 0; n < RATE * SECONDS; n += 1) {
    const wait = startedAt + (n * 1_000) / RATE - performance.now();
    if (wait > 0) await pause(wait);
    sent.push(deliver(pool));
  }
  return Promise.all(sent);
}

/** Events a second, so many senders at once. */
async function throughput(pool: HookPool): Promise<number> {
  const startedAt = performance.now();
  let left = EVENTS;
  const lane = async (): Promise<void> => {
    for (; left > 0; ) {
      left -= 1;
      await deliver(pool);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return EVENTS / ((performance.now() - startedAt) / 1_000);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 10) / 10;
}

try {
  const [ours, bare] = [hookPool(await ourServer(), 64), hookPool(await bareServer(), 64)];
  // Until both have found Temporal, and run compiled.
  for (const pool of [ours, bare]) await throughput(pool);
  again.clear();
  const rounds: { ours: number; bare: number; ratio: number }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const order = round % 2 === 0 ? [ours, bare] : [bare, ours];
    const rates = new Map<HookPool, number>();
    for (const pool of order) rates.set(pool, await throughput(pool));
    const [mine, theirs] = [rates.get(ours) ?? 0, rates.get(bare) ?? 1];
    rounds.push({ ours: Math.round(mine), bare: Math.round(theirs), ratio: Math.round((mine / theirs) * 1_000) / 1_000 });
  }
  const latencies = { ours: await steadily(ours), bare: await steadily(bare) };
  const told = Object.entries(latencies).map(([name, ms]) => [
    name,
    { events: ms.length, p50: quantile(ms, 0.5), p99: quantile(ms, 0.99), p999: quantile(ms, 0.999), max: quantile(ms, 1) },
  ]);
  console.log(
    JSON.stringify({
      rate: RATE,
      acknowledgedMs: Object.fromEntries(told),
      sentAgain: { ours: again.get(ours) ?? 0, bare: again.get(bare) ?? 0 },
    }),
  );
  console.log(
    JSON.stringify({
      eventsASecond: rounds,
      medianRatio:
        quantile(
          rounds.map(({ ratio }) => ratio * 100),
          0.5,
        ) / 100,
    }),
  );
  await Promise.all([ours.close(), bare.close()]);
} finally {
  for (const child of children) child.kill('SIGKILL');
  await temporal.stop();
  await rm(folder, { recursive: true, force: true });
}
