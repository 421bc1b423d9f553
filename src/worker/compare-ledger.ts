// A ledger that was restored from a backup does not know it. Before a worker asks for its first activity, Temporal is asked what was given
// out of the ledger's runs: what one of them lacks, another run could send again before the first one notices.
import type { Client } from '@temporalio/client';
import type { ActivityDependencies } from '../activities/dependencies.js';
import type { Issued } from '../domain/run/snapshot.js';
import type { Ledger } from '../ledger/index.js';
import { mostOf, reportedByHistory } from '../recovery/workflow-fate.js';
import { activityQueue } from '../temporal/activity-queue.js';
import { isWorkflowUnknown } from '../temporal/grpc-errors.js';
import { pendingIssued } from '../temporal/pending-issued.js';

/** A Temporal that does not answer keeps the worker from beginning, and not from being stopped. */
const ANSWER_WITHIN_MS = 30_000;
const AT_ONCE = 10;
const WORKFLOW_TYPES = ['remediationRun', 'remediationCampaign', 'campaignStep'] as const;

export type Comparing = Pick<ActivityDependencies, 'ledger' | 'client' | 'taskQueue'>;

/** One history of a workflow, the last of its chain. */
interface History {
  workflowId: string;
  /** Undefined: whichever is the last. */
  runId?: string | undefined;
}

interface ReportedRun {
  firstRunId: string | undefined;
  issued: Issued | undefined;
  isGoing: boolean;
  hasReport: boolean;
  /** An activity of this ledger has ended, so it knew the run. */
  isOurs: boolean;
  /** Something of it cannot be read, for want of a key for instance. */
  unreadable?: Error | undefined;
}

/**
 * Holds the ledger where it lacks something that Temporal knows, of runs that are going or have ended. Rejects, and nothing may be sent,
 * where Temporal does not answer. Every answer of Temporal's is older than what it is compared with: other workers may go on meanwhile.
 */
export async function compareWithTemporal(comparing: Comparing): Promise<void> {
  const waiting = await histories(comparing);
  const lane = async (): Promise<void> => {
    for (let history = waiting.pop(); history; history = waiting.pop()) await compareOne(comparing, history);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

/** Those that the ledger has open, whatever Temporal lists by now, and those that Temporal lists. */
async function histories({ ledger, client, taskQueue }: Comparing): Promise<History[]> {
  const found = new Map<string, History>();
  for (const { id, namespace } of await ledger.runs.unfinished())
    if (namespace === client.options.namespace) found.set(id, { workflowId: id });
  const types = WORKFLOW_TYPES.map((type) => `"${type}"`).join(', ');
  const query = `TaskQueue = ${JSON.stringify(taskQueue)} AND WorkflowType IN (${types})`;
  await answered(client, async () => {
    for await (const { workflowId, runId, status } of client.workflow.list({ query, pageSize: 1_000 }))
      if (status.name !== 'CONTINUED_AS_NEW' && !found.has(workflowId)) found.set(`${workflowId} ${runId}`, { workflowId, runId });
  });
  return [...found.values()];
}

async function compareOne({ ledger, client, taskQueue }: Comparing, { workflowId, runId }: History): Promise<void> {
  if (await isOver(ledger, workflowId)) return;
  const reported = await answered(client, () => askTemporal(client, { workflowId, runId }, activityQueue(taskQueue, ledger.id)));
  if (!reported) return;
  // What has ended in the ledger meanwhile was ended by another worker with this very file.
  const run = await ledger.runs.get(workflowId);
  if (run ? run.finishedAt !== undefined || run.firstExecutionId !== reported.firstRunId : !reported.isOurs) return;
  // A run that is going has its keys, or will get them: nothing is lost by waiting for them.
  if (reported.unreadable && reported.isGoing)
    throw new Error(
      `Cannot read what was sent by ${workflowId}. Give this worker the key of its payloads, or terminate the workflow if the key is lost.`,
      { cause: reported.unreadable },
    );
  const known = reported.issued ?? (run ? undefined : { claimed: 0, permits: 0 });
  if (await ledger.staleness.isStale(workflowId, known)) return;
  if (reported.hasReport) await ledger.staleness.note(workflowId, `it lacks the report of ${workflowId}, which has ended`);
  else if (reported.unreadable) await ledger.staleness.note(workflowId, `cannot read what was sent by ${workflowId}, which has ended`);
}

async function isOver(ledger: Pick<Ledger, 'runs'>, workflowId: string): Promise<boolean> {
  return (await ledger.runs.get(workflowId))?.finishedAt !== undefined;
}

/** The heartbeats first: what they said is in the history when the activity has ended since. Undefined when Temporal does not know it. */
async function askTemporal(client: Client, { workflowId, runId }: History, queue: string): Promise<ReportedRun | undefined> {
  try {
    const described = await client.workflow.getHandle(workflowId, runId).describe();
    const pending = await pendingIssued(client, described).catch((error: Error) => error);
    const { issued, queues, unreadable } = await reportedByHistory(client, workflowId, described.runId);
    const isUnread = pending instanceof Error;
    return {
      firstRunId: described.raw.workflowExecutionInfo?.firstRunId ?? undefined,
      issued: mostOf(issued, isUnread ? undefined : pending),
      isGoing: described.status.name === 'RUNNING' || described.status.name === 'PAUSED',
      hasReport: described.status.name === 'COMPLETED',
      isOurs: queues.has(queue),
      unreadable: isUnread ? pending : unreadable,
    };
  } catch (error) {
    if (isWorkflowUnknown(error)) return undefined;
    throw error;
  }
}

function answered<T>(client: Client, ask: () => Promise<T>): Promise<T> {
  return client.withDeadline(Date.now() + ANSWER_WITHIN_MS, ask);
}
