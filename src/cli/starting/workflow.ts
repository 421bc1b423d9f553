// Starting a run or a campaign: once an id, and shown until its end where that is wanted.

import type { TemporalRuns } from '../../temporal/runs/temporal-runs.js';
import type { RunStart } from '../../temporal/start-run.js';
import { withSources } from '../data/sources.js';
import { CommandFailed, EXIT, type ExitCode, type Invocation, writeJson, writeLine } from '../invocation/context.js';
import type { SayOnInterrupt } from '../invocation/interrupted.js';
import { watchRun } from '../views/watch.js';
import { waitForOpening } from './opening.js';

export const NOTHING_STARTED = 'Nothing was started.';

/** How long the command stays: until Temporal has taken the start, until the cohort is frozen, or until the end. */
export type Until = 'started' | 'opened' | 'ended';

/** Whatever it waits for, its id is printed alone; only with `ended` the end is shown. */
export async function startAndShow(
  invocation: Invocation,
  start: RunStart,
  { until, say }: { until: Until; say: SayOnInterrupt },
): Promise<ExitCode> {
  if (until === 'started') return startOnly(invocation, start, say);
  return withSources(invocation, async (sources) => {
    if (!sources.temporal) throw new CommandFailed(EXIT.unreachable, NOTHING_STARTED);
    await startOnce(invocation, sources.temporal, { start, say });
    if (until === 'ended') {
      say(undefined);
      return watchRun(invocation, sources, start.workflowId);
    }
    await printId(invocation, start);
    say(undefined);
    return waitForOpening(invocation, sources, start.workflowId);
  });
}

async function startOnly(invocation: Invocation, start: RunStart, say: SayOnInterrupt): Promise<ExitCode> {
  const temporal = await invocation.connectTemporal();
  try {
    await startOnce(invocation, temporal, { start, say });
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
export async function startOnce(
  { stderr }: Invocation,
  temporal: TemporalRuns,
  { start, say }: { start: RunStart; say: SayOnInterrupt },
): Promise<void> {
  const { workflowId } = start;
  say(`${workflowId} may have been started. See: overhaul show ${workflowId}`);
  const { kind } = await temporal.start(start);
  say(kind === 'started' ? `${workflowId} continues. Follow it again with: overhaul watch ${workflowId}` : NOTHING_STARTED);
  if (kind === 'started') return writeLine(stderr, `Started ${workflowId}. Follow it with: overhaul watch ${workflowId}`);
  const whose = kind === 'same' ? 'this same request' : 'another request';
  throw new CommandFailed(
    EXIT.usage,
    `The id ${workflowId} is already used by ${whose}. Nothing was started. See it with: overhaul show ${workflowId}`,
  );
}
