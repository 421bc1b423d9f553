import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type TemporalEnv, temporalEnv } from '../support/product/temporal-env.js';
import { playServerKills, SHORT_SERVER_KILLS } from './kills/server.js';

let env: TemporalEnv;
beforeAll(async () => {
  env = await temporalEnv();
}, 120_000);
afterAll(() => env.close());

test('a server that is killed while senders deliver loses no event and starts none twice; its audit log stays whole', async () => {
  const { events, problems } = await playServerKills(env, SHORT_SERVER_KILLS);
  expect(problems).toEqual([]);
  expect(events).toBeGreaterThan(SHORT_SERVER_KILLS.senders);
}, 300_000);
