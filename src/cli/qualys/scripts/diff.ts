import { EXIT, type Invocation, writeLine } from '../../invocation/context.js';
import type { Line, Style } from '../../terminal/paint.js';
import { safeLine } from '../../terminal/text.js';
import { type QualysLink, withQualys } from '../output/connection.js';
import { oneCommand } from '../output/walk.js';
import { writeOne } from '../output/write-one.js';
import { type Compared, compareLibrary, countsOf, differenceText } from './compare.js';
import { LIBRARY_FILE, type Library, readLibrary } from './library.js';
import { remoteScripts } from './remote.js';

export function scriptsDiffCommand(invocation: Invocation) {
  return oneCommand(
    'diff',
    `compare a folder of scripts and its ${LIBRARY_FILE} with the subscription; exits 1 if anything is new or different`,
  )
    .argument('<dir>', `folder with a ${LIBRARY_FILE}`)
    .action(async (folder, options) => {
      const library = await readLibrary(folder);
      const compared = await withQualys(invocation, options, (link) => comparedWith(link, library));
      const counts = countsOf(compared);
      await writeUnnamed(invocation, library);
      await writeOne(invocation, { value: { counts, scripts: compared }, lines: [...linesOf(compared), summaryOf(counts)], options });
      invocation.exitCode = counts.new + counts.different === 0 ? EXIT.done : EXIT.notSucceeded;
    });
}

export async function comparedWith({ qualys, signal }: Pick<QualysLink, 'qualys' | 'signal'>, { scripts }: Library): Promise<Compared[]> {
  return compareLibrary(scripts, await remoteScripts(qualys, new Set(scripts.map(({ entry }) => entry.title)), signal));
}

export async function writeUnnamed({ stderr }: Invocation, { unnamed }: Library): Promise<void> {
  if (unnamed.length === 0) return;
  const more = unnamed.length > 3 ? ` and ${unnamed.length - 3} more` : '';
  await writeLine(stderr, safeLine(`Not in ${LIBRARY_FILE}, so left alone: ${unnamed.slice(0, 3).join(', ')}${more}`));
}

/** One for each script that is not the same. */
export function linesOf(compared: readonly Compared[]): Line[] {
  return compared
    .filter(({ state }) => state !== 'same')
    .map((one) => [{ text: LABELS[one.state], style: STYLES[one.state] }, { text: safeLine(`  ${one.title}  ${detailOf(one)}`) }]);
}

const STYLES: Readonly<Record<Compared['state'], Style>> = { new: 'good', same: 'soft', different: 'warn', 'only-there': 'soft' };

const LABELS: Readonly<Record<Compared['state'], string>> = {
  new: 'new       ',
  same: 'same      ',
  different: 'different ',
  'only-there': 'only there',
};

function detailOf(one: Compared): string {
  if (one.state === 'new') return `(${one.file})`;
  if (one.state === 'different') return `script ${one.scriptId}: ${one.differences.map(differenceText).join('; ')}`;
  return `script ${one.scriptId}, ${one.status}`;
}

export function summaryOf(counts: ReturnType<typeof countsOf>): Line {
  return [{ text: `${counts.new} new, ${counts.different} different, ${counts.same} the same, ${counts['only-there']} only there` }];
}
