import { Command } from '@commander-js/extra-typings';
import { withSources } from '../data/sources.js';
import type { Invocation } from '../invocation/context.js';
import { watchRun } from '../views/watch.js';

export function watchCommand(invocation: Invocation) {
  return new Command('watch')
    .description('follow a run or campaign until it ends; Ctrl-C leaves it running')
    .argument('<id>', 'workflow id')
    .action(async (workflowId) => {
      invocation.exitCode = await withSources(invocation, (sources) => watchRun(invocation, sources, workflowId));
    });
}
