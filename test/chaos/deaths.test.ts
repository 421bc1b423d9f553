// The short form of `npm run chaos`: all scenes at once, as each of them mostly waits for Temporal to notice a death.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type TemporalEnv, temporalEnv } from '../support/product/temporal-env.js';
import { SHORT_DEATHS } from './death-table.js';
import { type Played, playDeath } from './deaths.js';
import { playRandomKills, SHORT_RANDOM_KILLS } from './kills/random.js';
import { LOSSES } from './losses.js';
import { chaosOn } from './scene.js';

let env: TemporalEnv;
const played = new Map<string, Played>();

const SHORT_LOSSES = ['a backup from before a send', 'a backup from before a claim', 'a terminated workflow', 'two workers on one ledger'];

beforeAll(async () => {
  env = await temporalEnv();
  const environment = chaosOn(env);
  const scenes = [
    playRandomKills(environment, SHORT_RANDOM_KILLS),
    ...SHORT_DEATHS.map((death) => playDeath(environment, death)),
    ...Object.entries(LOSSES).flatMap(([name, play]) => (SHORT_LOSSES.includes(name) ? [play(environment)] : [])),
  ];
  for (const scene of await Promise.all(scenes)) played.set(scene.name, scene);
}, 900_000);

afterAll(() => env.close());

function scene(name: string): Played | undefined {
  return played.get(name);
}

describe('a worker that dies', () => {
  test.each(SHORT_DEATHS.map(({ name }) => name))('%s: every asset gets the script once and its outcome', (name) => {
    expect(scene(name)).toMatchObject({
      problems: [],
      twice: 0,
      counts: { targeted: 60, unverified: 0, missing: 0, unreachable: 0, skipped: 0 },
    });
  });

  test('at random moments under every fault: nothing runs twice, and jobs of others are only watched beside an answer that was lost', () => {
    expect(scene(SHORT_RANDOM_KILLS.name)).toMatchObject({ problems: [], twice: 0, kills: 2, counts: { targeted: 200, skipped: 0 } });
  });
});

describe('a run that loses', () => {
  test.each([
    ['a backup from before a send', 1],
    ['a backup from before a claim', 2],
  ])('its ledger to %s sends nothing again and calls what it cannot know unverified', (name, executes) => {
    expect(scene(name)).toMatchObject({ problems: [], executes, counts: { targeted: 60, unverified: 60, skipped: 0 } });
  });

  test('its workflow is closed by the sweep, and sends nothing any more', () => {
    expect(scene('a terminated workflow')).toMatchObject({ problems: [], twice: 0, executes: 2, counts: { unverified: 50, skipped: 10 } });
  });

  test('half of its ledger to another worker goes on as with one', () => {
    expect(scene('two workers on one ledger')).toMatchObject({ problems: [], twice: 0, counts: { targeted: 200, succeeded: 200 } });
  });
});
