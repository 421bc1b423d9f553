// From the request's targets to the frozen cohort, page by page into the ledger.
import { moreNotJoinedRecord, NAMED_AT_MOST, NOT_JOINED, type NotJoined, notJoinedRecords } from '../domain/asset-join-record.js';
import { isOtherPlatform, isToldApart } from '../domain/platform.js';
import { idTerm } from '../domain/qql.js';
import type { CohortAsset, FrozenCohort } from '../ledger/cohort.js';
import type { CarAsset, Script } from '../qualys/qualys.js';
import type { Problem, Targets } from '../schema/request.js';
import type { ActivityDependencies } from './dependencies.js';
import { findAssets } from './find-assets.js';
import { AssetsByKey } from './find-assets-by-key.js';
import { inventoryHosts } from './inventory-hosts.js';
import { joinInventory } from './join-inventory.js';

const PAGE_SIZE = 1_000;
/** What reading the platforms of assets given by id may cost where CAR does not filter by id: 50,000 assets, looked at one by one. */
const PAGES_FOR_PLATFORMS = 50;
const ASSET_ID = /^\d{1,19}$/;

/** Targets that do not stand for exactly one asset each. */
export class UnresolvedTargets extends Error {
  override readonly name = 'UnresolvedTargets';

  constructor(readonly problems: Problem[]) {
    super(
      `${problems.length} target(s) cannot be resolved: ${problems
        .slice(0, 5)
        .map(({ path, problem }) => `${path}: ${problem}`)
        .join('; ')}${problems.length > 5 ? `; and ${problems.length - 5} more` : ''}`,
    );
  }
}

interface Resolving {
  runId: string;
  /** Which attempt to open the run this is, as the ledger counts them. */
  attempt: number;
  targets: Targets;
  script: Pick<Script, 'platform'>;
  /** Told after every page, so that a dead worker is noticed. */
  onPage: (found: { source: string; rows: number }) => void;
  /** Counted up for every asset that comes with its tags: candidates for the tag planner. */
  tagsSeen?: Map<string, number> | undefined;
}

/** A later attempt opens the run, or the run has ended: nothing that this one finds is wanted. */
export class OpeningIsOver extends Error {}

/** What the resolution works with. A dry run has a ledger that is thrown away, and no workflow. */
export type ResolvingWith = Pick<ActivityDependencies, 'ledger' | 'qualys' | 'policy'>;

/** Walks the targets into the ledger, and freezes the cohort without what is excluded. */
export async function resolveTargets(dependencies: ResolvingWith, resolving: Resolving): Promise<FrozenCohort> {
  const { ledger, qualys } = dependencies;
  const { runId, targets } = resolving;
  const lookup = new AssetsByKey(qualys, resolving);
  const byName = targets.hostnames?.length ? await assetsByName(lookup, targets.hostnames) : [];
  await addExplicit(dependencies, resolving, lookup);
  await add(dependencies, resolving, byName);

  for (const tagId of targets.assetTagIds ?? []) {
    for await (const assets of taggedWith(dependencies, tagId, resolving)) await add(dependencies, resolving, assets);
  }
  if (targets.query) await addQueried(dependencies, resolving, { query: targets.query, lookup });
  // What policy forbids stays in the cohort, visibly skipped: nobody shall take its absence for an oversight.
  const neverTouch = await neverTouched(dependencies, resolving, lookup);
  const { attempt } = resolving;
  const cohort = await ledger.cohort.freeze(runId, { attempt, excluded: targets.excludedAssetIds ?? [], neverTouch });
  if (!cohort) throw new OpeningIsOver(`The run ${runId} has ended, or a later attempt opens it.`);
  return cohort;
}

/**
 * Assets given by id, with what CAR knows of them where their platform matters: a search for each thousand. An id that CAR does not
 * know stays: whether it gets an asset job is what its execution shows.
 */
async function addExplicit(dependencies: ResolvingWith, resolving: Resolving, lookup: AssetsByKey): Promise<void> {
  const { runId, script, targets } = resolving;
  const excluded = new Set(targets.excludedAssetIds);
  const assetIds = [...new Set(targets.assetIds)].filter((assetId) => !excluded.has(assetId));
  if (assetIds.length === 0) return;
  if (!isToldApart(script.platform)) {
    return enter(
      dependencies,
      resolving,
      assetIds.map((assetId) => ({ assetId })),
    );
  }
  const { assets, isComplete } = await lookup.find('assetId', assetIds, PAGES_FOR_PLATFORMS);
  const known = new Map(assets.map((asset) => [asset.assetId, asset]));
  await add(
    dependencies,
    resolving,
    assetIds.map((assetId): CarAsset => known.get(assetId) ?? { assetId, name: '', tags: [] }),
  );
  if (isComplete) return;
  const detail = `Qualys does not filter assets by id, and has too many to look at each: the platforms of ${assetIds.length - known.size} assets were not read`;
  await dependencies.ledger.audit.addOnce(runId, { action: 'platforms-unread', detail });
}

async function addQueried(
  dependencies: ResolvingWith,
  resolving: Resolving,
  { query, lookup }: { query: NonNullable<Targets['query']>; lookup: AssetsByKey },
): Promise<void> {
  const { qualys } = dependencies;
  const { runId, onPage } = resolving;
  if (query.source === 'car') {
    // The operator's own filter is sent as it is: a query is theirs to write, and it can only choose assets.
    for await (const page of qualys.searchAssets({ filter: query.filter, pageSize: PAGE_SIZE, runId })) {
      await add(dependencies, resolving, page.rows);
      onPage({ source: query.filter.slice(0, 80), rows: page.rows.length });
    }
    return;
  }
  const hosts = inventoryHosts(qualys, query, resolving);
  let apart = 0;
  for await (const { assets, notJoined } of joinInventory(query.source, hosts, lookup)) {
    await add(dependencies, resolving, assets);
    await tellNotJoined(dependencies, resolving, notJoined.slice(0, Math.max(0, NAMED_AT_MOST - apart)));
    apart += notJoined.length;
  }
  if (apart <= NAMED_AT_MOST) return;
  const detail = moreNotJoinedRecord(resolving.attempt, query.source, apart - NAMED_AT_MOST);
  await dependencies.ledger.audit.add(runId, { action: NOT_JOINED, detail });
}

/** By name, into the audit log: a host that is left out in silence would be taken for mended. */
async function tellNotJoined({ ledger }: ResolvingWith, { runId, attempt }: Resolving, notJoined: readonly NotJoined[]): Promise<void> {
  const [first] = notJoined;
  if (!first) return;
  for (const detail of notJoinedRecords(attempt, first.source, notJoined)) await ledger.audit.add(runId, { action: NOT_JOINED, detail });
}

async function enter({ ledger }: ResolvingWith, resolving: Resolving, assets: readonly CohortAsset[]): Promise<void> {
  const { runId, attempt, targets } = resolving;
  const strange = assets.filter(({ assetId }) => !ASSET_ID.test(assetId));
  if (strange.length > 0) {
    const shown = strange.slice(0, 5).map(({ assetId }) => JSON.stringify(assetId.slice(0, 60)));
    const problem = `Qualys lists ${strange.length} asset(s) under ids that are no numbers, which no execution takes: ${shown.join(', ')}`;
    throw new UnresolvedTargets([{ path: 'targets', problem }]);
  }
  const excluded = new Set(targets.excludedAssetIds);
  const wanted = assets.filter(({ assetId }) => !excluded.has(assetId));
  if (await ledger.cohort.add(runId, wanted, attempt)) return;
  throw new OpeningIsOver(`The run ${runId} has ended, or a later attempt opens it.`);
}

async function add(dependencies: ResolvingWith, resolving: Resolving, assets: readonly CarAsset[]): Promise<void> {
  const { ledger } = dependencies;
  const { runId, script } = resolving;
  await enter(
    dependencies,
    resolving,
    assets.map((asset) => ({ ...asset, name: asset.name || undefined })),
  );
  for (const tagId of assets.flatMap(({ tags }) => tags)) resolving.tagsSeen?.set(tagId, (resolving.tagsSeen.get(tagId) ?? 0) + 1);
  const others = assets.filter(({ platform }) => isOtherPlatform(script.platform, platform));
  if (others.length > 0) {
    await ledger.cohort.skip(
      runId,
      others.map(({ assetId }) => assetId),
      'other-platform',
    );
  }
}

function taggedWith({ qualys }: ResolvingWith, tagId: string, { runId, onPage }: Resolving): AsyncGenerator<CarAsset[]> {
  return findAssets(qualys, {
    runId,
    filter: idTerm('tags.id', tagId),
    belongs: ({ tags }) => tags.includes(tagId),
    probe: ({ tags }) => {
      const own = tags.find((tag) => /^\d{1,19}$/.test(tag));
      return own === undefined ? undefined : idTerm('tags.id', own);
    },
    onPage: (rows) => onPage({ source: `tag ${tagId}`, rows }),
  });
}

/** Exact names, case-insensitive, one asset each; every name that fails is reported. */
async function assetsByName(lookup: AssetsByKey, hostnames: readonly string[]): Promise<CarAsset[]> {
  const found = await findByName(lookup, hostnames);
  const problems: Problem[] = [];
  const assets = hostnames.flatMap((hostname, index) => {
    const matches = found.get(hostname.toLowerCase()) ?? [];
    if (matches.length === 1) return matches;
    const problem =
      matches.length === 0
        ? `${hostname} is unknown to Qualys CAR`
        : `${hostname} is ambiguous: it names the assets ${matches.map(({ assetId }) => assetId).join(', ')}; give the id of the one you mean`;
    problems.push({ path: `targets.hostnames[${index}]`, problem });
    return [];
  });
  if (problems.length > 0) throw new UnresolvedTargets(problems);
  return assets;
}

async function findByName(lookup: AssetsByKey, hostnames: readonly string[]): Promise<Map<string, CarAsset[]>> {
  const found = new Map<string, CarAsset[]>();
  for (const asset of (await lookup.find('name', hostnames)).assets) {
    const name = asset.name.trim().toLowerCase();
    found.set(name, [...(found.get(name) ?? []), asset]);
  }
  return found;
}

/** The ids of everything that policy says is never touched, whatever name it goes by. */
async function neverTouched(dependencies: ResolvingWith, resolving: Resolving, lookup: AssetsByKey): Promise<string[]> {
  const { neverTouch } = dependencies.policy;
  const assetIds = [...neverTouch.assetIds];
  for (const tagId of await tagIdsOf(dependencies, neverTouch.tags, resolving)) {
    for await (const assets of taggedWith(dependencies, tagId, resolving)) assetIds.push(...assets.map(({ assetId }) => assetId));
  }
  if (neverTouch.hostnames.length > 0) {
    const found = await findByName(lookup, neverTouch.hostnames);
    assetIds.push(...[...found.values()].flat().map(({ assetId }) => assetId));
  }
  return assetIds;
}

/** Tags by id or exact name; names are looked up in the list of tags, as assets show ids only. Two tags may bear one name: both are meant. */
async function tagIdsOf({ qualys, ledger }: ResolvingWith, tags: readonly string[], { runId, onPage }: Resolving): Promise<string[]> {
  const ids = tags.filter((tag) => /^\d+$/.test(tag));
  const names = new Set(tags.filter((tag) => !/^\d+$/.test(tag)).map((name) => name.toLowerCase()));
  if (names.size === 0) return ids;
  const unknown = new Set(names);
  for await (const page of qualys.searchTags({ runId })) {
    onPage({ source: 'tags', rows: page.rows.length });
    for (const { tagId, name } of page.rows) {
      if (!names.has(name.toLowerCase())) continue;
      ids.push(tagId);
      unknown.delete(name.toLowerCase());
    }
  }
  if (unknown.size > 0) {
    const detail = `policy.neverTouch names tags that Qualys does not list: ${[...unknown].join(', ')}`;
    await ledger.audit.add(runId, { action: 'unknown-tags', detail });
  }
  return ids;
}
