// The library of scripts through `scripts import`, `push` and `diff`, and the hints about each of them.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ended } from './ended.js';
import { hintRates } from './hint-rates.js';
import { libraryIn, type ScriptFolder } from './library.js';
import type { PeerResult } from './peers.js';
import { type Gateway, overhaul, withSimulator } from './simulated.js';

const EMPTY = { scripts: [] };
/** What a second import may take. */
const SECONDS = 20;

export async function runLibrary(folder: string): Promise<PeerResult[]> {
  const library = await libraryIn(folder);
  const file = await exportOf(library, folder);
  const peer = library.source;
  const rows: PeerResult[] = [];
  const tell = (operation: string, ended: Ended, says: RegExp): void => {
    const { code, stdout, stderr, seconds } = ended;
    const isRight = says.test(`${code} ${stdout}${stderr}`);
    const last = `${stdout}${stderr}`.trim().split('\n').at(-1) ?? '';
    const shown = last.length > 100 ? `${last.slice(0, 100)}…` : last;
    rows.push({
      peer,
      operation,
      result: isRight && seconds < SECONDS ? 'ok' : 'FAILED',
      detail: `${seconds.toFixed(1)} s, exit ${code}: ${shown}`,
    });
  };
  const scripts = (gateway: Gateway, ...argv: string[]) => overhaul(gateway, 'qualys', 'scripts', ...argv);
  const { count } = library;
  await withSimulator(folder, EMPTY, async (gateway) => {
    tell(`import of ${count}`, await scripts(gateway, 'import', file), /^0 Created scripts/);
    await indexed();
    tell('the same import again', await scripts(gateway, 'import', file), /^0 Already exists/);
    tell(
      'diff',
      await scripts(gateway, 'diff', library.folder),
      new RegExp(`^0 .*0 new, 0 different, ${count} the same, 0 only there`, 's'),
    );
  });
  await withSimulator(folder, EMPTY, async (gateway) => {
    tell(`push of ${count}`, await scripts(gateway, 'push', library.folder), new RegExp(`^0 .*${count} new.*Created scripts`, 's'));
    await indexed();
    tell(
      'the same push again',
      await scripts(gateway, 'push', library.folder),
      new RegExp(`^0 .*0 new, 0 different, ${count} the same`, 's'),
    );
  });
  await withSimulator(folder, { ...EMPTY, faults: { loseImports: [1] } }, async (gateway) => {
    tell(
      'push whose answer is lost',
      await scripts(gateway, 'push', library.folder),
      /^0 .*The response was lost; title and content match/s,
    );
  });
  return [...rows, ...(await hintRates(library))];
}

/** The search shows what was made two seconds later. */
async function indexed(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 2_500));
}

/** The same scripts as `scripts export` writes them. */
async function exportOf({ folder, scripts }: ScriptFolder, into: string): Promise<string> {
  const entries = [];
  for (const { file, title, platform } of scripts)
    entries.push({
      title,
      description: '',
      platform,
      severity: 3,
      threshold: 300,
      content: (await readFile(join(folder, file))).toString('base64'),
    });
  const path = join(into, 'exported.json');
  await writeFile(path, JSON.stringify(entries));
  return path;
}
