// What is asked of Temporal about runs, over the SDK. Errors are the SDK's own: whoever asks has words for them (run-failure.ts).
import { randomUUID } from 'node:crypto';
import { type Client, type WorkflowExecutionInfo, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { parseProgress } from '../../contracts/progress.js';
import type { Problem } from '../../contracts/request.js';
import type { RunReport } from '../../domain/run/outcome.js';
import type { ClientConnection } from '../connection.js';
import { startRun } from '../start-run.js';
import type { RunEnd, TemporalRuns, WorkflowState, WorkflowSummary } from './temporal-runs.js';

const CALL_DEADLINE_MS = 8_000;
/** A query waits for a worker; the ledger answers meanwhile. */
const QUERY_DEADLINE_MS = 3_000;
const DECISION_DEADLINE_MS = 15_000;

export function runClient({ client, connection, address, namespace }: ClientConnection): TemporalRuns {
  return {
    address,
    namespace,
    start: (start) => within(client, CALL_DEADLINE_MS, () => startRun(client, start)),
    async find(workflowId) {
      try {
        return summaryOf(await within(client, CALL_DEADLINE_MS, () => client.workflow.getHandle(workflowId).describe()));
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return undefined;
        throw error;
      }
    },
    progress: async (workflowId) =>
      parseProgress(await within(client, QUERY_DEADLINE_MS, () => client.workflow.getHandle(workflowId).query('progress'))),
    end: (workflowId) => within(client, CALL_DEADLINE_MS, () => endOf(client, workflowId)),
    decide: (workflowId, name, decision, updateId) =>
      within(client, DECISION_DEADLINE_MS, () =>
        client.workflow.getHandle(workflowId).executeUpdate(name, { args: [decision], ...(updateId === undefined ? {} : { updateId }) }),
      ),
    cancel: (workflowId, { by, reason }) =>
      within(client, CALL_DEADLINE_MS, async () => {
        await client.workflowService.requestCancelWorkflowExecution({
          namespace,
          workflowExecution: { workflowId },
          identity: by,
          requestId: randomUUID(),
          reason: reason ?? `cancelled by ${by}`,
        });
      }),
    pollers: (taskQueue, tasks) => within(client, CALL_DEADLINE_MS, () => pollersOf(client, namespace, { taskQueue, tasks })),
    list: (limit) => within(client, CALL_DEADLINE_MS, () => newest(client, limit)),
    close: () => connection.close(),
  };
}

function within<T>(client: Client, deadlineMs: number, call: () => Promise<T>): Promise<T> {
  return client.withDeadline(Date.now() + deadlineMs, call);
}

async function newest(client: Client, limit: number): Promise<WorkflowSummary[]> {
  const found: WorkflowSummary[] = [];
  for await (const workflow of client.workflow.list({
    query: 'WorkflowType IN ("remediationRun", "remediationCampaign")',
    pageSize: Math.min(limit, 100),
  })) {
    if (workflow.status.name !== 'CONTINUED_AS_NEW') found.push(summaryOf(workflow));
    if (found.length >= limit) break;
  }
  return found;
}

/** The API's numbers: its package has no named export for a module of ES. */
const TASK_QUEUE_TYPE = { workflow: 1, activity: 2 } as const;

async function pollersOf(
  client: Client,
  namespace: string,
  { taskQueue, tasks }: { taskQueue: string; tasks: 'workflow' | 'activity' },
): Promise<Map<string, number>> {
  const taskQueueType = TASK_QUEUE_TYPE[tasks];
  const { pollers } = await client.workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue }, taskQueueType });
  return new Map((pollers ?? []).map(({ identity, lastAccessTime }) => [identity ?? '', Number(lastAccessTime?.seconds ?? 0) * 1_000]));
}

const STATES: Partial<Record<string, WorkflowState>> = {
  COMPLETED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  TERMINATED: 'terminated',
  TIMED_OUT: 'timed out',
};

type Described = Pick<WorkflowExecutionInfo, 'workflowId' | 'startTime'> & { status: { name: string }; closeTime?: Date | undefined };

function summaryOf({ workflowId, status, startTime, closeTime }: Described): WorkflowSummary {
  return {
    workflowId,
    state: STATES[status.name] ?? 'running',
    startedAt: startTime.toISOString(),
    ...(closeTime ? { closedAt: closeTime.toISOString() } : {}),
  };
}

async function endOf(client: Client, workflowId: string): Promise<RunEnd> {
  try {
    return { kind: 'report', report: (await client.workflow.getHandle(workflowId).result()) as RunReport };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    return endWithout(error.cause ?? error);
  }
}

/** The failure that the workflow itself raised; around it are at most an activity's and a child's. */
export function endWithout(failure: Error): RunEnd {
  let cause: unknown = failure;
  while (cause instanceof Error && !(cause instanceof ApplicationFailure) && cause.cause instanceof Error) cause = cause.cause;
  if (!(cause instanceof ApplicationFailure))
    return { kind: 'failed', type: failure.name.replace(/Failure$/, ''), message: failure.message, problems: [] };
  const [problems] = cause.details ?? [];
  return {
    kind: 'failed',
    type: cause.type ?? 'Error',
    message: cause.message,
    problems: Array.isArray(problems) ? problems.filter(isProblem) : [],
  };
}

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'path' in value && 'problem' in value;
}
