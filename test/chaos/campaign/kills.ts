// A campaign whose worker is killed again and again at moments drawn from a seed, while the Temporal server goes away and comes back.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CampaignReport } from '../../../src/domain/campaign/status.js';
import type { Played } from '../deaths.js';
import { killUntilOver } from '../kills/worker.js';
import { openTemporal, type Temporal } from '../restartable-temporal.js';
import { type ChaosEnvironment, openScene, type Scene } from '../scene.js';
import { CAMPAIGN_GATEWAY, campaignPlan } from './deaths.js';
import { operate } from './operator.js';
import { type CampaignVerdict, campaignVerdict, type Outcomes, outcomesOf } from './verdict.js';

export interface CampaignKills {
  name: string;
  assets: number;
  canary: number;
  kills: number;
  restarts: number;
  seed: number;
  speed: number;
  maxInFlight: number;
}

export const LONG_CAMPAIGN_KILLS: CampaignKills = {
  name: 'campaign of 2,000 assets, random kills and restarts of Temporal',
  assets: 2_000,
  canary: 500,
  kills: 50,
  restarts: 5,
  seed: 17,
  speed: 60,
  maxInFlight: 4,
};

export const SHORT_CAMPAIGN_KILLS: CampaignKills = {
  name: 'campaign of 200 assets, random kills and a restart of Temporal',
  assets: 200,
  canary: 50,
  kills: 5,
  restarts: 1,
  seed: 19,
  speed: 120,
  maxInFlight: 2,
};

/** A worker lives this long, and up to so much longer: some die before they have taken over what the one before them had begun. */
const LIFE_MS = 3_000;
const SPREAD_MS = 12_000;

export interface KillsOn {
  /** The Temporal command line, and the workflows, bundled. */
  executable: string;
  bundle: string;
  /** Told after every kill. */
  say?: (line: string) => void;
}

export async function playCampaignKills(
  { executable, bundle, say = () => undefined }: KillsOn,
  plan: CampaignKills,
): Promise<Played & CampaignVerdict> {
  const startedAt = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'overhaul-chaos-temporal-'));
  const temporal = await openTemporal(executable, folder);
  const environment: ChaosEnvironment = { client: temporal.client(), address: temporal.address, namespace: 'default', bundle };
  try {
    const expected = await undisturbed(environment, plan);
    const scene = await sceneOf(environment, 'kills', plan, plan.speed);
    try {
      const { kills, report } = await disturbed(scene, { plan, temporal, say });
      const facts = { simulator: scene.simulator, ledger: await scene.ledger(), campaignId: scene.workflowId };
      const verdict = await campaignVerdict(facts, report, expected);
      if (kills < plan.kills) verdict.problems.push(`the campaign was over after ${kills} of ${plan.kills} kills`);
      if (temporal.restarts() < plan.restarts) verdict.problems.push(`Temporal was restarted ${temporal.restarts()} times`);
      return { ...verdict, name: plan.name, kills, seconds: Math.round((performance.now() - startedAt) / 1_000) };
    } finally {
      await scene.close();
    }
  } finally {
    await temporal.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function sceneOf(environment: ChaosEnvironment, name: string, { assets }: CampaignKills, speed: number): Promise<Scene> {
  return openScene(environment, `chaos-campaign-${name}`, { simulator: { ...CAMPAIGN_GATEWAY, assets, speed, failRate: 0.5 } });
}

/** The same campaign over the same fleet, ten times as fast and with nobody in its way. */
async function undisturbed(environment: ChaosEnvironment, plan: CampaignKills): Promise<Outcomes> {
  const scene = await sceneOf(environment, 'undisturbed', plan, 600);
  const stop = operate({ client: () => environment.client, workflowId: scene.workflowId, retryAt: 'rest' });
  try {
    const run = await scene.startCampaign({ ...campaignPlan(plan.assets, plan.canary), maxInFlight: 8 });
    await scene.healthy();
    await run.result();
    return await outcomesOf(await scene.ledger(), scene.workflowId);
  } finally {
    await stop();
    await scene.close();
  }
}

async function disturbed(scene: Scene, { plan, temporal, say }: Disturbed): Promise<{ kills: number; report: CampaignReport }> {
  const { workflowId } = scene;
  await scene.startCampaign({ ...campaignPlan(plan.assets, plan.canary), maxInFlight: plan.maxInFlight });
  const ledger = await scene.ledger();
  const isOver = async (): Promise<boolean> => (await ledger.runs.get(workflowId))?.report !== undefined;
  const stop = operate({ client: temporal.client, workflowId, retryAt: 'rest' });
  try {
    const kills = await killUntilOver(scene, { ...plan, lifeMs: LIFE_MS, spreadMs: SPREAD_MS }, { temporal, isOver, say });
    const report = (await temporal.client().workflow.getHandle(workflowId).result()) as CampaignReport;
    return { kills, report };
  } finally {
    await stop();
  }
}

interface Disturbed {
  plan: CampaignKills;
  temporal: Temporal;
  say: (line: string) => void;
}
