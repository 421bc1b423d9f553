// A run or a campaign on the screen until it ends.

import { isKnown, type Observation, observe } from '../../runs/observe.js';
import { type Sources, unknownRun } from '../data/sources.js';
import { EXIT, type ExitCode, type Invocation, writeInterrupted, writeJson } from '../invocation/context.js';
import { haltText } from './kill-switch.js';
import { progressView } from './live.js';
import { exitCodeOf, printEnd } from './run-end.js';

/** Between two looks. A look at a ledger of a million rows may take longer than that, and then waits as long again. */
const LOOK_EVERY_MS = 1_000;

/** Returns the exit code that the run's end stands for. */
export async function watchRun(invocation: Invocation, sources: Sources, workflowId: string): Promise<ExitCode> {
  const view = progressView(invocation);
  const interrupted = new AbortController();
  const release = invocation.onInterrupt(() => interrupted.abort());
  try {
    for (;;) {
      const polledAt = invocation.now();
      const seen = await observe(sources, workflowId);
      if (!isKnown(seen)) throw unknownRun(workflowId);
      if (seen.end) {
        await view.end({ clear: true });
        return await finish(invocation, seen);
      }
      const halted = await haltedBy(sources);
      if (!interrupted.signal.aborted) await view.show({ ...frameFacts(seen, invocation.now()), halted });
      await invocation.pause(Math.max(LOOK_EVERY_MS, invocation.now() - polledAt), interrupted.signal);
      if (interrupted.signal.aborted) {
        await view.end({ clear: false });
        await writeInterrupted(invocation.stderr, `${workflowId} continues. Follow it again with: overhaul watch ${workflowId}`);
        return EXIT.interrupted;
      }
    }
  } finally {
    release();
  }
}

async function finish(invocation: Invocation, { workflowId, end }: Observation): Promise<ExitCode> {
  if (!end) return EXIT.notSucceeded;
  if (invocation.json)
    await writeJson(invocation.stdout, { workflowId, ...(end.kind === 'report' ? { report: end.report } : { failure: end }) });
  else await printEnd(invocation, workflowId, end);
  return exitCodeOf(end);
}

/** A look at the ledger that fails is told as the trouble of the look at the run. */
async function haltedBy({ ledger }: Sources): Promise<string | undefined> {
  const halted = await ledger?.killSwitch.state().catch(() => undefined);
  return halted && haltText(halted);
}

function frameFacts({ workflowId, progress, question, trouble, view, workflow }: Observation, now: number) {
  const startedAt = workflow ? Date.parse(workflow.startedAt) : view?.run.createdAt;
  return { workflowId, scriptTitle: view?.run.script?.title, progress, question, waves: view?.waves, trouble, startedAt, now };
}
