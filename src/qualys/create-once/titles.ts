// Which scripts have given titles, and whether their content is the one that was meant: how an import or a clone is looked up.
import { batches } from '../../domain/basics/batches.js';
import { anyOf, type Qql, QqlUnsafe, term } from '../../domain/targets/qql.js';
import { QualysError } from '../errors.js';
import type { QualysOperations } from '../operations.js';
import type { Qualys } from '../types.js';

/** A script to create. */
export interface WantedScript {
  title: string;
  /** SHA-256 (hex) of the decoded content; undefined where it could not be read: then nothing counts as identical. */
  sha256: string | undefined;
}

/** A script of a wanted title that Qualys has. `unread`: its content could not be compared. */
export interface TitledScript {
  title: string;
  scriptId: string;
  content: 'identical' | 'differs' | 'unread';
}

export interface TitleSearch {
  /**
   * Look at every script, and ask for what is missing by its path: a filter may not know what the list knows, nor the list's index what is
   * there.
   */
  whole?: boolean;
  runId?: string | undefined;
}

type Searcher = Pick<Qualys & QualysOperations, 'searchScripts' | 'exportScripts' | 'script'>;

/** Terms a search: the filter stays far below any limit of a request. */
const TITLES_A_SEARCH = 20;
/** More titles than this many searches take are looked for in one list of all scripts: a subscription has thousands at most. */
const SEARCHES = 3;

/** All scripts with one of the wanted titles, exactly, in the order wanted. Throws `QualysError`. */
export async function titledScripts(qualys: Searcher, wanted: readonly WantedScript[], options: TitleSearch = {}): Promise<TitledScript[]> {
  const idsByTitle = await idsTitled(qualys, new Set(wanted.map(({ title }) => title)), options);
  if (options.whole) await addByPath(qualys, wanted, { idsByTitle, runId: options.runId });
  const hashes = await hashesOf(qualys, [...idsByTitle.values()].flat(), options.runId);
  return wanted.flatMap(({ title, sha256 }) =>
    (idsByTitle.get(title) ?? []).map((scriptId): TitledScript => ({ title, scriptId, content: compared(hashes.get(scriptId), sha256) })),
  );
}

/**
 * Digits in a path are an id (docs/qualys-api.md#filters), so titles of digits are left out. One script of an import tells for all: they
 * are made together.
 */
async function addByPath(
  qualys: Searcher,
  wanted: readonly WantedScript[],
  { idsByTitle, runId }: { idsByTitle: Map<string, string[]>; runId: string | undefined },
): Promise<void> {
  const missing = wanted.filter(({ title }) => !idsByTitle.has(title) && !/^\d+$/.test(title));
  for (const { title } of missing) {
    try {
      idsByTitle.set(title, [(await qualys.script(title, { runId })).id]);
    } catch (error) {
      if (error instanceof QualysError && error.kind === 'not-found') return;
      throw error;
    }
  }
}

/** By export, 50 a call; what Qualys will not export is read by itself. */
async function hashesOf(qualys: Searcher, ids: readonly string[], runId: string | undefined): Promise<Map<string, string | undefined>> {
  if (ids.length === 0) return new Map();
  const { scripts, refused } = await qualys.exportScripts(ids, { runId });
  const hashes = new Map(scripts.map(({ id, sha256 }) => [id, sha256]));
  for (const { id } of refused) hashes.set(id, await hashOf(qualys, id, runId));
  return hashes;
}

async function hashOf(qualys: Searcher, id: string, runId: string | undefined): Promise<string | undefined> {
  try {
    return (await qualys.script(id, { runId })).sha256;
  } catch (error) {
    if (error instanceof QualysError && (error.kind === 'not-found' || error.kind === 'invalid')) return undefined;
    throw error;
  }
}

function compared(found: string | undefined, wanted: string | undefined): TitledScript['content'] {
  if (found === undefined || wanted === undefined) return 'unread';
  return found === wanted ? 'identical' : 'differs';
}

async function idsTitled(
  qualys: Searcher,
  titles: ReadonlySet<string>,
  { whole = false, runId }: TitleSearch,
): Promise<Map<string, string[]>> {
  const filters = whole ? undefined : nameFilters([...titles]);
  try {
    return await collected(qualys, titles, { filters: filters ?? [undefined], runId });
  } catch (error) {
    // The token for a script's name is in no document: a gateway that refuses it is asked for everything.
    if (filters === undefined || !(error instanceof QualysError) || error.kind !== 'invalid') throw error;
    return collected(qualys, titles, { filters: [undefined], runId });
  }
}

async function collected(
  qualys: Searcher,
  titles: ReadonlySet<string>,
  { filters, runId }: { filters: readonly (Qql | undefined)[]; runId: string | undefined },
): Promise<Map<string, string[]>> {
  // A set, because a filter by name is a match: the search for one title finds the scripts of another one, too.
  const ids = new Map<string, Set<string>>();
  for (const filter of filters) {
    for await (const { rows } of qualys.searchScripts({ ...(filter === undefined ? {} : { filter }), runId })) {
      for (const { id, title } of rows) if (titles.has(title.trim())) ids.set(title.trim(), (ids.get(title.trim()) ?? new Set()).add(id));
    }
  }
  return new Map([...ids].map(([title, found]) => [title, [...found]]));
}

/** Undefined where a list of all scripts is cheaper, and where a title is among them that no quoting can carry. */
function nameFilters(titles: readonly string[]): Qql[] | undefined {
  if (titles.length > TITLES_A_SEARCH * SEARCHES) return undefined;
  try {
    return batches(titles, TITLES_A_SEARCH).map((part) => anyOf(part.map((title) => term('name', title))));
  } catch (error) {
    if (error instanceof QqlUnsafe) return undefined;
    throw error;
  }
}
