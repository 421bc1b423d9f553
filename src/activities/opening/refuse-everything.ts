// Has the operator's filter chosen anything? A gateway may ignore a token that it does not know, and answers then with all that it has:
// root on the whole fleet, for a typing error. What a query finds is compared with what its inventory holds.

import { isEmptyGavFilter } from '../../contracts/gav-filter.js';
import type { Targets } from '../../contracts/request.js';
import { QualysError } from '../../qualys/errors.js';
import type { QualysOperations } from '../../qualys/operations.js';
import type { ActivityDependencies } from '../dependencies.js';
import { PolicyRefused } from '../policy/refusal.js';
import type { Finding } from '../targets/find-by-key.js';

type Query = NonNullable<Targets['query']>;
type Counting = Pick<ActivityDependencies['qualys'], 'searchAssets' | 'gavAssets' | 'gavV1Assets' | 'edrAssets'> &
  Pick<QualysOperations, 'count' | 'countGavAssets' | 'countGavV1Assets'>;

const PAGE_SIZE = 1_000;
/** Of at most 9,999 (docs/qualys-api.md#edr-assets). */
const EDR_PAGE_SIZE = 5_000;
/** An inventory changes while it is walked, for an hour where it is large: by less than this. */
const MOVES = 0.01;

/**
 * Counts the inventory before the query is walked; what is given back throws `PolicyRefused` when the walk has found as many. Compared is
 * the walk itself, as a count with the filter would say what the count makes of the filter, not what the search does.
 */
export async function refusingEverything(
  qualys: Counting,
  { query, everything = false }: { query: Query; everything?: boolean | undefined },
  finding: Finding,
): Promise<(found: number) => Promise<void>> {
  if (everything) return async () => undefined;
  if (query.source === 'gav' && isEmptyGavFilter(query.filter)) throw emptyFilter();
  const before = await sizeOf(qualys, query, finding);
  return async (found) => {
    if (found > 0 && (await isEverything(qualys, { query, found, before }, finding))) throw refusal(query, found);
  };
}

async function isEverything(
  qualys: Counting,
  { query, found, before }: { query: Query; found: number; before: number | undefined },
  finding: Finding,
): Promise<boolean> {
  if (before === undefined) return !(await holdsMore(qualys, { query, than: found * (1 + MOVES) }, finding));
  if (found >= before) return true;
  if (found < before * (1 - MOVES)) return false;
  const after = await sizeOf(qualys, query, finding);
  return after !== undefined && found >= after;
}

/** Undefined where it cannot be counted: EDR documents no count, and a subscription may lack the service or the right to ask it. */
async function sizeOf(qualys: Counting, { source }: Query, { runId }: Finding): Promise<number | undefined> {
  try {
    switch (source) {
      case 'car':
        return await qualys.count('assets', { runId });
      case 'gav':
        return await qualys.countGavAssets({ runId });
      case 'gav-v1':
        return await qualys.countGavV1Assets({ runId });
      case 'edr':
        return undefined;
    }
  } catch (error) {
    if (error instanceof QualysError && ['not-found', 'invalid', 'permission', 'protocol'].includes(error.kind)) return undefined;
    throw error;
  }
}

/** Walks the inventory without a filter, until more of it was seen than the query has found: as many calls as the query took, or fewer. */
async function holdsMore(qualys: Counting, { query, than }: { query: Query; than: number }, finding: Finding): Promise<boolean> {
  const { source } = query;
  let seen = 0;
  for await (const { rows, unreadable = 0 } of pagesOf(qualys, source, finding)) {
    finding.onPage({ source, rows: rows.length });
    seen += rows.length + unreadable;
    if (seen > than) return true;
  }
  return false;
}

function pagesOf(
  qualys: Counting,
  source: Query['source'],
  { runId }: Finding,
): AsyncIterable<{ rows: readonly unknown[]; unreadable?: number | undefined }> {
  switch (source) {
    case 'car':
      return qualys.searchAssets({ pageSize: PAGE_SIZE, runId });
    case 'gav':
      return qualys.gavAssets({ runId });
    case 'gav-v1':
      return qualys.gavV1Assets({ runId });
    case 'edr':
      return qualys.edrAssets({ pageSize: EDR_PAGE_SIZE, includeAttributes: ['hostName'], runId });
  }
}

/** A filter that says nothing is legal and chooses nothing: whoever means all hosts says so, here as with every other filter. */
function emptyFilter(): PolicyRefused {
  const problem =
    'the filter is empty, which finds all assets of gav. ' +
    'Add a criterion, or set targets.everything: true (--everything) to run on all of them';
  return new PolicyRefused(`targets.query: ${problem}.`, [{ path: 'targets.query.filter', problem }]);
}

function refusal({ source }: Query, found: number): PolicyRefused {
  const problem =
    `the filter finds ${found} assets, all assets of ${source}. The gateway may have ignored an unknown token. ` +
    'Fix the filter, or set targets.everything: true (--everything) to run on all of them';
  return new PolicyRefused(`targets.query: ${problem}.`, [{ path: 'targets.query.filter', problem }]);
}
