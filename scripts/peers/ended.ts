// One child process, run to its end.
import { execFile } from 'node:child_process';

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
  seconds: number;
}

/** Never throws: a command that does not exist, or takes longer than ten minutes, has a code that is not 0. */
export function ended(command: string, argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Ended> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    execFile(command, argv, { env, timeout: 600_000, maxBuffer: 64 * 1_024 * 1_024 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, stdout, stderr, seconds: (performance.now() - startedAt) / 1_000 });
    });
  });
}
