// Exporting scripts (docs/qualys-api.md#scripts): the rows as they came, so that an import gets them back unchanged.

import { operations, pathOf } from '../catalog.js';
import { QualysError } from '../errors.js';
import { type Reader, read } from '../http/read.js';
import type { CallOptions, ExportedScript, ScriptExport } from '../operations.js';
import { ScriptRow } from '../wire/scripts.js';
import { withHash } from './script.js';

/** Ids a call: URLs stay short. */
const IDS_A_CALL = 50;

export async function exportScripts(reader: Reader, scriptIds: readonly string[], options: CallOptions = {}): Promise<ScriptExport> {
  const ids = [...new Set(scriptIds)];
  const wrong = ids.filter((id) => !/^\d{1,19}$/.test(id));
  if (ids.length === 0 || wrong.length > 0) {
    const problem = ids.length === 0 ? 'Name at least one script' : `${JSON.stringify(wrong[0]?.slice(0, 60))} is not a script id`;
    throw new QualysError('invalid', `scripts/export: ${problem}; an export needs ids, not titles`, { endpoint: 'scripts/export' });
  }
  const exported: ScriptExport = { scripts: [], refused: [] };
  for (let from = 0; from < ids.length; from += IDS_A_CALL) {
    const part = await exportedPart(reader, ids.slice(from, from + IDS_A_CALL), options);
    exported.scripts.push(...part.scripts);
    exported.refused.push(...part.refused);
  }
  return exported;
}

/** One bad id may fail the whole call: then each is asked for by itself. */
async function exportedPart(reader: Reader, ids: readonly string[], options: CallOptions): Promise<ScriptExport> {
  try {
    return sorted(ids, await fetched(reader, ids, options));
  } catch (error) {
    if (!(error instanceof QualysError) || (error.kind !== 'invalid' && error.kind !== 'not-found')) throw error;
    if (ids.length === 1) return { scripts: [], refused: [{ id: ids[0] ?? '', message: error.message }] };
  }
  const exported: ScriptExport = { scripts: [], refused: [] };
  for (const id of ids) {
    const one = await exportedPart(reader, [id], options);
    exported.scripts.push(...one.scripts);
    exported.refused.push(...one.refused);
  }
  return exported;
}

async function fetched(reader: Reader, ids: readonly string[], { runId, signal }: CallOptions): Promise<ExportedScript[]> {
  const { method, path } = operations.exportScripts;
  const answer = await read(reader, {
    endpoint: 'scripts/export',
    kind: 'read',
    method,
    // The comma separates ids and must not be encoded.
    path: `${pathOf(path)}?ids=${ids.join(',')}`,
    payloadOf: exportedOf,
    runId,
    signal,
  });
  return answer.payload as ExportedScript[];
}

/** A bare array (the printed sample ends with a brace). Rows that cannot be read are missing by id afterwards. */
export function exportedOf(json: unknown): ExportedScript[] | undefined {
  if (!Array.isArray(json)) return undefined;
  return json.flatMap((raw: unknown) => {
    const parsed = ScriptRow.safeParse(raw);
    return parsed.success ? [{ ...withHash(parsed.data), raw: raw as Record<string, unknown> }] : [];
  });
}

function sorted(ids: readonly string[], rows: readonly ExportedScript[]): ScriptExport {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const scripts = ids.flatMap((id) => byId.get(id) ?? []);
  const refused = ids
    .filter((id) => !byId.has(id))
    .map((id) => ({ id, message: `The export lacks script ${id}, which may be outside the API user's scope` }));
  return { scripts, refused };
}
