// `overhaul simulator` and other commands of the command line, from source, as child processes.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Ended, ended } from './ended.js';

const CLI = ['--import', 'tsx', join(import.meta.dirname, '../../src/cli.ts')];

export interface Gateway {
  url: string;
  env: NodeJS.ProcessEnv;
}

/** Starts a simulator with these options, hands it to `work`, and ends it. */
export async function withSimulator<T>(folder: string, options: object, work: (gateway: Gateway) => Promise<T>): Promise<T> {
  const config = join(folder, 'simulator.json');
  await writeFile(config, JSON.stringify(options));
  const child = spawn(process.execPath, [...CLI, 'simulator', '--config', config, '--port', '0', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const { url, username, password } = await addressOf(child);
    const env = {
      ...process.env,
      ...{ QUALYS_URL: url, QUALYS_USERNAME: username, QUALYS_PASSWORD: password, HOME: folder, XDG_DATA_HOME: folder },
      OVERHAUL_DATABASE_URL: `sqlite:${join(folder, 'none.db')}`,
    };
    return await work({ url, env });
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
}

async function addressOf({ stdout }: ChildProcess): Promise<{ url: string; username: string; password: string }> {
  if (!stdout) throw new Error('The simulator has no output.');
  let text = '';
  for (;;) {
    const [chunk] = (await once(stdout, 'data', { signal: AbortSignal.timeout(60_000) })) as [Buffer];
    text += chunk.toString('utf8');
    if (text.trimEnd().endsWith('}')) return JSON.parse(text) as { url: string; username: string; password: string };
  }
}

export function overhaul({ env }: Gateway, ...argv: string[]): Promise<Ended> {
  return ended(process.execPath, [...CLI, ...argv], env);
}
