// Rows of EDR and GAV: normalised, with the row as it came beside it, because fifty more fields exist than anyone has documented.
import type { z } from 'zod';
import type { Wire } from '../http/send.js';

export type WithRaw<Row> = Row & { raw: Readonly<Record<string, unknown>> };

export interface RawRows<Row> {
  /** All that were understood, those that came before among them. */
  rows: WithRaw<Row>[];
  /** What came before is left out. */
  fresh: WithRaw<Row>[];
  unreadable: number;
  /** The fresh ones and the unreadable ones as they came, in their order. */
  raw: unknown[];
}

/** One warning a page for rows that could not be understood, without any of their content; how many they were goes with the page. */
export function rawRows<Row extends object>(
  { logger }: Pick<Wire, 'logger'>,
  endpoint: string,
  { schema, items, isKnown = () => false }: { schema: z.ZodType<Row>; items: readonly unknown[]; isKnown?: (row: Row) => boolean },
): RawRows<Row> {
  const read: RawRows<Row> = { rows: [], fresh: [], unreadable: 0, raw: [] };
  for (const item of items) {
    const parsed = schema.safeParse(item);
    if (!parsed.success) {
      read.unreadable += 1;
      read.raw.push(item);
      continue;
    }
    const row = { ...parsed.data, raw: item as Record<string, unknown> };
    read.rows.push(row);
    if (isKnown(row)) continue;
    read.fresh.push(row);
    read.raw.push(item);
  }
  const { unreadable } = read;
  if (unreadable > 0) logger.warn({ endpoint, dropped: unreadable }, 'left out unreadable rows');
  return read;
}
