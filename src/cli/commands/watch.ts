import { withSources } from '../data/sources.js';
import { command } from '../heads.js';
import type { Invocation } from '../invocation/context.js';
import { watchRun } from '../views/watch.js';

export function watchCommand(invocation: Invocation) {
  return command('watch')
    .argument('<id>', 'workflow id')
    .action(async (workflowId) => {
      invocation.exitCode = await withSources(invocation, (sources) => watchRun(invocation, sources, workflowId));
    });
}
