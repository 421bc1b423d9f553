// Programs of the clone as processes of their own: compiled once for the whole test run, or as they are where no test run is.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Ran } from './command-line.js';
import { shared } from './shared.js';

const ROOT = join(import.meta.dirname, '../..');

/** Node's arguments that start the program at `path`, such as `src/worker.ts`. */
export async function programArguments(path: string): Promise<string[]> {
  if (!process.env['TEST_SUPPORT_URL']) return ['--import', 'tsx', join(ROOT, path)];
  return [join(await shared<string>('/sources'), path.replace(/\.ts$/, '.js'))];
}

/** Runs a command line in a process of its own, as a person does; `env` beside what we have. */
export async function overhaulProcess(argv: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const child = spawn(process.execPath, [...(await programArguments('src/cli.ts')), ...argv], { env: { ...process.env, ...env } });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => resolve({ exitCode: code ?? undefined, ...text }));
  });
}
