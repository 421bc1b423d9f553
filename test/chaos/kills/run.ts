// A run whose worker is killed again and again at moments drawn from a seed, while the Temporal server goes away and comes back.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunReport } from '../../../src/domain/run/outcome.js';
import type { KillsOn } from '../campaign/kills.js';
import type { Played } from '../deaths.js';
import { openTemporal, type Temporal } from '../restartable-temporal.js';
import { assetIds, type ChaosEnvironment, openScene, type Scene } from '../scene.js';
import { unverifiedThoughKnown, verdictOf } from '../verdict.js';
import { killUntilOver } from './worker.js';

export interface RunKills {
  name: string;
  assets: number;
  kills: number;
  restarts: number;
  seed: number;
}

export const LONG_RUN_KILLS: RunKills = {
  name: 'run of 1,000 assets, 10 kills and 2 restarts of Temporal',
  assets: 1_000,
  kills: 10,
  restarts: 2,
  seed: 29,
};

/** A worker lives this long, and up to so much longer: after a death Temporal waits 15 s for a heartbeat. */
const LIFE_MS = 6_000;
const SPREAD_MS = 14_000;

export async function playRunKills({ executable, bundle, say = () => undefined }: KillsOn, plan: RunKills): Promise<Played> {
  const startedAt = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'overhaul-chaos-temporal-'));
  const temporal = await openTemporal(executable, folder);
  const environment: ChaosEnvironment = { client: temporal.client(), address: temporal.address, namespace: 'default', bundle };
  const scene = await openScene(environment, 'chaos-run-kills', {
    simulator: {
      assets: plan.assets,
      speed: 60,
      seed: plan.seed,
      keepAllCalls: true,
      executionMs: { min: 120_000, max: 600_000 },
      foreignOperator: { username: 'other', everyMs: 20_000, scriptId: 72649 },
    },
  });
  try {
    const { report, kills } = await disturbed(scene, { plan, temporal, say });
    const facts = { simulator: scene.simulator, ledger: await scene.ledger(), runId: scene.workflowId };
    const verdict = await verdictOf(facts, report, { size: plan.assets, unverified: 'some' });
    const known = await unverifiedThoughKnown(facts);
    if (known > 0) verdict.problems.push(`${known} assets are unverified although Qualys knows`);
    if (kills < plan.kills) verdict.problems.push(`the run was over after ${kills} of ${plan.kills} kills`);
    if (temporal.restarts() < plan.restarts) verdict.problems.push(`Temporal was restarted ${temporal.restarts()} times`);
    return { ...verdict, name: plan.name, kills, seconds: Math.round((performance.now() - startedAt) / 1_000) };
  } finally {
    await scene.close();
    await temporal.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function disturbed(
  scene: Scene,
  { plan, temporal, say }: { plan: RunKills; temporal: Temporal; say: (line: string) => void },
): Promise<{ report: RunReport; kills: number }> {
  const request = { script: 72648, targets: { assetIds: assetIds(plan.assets) }, poll: { interval: '1s' }, deadline: '30m' } as const;
  await scene.start({ ...request, maxInFlight: 2 });
  const ledger = await scene.ledger();
  const isOver = async (): Promise<boolean> => (await ledger.runs.get(scene.workflowId))?.report !== undefined;
  const kills = await killUntilOver(scene, { ...plan, lifeMs: LIFE_MS, spreadMs: SPREAD_MS }, { temporal, isOver, say });
  const report = (await temporal.client().workflow.getHandle(scene.workflowId).result()) as RunReport;
  return { report, kills };
}
