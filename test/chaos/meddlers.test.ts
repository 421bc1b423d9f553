// The short form of the scenes of `npm run chaos` in which something lies: all at once, as most of them wait.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type TemporalEnv, temporalEnv } from '../support/product/temporal-env.js';
import type { Played } from './deaths.js';
import { meddlings, playMeddling } from './meddlers.js';

const SCENES = meddlings(75);
let env: TemporalEnv;
const played = new Map<string, Played>();

beforeAll(async () => {
  env = await temporalEnv();
  const environment = { client: env.client, address: env.address, namespace: env.namespace, bundle: env.workflowBundle.codePath };
  for (const scene of await Promise.all(SCENES.map((meddling) => playMeddling(environment, meddling)))) played.set(scene.name, scene);
}, 900_000);

afterAll(() => env.close());

test.each(SCENES.map(({ name }) => name))('%s: every asset gets the script once and its true outcome', (name) => {
  expect(played.get(name)).toMatchObject({ problems: [], twice: 0, counts: { targeted: 75, unverified: 0, missing: 0, skipped: 0 } });
});
