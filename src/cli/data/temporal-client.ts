import { randomUUID } from 'node:crypto';
import {
  type Client,
  isGrpcServiceError,
  QueryNotRegisteredError,
  type WorkflowExecutionInfo,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { loadEnvironment } from '../../contracts/config/environment.js';
import type { Environment } from '../../contracts/config/secret-ref.js';
import { parseProgress } from '../../contracts/progress.js';
import type { Problem } from '../../contracts/request.js';
import type { RunReport } from '../../domain/run/outcome.js';
import { type ClientConnection, connectClient } from '../../temporal/connection.js';
import { isWorkflowUnknown } from '../../temporal/grpc-errors.js';
import { dataConverterOf } from '../../temporal/payload-codec.js';
import { RunTooLarge, startRun, TemporalUnavailable } from '../../temporal/start-run.js';
import { type UpdateLimit, updateLimitOf } from '../../temporal/update-limits.js';
import { CommandFailed, EXIT } from '../invocation/context.js';
import type { RunEnd, TemporalRuns, WorkflowState, WorkflowSummary } from '../invocation/temporal-runs.js';

const CALL_DEADLINE_MS = 8_000;
/** A query waits for a worker; the ledger answers meanwhile. */
const QUERY_DEADLINE_MS = 3_000;
const DECISION_DEADLINE_MS = 15_000;

export async function connectTemporalRuns(env: Environment): Promise<TemporalRuns> {
  const settings = loadEnvironment(env);
  const dataConverter = settings.ok ? dataConverterOf(settings.value.encryptionKeys) : undefined;
  return temporalRuns(await connectClient(env, dataConverter ? { dataConverter } : {}));
}

export function temporalRuns({ client, connection, address, namespace }: ClientConnection): TemporalRuns {
  const ask = <T>(workflowId: string, call: () => Promise<T>, deadlineMs = CALL_DEADLINE_MS): Promise<T> =>
    within(client, deadlineMs, call).catch((error: unknown) => {
      throw commandFailure(error, workflowId);
    });
  return {
    address,
    namespace,
    start: (start) => ask(start.workflowId, () => startRun(client, start)),
    async find(workflowId) {
      try {
        return summaryOf(await within(client, CALL_DEADLINE_MS, () => client.workflow.getHandle(workflowId).describe()));
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return undefined;
        throw commandFailure(error, workflowId);
      }
    },
    progress: async (workflowId) =>
      parseProgress(await within(client, QUERY_DEADLINE_MS, () => client.workflow.getHandle(workflowId).query('progress'))),
    end: (workflowId) => ask(workflowId, () => endOf(client, workflowId)),
    decide: (workflowId, name, decision) =>
      ask(workflowId, () => client.workflow.getHandle(workflowId).executeUpdate(name, { args: [decision] }), DECISION_DEADLINE_MS),
    cancel: (workflowId, { by, reason }) =>
      ask(workflowId, async () => {
        await client.workflowService.requestCancelWorkflowExecution({
          namespace,
          workflowExecution: { workflowId },
          identity: by,
          requestId: randomUUID(),
          reason: reason ?? `cancelled by ${by}`,
        });
      }),
    pollers: (taskQueue, tasks) =>
      ask('', () => within(client, CALL_DEADLINE_MS, () => pollersOf(client, namespace, { taskQueue, tasks }))),
    list: (limit) => ask('', () => newest(client, limit)),
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

const OVER_LIMIT: Record<UpdateLimit, (workflowId: string) => string> = {
  'at-once': (id) =>
    `${id} did not accept it: ten orders are in flight, Temporal's limit. Try again when they are done. If they stay in flight, no worker is running (\`overhaul doctor\`).`,
  'in-all': (id) =>
    `${id} did not accept it: its current history has 2,000 orders, Temporal's limit. It accepts more with its next history, which a run starts automatically and a campaign starts between two waves. Until then, \`overhaul halt\` stops all sending and \`overhaul cancel ${id}\` ends it.`,
};

/** What went wrong at Temporal, in the words of the command line. */
export function commandFailure(error: unknown, workflowId: string): unknown {
  if (isWorkflowUnknown(error)) {
    return new CommandFailed(
      EXIT.usage,
      `Temporal has no live run ${workflowId}: it is unknown or has ended. List runs with: overhaul list`,
    );
  }
  if (error instanceof WorkflowUpdateFailedError) {
    return new CommandFailed(EXIT.notSucceeded, `The run ${workflowId} refused: ${error.cause?.message ?? error.message}`);
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
    return new CommandFailed(
      EXIT.unreachable,
      `No response for ${workflowId} in time. Either no worker is running (start one), or ten orders are in flight, Temporal's limit (wait for them). The decision may still take effect: check before you repeat it.`,
    );
  }
  if (error instanceof RunTooLarge) return new CommandFailed(EXIT.usage, error.message);
  if (error instanceof TemporalUnavailable) return new CommandFailed(EXIT.unreachable, error.message);
  if (error instanceof QueryNotRegisteredError)
    return new CommandFailed(EXIT.usage, `${workflowId} is not a run of Overhaul: it has no progress query.`);
  const grpc = isGrpcServiceError(error) ? error : error instanceof Error ? error.cause : undefined;
  if (!isGrpcServiceError(grpc)) return error;
  const limit = updateLimitOf(grpc);
  if (limit !== undefined) return new CommandFailed(EXIT.notSucceeded, OVER_LIMIT[limit](workflowId));
  return new CommandFailed(
    EXIT.unreachable,
    `Temporal did not respond: ${grpc.details || grpc.message}. Check the connection with: overhaul doctor`,
  );
}
