import { type Call, ok, type Reply, type Route } from '../answers/routes.js';
import { GatewayError } from '../error.js';
import type { SimulatedScript, World } from '../world/state.js';
import { indexesOf } from './assets.js';

/** #12 of the reference: run a script now. */
export const executeRoutes: Route[] = [{ method: 'POST', path: '/sm/v1/scripts/{id}/execute', effect: 'execute', handle: execute }];

const MAX_LIST_ENTRIES = 25;

function execute(call: Call): Reply {
  const { world, username, now } = call;
  const script = world.script(call.params.id ?? '');
  if (!script) throw new GatewayError(404, `Script not found: ${call.params.id}`);
  const targets = readTargets(call.body);
  if (script.status !== 'APPROVED') throw new GatewayError(400, `Script ${script.id} cannot be executed: its status is ${script.status}`);
  checkInterval(world, script, now);
  const record = world.execute({ username, script, assets: targetIndexes(world, script, targets), at: now });
  const onLost = () => {
    record.answered = false;
  };
  return { ...ok({ errorCode: null, message: null, body: { correlationUuid: record.correlationUuid } }), onLost };
}

interface Targets {
  assetIds: string[];
  assetTagIds: string[];
  excludedAssetIds: string[];
}

function readTargets(body: unknown): Targets {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new GatewayError(400, 'The body must be a JSON object');
  const fields = body as Record<string, unknown>;
  if (String(fields.testMode ?? false).toLowerCase() !== 'false') throw new GatewayError(400, 'testMode must be false');
  const targets = {
    assetIds: readList(fields, 'assetIds'),
    assetTagIds: readList(fields, 'assetTagIds'),
    excludedAssetIds: readList(fields, 'excludedAssetIds'),
  };
  if (targets.assetIds.length + targets.assetTagIds.length === 0)
    throw new GatewayError(400, 'Either assetIds or assetTagIds must hold an entry');
  return targets;
}

function readList(fields: Record<string, unknown>, name: string): string[] {
  const value = fields[name] ?? [];
  if (!Array.isArray(value)) throw new GatewayError(400, `${name} must be an array`);
  if (value.length > MAX_LIST_ENTRIES) throw new GatewayError(400, `${name} has ${value.length} entries, the limit is ${MAX_LIST_ENTRIES}`);
  return value.map((entry: unknown) => {
    if (typeof entry !== 'string' && typeof entry !== 'number') throw new GatewayError(400, `${name} must hold ids`);
    return String(entry);
  });
}

/** Assets that get an asset job: known, not excluded, and of the script's platform. Everybody else is left out without a word. */
function targetIndexes(world: World, script: SimulatedScript, targets: Targets): number[] {
  const { fleet } = world;
  const chosen = new Set([...indexesOf(world, targets.assetIds), ...fleet.tagged(targets.assetTagIds)]);
  for (const index of indexesOf(world, targets.excludedAssetIds)) chosen.delete(index);
  return [...chosen].filter((index) => fleet.platform(index) === script.platform.toUpperCase()).sort((a, b) => a - b);
}

/** The configured interval between two executions: a 429 that is business, not a limit, and names no wait. */
function checkInterval(world: World, script: SimulatedScript, now: number): void {
  const { executionIntervalSec, executionIntervalScope } = world.settings;
  const last = world.lastExecuteAt.get(executionIntervalScope === 'script' ? String(script.id) : '');
  if (executionIntervalSec > 0 && last !== undefined && now < last + executionIntervalSec * 1_000) {
    throw new GatewayError(429, 'Only one execution is allowed within the configured interval');
  }
}
