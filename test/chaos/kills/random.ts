// A run under every fault of the gateway, with another operator running the same script on the same assets, whose worker is killed
// again and again at moments drawn from a seed.
import type { Played } from '../deaths.js';
import { assetIds, type ChaosEnvironment, type Child, openScene } from '../scene.js';
import { verdictOf } from '../verdict.js';

export interface RandomKills {
  name: string;
  assets: number;
  kills: number;
  seed: number;
  maxInFlight: number;
  faults: { dropAfterEffectRate?: number; loseExecutes?: number[]; failRate: number; revokeTokensAfterCalls: number[] };
}

/** The run of `npm run bench:faults`, with deaths. */
export const LONG_RANDOM_KILLS: RandomKills = {
  name: '1,000 assets, every fault, random kills',
  assets: 1_000,
  kills: 3,
  seed: 11,
  maxInFlight: 4,
  faults: { dropAfterEffectRate: 0.05, failRate: 0.05, revokeTokensAfterCalls: [30, 60] },
};

/** The same in small, with answers lost by number: of so few executes the rate might lose none. */
export const SHORT_RANDOM_KILLS: RandomKills = {
  name: '200 assets, every fault, random kills',
  assets: 200,
  kills: 2,
  seed: 7,
  maxInFlight: 2,
  faults: { loseExecutes: [2, 6], failRate: 0.05, revokeTokensAfterCalls: [10, 25] },
};

/** After a death Temporal waits 15 s for a heartbeat; a second death in that time would find nothing begun. */
const AFTER_TAKEOVER_MS = 16_000;
const SPREAD_MS = 7_000;

export async function playRandomKills(environment: ChaosEnvironment, plan: RandomKills): Promise<Played> {
  const startedAt = performance.now();
  const scene = await openScene(environment, 'chaos-random', {
    simulator: {
      assets: plan.assets,
      speed: 60,
      seed: plan.seed,
      keepAllCalls: true,
      failRate: 0.05,
      faults: { ...plan.faults, lostAs: 'mixed' },
      foreignOperator: { username: 'other', everyMs: 20_000, scriptId: 72648, assetsPerRun: 25, sameTargets: true },
    },
  });
  try {
    const ledger = await scene.ledger();
    const run = await scene.start({
      script: 72648,
      targets: { assetIds: assetIds(plan.assets) },
      maxInFlight: plan.maxInFlight,
      poll: { interval: '1s' },
      deadline: '10m',
    });
    const random = drawFrom(plan.seed);
    let over = false;
    const report = run.result().finally(() => {
      over = true;
    });
    let worker: Child = scene.child({ signal: 'SIGKILL' });
    let kills = 0;
    for (; kills < plan.kills; kills += 1) {
      await worker.ready;
      await new Promise((resolve) => setTimeout(resolve, (kills === 0 ? 1_500 : AFTER_TAKEOVER_MS) + random() * SPREAD_MS));
      if (over) break;
      worker.signal('SIGKILL');
      await worker.ended;
      worker = scene.child({ signal: 'SIGKILL' });
    }
    const facts = { simulator: scene.simulator, ledger, runId: scene.workflowId };
    const verdict = await verdictOf(facts, await report, { size: plan.assets, unverified: 'some' });
    if (kills < plan.kills) verdict.problems.push(`the run was over after ${kills} of ${plan.kills} kills`);
    return { ...verdict, name: plan.name, kills, seconds: Math.round((performance.now() - startedAt) / 1_000) };
  } finally {
    await scene.close();
  }
}

/** Numbers between 0 and 1, the same for the same seed (mulberry32). */
export function drawFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
