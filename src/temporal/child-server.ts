// What Temporal servers that are child processes of ours have in common.
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { Connection, type WorkflowService } from '@temporalio/client';

/** A port that was free a moment ago. Another process may take it before the server does; the start then fails and says so. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('No port was free.'))));
    });
  });
}

/** Why the process has ended, when it has. To be called at once after the spawn. */
export function endOf(child: ChildProcess): () => string | undefined {
  let ended: string | undefined;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended = `it ended with ${signal ?? `code ${code}`}`;
  });
  return () => ended;
}

/** Undefined when the server at this address answers, else why it did not within 2 s. */
export async function tryOnce(address: string, ask: (service: WorkflowService) => Promise<unknown>): Promise<string | undefined> {
  const connection = Connection.lazy({ address, connectTimeout: '2s' });
  try {
    await connection.withDeadline(Date.now() + 2_000, () => ask(connection.workflowService));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await connection.close();
  }
}

/** SIGTERM, and SIGKILL after the grace. Resolves when the process is gone; calling it twice is harmless. */
export async function stopChild(child: ChildProcess, graceMs: number): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
