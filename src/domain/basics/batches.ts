/** Splits a list into parts of at most `size`, in order. */
export function batches<T>(items: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let start = 0; start < items.length; start += size) parts.push(items.slice(start, start + size));
  return parts;
}

/** Splits a list into parts whose weights add up to `limit` at most, in order; one that weighs more is a part by itself. */
export function batchesOf<T>(items: readonly T[], limit: number, weightOf: (item: T) => number): T[][] {
  const parts: T[][] = [];
  let weight = Number.POSITIVE_INFINITY;
  for (const item of items) {
    const own = weightOf(item);
    if (weight + own > limit) {
      parts.push([]);
      weight = 0;
    }
    parts.at(-1)?.push(item);
    weight += own;
  }
  return parts;
}
