// What a test run does not take over from the person who starts it: settings, language, time zone, colours, proxies.
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SETTINGS = /^((OVERHAUL|QUALYS|TEMPORAL|LC)_.*|XDG_(CONFIG|DATA)_HOME|LANGUAGE|NODE_OPTIONS|(NO_|FORCE_|CLI)?COLOR(_FORCE)?)$/;
const PROXIES = /^(https?|all|no)_proxy$/i;
/** Of the room in memory, so that a container's small `/dev/shm` is left alone. */
const ROOM_BYTES = 2 * 1024 ** 3;

/** Changes `env`: what the tests see is the same on every machine. */
export function clearSurroundings(env) {
  for (const name of Object.keys(env)) if (SETTINGS.test(name)) delete env[name];
  Object.assign(env, { TZ: 'UTC', LANG: 'C.UTF-8' });
}

/** The same for what only tests must not have: a download of the set-up needs the way out. */
export function clearProxies(env) {
  for (const name of Object.keys(env)) if (PROXIES.test(name)) delete env[name];
}

/**
 * A folder for everything that this run writes, gone with the process that made it. In memory where there is room: every ledger
 * waits for the disk at each commit, and no test is about a power cut.
 */
export function temporaryHome() {
  const home = mkdtempSync(join(inMemory() ?? tmpdir(), 'overhaul-tests-'));
  process.once('exit', () => rmSync(home, { recursive: true, force: true }));
  for (const folder of ['nowhere', 'config', 'data']) mkdirSync(join(home, folder));
  return {
    TMPDIR: home,
    // A Temporal profile or a ledger of the person's own would be found there.
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_DATA_HOME: join(home, 'data'),
    /** Where the test files are run: an `overhaul.yaml` in the clone is not theirs. */
    TESTS_RUN_IN: join(home, 'nowhere'),
  };
}

function inMemory() {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    return bavail * bsize >= ROOM_BYTES ? '/dev/shm' : undefined;
  } catch {
    return undefined;
  }
}
