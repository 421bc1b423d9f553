import { type Call, ok, type Reply, type Route } from '../answers/routes.js';
import { GatewayError } from '../error.js';
import { type RowKind, readWhole } from '../search/paging.js';
import { parseQql } from '../search/qql.js';
import { qqlTest } from '../search/qql-match.js';
import { agentSeenAt, type World } from '../world/state.js';

/** #21 and #22 of the reference: EDR assets, one for each asset of the fleet, by time stamp and id. */
export const edrRoutes: Route[] = [
  { method: 'GET', path: '/ioc/asset/searchAfter', handle: edrAssets },
  {
    method: 'GET',
    path: '/ioc/v1/asset/searchAfter',
    handle(call) {
      if (!call.world.settings.edrV1) throw new GatewayError(404, 'No such resource: /ioc/v1/asset/searchAfter');
      return edrAssets(call);
    },
  },
];

const DEFAULT_PAGE_SIZE = 10;
const FIRST_SEEN_AT = Date.parse('2026-01-01T00:00:00Z');

/** Three assets share a time stamp: a cursor of time stamps alone would skip two of them. */
function seenAt(index: number): number {
  return FIRST_SEEN_AT + Math.floor(index / 3) * 60_000;
}

function edrAssets(call: Call): Reply {
  const { world, query } = call;
  const { edrEnd } = world.settings;
  const pageSize = readWhole(query.get('pageSize'), 'pageSize', 1, 10_000) ?? DEFAULT_PAGE_SIZE;
  const pageNumber = readWhole(query.get('pageNumber'), 'pageNumber', 0, Number.MAX_SAFE_INTEGER) ?? 0;
  const node = parseQql(query.get('filter') ?? '');
  const test = node ? qqlTest(node, tokens(world), world.settings.unknownToken) : () => true;
  const after = readCursor(query.get('searchAfterValues'));
  const rows = sorted(world).filter((index) => test(index) && (after === undefined || compare(key(world, index), after) > 0));
  const start = after === undefined ? pageNumber * pageSize : 0;
  const page = rows.slice(start, start + pageSize);
  const last = page.at(-1);
  if (last === undefined) return edrEnd === 204 ? { status: 204, body: undefined } : ok([]);
  return { ...ok(page.map((index) => projected(edrAsset(world, index), query))), headers: cursorHeader(world, key(world, last)) };
}

type Key = readonly [seenAt: number, id: string];

function key(world: World, index: number): Key {
  return [seenAt(index), world.fleet.agentUuid(index)];
}

function compare([timeA, idA]: Key, [timeB, idB]: Key): number {
  return timeA - timeB || (idA < idB ? -1 : idA > idB ? 1 : 0);
}

const sortedFleets = new WeakMap<World, number[]>();

function sorted(world: World): readonly number[] {
  const known = sortedFleets.get(world);
  if (known) return known;
  const indexes = Array.from({ length: world.fleet.size }, (_, index) => index);
  indexes.sort((a, b) => compare(key(world, a), key(world, b)));
  sortedFleets.set(world, indexes);
  return indexes;
}

function readCursor(text: string | null): Key | undefined {
  if (text === null || text === '') return undefined;
  const found = /^(\d+),(.+)$/.exec(text);
  if (!found) throw new GatewayError(400, 'searchAfterValues must be <milliseconds>,<id>');
  return [Number(found[1]), found[2] ?? ''];
}

function cursorHeader({ settings }: World, last: Key): Record<string, string> {
  if (settings.edrCursorHeader === 'none') return {};
  return { [settings.edrCursorHeader]: settings.edrCursorForm === 'json' ? JSON.stringify(last) : last.join(',') };
}

function tokens(world: World): RowKind<number>['tokens'] {
  const { fleet } = world;
  return {
    'asset.hostName': { kind: 'text', read: fleet.name },
    'asset.platform': { kind: 'word', read: fleet.platform },
    'asset.operatingSystem': { kind: 'text', read: fleet.operatingSystem },
    'asset.timestamp': { kind: 'id', read: seenAt },
    'asset.lastreportedtime': { kind: 'id', read: (index) => agentSeenAt(world, index) },
  };
}

function edrAsset(world: World, index: number): Record<string, unknown> {
  const { fleet, settings } = world;
  const offset = (at: number) => new Date(at).toISOString().replace('Z', '+0000');
  const isEDREnabled = index % 5 !== 4;
  return {
    timeStamp: offset(seenAt(index)),
    hostName: fleet.name(index),
    lastReportedTime: offset(agentSeenAt(world, index)),
    isEDREnabled,
    edrFunctionalStatus: isEDREnabled ? 'Inactive' : 'Disabled',
    edrActivatedOnDate: offset(FIRST_SEEN_AT - 86_400_000),
    id: fleet.agentUuid(index),
    operatingSystem: fleet.operatingSystem(index),
    platform: fleet.platform(index) === 'WINDOWS' ? 'Windows' : 'Linux',
    ...settings.moreFields[String(fleet.assetId(index))]?.edr,
  };
}

/** A strict projection: what is included excludes all else. */
function projected(asset: Record<string, unknown>, query: URLSearchParams): Record<string, unknown> {
  const [included, excluded] = [query.get('include_attributes')?.split(','), query.get('exclude_attributes')?.split(',') ?? []];
  return Object.fromEntries(Object.entries(asset).filter(([name]) => (included ? included.includes(name) : !excluded.includes(name))));
}
