import type { SimulatorSettings } from './options.js';
import type { World } from './world.js';

/**
 * Another user who executes the same script in the same minutes. No timer: what is due is done when the next call comes, each
 * execution with its own due instant. Returns the function that catches up.
 */
export function foreignOperator(world: World): () => void {
  const { foreignOperator: options } = world.settings;
  const script = options && world.script(String(options.scriptId));
  if (!options || !script) return () => undefined;
  let dueAt = world.clock.now() + options.everyMs;
  let runs = 0;
  return () => {
    const now = world.clock.now();
    // After hours without a call only the latest are worth having.
    dueAt = Math.max(dueAt, now - MAX_MISSED_RUNS * options.everyMs);
    for (; dueAt <= now; dueAt += options.everyMs) {
      const assets = options.sameTargets ? latestTargets(world, options) : window(world, options.assetsPerRun, runs);
      if (assets.length === 0) continue;
      world.execute({ username: options.username, script, assets, at: dueAt });
      runs += 1;
    }
  };
}

const MAX_MISSED_RUNS = 1_000;

function latestTargets(world: World, options: NonNullable<SimulatorSettings['foreignOperator']>): number[] {
  const latest = world.jobs.findLast(({ username, script }) => username !== options.username && script.id === options.scriptId);
  return latest ? Array.from(latest.assets) : [];
}

function window(world: World, assetsPerRun: number, run: number): number[] {
  const { size } = world.fleet;
  const assets = Array.from({ length: Math.min(assetsPerRun, size) }, (_, position) => (run * assetsPerRun + position) % size);
  return assets.sort((a, b) => a - b);
}
