// Every name that a row gives its host, beside the `name` of a CAR asset. Documented are `interfaces[].hostname` of CAR
// (docs/qualys-api.md#car-assets), `assetName` and `dnsName` of GAV, `hostName` of EDR; rows have grown other ones over the years, and a
// policy that names a host means it under each of them.
import { folded, isRecord } from './values.js';

/** Compared without case and separators, as the services spell them differently. */
const OF_A_HOST: ReadonlySet<string> = new Set([
  'assetname',
  'hostname',
  'dnsname',
  'dnshostname',
  'netbiosname',
  'netbioshostname',
  'fqdn',
  'computername',
]);
const INTERFACES: ReadonlySet<string> = new Set([
  'interfaces',
  'interface',
  'networkinterfaces',
  'networkinterface',
  'networkinterfacelistdata',
]);

/** Distinct, the interfaces' first: those can be searched for. */
export function hostNamesOf(row: unknown): string[] {
  const names = new Set<string>();
  addInterfaceNames(names, row);
  addNames(names, row);
  return [...names];
}

function addInterfaceNames(names: Set<string>, row: unknown): void {
  if (!isRecord(row)) return;
  for (const field of Object.keys(row)) {
    if (!INTERFACES.has(folded(field))) continue;
    const value = row[field];
    for (const one of Array.isArray(value) ? value : [value]) {
      addNames(names, one);
      addInterfaceNames(names, one);
    }
  }
}

function addNames(names: Set<string>, row: unknown): void {
  if (!isRecord(row)) return;
  for (const field of Object.keys(row)) {
    const value = row[field];
    if (typeof value !== 'string' || !OF_A_HOST.has(folded(field))) continue;
    const name = value.trim();
    if (name !== '') names.add(name);
  }
}
