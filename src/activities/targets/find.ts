// Assets by a property that no document says how to filter by: rows are compared here, and a gateway that does not know our token is
// walked as a whole. The price of a gateway that does know it and finds nothing is two calls.
import type { Qql } from '../../domain/targets/qql.js';
import { QualysError } from '../../qualys/errors.js';
import type { CarAsset, Qualys } from '../../qualys/types.js';

export interface Sought {
  runId: string;
  /** Our best guess of how Qualys is asked. */
  filter: Qql;
  belongs: (asset: CarAsset) => boolean;
  /**
   * The same question with this asset for an answer, to see whether the filter's token is honoured; undefined when it has no such property.
   */
  probe: (asset: CarAsset) => Qql | undefined;
  /** Told after every page, so that a dead worker is noticed. */
  onPage: (rows: number) => void;
  /** Told of rows that came and could not be understood: whether they belong is not known. */
  onUnreadable?: ((rows: number) => void) | undefined;
}

const PAGE_SIZE = 1_000;

/** The assets that belong, page by page; none of them is missed because the filter was not understood. */
export async function* findAssets(qualys: Qualys, sought: Sought): AsyncGenerator<CarAsset[]> {
  const { runId, filter, belongs, onPage, onUnreadable } = sought;
  let [found, unreadable] = [0, 0];
  try {
    for await (const page of qualys.searchAssets({ filter, pageSize: PAGE_SIZE, readAhead: true, runId })) {
      onPage(page.rows.length);
      unreadable += page.unreadable ?? 0;
      const rows = page.rows.filter(belongs);
      found += rows.length;
      if (rows.length > 0) yield rows;
    }
  } catch (error) {
    if (!isRefusedFilter(error) || found > 0) throw error;
    yield* walkAssets(qualys, sought);
    return;
  }
  // A walk over everything meets the same rows again.
  if (found === 0 && !(await isHonoured(qualys, sought))) yield* walkAssets(qualys, sought);
  else if (unreadable > 0) onUnreadable?.(unreadable);
}

/** Every asset is read, whatever filters there are. `pagesAtMost` ends it early. */
export async function* walkAssets(
  qualys: Qualys,
  {
    runId,
    belongs,
    onPage,
    onUnreadable,
    pagesAtMost = Number.POSITIVE_INFINITY,
  }: Pick<Sought, 'runId' | 'belongs' | 'onPage' | 'onUnreadable'> & { pagesAtMost?: number },
): AsyncGenerator<CarAsset[]> {
  let pages = 0;
  for await (const page of qualys.searchAssets({ pageSize: PAGE_SIZE, readAhead: true, runId })) {
    onPage(page.rows.length);
    if (page.unreadable) onUnreadable?.(page.unreadable);
    yield page.rows.filter(belongs);
    pages += 1;
    if (pages >= pagesAtMost) return;
  }
}

/** Asks the same for an asset whose answer is known. Without such an asset there is nothing that a walk could find. */
export async function isHonoured(qualys: Qualys, { runId, probe }: Pick<Sought, 'runId' | 'probe'>): Promise<boolean> {
  for await (const page of qualys.searchAssets({ pageSize: 100, runId })) {
    const [known] = page.rows.flatMap((asset) => {
      const filter = probe(asset);
      return filter === undefined ? [] : [{ asset, filter }];
    });
    if (!known) return page.cursor === undefined;
    return await answersItself(qualys, runId, known);
  }
  return true;
}

async function answersItself(qualys: Qualys, runId: string, known: { asset: CarAsset; filter: Qql }): Promise<boolean> {
  try {
    for await (const answer of qualys.searchAssets({ filter: known.filter, pageSize: PAGE_SIZE, runId })) {
      if (answer.rows.some(({ assetId }) => assetId === known.asset.assetId)) return true;
    }
    return false;
  } catch (error) {
    if (isRefusedFilter(error)) return false;
    throw error;
  }
}

export function isRefusedFilter(error: unknown): boolean {
  return error instanceof QualysError && error.kind === 'invalid';
}
