// A run whose workers die one after the other, each at its failpoint, until a healthy one takes over.
import type { RemediationRequestInput } from '../../src/contracts/request.js';
import type { Simulator } from '../../src/simulator/index.js';
import type { SimulatorOptions } from '../../src/simulator/options.js';
import type { Failpoint } from './failpoints.js';
import { assetIds, type ChaosEnvironment, openScene, type Scene } from './scene.js';
import { type Verdict, verdictOf } from './verdict.js';

export interface Death {
  name: string;
  /** The failpoints of the workers, in the order in which they live. */
  deaths: readonly Failpoint[];
  /**
   * The last worker but the healthy one is not killed: it is held by SIGSTOP and goes on when the run is finished, or taken over, or given
   * up by Temporal alone.
   */
  zombie?: 'until-finished' | 'until-taken-over' | 'until-timed-out';
  /** Cohort; 60 by default, in three executions. */
  assets?: number;
  simulator?: SimulatorOptions;
  /** Executes that are too late to start, in each worker that dies. */
  lateExecutes?: readonly number[];
  retryFailed?: number;
  /** Asked of the run beyond or instead of the usual. */
  request?: Partial<RemediationRequestInput>;
  /** Done to the world when the first worker has died, or while the last mortal one rests, if it does. */
  meanwhile?: (simulator: Simulator) => void;
  /** Where the last mortal worker rests before it dies. */
  rest?: Failpoint;
  /** Assets whose fate cannot be known; 0 by default. */
  unverified?: number;
}

export interface Played extends Verdict {
  name: string;
  kills: number;
  seconds: number;
}

/** 600 times as fast: the five minutes of a proof are half a second. Another script's jobs keep the index visibly alive. */
export const GATEWAY: SimulatorOptions = {
  speed: 600,
  keepAllCalls: true,
  latencyMs: 120,
  failAssets: [20_452_613, 20_452_650],
  foreignOperator: { username: 'other', everyMs: 300_000, scriptId: 72649 },
};

/** `PENDING_ACTIVITY_STATE_STARTED` of Temporal's API. */
const STARTED = 2;

export async function playDeath(environment: ChaosEnvironment, death: Death): Promise<Played> {
  const startedAt = performance.now();
  const size = death.assets ?? 60;
  const scene = await openScene(environment, `chaos-${death.name.replaceAll(/\W+/g, '-')}`, {
    simulator: { ...GATEWAY, assets: size, ...death.simulator },
  });
  try {
    const ledger = await scene.ledger();
    const run = await scene.start({
      script: 72648,
      targets: { assetIds: assetIds(size) },
      maxInFlight: 2,
      poll: { interval: '1s' },
      deadline: '10m',
      retry: { failed: death.retryFailed ?? 0, after: 0 },
      ...death.request,
    });
    const wakeZombie = await liveAndDie(environment, scene, death);
    if (death.zombie === 'until-timed-out') await wakeZombie();
    await scene.healthy();
    if (death.zombie === 'until-taken-over') await wakeZombie();
    const report = await run.result();
    if (death.zombie === 'until-finished') await wakeZombie();
    const facts = { simulator: scene.simulator, ledger, runId: scene.workflowId };
    const verdict = await verdictOf(facts, report, { size, unverified: death.unverified });
    return { ...verdict, name: death.name, kills: death.deaths.length, seconds: Math.round((performance.now() - startedAt) / 1_000) };
  } finally {
    await scene.close();
  }
}

/** The function it returns lets the zombie go on, and resolves when it has ended all it had begun. */
async function liveAndDie(environment: ChaosEnvironment, scene: Scene, death: Death): Promise<() => Promise<void>> {
  const { deaths, zombie, lateExecutes, name, meanwhile, rest } = death;
  for (const [index, failpoint] of deaths.entries()) {
    const isLast = index === deaths.length - 1;
    const isZombie = zombie !== undefined && isLast;
    const child = scene.child({ failpoint, signal: isZombie ? 'SIGSTOP' : 'SIGKILL', lateExecutes, rest: isLast ? rest : undefined });
    if (isLast && rest) {
      await child.stopped();
      meanwhile?.(scene.simulator);
      child.signal('SIGCONT');
    }
    if (isZombie) {
      await child.stopped();
      return async () => {
        if (zombie !== 'until-finished') await takenOver(environment, scene.workflowId, zombie === 'until-taken-over');
        child.signal('SIGTERM');
        child.signal('SIGCONT');
        const end = await child.ended;
        if (end !== 0) throw new Error(`${name}: the zombie ended with ${end}`);
      };
    }
    const end = await child.ended;
    if (end !== 'SIGKILL') throw new Error(`${name}: the worker ended with ${end} instead of dying at ${failpoint.step}`);
    if (index === 0 && !rest) meanwhile?.(scene.simulator);
  }
  return () => Promise.resolve();
}

/** Resolves when an activity of the run is in an attempt after its first, and that has begun where `begun` says so. */
async function takenOver({ client }: ChaosEnvironment, workflowId: string, begun: boolean): Promise<void> {
  for (;;) {
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    if (raw.pendingActivities?.some(({ attempt, state }) => (attempt ?? 0) > 1 && (state === STARTED || !begun))) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
