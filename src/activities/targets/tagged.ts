// The assets that have a tag, as a target: found where a gateway filters by tags, and sought for where it does not.
import { idTerm } from '../../domain/targets/qql.js';
import type { CarAsset, Qualys } from '../../qualys/types.js';
import { findAssets } from './find.js';

interface FindingBearers {
  runId: string;
  tagId: string;
  onPage: (rows: number) => void;
  /** Told of rows of which it cannot be told whether they have the tag. */
  onUnreadable?: ((rows: number) => void) | undefined;
}

/** The assets that have the tag, page by page: what a filter returns beside it is dropped, what it may have hidden is searched for. */
export function taggedWith(qualys: Qualys, { runId, tagId, onPage, onUnreadable }: FindingBearers): AsyncGenerator<CarAsset[]> {
  return findAssets(qualys, {
    runId,
    filter: idTerm('tags.id', tagId),
    belongs: ({ tags }) => tags.includes(tagId),
    probe: ({ tags }) => {
      const own = tags.find((tag) => /^\d{1,19}$/.test(tag));
      return own === undefined ? undefined : idTerm('tags.id', own);
    },
    onPage,
    onUnreadable,
  });
}
