// One script by id or exact title. A name filter is a match, never an equality, so titles are compared here (docs/qualys-api.md#filters).
import { createHash } from 'node:crypto';
import { type Qql, QqlUnsafe, term } from '../../domain/targets/qql.js';
import { QualysError } from '../errors.js';
import { type Reader, read } from '../http/read.js';
import type { Script } from '../types.js';
import { paths, scriptSearch } from '../walks/endpoints.js';
import { walk } from '../walks/paging.js';
import { scriptOf } from '../wire/scripts.js';

/** Digits are an id: a script whose name is all digits can only be asked for by its id (docs/qualys-api.md#filters). */
export async function findScript(reader: Reader, idOrTitle: string, runId: string | undefined): Promise<Script> {
  const wanted = idOrTitle.trim();
  if (wanted === '') throw new QualysError('invalid', 'Name the script by its id or exact title', { endpoint: 'script' });
  if (/^\d+$/.test(wanted)) return detail(reader, wanted, runId);
  const ids = await idsTitled(reader, wanted, runId);
  const [only, ...others] = ids;
  if (others.length > 0) {
    throw new QualysError(
      'invalid',
      `${ids.length} scripts have the title ${shown(wanted)}: ${ids.join(', ')}. Name one of them by its id`,
      { endpoint: 'script' },
    );
  }
  const script = await detail(reader, only ?? wanted, runId);
  if (script.title.trim() !== wanted) throw notFound(wanted);
  return script;
}

async function detail(reader: Reader, idOrTitle: string, runId: string | undefined): Promise<Script> {
  try {
    const answer = await read(reader, {
      endpoint: 'script',
      kind: 'read',
      method: 'GET',
      path: paths.script(idOrTitle),
      payloadOf: scriptOf,
      runId,
    });
    return withHash(answer.payload as Script);
  } catch (error) {
    throw error instanceof QualysError && error.kind === 'not-found' ? notFound(idOrTitle) : error;
  }
}

async function idsTitled(reader: Reader, title: string, runId: string | undefined): Promise<string[]> {
  const filter = nameFilter(title);
  if (filter === undefined) return [];
  const ids = new Set<string>();
  try {
    for await (const page of walk(reader, scriptSearch, { filter, runId })) {
      for (const row of page.rows) if (row.title.trim() === title) ids.add(row.id);
    }
  } catch (error) {
    // The token for a script's name is in no document: a gateway that refuses the filter is asked by path instead.
    if (!(error instanceof QualysError && error.kind === 'invalid')) throw error;
  }
  return [...ids];
}

/** A title that no quoting can carry is left to the detail endpoint, which takes names in its path. */
function nameFilter(title: string): Qql | undefined {
  try {
    return term('name', title);
  } catch (error) {
    if (error instanceof QqlUnsafe) return undefined;
    throw error;
  }
}

export function withHash(script: Script): Script {
  if (script.content === undefined) return script;
  const bytes = Buffer.from(script.content.replace(/\s+/g, ''), 'base64');
  return { ...script, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function notFound(idOrTitle: string): QualysError {
  const message = `Qualys shows this API user no script ${/^\d+$/.test(idOrTitle) ? idOrTitle : `titled ${shown(idOrTitle)}`}: check the id or exact title, and the tags in the user's scope`;
  return new QualysError('not-found', message, { status: 404, endpoint: 'script' });
}

function shown(title: string): string {
  return JSON.stringify(title.slice(0, 100));
}
