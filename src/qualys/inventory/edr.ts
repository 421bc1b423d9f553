// EDR assets (docs/qualys-api.md#edr-assets): no total, a bare array, and the next cursor in a response header.

import { operations, pathOf } from '../catalog.js';
import { QualysError } from '../errors.js';
import { isPathUnknown, type Reader, read } from '../http/read.js';
import type { EdrAsset, EdrWalkOptions } from '../operations.js';
import type { Cursor, Page } from '../types.js';
import { rawRows } from '../walks/raw-rows.js';
import { bareArrayOf, EdrAssetRow, edrCursorOf, edrCursorOfRow } from '../wire/edr.js';

/** The service's own default is 10 (docs/qualys-api.md#edr-assets). */
const PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 9_999;
const ENDPOINT = 'ioc/asset/searchAfter';

/** v1, or the path without a version where the gateway answers the first call with 404. The cursor is good for both. */
export async function* edrAssets(reader: Reader, options: EdrWalkOptions): AsyncGenerator<Page<EdrAsset>> {
  const pageSize = checkedPageSize(options.pageSize ?? PAGE_SIZE);
  let sent = sentCursor(options.after);
  let path: string = operations.edrAssetsV1.path;
  let seen: ReadonlySet<string> = new Set();
  for (let isFirst = true; ; isFirst = false) {
    let page: EdrPage;
    try {
      page = await fetchPage(reader, path, options, { pageSize, searchAfterValues: sent });
    } catch (error) {
      if (!isFirst || !isPathUnknown(error)) throw error;
      path = operations.edrAssets.path;
      page = await fetchPage(reader, path, options, { pageSize, searchAfterValues: sent });
    }
    const isKnown = ({ id }: { id: string }): boolean => seen.has(id);
    const { rows, fresh, unreadable, raw } = rawRows(reader, ENDPOINT, { schema: EdrAssetRow, items: page.raw, isKnown });
    // What cannot be read may be new: a page of nothing else does not end the walk before what is behind it.
    const next = nextCursor(page, { sent, pageSize, hasNews: fresh.length + unreadable > 0 });
    const cursor = next === undefined ? undefined : [next];
    yield { rows: fresh, unreadable, raw, cursor, bytes: page.bytes, serverAt: page.serverAt };
    if (next === undefined) return;
    sent = next;
    seen = new Set(rows.map(({ id }) => id));
  }
}

interface EdrPage {
  raw: readonly unknown[];
  header: string | undefined;
  bytes: number;
  serverAt: number | undefined;
}

/** The sample sends the comma of the cursor as it is; encoded it is the same value. */
async function fetchPage(
  reader: Reader,
  path: string,
  options: EdrWalkOptions,
  paging: { pageSize: number; searchAfterValues: string | undefined },
): Promise<EdrPage> {
  const { filter, includeAttributes, excludeAttributes, runId, signal } = options;
  const answer = await read(reader, {
    endpoint: ENDPOINT,
    kind: 'read',
    method: 'GET',
    path: pathOf(path, {}, { filter, ...projection(includeAttributes, excludeAttributes), ...paging }),
    payloadOf(json, { headers }) {
      const raw = bareArrayOf(json);
      return raw && { raw, header: edrCursorOf(headers) };
    },
    payloadOfNothing: { raw: [], header: undefined },
    runId,
    signal,
  });
  const { raw, header } = answer.payload as Pick<EdrPage, 'raw' | 'header'>;
  return { raw, header, bytes: answer.bytes, serverAt: answer.serverAt };
}

/** Undefined at the end: an empty page, a page without news, or a short one after which no cursor came. */
function nextCursor(
  page: EdrPage,
  { sent, pageSize, hasNews }: { sent: string | undefined; pageSize: number; hasNews: boolean },
): string | undefined {
  if (page.raw.length === 0) return undefined;
  const isShort = page.raw.length < pageSize;
  if (page.header === undefined && isShort) return undefined;
  if (!hasNews) {
    if (isShort) return undefined;
    throw stalled('a full page has no new rows');
  }
  const candidates = [page.header, edrCursorOfRow(page.raw.at(-1))].filter((cursor) => cursor !== undefined);
  const next = candidates.find((cursor) => cursor !== sent);
  if (next === undefined && !(isShort && candidates.length > 0)) {
    throw stalled(
      candidates.length === 0 ? 'there is no cursor, and the last row has no timeStamp and id to build one' : 'the cursor does not move',
    );
  }
  return next;
}

function projection(include: readonly string[] | undefined, exclude: readonly string[] | undefined) {
  const kept = ['id', 'timeStamp'];
  const excluded = exclude?.filter((name) => !kept.includes(name)) ?? [];
  return {
    ...(include === undefined ? {} : { include_attributes: [...new Set([...kept, ...include])].join(',') }),
    ...(excluded.length === 0 ? {} : { exclude_attributes: excluded.join(',') }),
  };
}

function checkedPageSize(size: number): number {
  if (Number.isInteger(size) && size >= 1 && size <= MAX_PAGE_SIZE) return size;
  throw new RangeError(`${ENDPOINT}: a page size must be a whole number from 1 to ${MAX_PAGE_SIZE}, not ${size}`);
}

function sentCursor(after: Cursor | undefined): string | undefined {
  if (after === undefined) return undefined;
  const [cursor] = after;
  if (typeof cursor === 'string' && cursor !== '') return cursor;
  throw new RangeError(`${JSON.stringify(after)} is not a cursor of a walk over EDR assets`);
}

function stalled(what: string): QualysError {
  const message = `${ENDPOINT}: cannot continue the walk, ${what}. Rows may be missing; walk again or narrow the filter`;
  return new QualysError('protocol', message, { endpoint: ENDPOINT });
}
