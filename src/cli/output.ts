import { decodeOutput } from '../domain/verdict/decode.js';
import type { Ledger } from '../ledger/index.js';
import { type StoredOutput, storedOutput } from '../runs/stored-output.js';
import { withLedger } from './data/ledger-access.js';
import { unknownRun } from './data/sources.js';
import { command } from './heads.js';
import { CommandFailed, EXIT, type Invocation, writeLine } from './invocation/context.js';
import { safeLine, terminalText } from './terminal/text.js';
import { noOutputText } from './views/no-output.js';

const NEWLINE = 0x0a;

export function outputCommand(invocation: Invocation) {
  return command('output')
    .argument('<id>', 'workflow id')
    .argument('<asset>', 'asset id')
    .option('--raw', 'the bytes as Qualys gave them')
    .action(async (workflowId, assetId, { raw = false }) => {
      if (raw && invocation.json)
        throw new CommandFailed(EXIT.usage, '--raw prints bytes, which JSON cannot hold: leave out --raw or --json.');
      const { bytes, encoding } = await withLedger(invocation, (ledger) => printableOutput(ledger, workflowId, assetId));
      if (raw) await printBytes(invocation, bytes);
      else if (invocation.json) await invocation.stdout.write(`${JSON.stringify({ assetId, output: decodeOutput(bytes, encoding) })}\n`);
      else await printText(invocation, decodeOutput(bytes, encoding));
      invocation.exitCode = EXIT.done;
    });
}

async function printableOutput(ledger: Ledger, workflowId: string, assetId: string): Promise<StoredOutput> {
  if (!(await ledger.runs.get(workflowId))) throw unknownRun(workflowId);
  const found = await storedOutput(ledger, workflowId, assetId);
  if (found && 'bytes' in found) return found;
  if (!found) {
    const [id, asset] = [safeLine(workflowId), safeLine(assetId)];
    throw new CommandFailed(EXIT.usage, `Asset ${asset} is not in ${id}. Search its assets with: overhaul assets ${id} --q ${asset}`);
  }
  throw new CommandFailed(EXIT.notSucceeded, noOutputText({ workflowId, assetId, ...found }));
}

/** As they are, whoever reads them; the line's end that a terminal needs is none of them. */
async function printBytes({ stdout, stderr }: Invocation, bytes: Buffer): Promise<void> {
  await stdout.write(bytes);
  if (stdout.isTerminal && bytes.at(-1) !== NEWLINE) await stderr.write('\n');
}

/** A prompt that follows text without a line end would stand on the last line of it. */
async function printText({ stdout, stderr }: Invocation, text: string): Promise<void> {
  if (text === '') return writeLine(stderr, 'The script wrote nothing.');
  if (!stdout.isTerminal) return stdout.write(text);
  await stdout.write(terminalText(text));
}
