import { activityInfo } from '@temporalio/activity';
import type { Given } from '../../domain/run/snapshot.js';
import { pendingGiven } from '../../temporal/pending-issued.js';
import type { ActivityDependencies } from '../dependencies.js';

/** What the dispatch under way has given out, by its heartbeats: they are lost when it is cancelled between two attempts. */
export function createDispatchGiven({ client }: Pick<ActivityDependencies, 'client'>) {
  return {
    async dispatchGiven(): Promise<Given | null> {
      const { workflowExecution } = activityInfo();
      if (!workflowExecution) return null;
      const described = await client.workflow.getHandle(workflowExecution.workflowId, workflowExecution.runId).describe();
      return (await pendingGiven(client, described)) ?? null;
    },
  };
}
