// Closes ledger runs whose workflow is gone: terminated by hand, or lost with Temporal's database. Every asset still ends with
// one outcome (promise 3), and the leases become free.
import { WorkflowNotFoundError } from '@temporalio/client';
import { createCloseRun } from '../activities/close-run.js';
import type { ActivityDependencies } from '../activities/dependencies.js';
import type { Logger } from '../temporal/logger.js';

const EVERY_MS = 60_000;
/** A run is entered into the ledger moments after its workflow started: younger ones are left alone. */
const YOUNGEST_MS = 60_000;

export interface SweepDependencies extends Pick<ActivityDependencies, 'ledger' | 'client'> {
  namespace: string;
  logger: Logger;
}

/** Sweeps now and every minute. The function it returns stops it, and waits for a sweep under way. */
export function startSweep(dependencies: SweepDependencies): () => Promise<void> {
  let sweeping = sweepSafely(dependencies);
  const timer = setInterval(() => {
    sweeping = sweeping.then(() => sweepSafely(dependencies));
  }, EVERY_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await sweeping;
  };
}

/** Returns the ids of the runs that were closed. */
export async function sweep({ ledger, client, namespace, logger }: SweepDependencies): Promise<string[]> {
  const closed: string[] = [];
  const now = await ledger.database.now();
  for (const run of await ledger.runs.unfinished()) {
    if (run.namespace !== namespace || now - run.createdAt < YOUNGEST_MS) continue;
    if (await isAlive(client, run.id, run.firstExecutionId)) continue;
    // From here on no permit is granted, so nothing is sent while the assets get their last word.
    await ledger.runs.stop(run.id, 'stopped', 'interrupted');
    await createCloseRun({ ledger }).closeRun({ runId: run.id, reason: 'interrupted' });
    await ledger.audit.add(run.id, { action: 'interrupted', detail: 'its workflow is gone: closed by the sweep' });
    logger.warn({ runId: run.id }, 'the workflow of this run is gone: its report says what is known');
    closed.push(run.id);
  }
  return closed;
}

/** True unless Temporal says for certain that the workflow is not running any more. */
async function isAlive(client: SweepDependencies['client'], workflowId: string, firstExecutionRunId: string): Promise<boolean> {
  try {
    const description = await client.workflow.getHandle(workflowId).describe();
    if (description.status.name === 'RUNNING' || description.status.name === 'CONTINUED_AS_NEW') return true;
    const isOurs = description.raw.workflowExecutionInfo?.firstRunId === firstExecutionRunId;
    // A completed run wrote its report itself; one that failed was abandoned by itself.
    return isOurs && (description.status.name === 'COMPLETED' || description.status.name === 'FAILED') && isRecent(description.closeTime);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** Its last activity may still be writing. */
function isRecent(closeTime: Date | undefined): boolean {
  return closeTime === undefined || Date.now() - closeTime.getTime() < YOUNGEST_MS;
}

async function sweepSafely(dependencies: SweepDependencies): Promise<void> {
  try {
    await sweep(dependencies);
  } catch (error) {
    dependencies.logger.warn({ err: error }, 'the sweep could not finish; it is tried again in a minute');
  }
}
