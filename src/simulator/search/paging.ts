// The search body (docs/qualys-api.md#paging) and its two paging engines, for any kind of row.
import { GatewayError } from '../error.js';
import { parseQql, type QqlNode } from './qql.js';
import { type QqlTokens, qqlTest } from './qql-match.js';

export type SortValue = string | number | null;

/** A kind of row: how it is found, filtered and sorted. */
export interface RowKind<Row> {
  tokens: QqlTokens<Row>;
  /** Sort keys. Ids are compared as numbers and shown as text, as in the documents' sample `[1673236800800,"25310"]`. */
  sortKeys: Readonly<Record<string, (row: Row) => string | number>>;
  /** Rows that can match; an index may narrow it by the filter. */
  candidates: (filter: QqlNode | undefined) => readonly Row[];
  /** For `startAt` and `endAt`. */
  createdAt?: (row: Row) => number;
  /** Only for rows that never change: sorted results by filter and sort, so that a long walk sorts once. */
  memo?: Map<string, Row[]>;
}

export interface SearchRequest {
  filter: QqlNode | undefined;
  startAt: number | undefined;
  endAt: number | undefined;
  pageNumber: number | undefined;
  pageSize: number;
  sort: { key: string; descending: boolean }[];
  searchAfter: SortValue[] | undefined;
  includeScriptResult: boolean;
}

export interface SearchRules {
  unknownToken: 'error' | 'ignore';
  overWindow: 500 | 400 | 'empty';
  walk: 'none' | 'stalled' | 'overlap';
}

export interface SearchPage<Row> {
  totalCount: number;
  rows: { row: Row; sortValues: SortValue[] }[];
}

/** `searchAfter` is read only where the endpoint knows it; elsewhere it is ignored, as unknown keys are. */
export function readSearch(body: unknown, options: { filterKey?: string; searchAfter?: boolean } = {}): SearchRequest {
  if (body !== undefined && (typeof body !== 'object' || body === null || Array.isArray(body)))
    throw new GatewayError(400, 'The body must be a JSON object');
  const fields = (body ?? {}) as Record<string, unknown>;
  const filter = fields[options.filterKey ?? 'filter'];
  if (filter !== undefined && filter !== null && typeof filter !== 'string') throw new GatewayError(400, 'The filter must be a string');
  const sort = readSort(fields.sort);
  return {
    filter: parseQql(filter ?? ''),
    startAt: readInstant(fields.startAt ?? fields.startDate, 'startAt'),
    endAt: readInstant(fields.endAt ?? fields.endDate, 'endAt'),
    pageNumber: readWhole(fields.pageNumber, 'pageNumber', 0, Number.MAX_SAFE_INTEGER),
    pageSize: readWhole(fields.pageSize, 'pageSize', 1, 10_000) ?? 10,
    sort,
    searchAfter: options.searchAfter ? readCursor(fields.searchAfter, sort.length) : undefined,
    includeScriptResult: String(fields.includeScriptResult ?? false).toLowerCase() === 'true',
  };
}

export function searchRows<Row>(kind: RowKind<Row>, request: SearchRequest, rules: SearchRules): SearchPage<Row> {
  const { pageNumber, pageSize } = request;
  const isBeyond = pageNumber !== undefined && !request.searchAfter && (pageNumber + 1) * pageSize > 9_999;
  if (isBeyond && rules.overWindow !== 'empty')
    throw new GatewayError(rules.overWindow, 'Result window is too large: page numbers reach 9999 rows');
  const readers = sortReaders(kind, request.sort);
  const rows = sortedRows(kind, request, rules);
  const cursor = rules.walk === 'stalled' ? undefined : request.searchAfter;
  const overlap = cursor && rules.walk === 'overlap' ? Math.floor(pageSize / 2) : 0;
  const start = cursor ? Math.max(0, firstAfter(rows, (row) => compareBy(readers, row, cursor)) - overlap) : (pageNumber ?? 0) * pageSize;
  const page = isBeyond ? [] : rows.slice(start, start + pageSize);
  return { totalCount: rows.length, rows: page.map((row) => ({ row, sortValues: readers.map(({ show }) => show(row)) })) };
}

function sortedRows<Row>(kind: RowKind<Row>, request: SearchRequest, rules: SearchRules): Row[] {
  const key = kind.memo && JSON.stringify([request.filter, request.sort]);
  const known = key === undefined ? undefined : kind.memo?.get(key);
  if (known) return known;
  const rows = matchingRows(kind, request, rules);
  const readers = sortReaders(kind, request.sort);
  const keyed = rows.map((row) => ({ row, values: readers.map(({ read }) => read(row)) }));
  if (readers.length > 0) keyed.sort((a, b) => compareValues(readers, a.values, b.values));
  const sorted = keyed.map(({ row }) => row);
  if (key !== undefined && kind.memo) {
    if (kind.memo.size >= 16) kind.memo.clear();
    kind.memo.set(key, sorted);
  }
  return sorted;
}

/** Index of the first row of a sorted list that comes after the cursor. */
function firstAfter<Row>(rows: readonly Row[], compareToCursor: (row: Row) => number): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const row = rows[middle] as Row;
    if (compareToCursor(row) > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** All rows that the filter and the dates let through, in their natural order, as a new array. */
export function matchingRows<Row>(
  kind: RowKind<Row>,
  request: Pick<SearchRequest, 'filter' | 'startAt' | 'endAt'>,
  rules: SearchRules,
): Row[] {
  const { filter, startAt, endAt } = request;
  const test = filter ? qqlTest(filter, kind.tokens, rules.unknownToken) : () => true;
  const createdAt = kind.createdAt;
  const inTime = (row: Row) => {
    if (!createdAt || (startAt === undefined && endAt === undefined)) return true;
    const created = createdAt(row);
    return created >= (startAt ?? Number.NEGATIVE_INFINITY) && created <= (endAt ?? Number.POSITIVE_INFINITY);
  };
  return kind.candidates(filter).filter((row) => inTime(row) && test(row));
}

interface SortReader<Row> {
  read: (row: Row) => string | number;
  show: (row: Row) => SortValue;
  sign: 1 | -1;
}

function sortReaders<Row>(kind: Pick<RowKind<Row>, 'sortKeys'>, sort: SearchRequest['sort']): SortReader<Row>[] {
  return sort.map(({ key, descending }) => {
    const read = Object.hasOwn(kind.sortKeys, key) ? kind.sortKeys[key] : undefined;
    if (!read) throw new GatewayError(400, `Cannot sort on ${key}. Known: ${Object.keys(kind.sortKeys).join(', ')}`);
    const show = key === 'id' || key === 'assetId' ? (row: Row) => String(read(row)) : read;
    return { read, show, sign: descending ? -1 : 1 };
  });
}

/** Negative when the row comes before the values in sort order. Numbers and numeric text compare alike. */
function compareBy<Row>(readers: readonly SortReader<Row>[], row: Row, values: readonly SortValue[]): number {
  return compareValues(
    readers,
    readers.map(({ read }) => read(row)),
    values,
  );
}

function compareValues(order: readonly { sign: 1 | -1 }[], mine: readonly (string | number)[], others: readonly SortValue[]): number {
  for (const [index, { sign }] of order.entries()) {
    const [a, b] = [mine[index] ?? 0, others[index] ?? null];
    const difference = typeof a === 'number' ? a - Number(b) : compareText(a, String(b));
    if (difference !== 0) return difference * sign;
  }
  return 0;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function readSort(value: unknown): SearchRequest['sort'] {
  if (value === undefined || value === null || value === '') return [];
  const wrong = new GatewayError(400, 'sort must be a string that holds a JSON array such as [{"created.dateTime":"desc"},{"id":"desc"}]');
  if (typeof value !== 'string') throw wrong;
  const parsed = parsedJson(value);
  if (!Array.isArray(parsed)) throw wrong;
  return parsed.map((entry: unknown) => {
    const [pair, ...more] = Object.entries(typeof entry === 'object' && entry !== null ? entry : {});
    const direction = String(pair?.[1]).toLowerCase();
    if (!pair || more.length > 0 || (direction !== 'asc' && direction !== 'desc')) throw wrong;
    return { key: pair[0], descending: direction === 'desc' };
  });
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readCursor(value: unknown, sortKeys: number): SortValue[] | undefined {
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) return undefined;
  const isCursor = Array.isArray(value) && value.every((part) => part === null || typeof part === 'string' || typeof part === 'number');
  if (!isCursor) throw new GatewayError(400, "searchAfter must be an array of the last row's sortValues");
  if (value.length !== sortKeys) throw new GatewayError(400, `searchAfter has ${value.length} values, but sort has ${sortKeys} keys`);
  return value as SortValue[];
}

export function readWhole(value: unknown, name: string, min: number, max: number): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const number = typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN;
  if (!Number.isInteger(number) || number < min || number > max)
    throw new GatewayError(400, `${name} must be a whole number from ${min} to ${max}`);
  return number;
}

export function readInstant(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const instant = typeof value === 'number' ? value : Date.parse(String(value));
  if (!Number.isFinite(instant)) throw new GatewayError(400, `${name} must be a date such as 2022-11-01T00:00:01.000Z`);
  return instant;
}
