import { uuidOf } from '../chance.js';
import { GatewayError } from '../gateway-error.js';
import { type Call, ok, type Reply, type Route } from '../routes.js';
import { matchingRows, type RowKind, readSearch } from '../search.js';
import { countOf, searchRules } from '../wire.js';
import type { SimulatedSchedule, World } from '../world.js';

/** #13 and #17 of the reference: create a schedule, count schedules. */
export const schedulerRoutes: Route[] = [
  { method: 'POST', path: '/sm/v1/scripts/scheduler', effect: 'schedule', handle: createSchedule },
  {
    method: 'POST',
    path: '/sm/v1/scheduler/count',
    handle(call) {
      const request = readSearch(call.body);
      const groupBy = (call.body as { groupBy?: unknown } | undefined)?.groupBy;
      const rows = matchingRows(scheduleKind(call.world), request, searchRules(call));
      const group = Array.isArray(groupBy) ? groupBy[0] : groupBy;
      const groups = { status: ({ status }: SimulatedSchedule) => status, createdBy: ({ createdBy }: SimulatedSchedule) => createdBy };
      return ok({ body: countOf(rows, group === undefined ? undefined : String(group), groups) });
    },
  },
];

const TYPES = ['ONE_TIME', 'HOURLY', 'DAILY', 'WEEKLY', 'MONTHLY'];

function createSchedule(call: Call): Reply {
  const { world, now } = call;
  if (typeof call.body !== 'object' || call.body === null) throw new GatewayError(400, 'The body must be a JSON object');
  const body = call.body as Record<string, unknown>;
  const title = requiredText(body, 'title', /\S/);
  for (const id of scriptIds(body)) if (!world.script(id)) throw new GatewayError(404, `Script not found: ${id}`);
  checkTargets(body);
  checkFiring(body, now);
  if (world.schedules.some((schedule) => schedule.title === title)) {
    throw new GatewayError(409, `Scheduler with the same title already exists: ${title}`);
  }
  const id = uuidOf(`schedule ${world.settings.seed} ${now} ${title}`);
  const status = body.activate === false || body.activate === 'false' ? 'INACTIVE' : 'ACTIVE';
  world.schedules.push({ id, title, status, createdBy: call.username, createdAt: now, body });
  return { ...ok({ errorCode: '0', message: 'Script scheduler created successfully', body: { id } }, 201), onLost: () => undefined };
}

function scriptIds(body: Record<string, unknown>): string[] {
  const scripts = body.scripts;
  if (!Array.isArray(scripts) || scripts.length === 0) throw new GatewayError(400, 'scripts must hold a script');
  return scripts.map((script: unknown) => String((script as { id?: unknown } | null)?.id));
}

function checkTargets(body: Record<string, unknown>): void {
  const targets = [...list(body.assets), ...list(body.assetTags)];
  if (targets.length === 0) throw new GatewayError(400, 'Either assets or assetTags must hold an entry');
  for (const target of targets) {
    const { UUId, id } = target as { UUId?: unknown; id?: unknown };
    if (typeof UUId !== 'string' || UUId === '' || id === undefined) throw new GatewayError(400, 'Each asset or tag needs UUId and id');
  }
}

/** Dates are read as UTC. A window that lies in the past, or ends before it starts, never fires. */
function checkFiring(body: Record<string, unknown>, now: number): void {
  const [startDate, endDate] = [
    requiredText(body, 'startDate', /^\d{4}-\d{2}-\d{2}$/),
    requiredText(body, 'endDate', /^\d{4}-\d{2}-\d{2}$/),
  ];
  const startTime = requiredText(body, 'startTime', /^\d{2}:\d{2}:\d{2}$/);
  const type = requiredText(body, 'scheduleType', /^[A-Z_]+$/);
  if (!TYPES.includes(type)) throw new GatewayError(400, `scheduleType must be one of ${TYPES.join(', ')}`);
  const firstAt = Date.parse(`${startDate}T${startTime}Z`);
  const lastAt = Date.parse(`${endDate}T23:59:59Z`);
  const nextAt = type === 'ONE_TIME' ? firstAt : Math.max(firstAt, now);
  if (!(firstAt >= now - 60_000 || type !== 'ONE_TIME') || !(nextAt <= lastAt)) {
    throw new GatewayError(400, 'Based on configured schedule, the given trigger will never fire');
  }
}

function requiredText(body: Record<string, unknown>, name: string, pattern: RegExp): string {
  const value = body[name];
  if (typeof value !== 'string' || !pattern.test(value)) throw new GatewayError(400, `${name} is missing or malformed`);
  return value;
}

function list(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new GatewayError(400, 'assets and assetTags must be arrays');
  return value;
}

function scheduleKind(world: World): RowKind<SimulatedSchedule> {
  return {
    tokens: {
      name: { kind: 'text', read: ({ title }) => title },
      status: { kind: 'word', read: ({ status }) => status },
      createdBy: { kind: 'text', read: ({ createdBy }) => createdBy },
    },
    sortKeys: {},
    createdAt: ({ createdAt }) => createdAt,
    candidates: () => world.schedules,
  };
}
