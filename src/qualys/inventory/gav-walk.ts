// Walking GAV assets by `lastSeenAssetId` and `hasMore` (docs/qualys-api.md#global-assetview), in constant memory, with the stall rules
// that others learned (docs/qualys-api.md#global-assetview).

import type { QueryValue } from '../catalog.js';
import { QualysError } from '../errors.js';
import { type Reader, read } from '../http/read.js';
import type { Answer, Call } from '../http/send.js';
import type { GavAsset } from '../operations.js';
import type { Cursor, Page } from '../types.js';
import { rawRows } from '../walks/raw-rows.js';
import { GavAssetRow, type GavCountRead, type GavPageRead, type GavRefusal } from '../wire/gav.js';

/** docs/qualys-api.md#global-assetview */
const MAX_PAGE_SIZE = 300;

interface WalkFrom {
  pageSize?: number;
  after?: Cursor | undefined;
}

type CallOf = (paging: Readonly<Record<string, QueryValue>>) => Call;

/**
 * Goes on while `hasMore` is 1, whatever the cursor says (docs/qualys-api.md#global-assetview). An empty page with a cursor that moved is
 * legal.
 */
export async function* gavWalk(
  reader: Reader,
  { pageSize = MAX_PAGE_SIZE, after }: WalkFrom,
  callOf: CallOf,
): AsyncGenerator<Page<GavAsset>> {
  if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > MAX_PAGE_SIZE) {
    throw new RangeError(`A page of GAV assets has 1 to ${MAX_PAGE_SIZE} rows, not ${pageSize}`);
  }
  let sent = sentCursor(after);
  const isLoop = loopDetector();
  let seen: ReadonlySet<string> = new Set();
  for (;;) {
    const call = callOf({ lastSeenAssetId: sent, pageSize });
    const { answer, page } = await gavAnswer(reader, call);
    const isKnown = ({ assetId }: { assetId: string }): boolean => seen.has(assetId);
    const { rows, fresh, unreadable, raw } = rawRows(reader, call.endpoint, { schema: GavAssetRow, items: page.rows, isKnown });
    const next = nextCursor(call.endpoint, page, { sent, hasNews: fresh.length > 0 });
    if (next !== undefined && isLoop(next)) throw stalled(call.endpoint, `the cursor ${next} was already used`);
    const cursor = next === undefined ? undefined : [next];
    yield { rows: fresh, unreadable, raw, cursor, bytes: answer.bytes, serverAt: answer.serverAt };
    if (next === undefined) return;
    sent = next;
    seen = new Set(rows.map(({ assetId }) => assetId));
  }
}

/** The answer, or its refusal as an error. */
export async function gavAnswer(reader: Reader, call: Call): Promise<{ answer: Answer; page: GavPageRead; count: number }> {
  const answer = await read(reader, call);
  const payload = answer.payload as GavPageRead | GavCountRead | GavRefusal;
  const facts = { status: answer.status, endpoint: call.endpoint };
  if (payload.kind === 'failed') {
    throw new QualysError('invalid', `${call.endpoint}: Qualys answered ${payload.message.slice(0, 200)}. Check filter and fields`, facts);
  }
  if (payload.kind === 'xml') {
    throw new QualysError('protocol', `${call.endpoint}: received XML instead of JSON; a proxy may have removed the Accept header`, facts);
  }
  const nothing: GavPageRead = { kind: 'page', rows: [], hasMore: false, lastSeenAssetId: undefined };
  return { answer, page: payload.kind === 'page' ? payload : nothing, count: payload.kind === 'count' ? payload.count : 0 };
}

function nextCursor(
  endpoint: string,
  page: GavPageRead,
  { sent, hasNews }: { sent: string | undefined; hasNews: boolean },
): string | undefined {
  if (page.hasMore === undefined) throw stalled(endpoint, 'the answer does not say whether more rows follow');
  if (!page.hasMore) return undefined;
  if (page.lastSeenAssetId === undefined) throw stalled(endpoint, 'more rows follow, but there is no lastSeenAssetId to continue from');
  if (page.lastSeenAssetId === sent && !hasNews) throw stalled(endpoint, `the cursor stays at ${sent} without new rows`);
  return page.lastSeenAssetId;
}

/** Brent's algorithm: finds any cycle of cursors while remembering one of them. A cursor may repeat once in a row: its page had news. */
function loopDetector(): (cursor: string) => boolean {
  let remembered: string | undefined;
  let previous: string | undefined;
  let [steps, limit] = [0, 2];
  return (cursor) => {
    const isLoop = cursor === remembered && cursor !== previous;
    previous = cursor;
    steps += 1;
    if (steps >= limit) {
      remembered = cursor;
      [steps, limit] = [0, limit * 2];
    }
    return isLoop;
  };
}

function sentCursor(after: Cursor | undefined): string | undefined {
  if (after === undefined) return undefined;
  const [cursor] = after;
  if (typeof cursor === 'string' && /^\d{1,19}$/.test(cursor)) return cursor;
  throw new RangeError(`${JSON.stringify(after)} is not a cursor of a walk over GAV assets`);
}

function stalled(endpoint: string, what: string): QualysError {
  const message = `${endpoint}: cannot continue the walk, ${what}. Rows may be missing; walk again or narrow the filter`;
  return new QualysError('protocol', message, { endpoint });
}
