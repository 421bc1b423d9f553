import { Command } from '@commander-js/extra-typings';
import type { Invocation } from './context.js';
import { withSources } from './sources.js';
import { watchRun } from './watch-run.js';

export function watchCommand(invocation: Invocation) {
  return new Command('watch')
    .description('show a run or a campaign live until it ends; Ctrl-C leaves it running')
    .argument('<id>', 'workflow id')
    .action(async (workflowId) => {
      invocation.exitCode = await withSources(invocation, (sources) => watchRun(invocation, sources, workflowId));
    });
}
