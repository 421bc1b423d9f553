// The pieces every Qualys answer is made of. Tolerant on purpose: new fields and odd types must not lose a row
// (docs/qualys-api.md#envelopes-and-ids).
import { z } from 'zod';
import { toldInstant } from '../../domain/clock/instant.js';

/** An id as string or number, kept as string. A number beyond 2^53 has lost digits and is no id any more. */
export const idText = z.union([z.string(), z.number()]).transform((value, ctx) => {
  const text = typeof value === 'number' && !Number.isSafeInteger(value) ? '' : String(value).trim();
  if (text === '') ctx.addIssue({ code: 'custom', message: 'is no id' });
  return text;
});

/** A field that may be absent, null or of a foreign type: undefined then. */
export function lenient<T extends z.ZodType>(schema: T) {
  return schema
    .nullish()
    .catch(undefined)
    .transform((value) => value ?? undefined);
}

/** What `read` makes of a value of any type: `lenient` for the fields that rows are made of, where a walk reads millions. */
function leaf<T>(read: (value: unknown) => T | undefined) {
  return z.unknown().transform(read).optional();
}

export const text = leaf((value) => (typeof value === 'string' || isNumber(value) ? String(value) : undefined));

export const someId = leaf((value) => {
  const parsed = typeof value === 'string' || typeof value === 'number' ? idText.safeParse(value) : undefined;
  return parsed?.success ? parsed.data : undefined;
});

const Flag = z.stringbool();
export const flag = leaf((value) => {
  if (typeof value === 'boolean') return value;
  const parsed = typeof value === 'string' ? Flag.safeParse(value) : undefined;
  return parsed?.success ? parsed.data : undefined;
});

export const wholeNumber = leaf((value) => {
  if (typeof value === 'string') return /^-?\d+$/.test(value) ? Number(value) : undefined;
  return isNumber(value) ? value : undefined;
});

/**
 * An exit code: a whole number, also where JSON or text has it as hexadecimal (`0x80070005`), with a sign or with decimals. A number that is
 * no whole one stays other than zero, as 0 is the one code that says something good; a word is no code.
 */
export const exitCode = leaf((value) => {
  const number = typeof value === 'string' ? Number(value.trim() === '' ? Number.NaN : value) : value;
  if (typeof number !== 'number' || Number.isNaN(number)) return undefined;
  const whole = Math.min(Math.ceil(Math.abs(number)), Number.MAX_SAFE_INTEGER);
  return number < 0 ? -whole : whole;
});

/** Epoch milliseconds, in each form that Qualys has for an instant; what tells none, such as -1 and 0 for never, is absent. */
export const epochMs = leaf(toldInstant);

/**
 * base64 to bytes; line breaks inside are documented damage (docs/qualys-api.md#scripts). Text that is none, or was cut, is as good as
 * missing: its bytes would be others than those that were meant.
 */
export const base64Bytes = leaf((value) => {
  const digits = typeof value === 'string' ? value.replace(/\s+/g, '') : undefined;
  return digits !== undefined && digits.length % 4 === 0 && /^[\w+/-]*={0,2}$/.test(digits) ? Buffer.from(digits, 'base64') : undefined;
});

/** JSON text such as 1e999 is read as infinite. */
function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

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

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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
