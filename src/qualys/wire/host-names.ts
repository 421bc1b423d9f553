// Every name that a row gives its host, beside the `name` of a CAR asset. Documented are `interfaces[].hostname` of CAR
// (docs/qualys-api.md#car-assets), `assetName` and `dnsName` of GAV, `hostName` of EDR; rows have grown other ones over the years, and a
// policy that names a host means it under each of them.

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
  return [...new Set([...interfaceNames(row), ...namesIn(row)])];
}

function interfaceNames(row: unknown): string[] {
  return entriesOf(row).flatMap(([field, value]) => {
    if (!INTERFACES.has(folded(field))) return [];
    const each = Array.isArray(value) ? value : [value];
    return each.flatMap((one) => [...namesIn(one), ...interfaceNames(one)]);
  });
}

function namesIn(row: unknown): string[] {
  return entriesOf(row).flatMap(([field, value]) => {
    if (typeof value !== 'string' || !OF_A_HOST.has(folded(field))) return [];
    const name = value.trim();
    return name === '' ? [] : [name];
  });
}

function entriesOf(row: unknown): [string, unknown][] {
  return typeof row === 'object' && row !== null && !Array.isArray(row) ? Object.entries(row) : [];
}

function folded(field: string): string {
  return field.toLowerCase().replace(/[_-]/g, '');
}
