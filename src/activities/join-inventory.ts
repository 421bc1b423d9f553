// The CAR assets of an inventory's hosts. CAR is asked by id for all of a batch, by agent UUID and by name only for those that are
// not certain by then; `domain/asset-join.ts` decides.
import { CarIndex, type InventoryHost, joinHost } from '../domain/asset-join.js';
import type { NotJoined } from '../domain/asset-join-record.js';
import type { CarAsset } from '../qualys/qualys.js';
import { type AssetsByKey, canBeAsked } from './find-assets-by-key.js';

export interface JoinedPart {
  assets: CarAsset[];
  notJoined: NotJoined[];
}

/** Batch by batch, in bounded memory. An asset that two hosts stand for may come twice. */
export async function* joinInventory(
  source: string,
  pages: AsyncIterable<InventoryHost[]>,
  lookup: AssetsByKey,
): AsyncGenerator<JoinedPart> {
  let waiting: InventoryHost[] = [];
  for await (const page of pages) {
    waiting.push(...page);
    while (waiting.length >= lookup.keysAtOnce) {
      const batch = waiting.slice(0, lookup.keysAtOnce);
      waiting = waiting.slice(batch.length);
      yield await joinBatch(source, batch, lookup);
    }
  }
  if (waiting.length > 0) yield await joinBatch(source, waiting, lookup);
}

async function joinBatch(source: string, hosts: readonly InventoryHost[], lookup: AssetsByKey): Promise<JoinedPart> {
  const index = await carIndexOf(hosts, lookup);
  const part: JoinedPart = { assets: [], notJoined: [] };
  for (const host of hosts) {
    const joined = joinHost(host, index);
    if (joined.kind === 'joined') part.assets.push(joined.asset);
    else part.notJoined.push({ source, id: host.id, name: host.names[0], why: joined.why, candidates: joined.candidates });
  }
  return part;
}

async function carIndexOf(hosts: readonly InventoryHost[], lookup: AssetsByKey): Promise<CarIndex<CarAsset>> {
  const index = new CarIndex<CarAsset>();
  const ask = async (key: Parameters<AssetsByKey['find']>[0], values: readonly (string | undefined)[]): Promise<void> => {
    const asked = values.filter((value) => value !== undefined && canBeAsked(value)) as string[];
    if (asked.length > 0) index.add((await lookup.find(key, asked)).assets);
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
  return index;
}

/** CAR knows the id, and the agent under it is the host's or unknown to the inventory: no other key could say more. */
function isCertain({ assetId, agentUuid }: InventoryHost, index: CarIndex<CarAsset>): boolean {
  const asset = index.withId(assetId);
  return asset !== undefined && (agentUuid === undefined || index.withAgent(agentUuid).includes(asset));
}
