// CAR assets by what requests and policies call them: host names, and tags.

import type { Problem } from '../../contracts/request.js';
import { hostKey, hostKeysOf } from '../../domain/targets/host-names.js';
import { idTerm } from '../../domain/targets/qql.js';
import type { CarAsset, Qualys } from '../../qualys/types.js';
import { findAssets } from './find.js';
import type { AssetsByKey, Finding } from './find-by-key.js';
import { UnresolvedTargets } from './unresolved.js';

/** Exact names, case-insensitive, one asset each; every name that fails is reported. */
export async function assetsByName(lookup: AssetsByKey, hostnames: readonly string[]): Promise<CarAsset[]> {
  const { found, unreadable } = await findByName(lookup, hostnames);
  const problems: Problem[] = [];
  const assets = hostnames.flatMap((hostname, index) => {
    const matches = found.get(hostname.toLowerCase()) ?? [];
    if (matches.length === 1) return matches;
    const problem =
      matches.length === 0
        ? `${hostname} is unknown to Qualys CAR`
        : `${hostname} is ambiguous (assets ${matches.map(({ assetId }) => assetId).join(', ')}): use the asset id`;
    problems.push({ path: `targets.hostnames[${index}]`, problem });
    return [];
  });
  if (unreadable > 0) {
    // One of them may be a name's only asset, or its second one.
    const problem = `Qualys lists ${unreadable} asset(s) for these names in unreadable rows. Use asset ids`;
    problems.push({ path: 'targets.hostnames', problem });
  }
  if (problems.length > 0) throw new UnresolvedTargets(problems);
  return assets;
}

/**
 * Every asset that one of these names stands for: a whole name of it, or the first label of one, be it the asset's own name or one of its
 * interfaces'. `named`: those that stand for any, as keys. A name with a dot can only be a whole one, and one without is its own first
 * label.
 */
export async function findHosts(
  lookup: AssetsByKey,
  hostnames: readonly string[],
): Promise<{ assets: CarAsset[]; named: Set<string>; unreadable: number }> {
  const keys = hostnames.map(hostKey).filter((key) => key !== '');
  const byName = await lookup.find('host', keys);
  const byAlias = byName.isWalk ? { assets: [], unreadable: 0 } : await lookup.find('alias', keys);
  const assets = [...byName.assets, ...byAlias.assets];
  return { assets, named: new Set(assets.flatMap(hostKeysOf)), unreadable: byName.unreadable + byAlias.unreadable };
}

/** By name in lower case. */
async function findByName(
  lookup: AssetsByKey,
  hostnames: readonly string[],
): Promise<{ found: Map<string, CarAsset[]>; unreadable: number }> {
  const found = new Map<string, CarAsset[]>();
  const { assets, unreadable } = await lookup.find('name', hostnames);
  for (const asset of assets) {
    const name = asset.name.trim().toLowerCase();
    found.set(name, [...(found.get(name) ?? []), asset]);
  }
  return { found, unreadable };
}

/** Page by page. `onUnreadable` is told of rows of which it cannot be told whether they have the tag. */
export function assetsByTag(
  qualys: Qualys,
  tagId: string,
  { runId, onPage, onUnreadable }: Finding & { onUnreadable: (rows: number) => void },
): AsyncGenerator<CarAsset[]> {
  return findAssets(qualys, {
    runId,
    filter: idTerm('tags.id', tagId),
    belongs: ({ tags }) => tags.includes(tagId),
    probe: ({ tags }) => {
      const own = tags.find((tag) => /^\d{1,19}$/.test(tag));
      return own === undefined ? undefined : idTerm('tags.id', own);
    },
    onPage: (rows) => onPage({ source: `tag ${tagId}`, rows }),
    onUnreadable,
  });
}
