// Starting a run or a campaign: once an id, and shown until its end where that is wanted.
import type { RunStart } from '../../temporal/start-run.js';
import { withSources } from '../data/sources.js';
import { CommandFailed, EXIT, type ExitCode, type Invocation, writeJson, writeLine } from '../invocation/context.js';
import type { TemporalRuns } from '../invocation/temporal-runs.js';
import { watchRun } from '../views/watch.js';
import { waitForOpening } from './opening.js';

/** How long the command stays: until Temporal has taken the start, until the cohort is frozen, or until the end. */
export type Until = 'started' | 'opened' | 'ended';

/** Whatever it waits for, its id is printed alone; only with `ended` the end is shown. */
export async function startAndShow(invocation: Invocation, start: RunStart, { until }: { until: Until }): Promise<ExitCode> {
  if (until === 'started') return startOnly(invocation, start);
  return withSources(invocation, async (sources) => {
    if (!sources.temporal) throw new CommandFailed(EXIT.unreachable, 'Nothing was started.');
    await startOnce(invocation, sources.temporal, start);
    if (until === 'ended') return watchRun(invocation, sources, start.workflowId);
    await printId(invocation, start);
    return waitForOpening(invocation, sources, start.workflowId);
  });
}

async function startOnly(invocation: Invocation, start: RunStart): Promise<ExitCode> {
  const temporal = await invocation.connectTemporal();
  try {
    await startOnce(invocation, temporal, start);
  } finally {
    await temporal.close();
  }
  await printId(invocation, start);
  return EXIT.done;
}

async function printId({ stdout, json }: Invocation, { workflowId }: RunStart): Promise<void> {
  if (json) await writeJson(stdout, { workflowId });
  else await writeLine(stdout, workflowId);
}

/** Throws `CommandFailed` when the id is taken. */
export async function startOnce({ stderr }: Invocation, temporal: TemporalRuns, start: RunStart): Promise<void> {
  const { workflowId } = start;
  const { kind } = await temporal.start(start);
  if (kind === 'started') return writeLine(stderr, `Started ${workflowId}. Follow it with: overhaul watch ${workflowId}`);
  const whose = kind === 'same' ? 'this same request' : 'another request';
  throw new CommandFailed(
    EXIT.usage,
    `The id ${workflowId} is already used by ${whose}. Nothing was started. See it with: overhaul show ${workflowId}`,
  );
}
