// From the request's targets to the frozen cohort, page by page into the ledger.
import { batches } from '../domain/batches.js';
import { anyOf, idTerm, type Qql, term } from '../domain/qql.js';
import type { CarAsset } from '../qualys/qualys.js';
import type { Problem, Targets } from '../schema/request.js';
import type { ActivityDependencies } from './dependencies.js';

/** Names in one search: a filter of some 20 KB at most. */
const NAMES_A_SEARCH = 200;
const PAGE_SIZE = 1_000;

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
  targets: Targets;
  /** Told after every page, so that a dead worker is noticed. */
  onPage: (found: { source: string; rows: number }) => void;
}

export async function resolveTargets(dependencies: ActivityDependencies, resolving: Resolving): Promise<void> {
  const { ledger } = dependencies;
  const { runId, targets } = resolving;
  if (targets.query && targets.query.source !== 'car') {
    throw new UnresolvedTargets([
      { path: 'targets.query.source', problem: `${targets.query.source} comes with a later version: use "car"` },
    ]);
  }
  const byName = targets.hostnames?.length ? await assetsByName(dependencies, targets.hostnames, resolving) : [];
  await ledger.cohort.add(runId, [...(targets.assetIds ?? []).map((assetId) => ({ assetId })), ...byName]);

  for (const tagId of targets.assetTagIds ?? []) {
    await addMatching(dependencies, resolving, idTerm('tags.id', tagId), (asset) => asset.tags.includes(tagId));
  }
  // The operator's own filter is sent as it is: a query is theirs to write, and it can only choose assets.
  if (targets.query) await addMatching(dependencies, resolving, targets.query.filter as Qql, () => true);
  await ledger.cohort.remove(runId, targets.excludedAssetIds ?? []);
  // What policy forbids stays in the cohort, visibly skipped: nobody shall take its absence for an oversight.
  await ledger.cohort.skip(runId, await neverTouched(dependencies, resolving), 'never-touch');
}

async function addMatching(
  dependencies: ActivityDependencies,
  resolving: Resolving,
  filter: Qql,
  belongs: (asset: CarAsset) => boolean,
): Promise<void> {
  const { qualys, ledger } = dependencies;
  for await (const page of qualys.searchAssets({ filter, pageSize: PAGE_SIZE, runId: resolving.runId })) {
    await ledger.cohort.add(resolving.runId, page.rows.filter(belongs));
    resolving.onPage({ source: filter.slice(0, 80), rows: page.rows.length });
  }
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
  resolving: Resolving,
): Promise<Map<string, CarAsset[]>> {
  const wanted = new Set(hostnames.map((hostname) => hostname.toLowerCase()));
  const found = new Map<string, CarAsset[]>();
  for (const part of batches([...wanted], NAMES_A_SEARCH)) {
    const filter = anyOf(part.map((hostname) => term('name', hostname)));
    for await (const page of qualys.searchAssets({ filter, pageSize: PAGE_SIZE, runId: resolving.runId })) {
      for (const asset of page.rows) {
        const name = asset.name.toLowerCase();
        const known = found.get(name) ?? [];
        if (wanted.has(name) && !known.some(({ assetId }) => assetId === asset.assetId)) found.set(name, [...known, asset]);
      }
      resolving.onPage({ source: 'hostnames', rows: page.rows.length });
    }
  }
  return found;
}

/** The ids of everything that policy says is never touched, whatever name it goes by. */
async function neverTouched(dependencies: ActivityDependencies, resolving: Resolving): Promise<string[]> {
  const { neverTouch } = dependencies.policy;
  const assetIds = [...neverTouch.assetIds];
  for (const tag of neverTouch.tags) {
    const byId = /^\d+$/.test(tag);
    const filter = byId ? idTerm('tags.id', tag) : term('tags.name', tag);
    for await (const page of dependencies.qualys.searchAssets({ filter, pageSize: PAGE_SIZE, runId: resolving.runId })) {
      assetIds.push(...page.rows.filter((asset) => !byId || asset.tags.includes(tag)).map(({ assetId }) => assetId));
    }
  }
  if (neverTouch.hostnames.length > 0) {
    const found = await findByName(dependencies, neverTouch.hostnames, resolving);
    assetIds.push(...[...found.values()].flat().map(({ assetId }) => assetId));
  }
  return assetIds;
}
