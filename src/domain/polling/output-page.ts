// How many rows to ask for when each carries a script's output: towards 8 MB a page, learned from the bytes that came.

export const FIRST_OUTPUT_PAGE = 25;
export const LARGEST_OUTPUT_PAGE = 1_000;
const TARGET_BYTES = 8_000_000;
/** A page may be at most this many times the one before: one page of small outputs says little about the next. */
const GROWTH = 8;

/** The next page's size after a page of `rows` rows and `bytes` bytes. */
export function nextOutputPage(previous: { rows: number; bytes: number } | undefined, learnedRowBytes?: number): number {
  if (!previous || previous.rows === 0) return learnedRowBytes ? clamp(TARGET_BYTES / 2 / learnedRowBytes) : FIRST_OUTPUT_PAGE;
  return clamp(Math.min(TARGET_BYTES / (previous.bytes / previous.rows), previous.rows * GROWTH));
}

/** The largest page after one of `rows` rows that was too much for one answer. */
export function smallerOutputPage(rows: number): number {
  return Math.max(1, Math.floor(rows / 2));
}

/** The largest page after one that came: what was too much in one place of the walk need not be so in the next. */
export function largerOutputPage(largest: number): number {
  return Math.min(LARGEST_OUTPUT_PAGE, largest * 2);
}

/** Rows of a look whose outputs are asked for along with it where nothing is known of them yet. */
export const FIRST_WITH_ROWS = 1_000;
/** Fewer say little about the others. */
const LEARNED_FROM = 10;
/** A row without its output (docs/qualys-api.md#asset-jobs); base64 makes three bytes four. */
const BARE_ROW_BYTES = 1_000;
const BASE64 = 4 / 3;

export interface RowsOfScript {
  rows: number;
  rowBytes?: number | undefined;
  /** The largest page of outputs to ask for: larger ones were too much. */
  outputPage?: number | undefined;
}

/** Whether all these rows are likely to fit one answer with their outputs. */
export function fitsWithRows(parts: readonly RowsOfScript[]): boolean {
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const wasTooMuch = parts.some(({ outputPage = LARGEST_OUTPUT_PAGE }) => outputPage < LARGEST_OUTPUT_PAGE && rows > outputPage);
  const bytes = parts.reduce((sum, part) => sum + part.rows * (part.rowBytes ?? TARGET_BYTES / FIRST_WITH_ROWS), 0);
  return !wasTooMuch && bytes <= TARGET_BYTES;
}

/** The bytes of a row by outputs that came; undefined where they are too few to say. */
export function rowBytesOf(outputBytes: readonly number[]): number | undefined {
  if (outputBytes.length < LEARNED_FROM) return undefined;
  return BARE_ROW_BYTES + (BASE64 * outputBytes.reduce((sum, bytes) => sum + bytes, 0)) / outputBytes.length;
}

function clamp(rows: number): number {
  return Math.max(1, Math.min(LARGEST_OUTPUT_PAGE, Math.floor(rows)));
}
