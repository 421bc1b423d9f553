// A subscription in the simulator, and the command line that works on its scripts; each pause of a command takes a minute there.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from '@jest/globals';
import { type Simulator, startSimulator } from '../../src/simulator/index.js';
import type { SimulatorOptions } from '../../src/simulator/options.js';
import { overhaul, type World } from './command-line.js';
import { heldClock } from './gateway/caller.js';

export function useScriptGateways() {
  const clock = heldClock();
  const open: Simulator[] = [];
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'scripts-'));
  });
  afterEach(async () => {
    for (const simulator of open.splice(0)) await simulator.close();
    await rm(folder, { recursive: true });
  });
  return {
    /** A fresh one for each test. */
    folder: (): string => folder,
    clock,
    async gateway(options: SimulatorOptions = {}) {
      const simulator = await startSimulator({ ...options, now: clock.now });
      open.push(simulator);
      const env = {
        QUALYS_URL: simulator.url,
        QUALYS_USERNAME: 'demo',
        QUALYS_PASSWORD: 'demo',
        OVERHAUL_DATABASE_URL: `sqlite:${join(folder, 'none.db')}`,
      };
      const run = (argv: string[], world: World = {}) =>
        overhaul(['qualys', 'scripts', ...argv], { env, onPause: () => clock.advance(60_000), ...world });
      return { run, simulator };
    },
  };
}
