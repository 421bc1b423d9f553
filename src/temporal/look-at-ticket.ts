// A look at one ticket, as soon as an event hints at a change of it: what was approved may not be any more.
import { createHash } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { MAX_WORKFLOW_ID_BYTES } from '../domain/run/workflow-id.js';
import { translated } from './start-run.js';

export interface TicketLook {
  hook: string;
  ticket: string;
  /** Of the ids of its runs, with the slash behind the ticket. */
  prefix: string;
}

export type LookClient = Pick<Client, 'workflow' | 'withDeadline'>;

const DEADLINE_MS = 2_500;
/** A ticket system that is away for days is asked until it answers; then its runs wait for nobody's word any more. */
const LOOK_WITHIN = '7 days';

/**
 * Returns once Temporal has it. Many hints at once are one look, or two: a look that is under way is told that there is more to see. Where
 * the ticket has no run, nothing is asked.
 */
export async function lookAtTicket(client: LookClient, { taskQueue, ...look }: TicketLook & { taskQueue: string }): Promise<void> {
  await client.withDeadline(Date.now() + DEADLINE_MS, async () => {
    try {
      const { count } = await client.workflow.count(`WorkflowId STARTS_WITH ${JSON.stringify(look.prefix)}`);
      if (count === 0) return;
      await client.workflow.signalWithStart('lookAtTickets', {
        workflowId: idOf(look.prefix),
        taskQueue,
        args: [look],
        signal: 'lookAgain',
        signalArgs: [],
        workflowExecutionTimeout: LOOK_WITHIN,
      });
    } catch (error) {
      throw translated(error);
    }
  });
}

/** One for each ticket: an id that is too long is told by its hash. */
function idOf(prefix: string): string {
  const id = `overhaul-ticket/${prefix}look`;
  return id.length <= MAX_WORKFLOW_ID_BYTES ? id : `overhaul-ticket/${createHash('sha256').update(prefix).digest('hex')}`;
}
