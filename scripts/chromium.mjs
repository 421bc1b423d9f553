// The browser that takes pictures and is driven by tests: CHROMIUM, or the first of these names in PATH.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './child-process.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** Its path; throws with what to do where there is none. */
export function findChromium({ CHROMIUM, PATH = '' } = process.env) {
  if (CHROMIUM) return CHROMIUM;
  const found = NAMES.flatMap((name) => PATH.split(delimiter).map((folder) => join(folder, name))).find(isProgram);
  if (found) return found;
  throw new Error(
    'Chromium is needed: install it (Debian: apt-get install chromium), or set CHROMIUM to the path of a Chromium or Chrome.',
  );
}

/** The same, and undefined where there is none. */
export function chromiumIfAny() {
  try {
    return findChromium();
  } catch {
    return undefined;
  }
}

/** A package of 100 MB, and what it needs. */
const INSTALL_MS = 5 * 60_000;

/**
 * Its path, installed by Debian's package where there is none and this user may; undefined, when `log` was told why, where it cannot be
 * had.
 */
export async function setUpChromium(log) {
  const mayInstall = process.getuid?.() === 0 && process.env.PATH?.split(delimiter).some((folder) => isProgram(join(folder, 'apt-get')));
  if (!chromiumIfAny() && mayInstall) {
    log('chromium: none in PATH; installing the Debian package …');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium']])
      await run('apt-get', ['-qq', ...args], { env, timeoutMs: INSTALL_MS });
  }
  try {
    return findChromium();
  } catch (error) {
    log(`chromium: the tests in a browser are left out. ${error.message}`);
    return undefined;
  }
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
