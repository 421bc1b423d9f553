// The short form of the scenes of `npm run chaos` that put a backup of the ledger back.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type TemporalEnv, temporalEnv } from '../support/product/temporal-env.js';
import { playBackup, SHORT_BACKUPS } from './backups.js';
import type { Played } from './deaths.js';
import { chaosOn } from './scene.js';

let env: TemporalEnv;
const played = new Map<string, Played>();

beforeAll(async () => {
  env = await temporalEnv();
  const environment = chaosOn(env);
  for (const scene of await Promise.all(SHORT_BACKUPS.map((backup) => playBackup(environment, backup)))) played.set(scene.name, scene);
}, 900_000);

afterAll(() => env.close());

test.each(SHORT_BACKUPS.map(({ name }) => name))('%s: nothing is sent twice, and nothing that was sent is called skipped', (name) => {
  expect(played.get(name)).toMatchObject({ problems: [], twice: 0, counts: { targeted: 60, skipped: 0 } });
});
