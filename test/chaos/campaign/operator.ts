// Whoever sits before a campaign: approves what is asked, puts failed assets back once, resumes what a breach holds. Workers die under
// their orders, so each of them has an id and is given again until it is answered.
import type { Client } from '@temporalio/client';
import type { Progress } from '../../../src/workflows/shared/messages.js';

const LOOK_EVERY_MS = 300;
/** A worker that died with the order leaves it unanswered. */
const ANSWER_MS = 10_000;

export interface Operator {
  /** A connection to the server that is there now. */
  client: () => Client | undefined;
  workflowId: string;
  /** The wave at whose gate everything that has failed so far is put back. */
  retryAt?: string | undefined;
}

/** The function it returns ends the work, and resolves when nothing is on its way any more. */
export function operate(operator: Operator): () => Promise<void> {
  let isOver = false;
  const told = { retried: false, resumed: 0 };
  const working = (async () => {
    while (!isOver) {
      const client = operator.client();
      // A server or a worker that is away answers later.
      if (client) await lookAndAct(client, operator, told).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  })();
  return () => {
    isOver = true;
    return working;
  };
}

async function lookAndAct(client: Client, { workflowId, retryAt }: Operator, told: { retried: boolean; resumed: number }): Promise<void> {
  const handle = client.workflow.getHandle(workflowId);
  const within = <T>(work: () => Promise<T>): Promise<T> => client.withDeadline(Date.now() + ANSWER_MS, work);
  const order = (name: string, updateId: string, argument: object): Promise<unknown> =>
    within(() => handle.executeUpdate(name, { updateId, args: [{ by: 'kim', ...argument }] }));
  const { pending, blocked } = await within(() => handle.query<Progress>('progress'));
  if (blocked?.includes('error budget exceeded')) {
    await order('resume', `resume-${told.resumed}`, {});
    told.resumed += 1;
  }
  if (!pending) return;
  if (pending.wave === retryAt && !told.retried) {
    await order('retryUnresolved', 'retry', { outcomes: ['failed'] });
    told.retried = true;
  }
  await order('approve', `approve-${pending.kind}-${pending.wave}-${pending.digest.slice(0, 8)}`, {});
}
