// How many of the executions in flight have likely ended by an instant, by what the last executions of their script have taken.

/** An execution in flight, by local milliseconds. */
export interface InFlight {
  /** Since it was accepted. */
  ageMs: number;
  /** Its age when a look last found it open; 0 where none has. */
  openAtMs: number;
}

export interface Curve {
  /** What recent executions of the script took, ascending; empty when none was seen. */
  sortedMs: readonly number[];
  /** Before this nothing has ended of which nothing is known. */
  scaleMs: number;
}

/**
 * The chance that one which was open at `openAtMs` has ended at `byMs` of its age. What was seen before counts once each, and once it is
 * taken to be like nothing seen before: then half of those that are open are over when they are twice as old.
 */
export function chanceOver({ sortedMs, scaleMs }: Curve, openAtMs: number, byMs: number): number {
  if (byMs <= openAtMs) return 0;
  const later = sortedMs.length - countUpTo(sortedMs, openAtMs);
  const within = countUpTo(sortedMs, byMs) - countUpTo(sortedMs, openAtMs);
  const from = Math.max(openAtMs, scaleMs);
  const unlike = byMs <= from ? 0 : 1 - from / byMs;
  return (within + unlike) / (later + 1);
}

/** How many are likely over, `aheadMs` from now. */
export function likelyOver(curve: Curve, inFlight: readonly InFlight[], aheadMs: number): number {
  return inFlight.reduce((sum, { ageMs, openAtMs }) => sum + chanceOver(curve, openAtMs, ageMs + aheadMs), 0);
}

/** The first instant from now, negative where it has passed, at which as many are likely over; at most `longestMs`. */
export function whenLikelyOver(
  curve: Curve,
  inFlight: readonly InFlight[],
  { count, longestMs }: { count: number; longestMs: number },
): number {
  let early = -Math.max(0, ...inFlight.map(({ ageMs, openAtMs }) => ageMs - openAtMs));
  let late = longestMs;
  if (likelyOver(curve, inFlight, late) < count) return late;
  while (late - early > 1) {
    const middle = (early + late) / 2;
    if (likelyOver(curve, inFlight, middle) >= count) late = middle;
    else early = middle;
  }
  return late;
}

/** Those that have taken longer than every one before. */
export function isOverdue({ sortedMs }: Curve, { openAtMs }: InFlight): boolean {
  return sortedMs.length > 0 && openAtMs > (sortedMs.at(-1) ?? 0);
}

function countUpTo(sortedMs: readonly number[], ms: number): number {
  let [from, to] = [0, sortedMs.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((sortedMs[middle] ?? 0) <= ms) from = middle + 1;
    else to = middle;
  }
  return from;
}
