// The real server in a process of its own, on a port that stays the same when it is killed and started again.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { programArguments } from '../programs.js';
import { HOOK_SECRET } from './senders.js';

const CONFIG = `
playbooks: { patch: { run: { script: 72648 }, targets: { max: 10 } } }
hooks:
  std: { system: standard, secrets: [{ env: HOOK_SECRET }], playbook: patch, rateLimit: { perSecond: 10000, burst: 100000 } }
`;

export interface ServerProcess {
  readonly child: ChildProcess;
  kill(): Promise<void>;
}

export interface HookServerOptions {
  /** Of its ledger and its configuration. */
  folder: string;
  address: string;
  taskQueue: string;
  port: number;
}

/** Resolves when it listens. */
export async function startHookServer({ folder, address, taskQueue, port }: HookServerOptions): Promise<ServerProcess> {
  const config = join(folder, 'overhaul.yaml');
  await writeFile(config, CONFIG);
  const child = spawn(process.execPath, await programArguments('src/server.ts'), {
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      OVERHAUL_CONFIG: config,
      OVERHAUL_DATABASE_URL: `sqlite:${join(folder, 'ledger.db')}`,
      OVERHAUL_HTTP_PORT: String(port),
      OVERHAUL_TASK_QUEUE: taskQueue,
      OVERHAUL_LOG_LEVEL: 'info',
      TEMPORAL_ADDRESS: address,
      HOOK_SECRET,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await listening(child);
  return {
    child,
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Its output is read to the end, so that it never waits for us. */
export function listening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const hear = (chunk: Buffer): void => {
      if (said.length < 10_000) said += chunk.toString();
      if (said.includes('listening at')) resolve();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', () => reject(new Error(`the server ended: ${said.slice(-2_000)}`)));
  });
}
