// A file that `scripts import` takes back: the rows as they came, content in base64 untouched.
import type { QualysClient } from '../../../qualys/client.js';
import type { ScriptExport } from '../../../qualys/operations.js';
import { CommandFailed, EXIT, type Invocation, writeLine } from '../../invocation/context.js';
import { safeLine } from '../../terminal/text.js';
import { withQualys } from '../output/connection.js';
import { oneCommand } from '../output/walk.js';
import { toFile } from '../output/write-file.js';

export function scriptsExportCommand(invocation: Invocation) {
  return oneCommand('export', 'write scripts to a file for `scripts import` (deprecated and rejected scripts cannot be exported)')
    .argument('<script...>', 'ids or exact titles')
    .action(async (named, options) => {
      const { scripts, refused } = await withQualys(invocation, options, async ({ qualys, signal }) =>
        qualys.exportScripts(await idsOf(qualys, named), { signal }),
      );
      await writeRefused(invocation, refused);
      if (scripts.length === 0) throw new CommandFailed(EXIT.notSucceeded, 'Nothing was exported.');
      const text = `${JSON.stringify(
        scripts.map(({ raw }) => raw),
        null,
        2,
      )}\n`;
      if (options.out === undefined) await invocation.stdout.write(text);
      else {
        await toFile(options.out, [text]);
        const count = scripts.length === 1 ? '1 script' : `${scripts.length} scripts`;
        await writeLine(invocation.stderr, `Wrote ${count} to ${options.out}`);
      }
      invocation.exitCode = refused.length === 0 ? EXIT.done : EXIT.notSucceeded;
    });
}

/** Digits are an id, anything else is a title, which Qualys' export does not take. */
async function idsOf(qualys: QualysClient, named: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const name of named) ids.push(/^\d+$/.test(name.trim()) ? name.trim() : (await qualys.script(name)).id);
  return ids;
}

async function writeRefused({ stderr }: Invocation, refused: ScriptExport['refused']): Promise<void> {
  for (const { id, message } of refused) await writeLine(stderr, `Script ${id} was not exported: ${safeLine(message)}`);
}
