// The pieces every Qualys answer is made of. Tolerant on purpose: new fields and odd types must not lose a row
// (docs/qualys-api.md#envelopes-and-ids).
import { z } from 'zod';
import { toldInstant } from '../../domain/clock/instant.js';
import { flagOf, idOf, isNumber, isRecord, NO_ID, textOf, wholeNumberOf } from './values.js';

/** An id as string or number, kept as string. */
export const idText = z.union([z.string(), z.number()]).transform((value, ctx) => {
  const id = idOf(value);
  if (id === undefined) ctx.addIssue({ code: 'custom', message: NO_ID });
  return id ?? '';
});

/** A field that may be absent, null or of a foreign type: undefined then. */
export function lenient<T extends z.ZodType>(schema: T) {
  return schema
    .nullish()
    .catch(undefined)
    .transform((value) => value ?? undefined);
}

/** What `read` makes of a value of any type, in a schema: `lenient` for the fields that rows are made of. */
function leaf<T>(read: (value: unknown) => T | undefined) {
  return z.unknown().transform(read).optional();
}

export const text = leaf(textOf);
export const someId = leaf(idOf);
export const flag = leaf(flagOf);
export const wholeNumber = leaf(wholeNumberOf);
export const epochMs = leaf(toldInstant);

/** `{errorCode, message, body}`, each of which may be missing; also the gateway's own `{status, error, message}`. */
export const Envelope = z.looseObject({ errorCode: text, message: text, error: text, body: z.unknown().optional() });

export interface RawList {
  rows: unknown[];
  total?: number | undefined;
}

/** The very array, because a copy of it would keep every row of a page in memory twice as long. */
const Rows = z.custom<unknown[]>((value) => Array.isArray(value), 'is no list');
const List = z.object({ list: Rows.nullish(), totalCount: wholeNumber });

/** The list inside a search answer: under `body`, or at the top. Undefined when there is none. */
export function listOf(json: unknown): RawList | undefined {
  const envelope = Envelope.safeParse(json);
  const parsed = List.safeParse(envelope.success && envelope.data.body != null ? envelope.data.body : json);
  if (!parsed.success) return undefined;
  const { list, totalCount } = parsed.data;
  // An empty result may come as `list: null`, but a body with neither list nor total is something else.
  return list == null && totalCount === undefined ? undefined : { rows: list ?? [], total: totalCount };
}

/** A row as the client has it, or what is wrong with it, without any of its content. */
export type ReadRow<Row> = (raw: unknown) => { row: Row; problem?: undefined } | { row?: undefined; problem: string };

export function bySchema<Row>(schema: z.ZodType<Row>): ReadRow<Row> {
  return (raw) => {
    const parsed = schema.safeParse(raw);
    if (parsed.success) return { row: parsed.data };
    return { problem: parsed.error.issues.map((issue) => `${issue.path.join('.') || 'row'}: ${issue.message}`).join('; ') };
  };
}

type SortValues = (string | number | null)[];

/**
 * A row and its cursor, wrapped or flat: decided a row, never an endpoint (docs/qualys-api.md#envelopes-and-ids). An empty `sortValues` is
 * no cursor.
 */
export function unwrapped(item: unknown): { raw: unknown; sortValues?: SortValues | undefined } {
  if (!isRecord(item) || !isRecord(item.data)) return { raw: item };
  const { data, sortValues } = item;
  if (sortValues !== null && !Array.isArray(sortValues)) return { raw: item };
  return { raw: data, sortValues: isSortValues(sortValues) ? sortValues : undefined };
}

function isSortValues(values: unknown[] | null): values is SortValues {
  return values !== null && values.length > 0 && values.every((value) => value === null || typeof value === 'string' || isNumber(value));
}

type Compact<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** The object without its undefined fields, so that absent stays absent (docs/qualys-api.md#envelopes-and-ids: absent is not false). */
export function compact<T extends object>(value: T): Compact<T> {
  const kept: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) if (field !== undefined) kept[key] = field;
  return kept as Compact<T>;
}
