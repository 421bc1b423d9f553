import { activityInfo } from '@temporalio/activity';
import type { Issued } from '../../domain/run/snapshot.js';
import { pendingIssued } from '../../temporal/pending-issued.js';
import type { ActivityDependencies } from '../dependencies.js';

/** What the dispatch under way has issued, by its heartbeats: they are lost when it is cancelled between two attempts. */
export function createDispatchIssued({ client }: Pick<ActivityDependencies, 'client'>) {
  return {
    async dispatchIssued(): Promise<Issued | null> {
      const { workflowExecution } = activityInfo();
      if (!workflowExecution) return null;
      const described = await client.workflow.getHandle(workflowExecution.workflowId, workflowExecution.runId).describe();
      return (await pendingIssued(client, described)) ?? null;
    },
  };
}
