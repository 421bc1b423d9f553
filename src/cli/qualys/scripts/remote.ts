// All scripts of the subscription, listed once, with the content of those whose titles are asked for.
import type { QualysClient } from '../../../qualys/client.js';
import type { RemoteScript } from './compare.js';

export async function remoteScripts(qualys: QualysClient, titles: ReadonlySet<string>, signal: AbortSignal): Promise<RemoteScript[]> {
  const found = new Map<string, RemoteScript>();
  for await (const { rows, raw = [] } of qualys.searchScripts({ raw: true, signal })) {
    const rawById = new Map(raw.filter(isRecord).map((row) => [String(row['id']), row]));
    for (const { id, title, status } of rows) found.set(id, { id, title, status, raw: rawById.get(id) ?? {} });
  }
  const wanted = [...found.values()].filter(({ title }) => titles.has(title.trim())).map(({ id }) => id);
  if (wanted.length === 0) return [...found.values()];
  const { scripts, refused } = await qualys.exportScripts(wanted, { signal });
  for (const { id, sha256, raw } of scripts) {
    const listed = found.get(id);
    if (listed) found.set(id, { ...listed, sha256, raw: { ...listed.raw, ...raw } });
  }
  // Deprecated and rejected scripts are not exported.
  for (const { id } of refused) {
    const listed = found.get(id);
    if (listed) found.set(id, { ...listed, sha256: (await qualys.script(id)).sha256 });
  }
  return [...found.values()];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
