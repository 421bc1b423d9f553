// What Temporal says of the workflow of a campaign's step.
import { type Client, type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';

/** True while the same workflow that registered the run goes on, reset or continued as new though it may be. */
export async function isAlive(client: Client, { id, firstExecutionId }: { id: string; firstExecutionId: string }): Promise<boolean> {
  const described = await describe(client, id);
  return described !== undefined && isOpen(described) && described.raw.workflowExecutionInfo?.firstRunId === firstExecutionId;
}

/** Of a step that the ledger does not know: it has not come to its opening yet, or ended before it. */
export async function seenByTemporal(
  client: Client,
  id: string,
  campaignId: string,
): Promise<{ kind: 'opening' | 'finished' } | { kind: 'foreign'; why: string }> {
  const described = await describe(client, id);
  if (!described) return { kind: 'finished' };
  const parent = described.raw.workflowExecutionInfo?.parentExecution?.workflowId;
  if (described.type !== 'campaignStep' || parent !== campaignId)
    return { kind: 'foreign', why: `the workflow id ${id} is used by another workflow, a ${described.type}` };
  return { kind: isOpen(described) ? 'opening' : 'finished' };
}

function isOpen({ status }: WorkflowExecutionDescription): boolean {
  return status.name === 'RUNNING' || status.name === 'CONTINUED_AS_NEW' || status.name === 'PAUSED';
}

async function describe(client: Client, id: string): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await client.workflow.getHandle(id).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
