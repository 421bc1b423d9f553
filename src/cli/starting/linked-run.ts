// `overhaul retry` on what has ended.
import type { z } from 'zod';
import type { RetryOrderSchema } from '../../contracts/messages.js';
import { type LinkedRun, linkedRun, NotRetried } from '../../runs/linked-run.js';
import { withLedger } from '../data/ledger-access.js';
import { unknownRun } from '../data/sources.js';
import { CommandFailed, EXIT, type ExitCode, type Invocation, writeJson, writeLine } from '../invocation/context.js';
import type { SayOnInterrupt } from '../invocation/interrupted.js';
import { settingsOf } from '../invocation/settings.js';
import { counted } from '../terminal/count-text.js';
import { startOnce } from './workflow.js';

interface Retrying {
  parentId: string;
  isKnownToTemporal: boolean;
  order: z.output<typeof RetryOrderSchema>;
  say: SayOnInterrupt;
}

/** Starts it, once for each outcome of the parent, and prints its id. Throws `CommandFailed` with what to do instead. */
export function startLinkedRun(invocation: Invocation, { parentId, isKnownToTemporal, order, say }: Retrying): Promise<ExitCode> {
  return withLedger(invocation, async (ledger) => {
    const linked = await linkedRun(ledger, parentId, order).catch(refused);
    if (!linked) throw isKnownToTemporal ? notOpened(parentId) : unknownRun(parentId);
    const { taskQueue } = settingsOf(invocation);
    const { workflowId } = linked.start;
    const temporal = await invocation.connectTemporal();
    try {
      await startOnce(invocation, temporal, { start: { ...linked.start, taskQueue }, say });
    } finally {
      await temporal.close();
    }
    await linked.noteStarted();
    if (invocation.json) await writeJson(invocation.stdout, { workflowId, retryOf: parentId, assets: linked.assets });
    else {
      await writeLine(invocation.stderr, `It has ${counted(linked.assets, 'asset')} that ${order.outcomes.join(' or ')} in ${parentId}.`);
      await writeLine(invocation.stdout, workflowId);
    }
    return EXIT.done;
  });
}

function refused(error: unknown): LinkedRun {
  if (!(error instanceof NotRetried)) throw error;
  throw new CommandFailed(error.when === 'never' ? EXIT.usage : EXIT.notSucceeded, error.message);
}

function notOpened(id: string): CommandFailed {
  return new CommandFailed(EXIT.usage, `${id} is not in this ledger: no worker started it. Nothing to retry.`);
}
