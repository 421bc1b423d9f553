// What Temporal still says about the workflow of a run that the ledger has no report of.
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { temporal } from '@temporalio/proto';
import { z } from 'zod';
import type { RunReport } from '../domain/run/outcome.js';
import { type Issued, issuedIn, mostIssued } from '../domain/run/snapshot.js';
import type { RunRow } from '../ledger/rows/run.js';
import { pendingIssued } from '../temporal/pending-issued.js';

export type WorkflowFate =
  /** `given`: what its activities under way have said. */
  | { kind: 'alive'; issued?: Issued | undefined }
  /** Temporal does not know it, or has another one under its id. */
  | { kind: 'missing' }
  | {
      kind: 'ended';
      /** True when it ended by itself: its last activity may still be writing. */
      byItself: boolean;
      endedAt?: Date | undefined;
      /** The workflow's own report, when it completed with one. */
      report?: RunReport | undefined;
      /** The most that its history says was issued, and the heartbeats of what was under way when it ended. */
      issued?: Issued | undefined;
      /** Of a campaign: the steps that its history says it started. */
      steps?: string[] | undefined;
    };

type Payloads = Parameters<typeof decodeArrayFromPayloads>[1];

export async function workflowFate(client: Client, run: Pick<RunRow, 'id' | 'firstExecutionId' | 'kind'>): Promise<WorkflowFate> {
  try {
    const described = await client.workflow.getHandle(run.id).describe();
    const { status, raw, runId, closeTime } = described;
    if (raw.workflowExecutionInfo?.firstRunId !== run.firstExecutionId) return { kind: 'missing' };
    if (status.name === 'RUNNING' || status.name === 'CONTINUED_AS_NEW' || status.name === 'PAUSED')
      return { kind: 'alive', issued: await pendingIssued(client, described) };
    return {
      kind: 'ended',
      byItself: status.name !== 'TERMINATED' && status.name !== 'TIMED_OUT',
      endedAt: closeTime,
      report: status.name === 'COMPLETED' ? await reportOf(client, run.id, runId) : undefined,
      issued: mostOf(await issuedByHistory(client, run.id, runId), await pendingIssued(client, described)),
      ...(run.kind === 'campaign' ? { steps: await stepsByHistory(client, run.id, runId) } : {}),
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { kind: 'missing' };
    throw error;
  }
}

const ReportSchema = z.looseObject({ runId: z.string(), status: z.string(), counts: z.looseObject({ targeted: z.number() }) });

async function reportOf(client: Client, workflowId: string, runId: string): Promise<RunReport | undefined> {
  // What cannot be read, for want of a key for instance, is as if it had not been given.
  const result = await client.workflow
    .getHandle(workflowId, runId)
    .result()
    .catch(() => undefined);
  const parsed = ReportSchema.safeParse(result);
  return parsed.success ? (parsed.data as unknown as RunReport) : undefined;
}

async function issuedByHistory(client: Client, workflowId: string, runId: string): Promise<Issued | undefined> {
  const { issued, unreadable } = await reportedByHistory(client, workflowId, runId);
  if (unreadable) throw unreadable;
  return issued;
}

/** Of one history: what was before its continue-as-new travels in its first event. */
export interface ReportedByHistory {
  /** The most that the ledger told the workflow, or the workflow the ledger. */
  issued?: Issued | undefined;
  /** The queues of which an activity has come to an end: their ledger knows the run. */
  queues: Set<string>;
  /** Something of it cannot be read, for want of a key for instance. */
  unreadable?: Error | undefined;
}

export async function reportedByHistory(client: Client, workflowId: string, runId: string): Promise<ReportedByHistory> {
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const queues = new Set<string>();
  const scheduledOn = new Map<string, string>();
  let unreadable: Error | undefined;
  const read = async (payloads: Payloads): Promise<unknown[]> => {
    try {
      return await decodeArrayFromPayloads(client.options.loadedDataConverter, payloads);
    } catch (error) {
      unreadable = error instanceof Error ? error : new Error(String(error));
      return [];
    }
  };
  let most: Issued | undefined;
  for (const event of events ?? []) {
    const { activityTaskScheduledEventAttributes: scheduled, activityTaskCompletedEventAttributes: completed } = event;
    const started = event.workflowExecutionStartedEventAttributes;
    if (scheduled) scheduledOn.set(String(event.eventId), scheduled.taskQueue?.name ?? '');
    const endedOn = completed ? scheduledOn.get(String(completed.scheduledEventId)) : undefined;
    if (endedOn !== undefined) queues.add(endedOn);
    const payloads: Payloads = started?.input?.payloads ?? scheduled?.input?.payloads ?? completed?.result?.payloads;
    for (const value of await read(payloads)) {
      for (const issued of issuedWithin(value)) most = mostIssued(most, issued);
      const queue = started?.continuedExecutionRunId ? queueWithin(value) : undefined;
      if (queue !== undefined) queues.add(queue);
    }
    const heard = event.activityTaskTimedOutEventAttributes?.failure?.timeoutFailureInfo?.lastHeartbeatDetails?.payloads;
    for (const value of await read(heard)) most = mostOf(most, issuedIn(value));
  }
  return { issued: most, queues, unreadable };
}

/** The children that a campaign has started, over all its histories that Temporal still has. */
async function stepsByHistory(client: Client, workflowId: string, lastRunId: string): Promise<string[]> {
  const steps: string[] = [];
  let runId: string | undefined = lastRunId;
  while (runId) {
    const events = await eventsOf(client, workflowId, runId);
    for (const event of events) {
      const step = event.startChildWorkflowExecutionInitiatedEventAttributes?.workflowId;
      if (step) steps.push(step);
    }
    runId = events[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined;
  }
  return steps;
}

type Events = NonNullable<temporal.api.history.v1.IHistory['events']>;

async function eventsOf(client: Client, workflowId: string, runId: string): Promise<Events> {
  try {
    return (await client.workflow.getHandle(workflowId, runId).fetchHistory()).events ?? [];
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return [];
    throw error;
  }
}

/** True when a step was given anything out by a ledger; a step that Temporal does not know may have been. */
export async function wasIssued(client: Client, stepId: string): Promise<boolean> {
  try {
    const described = await client.workflow.getHandle(stepId).describe();
    const issued = mostOf(await issuedByHistory(client, stepId, described.runId), await pendingIssued(client, described));
    return (issued?.claimed ?? 0) > 0;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return true;
    throw error;
  }
}

export function mostOf(a: Issued | undefined, b: Issued | undefined): Issued | undefined {
  return a && b ? mostIssued(a, b) : (a ?? b);
}

const BearerSchema = z.looseObject({ issued: z.unknown().optional(), snapshot: z.unknown().optional() });

function issuedWithin(value: unknown): Issued[] {
  const bearer = BearerSchema.safeParse(value);
  if (!bearer.success) return [];
  return [bearer.data.issued, bearer.data.snapshot].flatMap((part) => {
    const issued = issuedIn(part);
    return issued ? [issued] : [];
  });
}

/** The carried state names the queue of the run's ledger. */
function queueWithin(value: unknown): string | undefined {
  const state = z.looseObject({ queue: z.string() }).safeParse(value);
  return state.success ? state.data.queue : undefined;
}
