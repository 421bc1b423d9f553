// What was started is opened by a worker: its script and cohort are looked up and frozen, or it is refused. Until then nothing is settled.
import { type Observation, observe } from '../../runs/observe.js';
import type { Sources } from '../data/sources.js';
import { EXIT, type ExitCode, type Invocation, writeInterrupted, writeLine } from '../invocation/context.js';
import { exitCodeOf, printEnd } from '../views/run-end.js';

const LOOK_EVERY_MS = 500;
/** A worker asks Temporal for work all the time: one that runs has taken up a start long before. */
const NO_WORKER_MS = 60_000;

/** 0 once it is open, the code of its end where it was refused, 3 where no worker takes it up, 130 at Ctrl-C. What is started stays so. */
export async function waitForOpening(invocation: Invocation, sources: Sources, workflowId: string): Promise<ExitCode> {
  const interrupted = new AbortController();
  const release = invocation.onInterrupt(() => interrupted.abort());
  const { stderr } = invocation;
  let told: string | undefined;
  let answeredAt = invocation.now();
  try {
    for (;;) {
      const seen = await observe(sources, workflowId);
      if (seen.end) {
        if (seen.end.kind === 'failed' || seen.end.report.status !== 'succeeded') await printEnd(invocation, workflowId, seen.end);
        return exitCodeOf(seen.end);
      }
      if (isOpen(seen)) return EXIT.done;
      if (seen.progress) answeredAt = invocation.now();
      const why = seen.progress?.blocked;
      if (why !== undefined && why !== told) await writeLine(stderr, `${workflowId} is not open yet: ${why}`);
      told = why;
      if (invocation.now() - answeredAt >= NO_WORKER_MS) {
        await writeLine(stderr, `${workflowId} is started, and no worker has opened it yet. It opens when one runs. See: overhaul doctor`);
        return EXIT.unreachable;
      }
      await invocation.pause(LOOK_EVERY_MS, interrupted.signal);
      if (interrupted.signal.aborted) {
        await writeInterrupted(stderr, `${workflowId} continues. Follow it with: overhaul watch ${workflowId}`);
        return EXIT.interrupted;
      }
    }
  } finally {
    release();
  }
}

/** The ledger knows it best; without one the workflow's own phase, which reads `blocked` while something holds its opening up. */
function isOpen({ view, progress }: Observation): boolean {
  if (view) return view.run.phase !== 'opening';
  return progress !== undefined && progress.phase !== 'opening' && progress.phase !== 'blocked';
}
