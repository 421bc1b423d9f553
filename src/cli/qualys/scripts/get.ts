import type { Script } from '../../../qualys/types.js';
import { EXIT, type Invocation } from '../../invocation/context.js';
import type { Line } from '../../terminal/paint.js';
import { safeLine, terminalText } from '../../terminal/text.js';
import { withQualys } from '../output/connection.js';
import { oneCommand } from '../output/walk.js';
import { writeOne } from '../output/write-one.js';

export function scriptsGetCommand(invocation: Invocation) {
  return oneCommand('get', 'show one script, with its hash for scriptSha256')
    .argument('<script>', 'id or exact title')
    .option('--content', 'print the text of the script instead (raw bytes if stdout is not a terminal)')
    .action(async (idOrTitle, options) => {
      const script = await withQualys(invocation, options, ({ qualys }) => qualys.script(idOrTitle));
      if (options.content && !invocation.json && options.out === undefined) await writeContent(invocation, script);
      else await writeOne(invocation, { value: script, lines: linesOf(script), options });
      invocation.exitCode = EXIT.done;
    });
}

async function writeContent({ stdout }: Invocation, { content = '' }: Script): Promise<void> {
  const bytes = Buffer.from(content.replace(/\s+/g, ''), 'base64');
  await stdout.write(stdout.isTerminal ? terminalText(bytes.toString('utf8')) : bytes);
}

function linesOf({ id, title, status, platform, sha256, content }: Script): Line[] {
  const bytes = content === undefined ? undefined : Buffer.byteLength(content.replace(/\s+/g, ''), 'base64');
  return [
    field('id', id),
    field('title', title),
    field('status', status),
    field('platform', platform),
    ...(bytes === undefined ? [] : [field('size', `${bytes.toLocaleString('en-US')} bytes`)]),
    ...(sha256 === undefined ? [] : [field('sha256', sha256)]),
  ];
}

function field(name: string, text: string): Line {
  return [{ text: name.padEnd(10), style: 'soft' }, { text: safeLine(text) }];
}
