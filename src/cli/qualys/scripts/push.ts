// What the folder has and the subscription has not, created by one import. Nothing else is changed: no document of this API has a call that
// changes a script, and whether one may run is for a person at Qualys to say.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OnceFate } from '../../../qualys/create-once/create.js';
import { EXIT, type Invocation, writeLine } from '../../invocation/context.js';
import { counted } from '../../terminal/count-text.js';
import { type QualysLink, withQualys } from '../output/connection.js';
import { oneCommand } from '../output/walk.js';
import { writeOne } from '../output/write-one.js';
import { type Compared, countsOf } from './compare.js';
import { onceOptions, wordsFor } from './creation.js';
import { comparedWith, linesOf, summaryOf, writeUnnamed } from './diff.js';
import { importEntry, LIBRARY_FILE, type LocalScript, readLibrary } from './library.js';

interface PushOptions {
  wait: number;
  dryRun?: true | undefined;
}

export function scriptsPushCommand(invocation: Invocation) {
  return oneCommand(
    'push',
    'create the scripts of a folder that the subscription does not have; repeating the command creates no duplicates',
  )
    .argument('<dir>', `folder with a ${LIBRARY_FILE}`)
    .option('--dry-run', 'show what would be created; sends nothing')
    .action(async (folder, options) => {
      const library = await readLibrary(folder);
      await writeUnnamed(invocation, library);
      const { compared, fate } = await withQualys(invocation, options, async (link) => {
        const found = await comparedWith(link, library);
        return { compared: found, fate: await created(invocation, link, { scripts: library.scripts, compared: found, options }) };
      });
      await report(invocation, { compared, fate, options });
    });
}

interface Creating {
  scripts: readonly LocalScript[];
  compared: readonly Compared[];
  options: PushOptions;
}

/** Undefined where nothing is to be sent. */
async function created(
  invocation: Invocation,
  { qualys, signal }: QualysLink,
  { scripts, compared, options }: Creating,
): Promise<OnceFate | undefined> {
  const missing = new Set(compared.flatMap((one) => (one.state === 'new' ? [one.title] : [])));
  if (missing.size === 0 || options.dryRun) return undefined;
  const { importScriptsOnce } = await import('../../../qualys/create-once/import.js');
  const folder = await mkdtemp(join(tmpdir(), 'overhaul-push-'));
  try {
    const file = join(folder, 'scripts.json');
    const entries = scripts.filter(({ entry }) => missing.has(entry.title)).map(importEntry);
    await writeFile(file, JSON.stringify(entries), { mode: 0o600 });
    return await importScriptsOnce(qualys, file, {
      ...onceOptions(invocation, { signal, maxWaitMs: options.wait }),
      shownAs: 'the new scripts',
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function report(
  invocation: Invocation,
  { compared, fate, options }: { compared: Compared[]; fate: OnceFate | undefined; options: PushOptions & { out?: string | undefined } },
): Promise<void> {
  const counts = countsOf(compared);
  const shown = compared.filter(({ state }) => state !== 'only-there');
  await writeOne(invocation, {
    value: { counts, scripts: compared, ...(fate ? { fate } : {}) },
    lines: [...linesOf(shown), summaryOf(counts)],
    options,
  });
  const [exitCode, text] = fate ? wordsFor(fate) : [EXIT.done, undefined];
  if (text !== undefined) await writeLine(invocation.stderr, text);
  if (options.dryRun)
    await writeLine(
      invocation.stderr,
      `Dry run: nothing was sent. Without --dry-run, ${counts.new === 0 ? 'no script' : counted(counts.new, 'script')} would be created.`,
    );
  if (counts.different > 0)
    await writeLine(
      invocation.stderr,
      `Not changed: ${counts.different === 1 ? '1 script that is' : `${counts.different} scripts that are`} different. Edit at Qualys, or use another title.`,
    );
  const isWhole = counts.different === 0 && (counts.new === 0 || fate !== undefined);
  invocation.exitCode = exitCode === EXIT.done && !isWhole ? EXIT.notSucceeded : exitCode;
}
