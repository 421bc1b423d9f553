// Closes ledger runs whose workflow is gone: terminated by hand, or lost with Temporal's database. Every asset still ends with
// one outcome (promise 3), and the leases become free. And asks about the copies that closed runs have left with agents.
import { askAboutCopies } from '../activities/copies/ask.js';
import type { RunRow } from '../ledger/rows/run.js';
import { QualysError } from '../qualys/errors.js';
import { namespaceIdOf } from '../temporal/namespace-id.js';
import { closeGone, endIfOrphan } from './close.js';
import { type SweepDependencies, timesOf } from './dependencies.js';
import { type WorkflowFate, workflowFate } from './workflow-fate.js';

/** Sweeps now and every minute. The function it returns stops it, and waits for a sweep under way. */
export function startSweep(dependencies: SweepDependencies): () => Promise<void> {
  let sweeping = sweepSafely(dependencies);
  const timer = setInterval(() => {
    sweeping = sweeping.then(() => sweepSafely(dependencies));
  }, timesOf(dependencies).everyMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await sweeping;
  };
}

/** Returns the ids of the runs that were closed. */
export async function sweep(dependencies: SweepDependencies): Promise<string[]> {
  const { ledger, client, namespace, logger } = dependencies;
  const closed: string[] = [];
  const elsewhere: string[] = [];
  const now = await ledger.database.now();
  const runs = (await ledger.runs.unfinished()).filter(
    (run) => run.namespace === namespace && now - run.createdAt >= timesOf(dependencies).youngestMs,
  );
  const namespaceId = runs.length === 0 ? undefined : await namespaceIdOf(client, namespace);
  for (const run of stepsFirst(runs)) {
    try {
      // Another Temporal has a namespace of this name: what it does not know may well be alive where the run was started.
      const isElsewhere = run.namespaceId !== undefined && run.namespaceId !== namespaceId;
      if (isElsewhere) elsewhere.push(run.id);
      const fate: WorkflowFate = isElsewhere ? { kind: 'missing' } : await workflowFate(client, run);
      if (!(await isGone(dependencies, run, { fate, isElsewhere }))) await endIfOrphan(dependencies, run);
      else if (await closeGone(dependencies, run, fate)) closed.push(run.id);
    } catch (error) {
      logger.warn({ err: error, runId: run.id }, 'the sweep could not check this run; trying again in a minute');
    }
  }
  const left = elsewhere.filter((id) => !closed.includes(id));
  const freed = await ledger.runs.freeLeasesOfFinished();
  if (freed.length > 0) logger.warn({ runIds: freed.slice(0, 20) }, 'released assets that finished runs still held');
  await askSafely(dependencies);
  if (left.length > 0) logger.warn({ runIds: left.slice(0, 20) }, ELSEWHERE);
  return closed;
}

/**
 * A gateway that cannot be reached, or a used-up budget, is nothing new to whoever reads the log: they are asked about at their next time.
 */
async function askSafely({ ledger, qualys, logger }: SweepDependencies): Promise<void> {
  if (!qualys) return;
  try {
    await askAboutCopies({ ledger, qualys });
  } catch (error) {
    if (!(error instanceof QualysError)) logger.warn({ err: error }, 'the sweep could not check copies of closed runs');
  }
}

const ELSEWHERE =
  'runs of this ledger belong to another Temporal namespace of this name: left alone until no worker there has seen them for a day';

/** What its steps have found is part of a campaign's last word. */
function stepsFirst(runs: readonly RunRow[]): RunRow[] {
  return [...runs.filter(({ kind }) => kind !== 'campaign'), ...runs.filter(({ kind }) => kind === 'campaign')];
}

/** True when Temporal says for certain, or for long enough, that the workflow is not running any more. */
async function isGone(
  dependencies: SweepDependencies,
  run: RunRow,
  { fate, isElsewhere }: { fate: WorkflowFate; isElsewhere: boolean },
): Promise<boolean> {
  const { ledger } = dependencies;
  const { youngestMs, missingMs, elsewhereMs } = timesOf(dependencies);
  if (fate.kind === 'missing') {
    const since = await ledger.runs.setMissing(run.id, true);
    return since !== undefined && (await ledger.database.now()) - since >= (isElsewhere ? elsewhereMs : missingMs);
  }
  if (run.missingSince !== undefined) await ledger.runs.setMissing(run.id, false);
  if (fate.kind === 'alive') {
    await ledger.staleness.isStale(run.id, fate.issued);
    return false;
  }
  if (!fate.byItself) return true;
  // Temporal's clock told when it ended. It is as long ago as the clock that is behind says: its last activity may still be writing.
  const now = Math.min(await ledger.database.now(), await ledger.database.wall());
  return fate.endedAt !== undefined && now - fate.endedAt.getTime() >= youngestMs;
}

async function sweepSafely(dependencies: SweepDependencies): Promise<void> {
  try {
    await sweep(dependencies);
  } catch (error) {
    dependencies.logger.warn({ err: error }, 'the sweep could not finish; trying again in a minute');
  }
}
