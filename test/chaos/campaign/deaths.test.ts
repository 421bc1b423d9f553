// The short form of `npm run chaos -- campaign`.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type TemporalEnv, temporalEnv } from '../../support/product/temporal-env.js';
import type { Played } from '../deaths.js';
import { chaosOn } from '../scene.js';
import { SHORT_CAMPAIGN_DEATHS } from './death-table.js';
import { playCampaignDeath } from './deaths.js';
import { playCampaignKills, SHORT_CAMPAIGN_KILLS } from './kills.js';
import { CAMPAIGN_LOSSES } from './losses.js';

let env: TemporalEnv;
const played = new Map<string, Played>();

beforeAll(async () => {
  env = await temporalEnv();
  const environment = chaosOn(env);
  const where = { executable: env.executable, bundle: environment.bundle };
  const scenes = [
    playCampaignKills(where, SHORT_CAMPAIGN_KILLS),
    ...Object.values(CAMPAIGN_LOSSES).map((play) => play(where)),
    ...SHORT_CAMPAIGN_DEATHS.map((death) => playCampaignDeath(environment, death)),
  ];
  for (const scene of await Promise.all(scenes)) played.set(scene.name, scene);
}, 900_000);

afterAll(() => env?.close());

describe('a campaign whose worker dies', () => {
  test.each(SHORT_CAMPAIGN_DEATHS.map(({ name }) => name))('%s: the same outcomes as without, and no asset twice in a step', (name) => {
    expect(played.get(name)).toMatchObject({ problems: [], twice: 0, counts: { targeted: 60, unverified: 0, missing: 0, unreachable: 0 } });
  });

  test('at random moments, while Temporal is restarted: the same outcomes as without, and no asset twice in a step', () => {
    expect(played.get(SHORT_CAMPAIGN_KILLS.name)).toMatchObject({
      problems: [],
      ...{ twice: 0, mostInAStep: 1, different: 0, kills: SHORT_CAMPAIGN_KILLS.kills },
      counts: { targeted: 200, unverified: 0 },
    });
  });
});

describe('a campaign that loses', () => {
  test.each(Object.keys(CAMPAIGN_LOSSES))('%s: every line is closed, leases are free, and nothing is sent afterwards', (name) => {
    expect(played.get(name)).toMatchObject({ problems: [], twice: 0, counts: { targeted: 60 } });
  });
});
