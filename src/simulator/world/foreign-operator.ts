import type { SimulatorSettings } from '../options.js';
import type { SimulatedScript, World } from './state.js';

type Operator = SimulatorSettings['foreignOperator'][number];

/**
 * Other users who execute the same script in the same minutes. No timer: what is due is done when the next call comes, each
 * execution with its own due instant. Returns the function that catches up.
 */
export function foreignOperators(world: World): () => void {
  const all = world.settings.foreignOperator.flatMap((operator) => {
    const script = world.script(String(operator.scriptId));
    return script ? [foreignOperator(world, operator, script)] : [];
  });
  return () => {
    for (const catchUp of all) catchUp();
  };
}

const MAX_MISSED_RUNS = 1_000;

function foreignOperator(world: World, options: Operator, script: SimulatedScript): () => void {
  const dueSince = options.followsMs === undefined ? inRhythm(world, options.everyMs ?? 1) : behindUsers(world, options);
  let runs = 0;
  return () => {
    for (const at of dueSince()) {
      const assets = options.sameTargets ? latestTargets(world, options) : window(world, options, runs);
      if (assets.length === 0) continue;
      world.execute({ username: options.username, script, assets, at });
      runs += 1;
    }
  };
}

function inRhythm(world: World, everyMs: number): () => number[] {
  let dueAt = world.clock.now() + everyMs;
  return () => {
    const now = world.clock.now();
    // After hours without a call only the latest are worth having.
    dueAt = Math.max(dueAt, now - MAX_MISSED_RUNS * everyMs);
    const due: number[] = [];
    for (; dueAt <= now; dueAt += everyMs) due.push(dueAt);
    return due;
  };
}

/** A given time after each execution of the script by a user of the subscription. */
function behindUsers(world: World, { scriptId, followsMs = 0 }: Operator): () => number[] {
  const users = new Set(world.settings.users.map(({ username }) => username));
  let seen = 0;
  const waiting: number[] = [];
  return () => {
    for (; seen < world.executions.length; seen += 1) {
      const execution = world.executions[seen];
      if (execution && users.has(execution.user) && execution.scriptId === String(scriptId))
        waiting.push(execution.simulatedAt + followsMs);
    }
    const due: number[] = [];
    while (waiting[0] !== undefined && waiting[0] <= world.clock.now()) due.push(waiting.shift() ?? 0);
    return due;
  };
}

function latestTargets(world: World, options: Operator): number[] {
  const latest = world.executions.findLast(({ user, scriptId }) => user !== options.username && scriptId === String(options.scriptId));
  return (latest?.assetIds ?? []).flatMap((assetId) => world.fleet.indexOf(assetId) ?? []);
}

function window(world: World, { assetsPerRun, fromIndex }: Operator, run: number): number[] {
  const size = world.fleet.size - fromIndex;
  if (size < 1) return [];
  const assets = Array.from(
    { length: Math.min(assetsPerRun, size) },
    (_, position) => fromIndex + ((run * assetsPerRun + position) % size),
  );
  return assets.sort((a, b) => a - b);
}
