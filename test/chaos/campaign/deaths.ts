// A small campaign with everything that campaigns have, whose workers die one after the other.
import { isDeepStrictEqual } from 'node:util';
import type { CampaignPlanInput } from '../../../src/contracts/plan.js';
import type { SimulatorOptions } from '../../../src/simulator/options.js';
import { GATEWAY, type Played } from '../deaths.js';
import type { Failpoint } from '../failpoints.js';
import { assetIds, type ChaosEnvironment, openScene, type Scene } from '../scene.js';
import { operate } from './operator.js';
import { campaignVerdict, type Outcomes, outcomesOf } from './verdict.js';

export interface CampaignDeath {
  name: string;
  deaths: readonly Failpoint[];
  plan?: Partial<CampaignPlanInput>;
  simulator?: SimulatorOptions;
}

const REMEDIATE = 72_648;
const ASSESS = 72_649;
const VERIFY = 72_660;

/**
 * Three of ten assets are not compliant, and stay so through the remedy and its verification: what has failed in the canary is put back
 * at the gate of the rest, and is well then.
 */
export const CAMPAIGN_GATEWAY: SimulatorOptions = {
  ...GATEWAY,
  failAssets: [],
  failRate: 0.3,
  failAttempts: 4,
  scripts: [
    { id: REMEDIATE, title: 'Patch OpenSSL' },
    { id: ASSESS, title: 'Is OpenSSL old?' },
    { id: VERIFY, title: 'Is OpenSSL well?' },
  ],
};

export function campaignPlan(size: number, canary: number): CampaignPlanInput {
  return {
    name: 'chaos',
    targets: { assetIds: assetIds(size) },
    steps: { assess: ASSESS, remediate: REMEDIATE, verify: VERIFY },
    waves: [
      { name: 'canary', size: canary },
      { name: 'rest', approval: { quorum: 1 } },
    ],
    maxInFlight: 2,
    poll: { interval: '1s' },
    deadline: '10m',
  };
}

const SIZE = 60;
const CANARY = 30;

export async function playCampaignDeath(environment: ChaosEnvironment, death: CampaignDeath): Promise<Played> {
  const startedAt = performance.now();
  const expected = await withoutDeaths(environment, death);
  return inScene(environment, death, async (scene) => {
    const run = await scene.startCampaign({ ...campaignPlan(SIZE, CANARY), ...death.plan });
    const stop = operate({ client: () => environment.client, workflowId: scene.workflowId, retryAt: 'rest' });
    try {
      for (const failpoint of death.deaths) {
        const end = await scene.child({ failpoint, signal: 'SIGKILL' }).ended;
        if (end !== 'SIGKILL') throw new Error(`${death.name}: the worker ended with ${end} instead of dying at ${failpoint.step}`);
      }
      await scene.healthy();
      const report = await run.result();
      const facts = { simulator: scene.simulator, ledger: await scene.ledger(), campaignId: scene.workflowId };
      const verdict = await campaignVerdict(facts, report, expected);
      return { ...verdict, name: death.name, kills: death.deaths.length, seconds: Math.round((performance.now() - startedAt) / 1_000) };
    } finally {
      await stop();
    }
  });
}

const played: { environment: ChaosEnvironment; plan: unknown; simulator: unknown; outcomes: Promise<Outcomes> }[] = [];

/** What the same campaign comes to when nobody dies: played once for all scenes that have the same. */
function withoutDeaths(environment: ChaosEnvironment, { plan, simulator }: CampaignDeath): Promise<Outcomes> {
  const known = played.find((one) => one.environment === environment && isDeepStrictEqual([one.plan, one.simulator], [plan, simulator]));
  if (known) return known.outcomes;
  const outcomes = inScene(environment, { name: 'campaign without deaths', simulator }, async (scene) => {
    const run = await scene.startCampaign({ ...campaignPlan(SIZE, CANARY), ...plan });
    const stop = operate({ client: () => environment.client, workflowId: scene.workflowId, retryAt: 'rest' });
    try {
      await scene.healthy();
      await run.result();
      return await outcomesOf(await scene.ledger(), scene.workflowId);
    } finally {
      await stop();
    }
  });
  played.push({ environment, plan, simulator, outcomes });
  return outcomes;
}

async function inScene<T>(
  environment: ChaosEnvironment,
  { name, simulator }: { name: string; simulator?: SimulatorOptions | undefined },
  play: (scene: Scene) => Promise<T>,
): Promise<T> {
  const scene = await openScene(environment, `chaos-${name.replaceAll(/\W+/g, '-')}`, {
    simulator: { ...CAMPAIGN_GATEWAY, assets: SIZE, ...simulator },
  });
  try {
    return await play(scene);
  } finally {
    await scene.close();
  }
}
