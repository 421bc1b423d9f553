import type { Invocation } from '../../invocation/context.js';
import { withQualys } from '../output/connection.js';
import { oneCommand } from '../output/walk.js';
import { onceOptions, writeFate } from './creation.js';

export function scriptsCloneCommand(invocation: Invocation) {
  return oneCommand('clone', 'copy a script under a new title; repeating the command creates no second copy')
    .argument('<script>', 'id or exact title')
    .requiredOption('--title <text>', 'title of the copy; no script may have it yet')
    .action(async (script, options) => {
      const fate = await withQualys(invocation, options, async ({ qualys, signal }) => {
        const { cloneScriptOnce } = await import('../../../qualys/create-once/clone.js');
        const once = onceOptions(invocation, { signal, maxWaitMs: options.wait });
        return cloneScriptOnce(qualys, { script, title: options.title }, once);
      });
      await writeFate(invocation, fate, options);
    });
}
