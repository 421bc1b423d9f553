// An import that happens once, whatever happens to the answer: the file's titles are what it is looked up by.
import { constants } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { whyNotRead } from '../../domain/basics/file-failure.js';
import { redacted } from '../http/redact.js';
import { createOnce, type OnceClient, type OnceFate, type OnceOptions } from './create.js';
import type { WantedScript } from './titles.js';

/** What a string of Node holds (some 537 million characters), since the file is parsed as a whole; a character has one byte at least. */
const MAX_FILE_BYTES = constants.MAX_STRING_LENGTH;

/**
 * Imports a file that holds a JSON array of scripts, as `exportScripts` gives them in `raw`. Qualys makes all of them or none.
 * What is wrong with the file comes back as `rejected`, every problem at once. Throws `QualysError` where the search before it failed:
 * nothing was sent. Source: CAR API guide 1.0.0, "Import Scripts".
 */
export async function importScriptsOnce(
  qualys: OnceClient,
  file: string,
  /** `shownAs`: what messages call the file; default: its path. */
  { shownAs = file, ...options }: OnceOptions & { shownAs?: string },
): Promise<OnceFate> {
  const read = await scriptsIn(file, shownAs);
  if ('problems' in read) return { kind: 'rejected', message: read.problems.join('\n') };
  return createOnce(qualys, { wanted: read.wanted, send: () => qualys.importScripts({ file, runId: options.runId }) }, options);
}

async function scriptsIn(file: string, shownAs: string): Promise<{ wanted: WantedScript[] } | { problems: string[] }> {
  let entries: unknown;
  try {
    const { size } = await stat(file);
    if (size > MAX_FILE_BYTES)
      return { problems: [`${shownAs} is larger than ${Math.floor(MAX_FILE_BYTES / 1e6)} MB: import it in parts`] };
    if (size === 0) return { problems: [`${shownAs} is empty`] };
    entries = JSON.parse((await readFile(file, 'utf8')).replace(/^\uFEFF/, ''));
  } catch (error) {
    // The message of JSON.parse quotes the text, which may be a script's.
    const why = error instanceof SyntaxError ? 'it is not JSON' : redacted(whyNotRead(error));
    return { problems: [`${shownAs} cannot be read: ${why}`] };
  }
  if (!Array.isArray(entries) || entries.length === 0) {
    return { problems: [`${shownAs} is not a script export: it must contain a JSON array of at least one script`] };
  }
  return titlesIn(entries, shownAs);
}

function titlesIn(entries: readonly unknown[], shownAs: string): { wanted: WantedScript[] } | { problems: string[] } {
  const problems: string[] = [];
  const wanted = new Map<string, WantedScript>();
  for (const [index, entry] of entries.entries()) {
    const { title, content } = (entry ?? {}) as { title?: unknown; content?: unknown };
    const trimmed = typeof title === 'string' ? title.trim() : '';
    if (trimmed === '') problems.push(`Script ${index + 1} of ${shownAs} has no title`);
    else if (wanted.has(trimmed))
      problems.push(`Script ${index + 1} of ${shownAs} has the same title as another one in it: ${JSON.stringify(trimmed.slice(0, 100))}`);
    else wanted.set(trimmed, { title: trimmed, sha256: typeof content === 'string' ? hashOf(content) : undefined });
  }
  return problems.length > 0 ? { problems } : { wanted: [...wanted.values()] };
}

function hashOf(base64: string): string {
  return createHash('sha256')
    .update(Buffer.from(base64.replace(/\s+/g, ''), 'base64'))
    .digest('hex');
}
