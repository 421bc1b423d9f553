// How answers look: id types, wrapped and flat rows, envelopes.

import { GatewayError } from '../error.js';
import type { SearchPage, SearchRules, SortValue } from '../search/paging.js';
import type { Call } from './routes.js';

type IdType = 'string' | 'number';

/** Renders ids of one answer. `documented` is the type that the documents' sample has at that place. */
export function idWriter(call: Call): (id: string | number, documented: IdType) => string | number {
  const { ids } = call.world.settings;
  const mixed: IdType = call.number % 2 === 0 ? 'string' : 'number';
  return (id, documented) => {
    const type = ids === 'documented' ? documented : ids === 'mixed' ? mixed : ids;
    return type === 'string' ? String(id) : Number(id);
  };
}

/** The list envelope of the CAR searches. `rows` says what the endpoint's documents show. */
export function listReply<Row>(call: Call, page: SearchPage<Row>, rows: 'wrapped' | 'flat' | 'switched', render: (row: Row) => object) {
  const { shape } = call.world.settings;
  const isWrapped = (index: number) =>
    rows === 'wrapped' || (rows === 'switched' && (shape === 'wrapped' || (shape === 'mixed' && index % 2 === 0)));
  const list = page.rows.map(({ row, sortValues }, index) => (isWrapped(index) ? wrapped(sortValues, render(row)) : render(row)));
  return { status: 200, body: { errorCode: null, message: null, body: { totalCount: page.totalCount, list } } };
}

export function searchRules(call: Call): SearchRules {
  const { unknownToken, overWindow, faults } = call.world.settings;
  return { unknownToken, overWindow, walk: faults.walk };
}

/** `data` and `timestamp` of the GET counts: a number, or numbers by group. */
export function countBody<Row>(call: Call, rows: readonly Row[], groups: Readonly<Record<string, (row: Row) => string | number>>): object {
  return { data: countOf(rows, call.query.get('groupBy') ?? undefined, groups), timestamp: new Date(call.now).toISOString() };
}

export function countOf<Row>(
  rows: readonly Row[],
  groupBy: string | undefined,
  groups: Readonly<Record<string, (row: Row) => string | number>>,
) {
  if (!groupBy) return { count: rows.length };
  const read = Object.hasOwn(groups, groupBy) ? groups[groupBy] : undefined;
  if (!read) throw new GatewayError(400, `Cannot group by ${groupBy}. Known: ${Object.keys(groups).join(', ')}`);
  const counts: Record<string, number> = {};
  for (const row of rows) {
    const key = String(read(row));
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

function wrapped(sortValues: SortValue[], data: object): object {
  return { sortValues, data };
}
