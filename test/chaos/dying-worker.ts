// A worker in a process of its own, told by its argument, a `DyingPlan` as JSON. At its failpoint it kills itself with
// SIGKILL, or stops itself with SIGSTOP and goes on as a zombie when somebody continues it. SIGTERM ends it in order.
import { createLogger } from '../../src/temporal/logger.js';
import { installRuntime } from '../../src/temporal/runtime.js';
import { startChaosWorker, type WorkerPlan } from './chaos-worker.js';
import { arm, delayExecutes, type Failpoint } from './failpoints.js';

export interface DyingPlan {
  worker: WorkerPlan;
  failpoint?: Failpoint | undefined;
  signal: 'SIGKILL' | 'SIGSTOP';
  lateExecutes?: readonly number[] | undefined;
  /** Where it stops itself, to be continued by somebody who has changed the world meanwhile. */
  rest?: Failpoint | undefined;
}

const plan = JSON.parse(process.argv[2] ?? '') as DyingPlan;
installRuntime(createLogger('fatal', 'chaos'));
const worker = await startChaosWorker(plan.worker, (dependencies) => {
  if (plan.lateExecutes) delayExecutes(dependencies, plan.lateExecutes);
  if (plan.rest) arm(dependencies, plan.rest, () => process.kill(process.pid, 'SIGSTOP'));
  if (plan.failpoint) arm(dependencies, plan.failpoint, () => process.kill(process.pid, plan.signal));
});

let isEnding = false;
async function end(): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  await worker.stop();
  process.exit(0);
}
process.on('SIGTERM', () => void end());
// The test is gone: nobody would ever stop this worker.
process.on('disconnect', () => process.exit(1));
process.send?.('ready');
