// What a stale ledger must not send when another run, or a campaign, is about to send out of it.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type TemporalEnv, temporalEnv } from '../support/product/temporal-env.js';
import type { Played } from './deaths.js';
import { chaosOn } from './scene.js';
import { playStaleLedger, STALE_LEDGERS } from './stale-ledger.js';

let env: TemporalEnv;
const played = new Map<string, Played>();

beforeAll(async () => {
  env = await temporalEnv();
  const environment = chaosOn(env);
  for (const scene of await Promise.all(STALE_LEDGERS.map((old) => playStaleLedger(environment, old)))) played.set(scene.name, scene);
}, 900_000);

afterAll(() => env.close());

test.each(STALE_LEDGERS.map(({ name }) => name))('%s: nothing more is sent, and it is said why', (name) => {
  expect(played.get(name)).toMatchObject({ problems: [], twice: 0, executes: 3 });
});
