// Which asset a host name of a request means. By default the asset of exactly that name. Tickets carry `web-1.corp.example.com` where the
// inventory has `web-1`, or the reverse: `match: label` takes the first label then, where it stands for one asset only.
import { firstLabel, hostKey } from './host-names.js';

export type NameMatch = 'exact' | 'label';

export type MatchedName<Asset> =
  | { kind: 'whole'; asset: Asset }
  /** Its first label is that of no other asset, by whatever name, and no other name of the request claims the asset by it. */
  | { kind: 'label'; asset: Asset }
  | { kind: 'unknown' }
  | { kind: 'ambiguous'; assets: readonly Asset[] }
  /** These names of the request, each of another domain, have the one asset's first label: one of them is another host. */
  | { kind: 'claimed'; asset: Asset; by: readonly string[] };

interface Named {
  assetId: string;
  name: string;
  /** Its other host names: they make no match, and a label that another asset has among them stands for neither. */
  aliases?: readonly string[] | undefined;
}

/** One answer for each name, in their order. A whole name goes before every label. */
export function matchNames<Asset extends Named>(
  hostnames: readonly string[],
  assets: readonly Asset[],
  match: NameMatch,
): MatchedName<Asset>[] {
  const byName = groupedBy(assets, ({ name }) => [hostKey(name)]);
  const labels = match === 'label' ? assets : [];
  const byLabel = groupedBy(labels, ({ name }) => [labelOf(name)]);
  const byAlias = groupedBy(labels, ({ aliases = [] }) => aliases.map(labelOf));
  const first = hostnames.map((hostname) => matchOne(hostname, { byName, byLabel, byAlias }));
  const domains = new Map<string, Set<string>>();
  for (const [index, found] of first.entries()) {
    if (found.kind !== 'whole' && found.kind !== 'label') continue;
    const key = hostKey(hostnames[index] ?? '');
    const claims = domains.get(found.asset.assetId) ?? new Set<string>();
    if (key.includes('.')) claims.add(key);
    domains.set(found.asset.assetId, claims);
  }
  return first.map((found) => {
    if (found.kind !== 'label') return found;
    const by = [...(domains.get(found.asset.assetId) ?? [])];
    return by.length > 1 ? { kind: 'claimed', asset: found.asset, by } : found;
  });
}

type Grouped<Asset> = ReadonlyMap<string, readonly Asset[]>;

function matchOne<Asset extends Named>(
  hostname: string,
  { byName, byLabel, byAlias }: Record<'byName' | 'byLabel' | 'byAlias', Grouped<Asset>>,
): MatchedName<Asset> {
  const whole = byName.get(hostKey(hostname)) ?? [];
  const label = labelOf(hostname);
  const found = whole.length > 0 ? whole : (byLabel.get(label) ?? []);
  const [asset, another] = found;
  if (!asset) return { kind: 'unknown' };
  if (another) return { kind: 'ambiguous', assets: found };
  if (whole.length > 0) return { kind: 'whole', asset };
  const others = (byAlias.get(label) ?? []).filter(({ assetId }) => assetId !== asset.assetId);
  return others.length > 0 ? { kind: 'ambiguous', assets: [asset, ...others] } : { kind: 'label', asset };
}

/** An address has no labels: `10.0.0.5` is not the host `10`. */
export function labelOf(name: string): string {
  const key = hostKey(name);
  return /^\d{1,3}(\.\d{1,3}){3}$|:/.test(key) ? key : firstLabel(key);
}

/** What an inventory is asked for a name. */
export function askedFor(hostname: string, match: NameMatch): string[] {
  return match === 'label' ? [...new Set([hostKey(hostname), labelOf(hostname)])] : [hostname];
}

/**
 * `web-1.corp.example.com → WEB-1 (20452610)`, and a word where both have a domain, which are not the same, and where the other host names
 * of all assets are not known.
 */
export function labelMatchText(
  hostname: string,
  { assetId, name }: Named,
  { areAllKnown = true }: { areAllKnown?: boolean | undefined } = {},
): string {
  const other = hostKey(hostname).includes('.') && hostKey(name).includes('.') ? ', of another domain' : '';
  return `${hostname} → ${name} (${assetId}${other}${areAllKnown ? '' : ', other names not all compared'})`;
}

function groupedBy<Asset>(assets: readonly Asset[], keysOf: (asset: Asset) => readonly string[]): Map<string, Asset[]> {
  const groups = new Map<string, Asset[]>();
  for (const asset of assets) {
    for (const key of new Set(keysOf(asset))) if (key !== '') groups.set(key, [...(groups.get(key) ?? []), asset]);
  }
  return groups;
}
