import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The gateway of a walk, a process of its own, so that its memory and its work are not counted. */
export async function startWalkGateway(rows: number, latencyMs: number): Promise<{ url: string; server: ChildProcess }> {
  const file = fileURLToPath(new URL('walk-server.ts', import.meta.url));
  const server = fork(file, [String(rows), String(latencyMs)], { execArgv: ['--import', 'tsx'] });
  const port = await new Promise<number>((resolve, reject) => {
    server.once('message', (message) => resolve(message as number)).once('exit', () => reject(new Error('The gateway did not start')));
  });
  return { url: `http://127.0.0.1:${port}`, server };
}
