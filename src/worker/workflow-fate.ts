// What Temporal still says about the workflow of a run that the ledger has no report of.
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { temporal } from '@temporalio/proto';
import { z } from 'zod';
import type { RunReport } from '../domain/outcome.js';
import { type Given, givenIn, mostGiven } from '../domain/run-snapshot.js';
import type { RunRow } from '../ledger/run-row.js';
import { pendingGiven } from '../temporal/pending-given.js';

export type WorkflowFate =
  | { kind: 'alive' }
  /** Temporal does not know it, or has another one under its id. */
  | { kind: 'missing' }
  | {
      kind: 'ended';
      /** True when it ended by itself: its last activity may still be writing. */
      byItself: boolean;
      endedAt?: Date | undefined;
      /** The workflow's own report, when it completed with one. */
      report?: RunReport | undefined;
      /** The most that its history says was given out, and the heartbeats of what was under way when it ended. */
      given?: Given | undefined;
      /** Of a campaign: the steps that its history says it started. */
      steps?: string[] | undefined;
    };

type Payloads = Parameters<typeof decodeArrayFromPayloads>[1];

export async function workflowFate(client: Client, run: Pick<RunRow, 'id' | 'firstExecutionId' | 'kind'>): Promise<WorkflowFate> {
  try {
    const described = await client.workflow.getHandle(run.id).describe();
    const { status, raw, runId, closeTime } = described;
    if (raw.workflowExecutionInfo?.firstRunId !== run.firstExecutionId) return { kind: 'missing' };
    if (status.name === 'RUNNING' || status.name === 'CONTINUED_AS_NEW' || status.name === 'PAUSED') return { kind: 'alive' };
    return {
      kind: 'ended',
      byItself: status.name !== 'TERMINATED' && status.name !== 'TIMED_OUT',
      endedAt: closeTime,
      report: status.name === 'COMPLETED' ? await reportOf(client, run.id, runId) : undefined,
      given: mostOf(await givenByHistory(client, run.id, runId), await pendingGiven(client, described)),
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

/** What the ledger told the workflow, and the workflow the ledger, since its last continue-as-new; what was before travels in its first event. */
async function givenByHistory(client: Client, workflowId: string, runId: string): Promise<Given | undefined> {
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  let most: Given | undefined;
  for (const event of events ?? []) {
    const payloads: Payloads =
      event.workflowExecutionStartedEventAttributes?.input?.payloads ??
      event.activityTaskScheduledEventAttributes?.input?.payloads ??
      event.activityTaskCompletedEventAttributes?.result?.payloads;
    for (const value of await decodeArrayFromPayloads(client.options.loadedDataConverter, payloads)) {
      for (const given of givenWithin(value)) most = mostGiven(most, given);
    }
    const heard = event.activityTaskTimedOutEventAttributes?.failure?.timeoutFailureInfo?.lastHeartbeatDetails?.payloads;
    for (const value of await decodeArrayFromPayloads(client.options.loadedDataConverter, heard)) most = mostOf(most, givenIn(value));
  }
  return most;
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
export async function wasGivenOut(client: Client, stepId: string): Promise<boolean> {
  try {
    const described = await client.workflow.getHandle(stepId).describe();
    const given = mostOf(await givenByHistory(client, stepId, described.runId), await pendingGiven(client, described));
    return (given?.claimed ?? 0) > 0;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return true;
    throw error;
  }
}

function mostOf(a: Given | undefined, b: Given | undefined): Given | undefined {
  return a && b ? mostGiven(a, b) : (a ?? b);
}

const BearerSchema = z.looseObject({ given: z.unknown().optional(), snapshot: z.unknown().optional() });

function givenWithin(value: unknown): Given[] {
  const bearer = BearerSchema.safeParse(value);
  if (!bearer.success) return [];
  return [bearer.data.given, bearer.data.snapshot].flatMap((part) => {
    const given = givenIn(part);
    return given ? [given] : [];
  });
}
