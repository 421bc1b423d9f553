// Rows of EDR and GAV: normalised, with the row as it came beside it, because fifty more fields exist than anyone has documented.
import type { z } from 'zod';
import type { Wire } from './attempt.js';

export type WithRaw<Row> = Row & { raw: Readonly<Record<string, unknown>> };

/** One warning a page for rows that could not be understood, without any of their content. */
export function rawRows<Row extends object>(
  { logger }: Pick<Wire, 'logger'>,
  endpoint: string,
  schema: z.ZodType<Row>,
  items: readonly unknown[],
): WithRaw<Row>[] {
  const rows = items.flatMap((raw) => {
    const parsed = schema.safeParse(raw);
    return parsed.success ? [{ ...parsed.data, raw: raw as Record<string, unknown> }] : [];
  });
  const dropped = items.length - rows.length;
  if (dropped > 0) logger.warn({ endpoint, dropped }, 'rows that could not be understood were left out');
  return rows;
}
