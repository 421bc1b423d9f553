// Damages JSON the way a changed API would: a field missing, null, of the other type, or new.

export type MutationKind = 'missing' | 'null' | 'other-type' | 'extra';
export type Path = readonly (string | number)[];

/** All places of a document below its root. */
export function pathsOf(json: unknown, at: Path = []): Path[] {
  const below = typeof json === 'object' && json !== null ? Object.entries(json) : [];
  const here = at.length === 0 ? [] : [at];
  return [...here, ...below.flatMap(([key, value]) => pathsOf(value, [...at, Array.isArray(json) ? Number(key) : key]))];
}

/** A copy with one place damaged; the document itself stays as it is. */
export function mutated(json: unknown, [key, ...rest]: Path, kind: MutationKind): unknown {
  if (key === undefined) return damaged(json, kind);
  if (Array.isArray(json)) {
    const index = Number(key);
    if (rest.length === 0 && kind === 'missing') return json.filter((_, position) => position !== index);
    return json.map((entry: unknown, position) => (position === index ? mutated(entry, rest, kind) : entry));
  }
  // An earlier damage may have taken the place away.
  if (typeof json !== 'object' || json === null || !Object.hasOwn(json, key)) return json;
  const { [key]: entry, ...others } = json as Record<string | number, unknown>;
  return rest.length === 0 && kind === 'missing' ? others : { ...others, [key]: mutated(entry, rest, kind) };
}

function damaged(value: unknown, kind: MutationKind): unknown {
  if (kind === 'null' || kind === 'missing') return null;
  if (kind === 'extra') {
    if (Array.isArray(value)) return [...(value as unknown[]), { addedIn2027: true }];
    return typeof value === 'object' && value !== null ? { ...value, addedIn2027: { deep: [1, 'x', null] } } : [value];
  }
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return /^\d{1,15}$/.test(value) ? Number(value) : 7;
  return 'text';
}
