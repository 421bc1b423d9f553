import { type Call, ok, type Reply, type Route } from '../answers/routes.js';
import { countOf, listReply, searchRules } from '../answers/wire.js';
import { GatewayError } from '../error.js';
import { matchingRows, type RowKind, readSearch, searchRows } from '../search/paging.js';
import { uuidOf } from '../world/chance.js';
import type { SimulatedSchedule, World } from '../world/state.js';
import { neverFires, requiredText } from './scheduler-firing.js';

/** #13 and #17 of the reference: create a schedule, count schedules; search and detail, which later gateways have besides. */
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
  { method: 'POST', path: '/sm/v1/scheduler/search', handle: searchSchedules },
  { method: 'GET', path: '/sm/v1/scheduler/{id}', handle: showSchedule },
];

function searchSchedules(call: Call): Reply {
  const { schedulerSearch } = call.world.settings;
  if (schedulerSearch === 'off') throw new GatewayError(404, 'No such resource: /sm/v1/scheduler/search');
  const page = searchRows(scheduleKind(call.world), readSearch(call.body), searchRules(call));
  return listReply(call, page, 'flat', schedulerSearch === 'full' ? shown : shownInBrief);
}

function showSchedule(call: Call): Reply {
  const { schedulerSearch } = call.world.settings;
  const found = call.world.schedules.find(({ id }) => id === call.params.id);
  const isServed = schedulerSearch === 'full' || schedulerSearch === 'brief';
  if (!isServed || !found) throw new GatewayError(404, 'No such schedule');
  return ok({ errorCode: null, message: null, body: shown(found) });
}

function shown({ id, title, status, createdBy, createdAt, body }: SimulatedSchedule): object {
  return { ...body, id, name: title, title, status, createdBy, createdDate: createdAt };
}

/** As the later update endpoint tells the types apart; who wants more asks for the detail. */
function shownInBrief({ id, title, status, createdBy, body }: SimulatedSchedule): object {
  const { scheduleType, startDate, endDate } = body;
  return { id, name: title, status, createdBy, scheduleType: scheduleType === 'ONE_TIME' ? 'ONE_TIME' : 'RECURRING', startDate, endDate };
}

function createSchedule(call: Call): Reply {
  const { world, now } = call;
  if (typeof call.body !== 'object' || call.body === null) throw new GatewayError(400, 'The body must be a JSON object');
  const body = call.body as Record<string, unknown>;
  const title = requiredText(body, 'title', /\S/);
  for (const id of scriptIds(body)) if (!world.script(id)) throw new GatewayError(404, `Script not found: ${id}`);
  checkTargets(body);
  if (neverFires(body, now)) throw new GatewayError(400, 'Based on configured schedule, the given trigger will never fire');
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
