import { Command } from '@commander-js/extra-typings';
import { withLedger } from './data/ledger-access.js';
import { unknownRun } from './data/sources.js';
import { CommandFailed, EXIT, type Invocation } from './invocation/context.js';
import { safeLine, safeLines } from './terminal/text.js';

export function outputCommand(invocation: Invocation) {
  return new Command('output')
    .description("print a script's output on one asset (terminals get it without control sequences)")
    .argument('<id>', 'workflow id')
    .argument('<asset>', 'asset id')
    .action(async (workflowId, assetId) => {
      const bytes = await withLedger(invocation, async ({ reader, outputs }) => {
        if (!(await reader.run(workflowId))) throw unknownRun(workflowId);
        return outputs.read(await reader.outputOwner(workflowId, assetId), assetId);
      });
      if (!bytes) {
        throw new CommandFailed(
          EXIT.notSucceeded,
          `No output of asset ${safeLine(assetId)} is stored for ${workflowId}. Either there is none yet, the request's \`output\` leaves it out, or the asset is not in the run.`,
        );
      }
      if (invocation.json) await invocation.stdout.write(`${JSON.stringify({ assetId, output: bytes.toString('utf8') })}\n`);
      else await invocation.stdout.write(invocation.stdout.isTerminal ? safeLines(bytes.toString('utf8')) : bytes);
      invocation.exitCode = EXIT.done;
    });
}
