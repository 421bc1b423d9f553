// Which asset a host name of a request means. By default the asset of exactly that name. Tickets carry `web-1.corp.example.com` where the
// inventory has `web-1`, or the reverse: `match: label` takes the first label then, where it stands for one asset only.
import { firstLabel, hostKey } from './host-names.js';

export type NameMatch = 'exact' | 'label';

export type MatchedName<Asset> =
  | { kind: 'whole'; asset: Asset }
  /** Its first label is that of no other asset, and no other name of the request claims the asset by it. */
  | { kind: 'label'; asset: Asset }
  | { kind: 'unknown' }
  | { kind: 'ambiguous'; assets: readonly Asset[] }
  /** These names of the request, each of another domain, have the one asset's first label: one of them is another host. */
  | { kind: 'claimed'; asset: Asset; by: readonly string[] };

interface Named {
  assetId: string;
  name: string;
}

/** One answer for each name, in their order. A whole name goes before every label. */
export function matchNames<Asset extends Named>(
  hostnames: readonly string[],
  assets: readonly Asset[],
  match: NameMatch,
): MatchedName<Asset>[] {
  const byName = groupedBy(assets, ({ name }) => hostKey(name));
  const byLabel = match === 'label' ? groupedBy(assets, ({ name }) => labelOf(name)) : new Map<string, Asset[]>();
  const first = hostnames.map((hostname) => matchOne(hostname, { byName, byLabel }));
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

function matchOne<Asset>(
  hostname: string,
  { byName, byLabel }: { byName: ReadonlyMap<string, Asset[]>; byLabel: ReadonlyMap<string, Asset[]> },
): MatchedName<Asset> {
  const whole = byName.get(hostKey(hostname)) ?? [];
  const found = whole.length > 0 ? whole : (byLabel.get(labelOf(hostname)) ?? []);
  const [asset, another] = found;
  if (!asset) return { kind: 'unknown' };
  if (another) return { kind: 'ambiguous', assets: found };
  return { kind: whole.length > 0 ? 'whole' : 'label', asset };
}

/** An address has no labels: `10.0.0.5` is not the host `10`. */
function labelOf(name: string): string {
  const key = hostKey(name);
  return /^\d{1,3}(\.\d{1,3}){3}$|:/.test(key) ? key : firstLabel(key);
}

/** What an inventory is asked for a name. */
export function askedFor(hostname: string, match: NameMatch): string[] {
  return match === 'label' ? [...new Set([hostKey(hostname), labelOf(hostname)])] : [hostname];
}

/** `web-1.corp.example.com → WEB-1 (20452610)`, and a word where both have a domain, which are not the same. */
export function labelMatchText(hostname: string, { assetId, name }: Named): string {
  const other = hostKey(hostname).includes('.') && hostKey(name).includes('.') ? ', of another domain' : '';
  return `${hostname} → ${name} (${assetId}${other})`;
}

function groupedBy<Asset>(assets: readonly Asset[], keyOf: (asset: Asset) => string): Map<string, Asset[]> {
  const groups = new Map<string, Asset[]>();
  for (const asset of assets) {
    const key = keyOf(asset);
    if (key !== '') groups.set(key, [...(groups.get(key) ?? []), asset]);
  }
  return groups;
}
