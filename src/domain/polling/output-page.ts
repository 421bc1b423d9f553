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

function clamp(rows: number): number {
  return Math.max(1, Math.min(LARGEST_OUTPUT_PAGE, Math.floor(rows)));
}
