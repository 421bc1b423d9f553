const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Durations of the contract: milliseconds, or text such as `"90s"`, `"15m"`, `"4h"`, `"7d"` (also `"250ms"`). */
export type Duration = number | string;

/** A hundred years. Beyond some 270,000 a sum with the present is no date any more, and printing it throws. */
const LONGEST_MS = 36_525 * UNIT_MS.d;

/** Milliseconds of a duration, or undefined when it is none (negative, unknown unit, longer than a hundred years). */
export function durationMs(value: unknown): number | undefined {
  if (typeof value === 'number') return inRange(value);
  if (typeof value !== 'string') return undefined;
  const match = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?\s*$/.exec(value);
  if (!match) return undefined;
  return inRange(Number(match[1]) * UNIT_MS[(match[2] ?? 'ms') as keyof typeof UNIT_MS]);
}

function inRange(ms: number): number | undefined {
  return ms >= 0 && ms <= LONGEST_MS ? Math.round(ms) : undefined;
}
