// Who has a tag, read from Qualys row by row.
import { idTerm } from '../../domain/targets/qql.js';
import type { Qualys } from '../../qualys/types.js';

interface ReadingTag {
  runId: string;
  tagId: string;
  signal?: AbortSignal | undefined;
  /** For a tag that is likely read to its end. */
  readAhead?: boolean;
  onPage: (rows: number) => void;
}

/**
 * `doubt`: who has the tag is not known for certain, so no execution may name it. `isFilterDead`: the gateway does not filter by tags.
 */
export type Members = { kind: 'members'; assetIds: string[] } | Doubt;

export interface Doubt {
  kind: 'doubt';
  why: string;
  isFilterDead?: boolean;
}

const PAGE_SIZE = 1_000;

/**
 * Everybody who has the tag, or a doubt: a row that cannot be read, a row that was returned and does not have it, or another number of
 * rows than Qualys says. Never walks the whole inventory. `isTooMuch` is asked after every page, and ends the reading with its reason.
 */
export async function membersOf(
  qualys: Pick<Qualys, 'searchAssets'>,
  { runId, tagId, signal, readAhead, onPage, isTooMuch }: ReadingTag & { isTooMuch: (assetIds: readonly string[]) => string | undefined },
): Promise<Members> {
  const members = new Set<string>();
  let total: number | undefined;
  for await (const page of qualys.searchAssets({ filter: idTerm('tags.id', tagId), pageSize: PAGE_SIZE, readAhead, runId, signal })) {
    onPage(page.rows.length);
    total ??= page.total;
    if ((page.unreadable ?? 0) > 0) return { kind: 'doubt', why: `${page.unreadable} asset(s) with tag ${tagId} cannot be read` };
    const strange = page.rows.find(({ tags }) => !tags.includes(tagId));
    if (strange) {
      const why = `Qualys lists asset ${strange.assetId} under tag ${tagId}, which it does not have`;
      return { kind: 'doubt', why, isFilterDead: true };
    }
    const assetIds = page.rows.map(({ assetId }) => assetId);
    for (const assetId of assetIds) members.add(assetId);
    const why = isTooMuch(assetIds);
    if (why !== undefined) return { kind: 'doubt', why };
  }
  if (total !== undefined && total !== members.size)
    return { kind: 'doubt', why: `Qualys counts ${total} assets with tag ${tagId} and shows ${members.size}` };
  return { kind: 'members', assetIds: [...members] };
}
