// Whether everything that a rehearsal has started only waits: no workflow task is under way, and no activity waits for a worker.
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';

const { EventType, PendingActivityState } = proto.temporal.api.enums.v1;
const TASK_BEGINS: readonly number[] = [EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED, EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED];
const TASK_ENDS: readonly number[] = [
  EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
  EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED,
  EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT,
];

/** Looks at the workflow and at its children that are still open. */
export async function isAtRest(client: Client, workflowId: string): Promise<boolean> {
  const handle = client.workflow.getHandle(workflowId);
  const { raw, status } = await handle.describe();
  if (status.name !== 'RUNNING') return true;
  if (raw.pendingActivities?.some(({ state }) => state === PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED)) return false;
  const events = (await handle.fetchHistory()).events ?? [];
  const task = events.findLast(({ eventType }) => [...TASK_BEGINS, ...TASK_ENDS].includes(eventType ?? 0));
  if (!task || TASK_BEGINS.includes(task.eventType ?? 0)) return false;
  for (const { startChildWorkflowExecutionInitiatedEventAttributes: child } of events) {
    if (child?.workflowId && !(await isAtRest(client, child.workflowId))) return false;
  }
  return true;
}
