/** So many at once, and so many more each second. */
export interface Rate {
  perSecond: number;
  burst: number;
}

/** What is left, and when that was. */
export interface Bucket {
  left: number;
  atMs: number;
}

/** Of a sum of fractions, in milliseconds. */
const ROUNDING = 1e-6;

/** One is taken where there is one; else it says when there will be. A clock that goes back gives nothing, and takes nothing. */
export function takeToken(
  { left, atMs }: Bucket,
  { perSecond, burst }: Rate,
  nowMs: number,
): { bucket: Bucket; waitMs: number | undefined } {
  const now = Math.max(atMs, nowMs);
  const filled = Math.min(burst, left + ((now - atMs) / 1_000) * perSecond);
  if (filled >= 1) return { bucket: { left: filled - 1, atMs: now }, waitMs: undefined };
  return { bucket: { left: filled, atMs: now }, waitMs: Math.ceil(((1 - filled) / perSecond) * 1_000 - ROUNDING) };
}
