import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';

export type History = temporal.api.history.v1.IHistory;

/** All histories of a workflow id, in order: one, and another for each time it continued as new. */
export async function historiesOf(client: Client, workflowId: string): Promise<History[]> {
  const { raw } = await client.workflow.getHandle(workflowId).describe();
  const histories: History[] = [];
  let runId = raw.workflowExecutionInfo?.firstRunId;
  while (runId) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    histories.push(history);
    runId = history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  }
  return histories;
}

/** Bytes of the largest payload or other binary field in these histories, without that of the very first event: the input. */
export function largestPayload(histories: readonly History[]): number {
  return Math.max(0, ...histories.flatMap(({ events }, index) => (events ?? []).slice(index === 0 ? 1 : 0)).map(largestIn));
}

function largestIn(value: unknown): number {
  if (value instanceof Uint8Array) return value.length;
  if (value === null || typeof value !== 'object') return 0;
  return Math.max(0, ...Object.values(value).map(largestIn));
}
