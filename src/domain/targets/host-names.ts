// Host names as people write them into a policy: whole, or only the part before the first dot; in any case, with or without the root's dot.

/** As names are compared. Without the dot at the end that DNS writes for the root. */
export function hostKey(name: string): string {
  return name.trim().toLowerCase().replace(/\.$/, '');
}

/** `db-1` of `DB-1.example.com`. */
export function firstLabel(name: string): string {
  const [label = ''] = hostKey(name).split('.', 1);
  return label;
}

/** True for a host whose whole name, or whose first label, is one of these. */
export function hostMatcher(hostnames: readonly string[]): (name: string) => boolean {
  const keys = new Set(hostnames.map(hostKey).filter((key) => key !== ''));
  return (name) => keys.has(hostKey(name)) || keys.has(firstLabel(name));
}

/** What a host may be called by: each of its names, whole and by its first label. */
export function hostKeysOf({ name, aliases = [] }: { name: string; aliases?: readonly string[] | undefined }): string[] {
  return [...new Set([name, ...aliases].flatMap((one) => [hostKey(one), firstLabel(one)]))].filter((key) => key !== '');
}

/** The names that say more than `name` does to whoever compares whole names and first labels. */
export function otherNames(name: string | undefined, aliases: readonly string[]): string[] {
  const said = new Set(name === undefined ? [] : [hostKey(name), firstLabel(name)]);
  const others = new Map<string, string>();
  for (const alias of aliases) if (!said.has(hostKey(alias)) && hostKey(alias) !== '') others.set(hostKey(alias), alias.trim());
  return [...others.values()];
}
