// The browser that takes pictures and is driven by tests: CHROMIUM, or the first of these names in PATH.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

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

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
