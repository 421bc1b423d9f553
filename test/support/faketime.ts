// A wall clock that can be stepped under a whole process: libfaketime, preloaded. Its monotonic clock goes on as it is, as in life.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SteppedClock {
  /** For the process whose clock it is. */
  env: Record<string, string>;
  /** Milliseconds ahead of (or behind) the true clock, from now on. Whole seconds. */
  step(byMs: number): void;
}

/**
 * `folder` keeps the file through which the clock is stepped. Throws a sentence that says what to install where there is no libfaketime.
 */
export function steppedClock(folder: string): SteppedClock {
  const library = foundLibrary() ?? installedLibrary();
  const file = join(folder, 'clock');
  const step = (byMs: number): void => writeFileSync(file, `${byMs < 0 ? '-' : '+'}${Math.abs(Math.round(byMs / 1_000))}\n`);
  step(0);
  return {
    step,
    env: { LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' },
  };
}

function foundLibrary(): string | undefined {
  const folders = ['/usr/lib', '/usr/lib64', '/usr/local/lib', ...multiarch('/usr/lib')].map((folder) => join(folder, 'faketime'));
  return folders.map((folder) => join(folder, 'libfaketimeMT.so.1')).find((path) => existsSync(path));
}

function multiarch(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).flatMap((name) => (name.includes('-linux-gnu') ? [join(folder, name)] : [])) : [];
}

function installedLibrary(): string {
  const apt = (...args: string[]) =>
    spawnSync('apt-get', args, { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  if (process.getuid?.() === 0 && apt('--version').status === 0) {
    if (apt('install', '-y', 'faketime').status !== 0) {
      apt('update');
      apt('install', '-y', 'faketime');
    }
    const library = foundLibrary();
    if (library) return library;
  }
  throw new Error('libfaketime is missing, which steps the clock of a worker: install it (Debian: apt-get install faketime).');
}
