import { type Call, ok, type Route } from '../answers/routes.js';
import { countBody, idWriter, listReply, searchRules } from '../answers/wire.js';
import { GatewayError } from '../error.js';
import { matchingRows, type RowKind, readInstant, readSearch, searchRows } from '../search/paging.js';
import { CUSTOMER_UUID, uuidOf } from '../world/chance.js';
import type { SimulatedScript } from '../world/state.js';

/** #2, #3 and #14 of the reference: one script, the list, the count. */
export const scriptRoutes: Route[] = [
  {
    method: 'GET',
    path: '/sm/v1/scripts/{id}',
    handle: (call) => ok({ body: scriptDetail(call, findScript(call)) }),
  },
  {
    method: 'POST',
    path: '/sm/v1/scripts/search',
    handle(call) {
      const page = searchRows(scriptKind(call), readSearch(call.body), searchRules(call));
      return listReply(call, page, 'flat', (script) => scriptRow(call, script));
    },
  },
  {
    method: 'GET',
    path: '/sm/v1/script/count',
    handle(call) {
      const { filter } = readSearch({ filter: call.query.get('query') ?? undefined });
      const [startAt, endAt] = [readInstant(call.query.get('startAt'), 'startAt'), readInstant(call.query.get('endAt'), 'endAt')];
      const rows = matchingRows(scriptKind(call), { filter, startAt, endAt }, searchRules(call));
      return ok(countBody(call, rows, { status: ({ status }) => status, platform: ({ platform }) => platform, severity: () => 3 }));
    },
  },
];

export function findScript(call: Call, wanted = call.params.id ?? ''): SimulatedScript {
  const script = call.world.script(wanted) ?? call.world.scripts.find(({ title }) => title === wanted);
  if (!script) throw new GatewayError(404, `Script not found: ${wanted}`);
  return script;
}

function scriptKind(call: Call): RowKind<SimulatedScript> {
  const scripts = call.world.scripts.filter(({ visibleAt = 0 }) => visibleAt <= call.now);
  return {
    tokens: {
      id: { kind: 'id', read: ({ id }) => id },
      name: { kind: 'text', read: ({ title }) => title },
      title: { kind: 'text', read: ({ title }) => title },
      status: { kind: 'word', read: ({ status }) => status },
      platform: { kind: 'word', read: ({ platform }) => platform },
    },
    sortKeys: { id: ({ id }) => id, name: ({ title }) => title, 'created.dateTime': (script) => createdAt(call, script) },
    candidates: () => scripts,
    createdAt: (script) => createdAt(call, script),
  };
}

function common(call: Call, script: SimulatedScript) {
  const { world } = call;
  const created = {
    dateTime: createdAt(call, script),
    user: { id: uuidOf(`user ${world.settings.users[0]?.username}`), name: world.settings.users[0]?.username ?? null },
  };
  return {
    id: idWriter(call)(script.id, 'string'),
    title: script.title,
    description: `${script.title}, as the simulator has it`,
    severity: 3,
    threshold: 50,
    platform: script.platform,
    type: script.platform === 'WINDOWS' ? { id: 4, name: 'Powershell' } : { id: 2, name: 'Shell' },
    category: { id: 6, name: 'Remediation' },
    importedFromId: 0,
    approverId: null,
    approverName: null,
    created,
    updated: created,
    lastExecutedDateTime: world.lastExecuteAt.get(String(script.id)) ?? 0,
    hasBlacklistedCommands: false,
    blacklistedCommands: '',
    ...script.told,
  };
}

function scriptRow(call: Call, script: SimulatedScript) {
  return {
    ...common(call, script),
    status: script.status,
    testAssets: null,
    assets: null,
    excludedAssets: null,
    assetTags: null,
    subscribedModules: ['PC'],
    schedule: { recurringDay: 0, recurringTime: null, frequency: null },
    customerUuid: CUSTOMER_UUID,
  };
}

export function scriptDetail(call: Call, script: SimulatedScript) {
  return {
    ...common(call, script),
    scriptStatus: script.status,
    content: contentOf(script),
    recurringDay: 0,
    customerUUID: CUSTOMER_UUID,
  };
}

/** base64; a script without a text gets one. */
export function contentOf({ base64, content, title }: SimulatedScript): string {
  return base64 ?? Buffer.from(content ?? `#!/bin/sh\n# ${title}\necho done\n`).toString('base64');
}

function createdAt(call: Call, script: SimulatedScript): number {
  return script.createdAt ?? call.world.audit[0]?.createdAt ?? 0;
}
