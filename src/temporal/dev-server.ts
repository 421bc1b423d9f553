// A Temporal dev server as a child process: for the demo, the tests and the chaos runs. Never for production.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { endOf, freePort, stopChild, tryOnce } from './child-server.js';

export interface DevServerOptions {
  /** Path of the Temporal command line. */
  executable: string;
  /** gRPC port; a free one when left out. */
  port?: number;
  /** SQLite file of the server; without one, workflows are gone when it stops. */
  dbFilename?: string;
  /** Serve Temporal's own web page as well; default false. */
  ui?: boolean;
  /** Further arguments of `temporal server start-dev`. */
  extraArgs?: readonly string[];
  /** Receives all that the server prints. */
  logFile: string;
}

export interface DevServer {
  address: string;
  uiUrl?: string;
  pid: number;
  /** SIGTERM, and SIGKILL after 10 s. Resolves when the process is gone; calling it twice is harmless. */
  stop(): Promise<void>;
}

/** The first start on a cold disk with two busy cores has taken 20 s; a healthy one takes two. */
const START_MS = 60_000;
const STOP_MS = 10_000;

/** Starts `temporal server start-dev` on the loopback and resolves when its default namespace answers. */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  const port = options.port ?? (await freePort());
  const uiPort = options.ui ? await freePort() : undefined;
  const log = openSync(options.logFile, 'a');
  const child = spawn(options.executable, argumentsOf(options, port, uiPort), { stdio: ['ignore', log, log] });
  closeSync(log);
  const ended = endOf(child);
  const address = `127.0.0.1:${port}`;
  const failure = await waitUntilServing(address, Date.now() + START_MS, ended);
  if (failure !== undefined || child.pid === undefined) {
    await stopChild(child, STOP_MS);
    throw new Error(`The Temporal dev server ${options.executable} did not start at ${address}: ${failure}. ${lastWords(options.logFile)}`);
  }
  return { address, ...(uiPort && { uiUrl: `http://127.0.0.1:${uiPort}` }), pid: child.pid, stop: () => stopChild(child, STOP_MS) };
}

function argumentsOf(options: DevServerOptions, port: number, uiPort: number | undefined): string[] {
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--log-level', 'warn'],
    ...(uiPort ? ['--ui-port', String(uiPort)] : ['--headless']),
    ...(options.dbFilename ? ['--db-filename', options.dbFilename] : []),
    ...(options.extraArgs ?? []),
  ];
}

/** Resolves to undefined when the server answers, or to the reason when it has not by the deadline. */
async function waitUntilServing(address: string, deadlineAt: number, ended: () => string | undefined): Promise<string | undefined> {
  for (;;) {
    const failure = await tryOnce(address, (service) => service.describeNamespace({ namespace: 'default' }));
    if (ended() !== undefined) return ended();
    if (failure === undefined || Date.now() > deadlineAt) return failure;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function lastWords(logFile: string): string {
  const lines = readFileSync(logFile, 'utf8').trim().split('\n').slice(-3).join(' | ').slice(-400);
  return lines ? `Its last output: ${lines}` : `It wrote nothing to ${logFile}.`;
}
