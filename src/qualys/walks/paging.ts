// The two walks of CAR, in constant memory: page numbers up to 9,999 rows, and search-after without end.

import { QualysError } from '../errors.js';
import { type Reader, read } from '../http/read.js';
import type { Cursor, Page, WalkOptions } from '../types.js';
import { unwrapped } from '../wire/common.js';
import { isRecord } from '../wire/values.js';
import type { SearchEndpoint } from './endpoints.js';
import { type AskedAhead, askedAhead } from './paging-ahead.js';

/** Page numbers reach no further (docs/qualys-api.md#paging): the last reachable row is the 9,999th. */
export const PAGE_NUMBER_REACH = 9_999;

/** Pages of a search. A cursor is what `after` takes: opaque, and good for the same endpoint, filter and sort only. */
export function walk<Row>(
  reader: Reader,
  endpoint: SearchEndpoint<Row>,
  options: WalkOptions,
  extra: object = {},
): AsyncGenerator<Page<Row>> {
  return endpoint.engine === 'search-after'
    ? searchAfterWalk(reader, endpoint, options, extra)
    : numberedWalk(reader, endpoint, options, extra);
}

async function* searchAfterWalk<Row>(
  reader: Reader,
  endpoint: SearchEndpoint<Row>,
  options: WalkOptions,
  extra: object,
): AsyncGenerator<Page<Row>> {
  const isAhead = options.readAhead === true && typeof options.pageSize !== 'function';
  const ask = (from: Cursor | undefined, pageSize: number) => (signal: AbortSignal | undefined) =>
    fetchPage(reader, endpoint, { ...options, signal }, { ...extra, pageSize, ...(from ? { searchAfter: from } : {}) });
  let after: Cursor | undefined = options.after;
  let ahead: AskedAhead<RawPage> | undefined;
  let previous: Page<Row> | undefined;
  let seen: ReadonlySet<string> = new Set();
  let walked = 0;
  try {
    for (;;) {
      const pageSize = pageSizeFor(endpoint, options, previous);
      const page = await (ahead?.answer ?? ask(after, pageSize)(options.signal));
      ahead = undefined;
      const fresh = page.items.filter((item) => item.id === undefined || !seen.has(item.id));
      walked += fresh.length;
      // On a resumed walk the rows before the cursor are not counted, so only an empty page ends it early.
      const complete = page.total === undefined || walked >= page.total;
      const ended = page.items.length === 0 || (page.items.length < pageSize && complete);
      const cursor = ended ? undefined : nextCursor(endpoint, page.items, after);
      if (isAhead && cursor) ahead = await askedAhead(ask(cursor, pageSize), options.signal);
      seen = idsOf(page.items);
      let looked: Page<Row> | undefined = lookedAt(reader, endpoint, { ...page, items: fresh, cursor, withRaw: options.raw });
      page.items.length = fresh.length = 0;
      yield looked;
      previous = typeof options.pageSize === 'function' ? looked : undefined;
      looked = undefined;
      if (cursor === undefined) return;
      after = cursor;
    }
  } finally {
    await ahead?.drop();
  }
}

async function* numberedWalk<Row>(
  reader: Reader,
  endpoint: SearchEndpoint<Row>,
  options: WalkOptions,
  extra: object,
): AsyncGenerator<Page<Row>> {
  let [pageNumber, pageSize] = numberedCursor(options.after) ?? [0, pageSizeFor(endpoint, options, undefined)];
  let seen: ReadonlySet<string> = new Set();
  let walked = pageNumber * pageSize;
  for (; ; pageNumber += 1) {
    if ((pageNumber + 1) * pageSize > PAGE_NUMBER_REACH) throw beyondReach(endpoint.name, pageNumber * pageSize);
    const page = await fetchPage(reader, endpoint, options, { ...extra, pageNumber, pageSize });
    const fresh = page.items.filter((item) => item.id === undefined || !seen.has(item.id));
    walked += fresh.length;
    const repeated = page.items.length > 0 && fresh.length === 0;
    if (repeated && !endpoint.mayIgnorePaging) throw stalled(endpoint.name, `page ${pageNumber} repeats the page before it`);
    if (repeated && walked < (page.total ?? 0)) {
      reader.logger.warn(
        { endpoint: endpoint.name, walked, total: page.total },
        'the server ignores page numbers: the list may be incomplete',
      );
    }
    const complete = page.total === undefined ? page.items.length < pageSize : walked >= page.total;
    const ended = page.items.length === 0 || repeated || complete;
    const cursor: Cursor | undefined = ended ? undefined : [pageNumber + 1, pageSize];
    yield lookedAt(reader, endpoint, { ...page, items: fresh, cursor, withRaw: options.raw });
    if (ended) return;
    seen = idsOf(page.items);
  }
}

interface Item {
  raw: unknown;
  id: string | undefined;
  sortValues?: Cursor | undefined;
}

interface RawPage {
  items: Item[];
  total: number | undefined;
  bytes: number;
  serverAt: number | undefined;
}

async function fetchPage<Row>(reader: Reader, endpoint: SearchEndpoint<Row>, options: WalkOptions, paging: object): Promise<RawPage> {
  const { keys, sort } = endpoint;
  const json = {
    ...(options.filter === undefined ? {} : { [keys.filter]: options.filter }),
    ...(options.startAt === undefined ? {} : { [keys.startAt]: new Date(options.startAt).toISOString() }),
    ...(options.endAt === undefined ? {} : { [keys.endAt]: new Date(options.endAt).toISOString() }),
    // `sort` is a string that holds JSON (docs/qualys-api.md#paging).
    ...(sort.length === 0 ? {} : { sort: JSON.stringify(sort.map(([path, direction]) => ({ [path]: direction }))) }),
    ...paging,
  };
  const { runId, signal } = options;
  const answer = await read(reader, {
    endpoint: endpoint.name,
    kind: 'read',
    method: 'POST',
    path: endpoint.path,
    json,
    payloadOf: endpoint.listOf,
    payloadOfNothing: { rows: [], total: 0 },
    runId,
    signal,
  });
  const list = answer.payload as NonNullable<ReturnType<typeof endpoint.listOf>>;
  const items = list.rows.map((item): Item => {
    const { raw, sortValues } = unwrapped(item);
    return { raw, id: idText(field(raw, endpoint.idField) ?? (endpoint.idField === 'id' ? undefined : field(raw, 'id'))), sortValues };
  });
  // Parsed rows are let go one by one, here and behind each page: an object of the old generation, dead or not, would keep those it refers
  // to through every scavenge, and page by page the heap of a long walk would grow fourfold.
  list.rows.length = 0;
  return { items, total: list.total, bytes: answer.bytes, serverAt: answer.serverAt };
}

/** The last row's `sortValues` as they came, or its sort fields with their JSON types where the row is flat (docs/qualys-api.md#paging). */
function nextCursor<Row>(endpoint: SearchEndpoint<Row>, items: readonly Item[], sent: Cursor | undefined): Cursor {
  const last = items.at(-1);
  const cursor = last?.sortValues ?? endpoint.sort.map(([path]) => sortable(endpoint.name, path, field(last?.raw, path)));
  if (cursor.some((value) => typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value))) {
    throw stalled(endpoint.name, 'a sort value is larger than 2^53');
  }
  if (sent && JSON.stringify(cursor) === JSON.stringify(sent)) throw stalled(endpoint.name, 'the page ends at the cursor that was sent');
  return cursor;
}

function sortable(name: string, path: string, value: unknown): string | number {
  if (typeof value === 'string' || typeof value === 'number') return value;
  throw stalled(name, `the last row has no ${path} to continue from`);
}

function stalled(name: string, what: string): QualysError {
  return new QualysError('protocol', `${name}: cannot continue the walk, ${what}. Rows may be missing; walk again or narrow the filter`, {
    endpoint: name,
  });
}

function beyondReach(name: string, reached: number): QualysError {
  const message = `${name}: ${reached} rows read and more follow, but page numbers end at row ${PAGE_NUMBER_REACH}. Narrow the filter or the time span`;
  return new QualysError('invalid', message, { endpoint: name });
}

/** Rows that the schema takes; what they came from is let go. One warning a page for what it does not, without any content of the rows. */
function understood<Row>(reader: Reader, endpoint: SearchEndpoint<Row>, items: readonly Item[]): Row[] {
  const rows: Row[] = [];
  let problem: string | undefined;
  for (const item of items) {
    const read = endpoint.row(item.raw);
    item.raw = undefined;
    if (read.problem === undefined) rows.push(read.row);
    else problem ??= read.problem.slice(0, 200);
  }
  const dropped = items.length - rows.length;
  if (dropped > 0) reader.logger.warn({ endpoint: endpoint.name, dropped, problem }, 'left out unreadable rows');
  return rows;
}

function lookedAt<Row>(
  reader: Reader,
  endpoint: SearchEndpoint<Row>,
  page: RawPage & { cursor: Cursor | undefined; withRaw: boolean | undefined },
): Page<Row> {
  const { items, cursor, bytes, total, serverAt, withRaw = false } = page;
  const raw = withRaw ? { raw: items.map((item) => item.raw) } : {};
  const rows = understood(reader, endpoint, items);
  return { rows, unreadable: items.length - rows.length, cursor, bytes, total, serverAt, ...raw };
}

function pageSizeFor<Row>(
  endpoint: SearchEndpoint<Row>,
  { pageSize = endpoint.pageSize }: WalkOptions,
  previous: Page<unknown> | undefined,
): number {
  const size = typeof pageSize === 'number' ? pageSize : pageSize(previous);
  if (!Number.isInteger(size) || size < 1 || size > PAGE_NUMBER_REACH) {
    throw new RangeError(`${endpoint.name}: a page size must be a whole number from 1 to ${PAGE_NUMBER_REACH}, not ${size}`);
  }
  return size;
}

function numberedCursor(after: Cursor | undefined): [pageNumber: number, pageSize: number] | undefined {
  if (after === undefined) return undefined;
  const [pageNumber, pageSize] = after;
  if (Number.isInteger(pageNumber) && Number.isInteger(pageSize)) return [Number(pageNumber), Number(pageSize)];
  throw new RangeError(`${JSON.stringify(after)} is not a cursor of a walk by page numbers`);
}

function field(raw: unknown, path: string): unknown {
  if (isRecord(raw) && !path.includes('.')) return raw[path];
  return path
    .split('.')
    .reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined), raw);
}

function idText(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function idsOf(items: readonly Item[]): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const { id } of items) if (id !== undefined) ids.add(id);
  return ids;
}
