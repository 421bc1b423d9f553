// Who bears a tag, read from Qualys row by row: what a filter returns beside it is dropped, what it may have hidden is looked for.
import { idTerm } from '../domain/qql.js';
import type { CarAsset, Qualys } from '../qualys/qualys.js';
import { findAssets } from './find-assets.js';

interface ReadingTag {
  runId: string;
  tagId: string;
  onPage: (rows: number) => void;
}

/** The assets that bear the tag, page by page. */
export function taggedWith(qualys: Qualys, { runId, tagId, onPage }: ReadingTag): AsyncGenerator<CarAsset[]> {
  return findAssets(qualys, {
    runId,
    filter: idTerm('tags.id', tagId),
    belongs: ({ tags }) => tags.includes(tagId),
    probe: ({ tags }) => {
      const own = tags.find((tag) => /^\d{1,19}$/.test(tag));
      return own === undefined ? undefined : idTerm('tags.id', own);
    },
    onPage,
  });
}

/** The ids of all that bear the tag. Stops, and answers undefined, as soon as `isTooMuch` says that it is not wanted any more. */
export async function membersOf(
  qualys: Qualys,
  reading: ReadingTag & { isTooMuch?: (assetIds: readonly string[]) => boolean },
): Promise<string[] | undefined> {
  const members = new Set<string>();
  for await (const assets of taggedWith(qualys, reading)) {
    const assetIds = assets.map(({ assetId }) => assetId);
    for (const assetId of assetIds) members.add(assetId);
    if (reading.isTooMuch?.(assetIds)) return undefined;
  }
  return [...members];
}
