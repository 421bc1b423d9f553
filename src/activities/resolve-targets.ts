// From the request's targets to the frozen cohort, page by page into the ledger.
import { batches } from '../domain/batches.js';
import { isOtherPlatform } from '../domain/platform.js';
import { anyOf, idTerm, term } from '../domain/qql.js';
import type { CohortAsset, FrozenCohort } from '../ledger/cohort.js';
import type { CarAsset, Script } from '../qualys/qualys.js';
import type { Problem, Targets } from '../schema/request.js';
import type { ActivityDependencies } from './dependencies.js';
import { findAssets } from './find-assets.js';

/** Names in one search: a filter of some 20 KB at most. */
const NAMES_A_SEARCH = 200;
const PAGE_SIZE = 1_000;
const ASSET_ID = /^\d{1,19}$/;

/** Targets that do not stand for exactly one asset each. */
export class UnresolvedTargets extends Error {
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
}

/** A later attempt opens the run, or the run has ended: nothing that this one finds is wanted. */
export class OpeningIsOver extends Error {}

/** Walks the targets into the ledger, and freezes the cohort without what is excluded. */
export async function resolveTargets(dependencies: ActivityDependencies, resolving: Resolving): Promise<FrozenCohort> {
  const { ledger, qualys } = dependencies;
  const { runId, targets, onPage } = resolving;
  if (targets.query && targets.query.source !== 'car') {
    throw new UnresolvedTargets([
      { path: 'targets.query.source', problem: `${targets.query.source} comes with a later version: use "car"` },
    ]);
  }
  const byName = targets.hostnames?.length ? await assetsByName(dependencies, targets.hostnames, resolving) : [];
  await enter(
    dependencies,
    resolving,
    (targets.assetIds ?? []).map((assetId) => ({ assetId })),
  );
  await add(dependencies, resolving, byName);

  for (const tagId of targets.assetTagIds ?? []) {
    for await (const assets of taggedWith(dependencies, tagId, resolving)) await add(dependencies, resolving, assets);
  }
  // The operator's own filter is sent as it is: a query is theirs to write, and it can only choose assets.
  if (targets.query) {
    const { filter } = targets.query;
    for await (const page of qualys.searchAssets({ filter, pageSize: PAGE_SIZE, runId })) {
      await add(dependencies, resolving, page.rows);
      onPage({ source: filter.slice(0, 80), rows: page.rows.length });
    }
  }
  // What policy forbids stays in the cohort, visibly skipped: nobody shall take its absence for an oversight.
  const neverTouch = await neverTouched(dependencies, resolving);
  const { attempt } = resolving;
  const cohort = await ledger.cohort.freeze(runId, { attempt, excluded: targets.excludedAssetIds ?? [], neverTouch });
  if (!cohort) throw new OpeningIsOver(`The run ${runId} has ended, or a later attempt opens it.`);
  return cohort;
}

async function enter({ ledger }: ActivityDependencies, resolving: Resolving, assets: readonly CohortAsset[]): Promise<void> {
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

async function add(dependencies: ActivityDependencies, resolving: Resolving, assets: readonly CarAsset[]): Promise<void> {
  const { ledger } = dependencies;
  const { runId, script } = resolving;
  await enter(dependencies, resolving, assets);
  const others = assets.filter(({ platform }) => isOtherPlatform(script.platform, platform));
  if (others.length > 0) {
    await ledger.cohort.skip(
      runId,
      others.map(({ assetId }) => assetId),
      'other-platform',
    );
  }
}

function taggedWith({ qualys }: ActivityDependencies, tagId: string, { runId, onPage }: Resolving): AsyncGenerator<CarAsset[]> {
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
async function assetsByName(dependencies: ActivityDependencies, hostnames: readonly string[], resolving: Resolving): Promise<CarAsset[]> {
  const found = await findByName(dependencies, hostnames, resolving);
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

async function findByName(
  { qualys }: ActivityDependencies,
  hostnames: readonly string[],
  { runId, onPage }: Resolving,
): Promise<Map<string, CarAsset[]>> {
  const wanted = new Set(hostnames.map((hostname) => hostname.toLowerCase()));
  const found = new Map<string, CarAsset[]>();
  for (const part of batches([...wanted], NAMES_A_SEARCH)) {
    const pages = findAssets(qualys, {
      runId,
      filter: anyOf(part.map((hostname) => term('name', hostname))),
      belongs: ({ name }) => wanted.has(name.toLowerCase()),
      probe: ({ name }) => (/^[\w.-]+$/.test(name) ? term('name', name) : undefined),
      onPage: (rows) => onPage({ source: 'hostnames', rows }),
    });
    for await (const assets of pages) {
      for (const asset of assets) {
        const name = asset.name.toLowerCase();
        const known = found.get(name) ?? [];
        if (!known.some(({ assetId }) => assetId === asset.assetId)) found.set(name, [...known, asset]);
      }
    }
  }
  return found;
}

/** The ids of everything that policy says is never touched, whatever name it goes by. */
async function neverTouched(dependencies: ActivityDependencies, resolving: Resolving): Promise<string[]> {
  const { neverTouch } = dependencies.policy;
  const assetIds = [...neverTouch.assetIds];
  for (const tagId of await tagIdsOf(dependencies, neverTouch.tags, resolving)) {
    for await (const assets of taggedWith(dependencies, tagId, resolving)) assetIds.push(...assets.map(({ assetId }) => assetId));
  }
  if (neverTouch.hostnames.length > 0) {
    const found = await findByName(dependencies, neverTouch.hostnames, resolving);
    assetIds.push(...[...found.values()].flat().map(({ assetId }) => assetId));
  }
  return assetIds;
}

/** Tags by id or exact name; names are looked up in the list of tags, as assets show ids only. Two tags may bear one name: both are meant. */
async function tagIdsOf(
  { qualys, ledger }: ActivityDependencies,
  tags: readonly string[],
  { runId, onPage }: Resolving,
): Promise<string[]> {
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
