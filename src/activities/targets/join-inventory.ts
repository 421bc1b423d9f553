// The CAR assets of an inventory's hosts. CAR is asked by id for all of a batch, by agent UUID and by name only for those that are
// not certain by then; `domain/targets/join.ts` decides.
import { CarIndex, type InventoryHost, joinHost } from '../../domain/targets/join.js';
import type { NotJoined } from '../../domain/targets/join-record.js';
import type { CarAsset } from '../../qualys/types.js';
import { type AssetsByKey, canBeAsked } from './find-by-key.js';
import type { HostPage } from './inventory-hosts.js';

export interface JoinedPart {
  assets: CarAsset[];
  notJoined: NotJoined[];
  /** Rows that could not be understood: of the inventory, and of CAR, where any of them may be an asset of a host. */
  unreadable: { inventory: number; car: number };
}

/** Batch by batch, in bounded memory. An asset that two hosts stand for may come twice. */
export async function* joinInventory(source: string, pages: AsyncIterable<HostPage>, lookup: AssetsByKey): AsyncGenerator<JoinedPart> {
  let waiting: InventoryHost[] = [];
  for await (const { hosts, unreadable } of pages) {
    if (unreadable > 0) yield { assets: [], notJoined: [], unreadable: { inventory: unreadable, car: 0 } };
    waiting.push(...hosts);
    while (waiting.length >= lookup.keysAtOnce) {
      const batch = waiting.slice(0, lookup.keysAtOnce);
      waiting = waiting.slice(batch.length);
      yield await joinBatch(source, batch, lookup);
    }
  }
  if (waiting.length > 0) yield await joinBatch(source, waiting, lookup);
}

async function joinBatch(source: string, hosts: readonly InventoryHost[], lookup: AssetsByKey): Promise<JoinedPart> {
  const { index, unreadable: car } = await carIndexOf(hosts, lookup);
  const part: JoinedPart = { assets: [], notJoined: [], unreadable: { inventory: 0, car } };
  for (const host of hosts) {
    const joined = joinHost(host, index);
    if (joined.kind === 'joined') part.assets.push(calledToo(joined.asset, host));
    else part.notJoined.push({ source, id: host.id, name: host.names[0], why: joined.why, candidates: joined.candidates });
  }
  return part;
}

/** The asset is known by what its other inventory calls it, too: policy may name it so. It was seen at the later of their instants. */
function calledToo(asset: CarAsset, { names, aliases = [], lastSeenAt }: InventoryHost): CarAsset {
  const seen = [asset.lastSeenAt, lastSeenAt].filter((at) => at !== undefined);
  return {
    ...asset,
    aliases: [...new Set([...(asset.aliases ?? []), ...names, ...aliases])],
    ...(seen.length === 0 ? {} : { lastSeenAt: Math.max(...seen) }),
  };
}

async function carIndexOf(
  hosts: readonly InventoryHost[],
  lookup: AssetsByKey,
): Promise<{ index: CarIndex<CarAsset>; unreadable: number }> {
  const index = new CarIndex<CarAsset>();
  let unreadable = 0;
  const ask = async (key: Parameters<AssetsByKey['find']>[0], values: readonly (string | undefined)[]): Promise<void> => {
    const asked = values.filter((value) => value !== undefined && canBeAsked(value)) as string[];
    if (asked.length === 0) return;
    const found = await lookup.find(key, asked);
    index.add(found.assets);
    unreadable += found.unreadable;
  };
  await ask(
    'assetId',
    hosts.map(({ assetId }) => (assetId !== undefined && /^\d{1,19}$/.test(assetId) ? assetId : undefined)),
  );
  await ask(
    'agentUuid',
    hosts.map((host) => (isCertain(host, index) ? undefined : host.agentUuid)),
  );
  const unnamed = hosts.filter((host) => !index.withId(host.assetId) && index.withAgent(host.agentUuid).length !== 1);
  await ask(
    'name',
    unnamed.flatMap(({ names }) => names),
  );
  return { index, unreadable };
}

/** CAR knows the id, and the agent under it is the host's or unknown to the inventory: no other key could say more. */
function isCertain({ assetId, agentUuid }: InventoryHost, index: CarIndex<CarAsset>): boolean {
  const asset = index.withId(assetId);
  return asset !== undefined && (agentUuid === undefined || index.withAgent(agentUuid).includes(asset));
}
