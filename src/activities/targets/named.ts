// CAR assets by what requests and policies call them: host names, and tags.

import type { Problem } from '../../contracts/request.js';
import { hostKey, hostKeysOf } from '../../domain/targets/host-names.js';
import { askedFor, labelMatchText, labelOf, type MatchedName, matchNames, type NameMatch } from '../../domain/targets/match-names.js';
import type { CarAsset, Qualys } from '../../qualys/types.js';
import type { AssetsByKey, Finding } from './find-by-key.js';
import { taggedWith } from './tagged.js';
import { UnresolvedTargets } from './unresolved.js';

export interface NamedAssets {
  assets: CarAsset[];
  /** Names that were taken by their first label, and what each was taken for, in words. */
  byLabel: string[];
}

/** Of a gateway that cannot be asked for other host names so many pages of its assets are read; what is behind them is not known. */
const PAGES_FOR_ALIASES = 20;

/** Names in any case, whole or as `match` says, one asset each; every name that fails is reported. */
export async function assetsByName(lookup: AssetsByKey, hostnames: readonly string[], match: NameMatch = 'exact'): Promise<NamedAssets> {
  const asked = hostnames.flatMap((hostname) => askedFor(hostname, match));
  const { assets: found, unreadable, isWalk } = await lookup.find(match === 'label' ? 'host' : 'name', asked);
  const byNames = matchNames(hostnames, found, match);
  const labels = hostnames.filter((_, index) => byNames[index]?.kind === 'label').map(labelOf);
  const rivals = labels.length > 0 && !isWalk ? await lookup.find('alias', labels, PAGES_FOR_ALIASES) : undefined;
  const problems: Problem[] = [];
  const named: NamedAssets = { assets: [], byLabel: [] };
  for (const [index, matched] of matchNames(hostnames, [...byId(found, rivals?.assets)], match).entries()) {
    const hostname = hostnames[index] ?? '';
    if (matched.kind === 'whole' || matched.kind === 'label') {
      named.assets.push(matched.asset);
      if (matched.kind === 'label') named.byLabel.push(labelMatchText(hostname, matched.asset, { areAllKnown: rivals?.isComplete }));
    } else problems.push({ path: `targets.hostnames[${index}]`, problem: `${hostname} ${whyNot(matched, match)}` });
  }
  const unread = unreadable + (rivals?.unreadable ?? 0);
  if (unread > 0) {
    // One of them may be a name's only asset, or its second one.
    const problem = `Qualys lists ${unread} asset(s) for these names in unreadable rows. Use asset ids`;
    problems.push({ path: 'targets.hostnames', problem });
  }
  if (problems.length > 0) throw new UnresolvedTargets(problems);
  return named;
}

function byId(...lists: (readonly CarAsset[] | undefined)[]): Iterable<CarAsset> {
  return new Map(lists.flatMap((assets = []) => assets.map((asset) => [asset.assetId, asset] as const))).values();
}

function whyNot(matched: Exclude<MatchedName<CarAsset>, { kind: 'whole' | 'label' }>, match: NameMatch): string {
  switch (matched.kind) {
    case 'unknown':
      return 'is unknown to Qualys CAR';
    case 'ambiguous': {
      const which = matched.assets.map(({ assetId, name }) => (match === 'label' ? `${assetId} ${name}` : assetId));
      return `is ambiguous (assets ${which.join(', ')}): use the asset id`;
    }
    case 'claimed':
      return `is ambiguous: ${matched.by.join(' and ')} have the first label of asset ${matched.asset.assetId} ${matched.asset.name}: use the asset id`;
  }
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

/** Page by page. `onUnreadable` is told of rows of which it cannot be told whether they have the tag. */
export function assetsByTag(
  qualys: Qualys,
  tagId: string,
  { runId, onPage, onUnreadable }: Finding & { onUnreadable: (rows: number) => void },
): AsyncGenerator<CarAsset[]> {
  return taggedWith(qualys, { runId, tagId, onPage: (rows) => onPage({ source: `tag ${tagId}`, rows }), onUnreadable });
}
