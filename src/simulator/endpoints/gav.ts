import { type Call, ok, type Reply, type Route } from '../answers/routes.js';
import { idWriter } from '../answers/wire.js';
import { GatewayError } from '../error.js';
import { readInstant, readWhole } from '../search/paging.js';
import { uuidOf } from '../world/chance.js';
import { agentSeenAt } from '../world/state.js';
import { CREATED_BEFORE_MS, criticality, customAttributes, lifecycleStage, modifiedAt, tagNames, truRisk } from './gav-fields.js';
import { gavFilterOf, qqlFilterOf } from './gav-filter.js';

/** #23 to #29 of the reference: the inventory, one row for each asset of the fleet. Paging is read from the query only. */
export const gavRoutes: Route[] = [
  { method: 'POST', path: '/rest/2.0/search/am/asset', handle: (call) => assetList(call, gavFilterOf(call)) },
  { method: 'GET', path: '/rest/2.0/search/am/asset', handle: oneAsset },
  { method: 'GET', path: '/rest/2.0/get/am/asset', handle: oneAsset },
  { method: 'POST', path: '/rest/2.0/count/am/asset', handle: (call) => assetCount(call, gavFilterOf(call)) },
  { method: 'POST', path: '/am/v1/assets/host/list', handle: (call) => assetList(call, () => true) },
  { method: 'POST', path: '/am/v1/assets/host/filter/list', handle: filteredList },
  { method: 'POST', path: '/am/v1/asset/host/id', handle: oneAsset },
  { method: 'POST', path: '/am/v1/assets/host/count', handle: (call) => assetCount(call, qqlFilterOf(call)) },
];

const DEFAULT_PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 300;
const SUCCESS = { responseMessage: 'Valid API Access', responseCode: 'SUCCESS' };

type Test = (index: number) => boolean;

function assetList(call: Call, test: Test): Reply {
  const { query, world } = call;
  const pageSize = Math.min(MAX_PAGE_SIZE, readWhole(query.get('pageSize'), 'pageSize', 1, 1_000_000) ?? DEFAULT_PAGE_SIZE);
  const cursor = readWhole(query.get('lastSeenAssetId'), 'lastSeenAssetId', 0, Number.MAX_SAFE_INTEGER) ?? -1;
  const since = readInstant(query.get('assetLastUpdated') ?? query.get('lastModifiedDate'), 'the date') ?? 0;
  const rows: number[] = [];
  let index = Math.max(0, cursor - world.settings.firstAssetId + 1);
  // One row more than asked tells whether there is more.
  for (; index < world.fleet.size && rows.length <= pageSize; index += 1)
    if (modifiedAt(world, index) >= since && test(index)) rows.push(index);
  const page = rows.slice(0, pageSize);
  const last = page.at(-1);
  return ok({
    ...SUCCESS,
    count: page.length,
    lastSeenAssetId: last === undefined ? null : idWriter(call)(world.fleet.assetId(last), 'number'),
    hasMore: rows.length > pageSize ? 1 : 0,
    // Without rows there is no list: public clients read it with a default, which a null would not give way to.
    ...(page.length === 0 ? {} : { assetListData: { asset: page.map((row) => gavAsset(call, row)) } }),
  });
}

/** No match is an empty body, as public clients report. */
function filteredList(call: Call): Reply {
  if (!call.query.get('filter')) throw new GatewayError(400, 'filter is required');
  const reply = assetList(call, qqlFilterOf(call));
  return (reply.body as { count: number }).count === 0 ? ok(undefined) : reply;
}

function oneAsset(call: Call): Reply {
  const { query, world } = call;
  const assetId = query.get('assetId');
  if (assetId === null) throw new GatewayError(400, 'assetId is required');
  const index = world.fleet.indexOf(assetId);
  if (index === undefined) return { status: 204, body: undefined };
  return ok({ ...SUCCESS, count: 1, lastSeenAssetId: null, hasMore: 0, assetListData: { asset: [gavAsset(call, index)] } });
}

function assetCount({ world }: Call, test: Test): Reply {
  let count = 0;
  for (let index = 0; index < world.fleet.size; index += 1) if (test(index)) count += 1;
  return ok({ count, ...SUCCESS });
}

function gavAsset(call: Call, index: number): Record<string, unknown> {
  const { world, query } = call;
  const { fleet, settings } = world;
  const write = idWriter(call);
  const [seenAt, names] = [agentSeenAt(world, index), tagNames(world, index)];
  const asset: Record<string, unknown> = {
    assetId: write(fleet.assetId(index), 'number'),
    assetUUID: uuidOf(`gav ${fleet.assetId(index)}`),
    hostId: write(fleet.assetId(index) + 40_000_000, 'number'),
    lastModifiedDate: new Date(modifiedAt(world, index)).toISOString(),
    agentId: fleet.agentUuid(index),
    createdDate: new Date(world.bornAt - CREATED_BEFORE_MS).toISOString(),
    sensorLastUpdatedDate: new Date(seenAt).toISOString(),
    assetType: 'HOST',
    address: fleet.address(index),
    dnsName: fleet.name(index),
    assetName: fleet.name(index),
    operatingSystem: { osName: fleet.operatingSystem(index), lifecycle: { stage: lifecycleStage(world, index) } },
    networkInterfaceListData: {
      networkInterface: fleet.interfaceNames(index).map((hostname, at) => ({
        hostname,
        addressIpV4: fleet.address(index),
        macAddress: '02:00:00:00:00:01',
        interfaceName: `eth${at}`,
      })),
    },
    agent: { version: fleet.agentVersion(index), lastActivity: seenAt, lastCheckedIn: seenAt },
    tagList: { tag: fleet.tagIds(index).map((tagId, at) => ({ tagId: write(tagId, 'number'), tagName: names[at] })) },
    criticality: { score: criticality(index) },
    riskScore: truRisk(index),
    whois: null,
    isp: null,
    asn: null,
    customAttributes: settings.gavSubscription === 'free' ? null : customAttributes(index),
    processor: null,
    ...settings.moreFields[String(fleet.assetId(index))]?.gav,
  };
  return projected(asset, query);
}

/** Fields that were not asked for come as null, ids aside. */
function projected(asset: Record<string, unknown>, query: URLSearchParams): Record<string, unknown> {
  const [included, excluded] = [query.get('includeFields')?.split(','), query.get('excludeFields')?.split(',') ?? []];
  const isKept = (name: string) =>
    name === 'assetId' || name === 'assetUUID' || (included ? included.includes(name) : !excluded.includes(name));
  return Object.fromEntries(Object.entries(asset).map(([name, value]) => [name, isKept(name) ? value : null]));
}
