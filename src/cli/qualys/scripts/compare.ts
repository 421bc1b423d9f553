// A folder against a subscription, title by title: what is new, the same, different, or only there.
import type { LibraryField } from '../../../contracts/config/script-library.js';
import type { LocalScript } from './library.js';

export interface RemoteScript {
  id: string;
  title: string;
  status: string;
  /** Undefined where Qualys does not show the content. */
  sha256?: string | undefined;
  /** The row as Qualys sent it. */
  raw: Readonly<Record<string, unknown>>;
}

export interface Difference {
  field: LibraryField | 'content' | 'title';
  here: string;
  there: string;
}

export type Compared =
  | { state: 'new'; title: string; file: string }
  | { state: 'same'; title: string; file: string; scriptId: string; status: string }
  | { state: 'different'; title: string; file: string; scriptId: string; status: string; differences: Difference[] }
  | { state: 'only-there'; title: string; scriptId: string; status: string };

const FIELDS: readonly LibraryField[] = ['platform', 'type', 'category', 'severity', 'timeout', 'description'];

/** Compared are titles, whole; of the fields those that the folder states. */
export function compareLibrary(local: readonly LocalScript[], remote: readonly RemoteScript[]): Compared[] {
  const byTitle = new Map<string, RemoteScript[]>();
  for (const script of remote) byTitle.set(script.title.trim(), [...(byTitle.get(script.title.trim()) ?? []), script]);
  const compared = local.map((script): Compared => {
    const { title, file } = script.entry;
    const [one, ...others] = byTitle.get(title) ?? [];
    if (!one) return { state: 'new', title, file };
    const found = { title, file, scriptId: one.id, status: one.status };
    const differences = differencesOf(script, one);
    if (others.length > 0)
      differences.unshift({ field: 'title', here: 'one script', there: `scripts ${[one, ...others].map(({ id }) => id).join(', ')}` });
    return differences.length === 0 ? { state: 'same', ...found } : { state: 'different', ...found, differences };
  });
  const here = new Set(local.map(({ entry }) => entry.title));
  const rest = remote.filter(({ title }) => !here.has(title.trim()));
  return [...compared, ...rest.map(({ id, title, status }): Compared => ({ state: 'only-there', title, scriptId: id, status }))];
}

function differencesOf({ entry, sha256 }: LocalScript, remote: RemoteScript): Difference[] {
  const content: Difference[] =
    remote.sha256 === sha256 ? [] : [{ field: 'content', here: shortHash(sha256), there: shortHash(remote.sha256) }];
  const fields = FIELDS.flatMap((field): Difference[] => {
    const here = textOf(entry[field]);
    const there = textOf(remote.raw[field === 'timeout' ? 'threshold' : field]);
    // Names of languages and platforms come in several spellings (docs/qualys-api.md#scripts).
    const isSame = field === 'description' ? here === there : here?.toLowerCase() === there?.toLowerCase();
    return here === undefined || isSame ? [] : [{ field, here, there: there ?? 'not told' }];
  });
  return [...content, ...fields];
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'object' && value !== null && 'name' in value) return textOf(value.name);
  return typeof value === 'string' || typeof value === 'number' ? String(value).trim() : undefined;
}

function shortHash(sha256: string | undefined): string {
  return sha256 === undefined ? 'not shown' : `sha256 ${sha256.slice(0, 12)}`;
}

export function differenceText({ field, here, there }: Difference): string {
  if (field === 'content') return 'content';
  if (field === 'title') return `title of ${there}`;
  return `${field} ${JSON.stringify(there.slice(0, 60))} there, ${JSON.stringify(here.slice(0, 60))} here`;
}

export function countsOf(compared: readonly Compared[]): Record<Compared['state'], number> {
  const counts = { new: 0, same: 0, different: 0, 'only-there': 0 };
  for (const { state } of compared) counts[state] += 1;
  return counts;
}
