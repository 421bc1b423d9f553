// `overhaul init`: files to start from. What is there already is never touched.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { whyNotWritten } from '../../../domain/basics/file-failure.js';
import { command } from '../../heads.js';
import { CommandFailed, EXIT, type Invocation, writeJson, writeLine } from '../../invocation/context.js';
import { CAMPAIGN_TEMPLATE, CONFIGURATION_TEMPLATE } from './templates.js';

const FILES = [
  { name: 'overhaul.yaml', text: CONFIGURATION_TEMPLATE },
  { name: 'campaign.yaml', text: CAMPAIGN_TEMPLATE },
] as const;

export function initCommand(invocation: Invocation) {
  return command('init')
    .argument('[folder]', 'where to', '.')
    .action(async (folder) => {
      const written: string[] = [];
      const kept: string[] = [];
      for (const { name, text } of FILES) {
        const path = join(folder, name);
        ((await isWritten(path, { folder, text })) ? written : kept).push(path);
      }
      if (invocation.json) await writeJson(invocation.stdout, { written, kept });
      else {
        for (const path of written) await writeLine(invocation.stdout, `Wrote ${path}`);
        for (const path of kept) await writeLine(invocation.stderr, `${path} exists already: left as it is.`);
        if (written.length > 0)
          await writeLine(invocation.stderr, 'Edit them, then check both: overhaul doctor, and overhaul plan campaign.yaml');
      }
      invocation.exitCode = EXIT.done;
    });
}

/** False where the file exists. */
async function isWritten(path: string, { folder, text }: { folder: string; text: string }): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new CommandFailed(EXIT.usage, `Cannot write ${path}: ${whyNotWritten(error)}`);
  }
}
