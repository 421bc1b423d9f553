import { type Call, ok, type Route } from '../answers/routes.js';
import { countBody, idWriter, listReply, searchRules } from '../answers/wire.js';
import type { SimulatorSettings } from '../options.js';
import { matchingRows, type RowKind, readSearch, searchRows } from '../search/paging.js';
import { qqlOnlyValues } from '../search/qql-match.js';
import { CUSTOMER_UUID, uuidOf } from '../world/chance.js';
import { agentSeenAt, type World } from '../world/state.js';

const CUSTOMER_ID = 12_345;

/** #4, #5 and #18 of the reference: assets, tags, the count. */
export const assetRoutes: Route[] = [
  {
    method: 'POST',
    path: '/sm/v1/assets/search',
    handle(call) {
      const page = searchRows(assetKind(call.world), readSearch(call.body, { searchAfter: true }), searchRules(call));
      return listReply(call, page, 'wrapped', (index) => assetRow(call, index));
    },
  },
  {
    method: 'POST',
    path: '/sm/v1/assettags/search',
    handle(call) {
      const page = searchRows(tagKind(call.world), readSearch(call.body), searchRules(call));
      return listReply(call, page, 'flat', (tag) => tagRow(call, tag));
    },
  },
  {
    method: 'GET',
    path: '/sm/v1/assets/count',
    handle(call) {
      const { filter } = readSearch({ filter: call.query.get('query') ?? undefined });
      const rows = matchingRows(assetKind(call.world), { filter, startAt: undefined, endAt: undefined }, searchRules(call));
      const { agentVersion, operatingSystem, platform } = call.world.fleet;
      return ok(countBody(call, rows, { agentVersion, operatingSystem, platform }));
    },
  },
];

function interfaceToken({ fleet }: World): RowKind<number>['tokens'][string] {
  return { kind: 'text', read: (index) => fleet.interfaceNames(index).filter((name) => name !== null) };
}

const assetKinds = new WeakMap<World, RowKind<number>>();

function assetKind(world: World): RowKind<number> {
  const known = assetKinds.get(world);
  if (known) return known;
  const { fleet } = world;
  const everything = Array.from({ length: fleet.size }, (_, index) => index);
  const kind: RowKind<number> = {
    tokens: {
      assetId: { kind: 'id', read: fleet.assetId },
      id: { kind: 'id', read: fleet.agentUuid },
      name: { kind: 'text', read: fleet.name },
      ...(world.settings.interfaceToken ? { 'interfaces.hostname': interfaceToken(world) } : {}),
      'tags.id': { kind: 'id', read: fleet.tagIds },
      tagId: { kind: 'id', read: fleet.tagIds },
      operatingSystem: { kind: 'text', read: fleet.operatingSystem },
      platform: { kind: 'word', read: fleet.platform },
      agentVersion: { kind: 'id', read: fleet.agentVersion },
    },
    sortKeys: { id: fleet.agentUuid, assetId: fleet.assetId, name: fleet.name },
    candidates(filter) {
      const only = qqlOnlyValues(filter, 'assetId');
      if (only) return indexesOf(world, only);
      const tags = qqlOnlyValues(filter, 'tags.id') ?? qqlOnlyValues(filter, 'tagId');
      return tags ? fleet.tagged(tags) : (namedIndexes(world, qqlOnlyValues(filter, 'name')) ?? everything);
    },
    memo: new Map(),
  };
  assetKinds.set(world, kind);
  return kind;
}

/** What was found before may not be true any more. */
export function forgetSearches(world: World): void {
  assetKinds.delete(world);
}

/** Indexes of the assets with these ids, each once, ascending; ids of no asset are left out. */
export function indexesOf(world: World, assetIds: Iterable<string>): number[] {
  const indexes = new Set<number>();
  for (const assetId of assetIds) {
    const index = world.fleet.indexOf(assetId);
    if (index !== undefined) indexes.add(index);
  }
  return [...indexes].sort((a, b) => a - b);
}

// Whole generated names lie in one asset each, so a thousand of them or'ed need no look at the whole fleet; given names may hold anything.
function namedIndexes(world: World, names: Set<string> | undefined): number[] | undefined {
  if (!names) return undefined;
  const assetIds = Object.keys(world.settings.assetNames);
  for (const name of names) {
    const number = /^host-(\d{6,7})\.example\.com$/i.exec(name)?.[1];
    if (number === undefined) return undefined;
    assetIds.push(String(world.settings.firstAssetId + Number(number) - 1));
  }
  return indexesOf(world, assetIds);
}

function assetRow(call: Call, index: number) {
  const { fleet } = call.world;
  const write = idWriter(call);
  const [name, address] = [fleet.name(index), fleet.address(index)];
  return {
    id: fleet.agentUuid(index),
    assetId: write(fleet.assetId(index), 'number'),
    agentUuid: fleet.agentUuid(index),
    name,
    address,
    operatingSystem: fleet.operatingSystem(index),
    assetType: 'HOST',
    agentVersion: fleet.agentVersion(index),
    activatedForModules: ['AGENT_PC', 'PC'],
    tags: fleet.tagIds(index),
    interfaces: fleet.interfaceNames(index).map((hostname, at) => ({
      hostname,
      macAddress: '02:00:00:00:00:01',
      address,
      interfaceName: `eth${at}`,
    })),
    customerUuid: CUSTOMER_UUID,
    customerId: write(CUSTOMER_ID, 'number'),
    ...(call.world.settings.carCheckIn ? { lastCheckedIn: agentSeenAt(call.world, index) } : {}),
    ...call.world.settings.moreFields[String(fleet.assetId(index))]?.car,
  };
}

type Tag = SimulatorSettings['tags'][number];

function tagKind(world: World): RowKind<Tag> {
  return {
    tokens: {
      tagId: { kind: 'id', read: ({ id }) => id },
      id: { kind: 'id', read: ({ id }) => tagDocumentId(id) },
      name: { kind: 'text', read: ({ name }) => name },
    },
    sortKeys: { id: ({ id }) => tagDocumentId(id), tagId: ({ id }) => id, name: ({ name }) => name },
    candidates: () => world.settings.tags,
  };
}

function tagRow(call: Call, tag: Tag) {
  const write = idWriter(call);
  return {
    id: tagDocumentId(tag.id),
    tagId: write(tag.id, 'number'),
    tagUuid: uuidOf(`tag ${tag.id}`),
    name: tag.name,
    backgroundColor: '#0000FF',
    customerUuid: CUSTOMER_UUID,
    customerId: write(CUSTOMER_ID, 'number'),
  };
}

// `id` and `tagId` are two things in the API: a client that sends the wrong one must notice.
function tagDocumentId(tagId: number): string {
  return `tag-${tagId}`;
}
