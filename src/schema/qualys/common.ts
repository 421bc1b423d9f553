// The pieces every Qualys answer is made of. Tolerant on purpose: new fields and odd types must not lose a row (T-36, C01–C50).
import { z } from 'zod';

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

export const text = lenient(z.union([z.string(), z.number()]).transform(String));
export const someId = lenient(idText);
export const flag = lenient(z.union([z.boolean(), z.stringbool()]));
export const wholeNumber = lenient(
  z.union([
    z.number(),
    z
      .string()
      .regex(/^-?\d+$/)
      .transform(Number),
  ]),
);

/** Epoch milliseconds, from a number, digits, or ISO text also with an offset without colon (`+0000`). */
export const epochMs = lenient(
  z.union([z.number(), z.string()]).transform((value) => {
    if (typeof value === 'number') return value;
    if (/^\d+$/.test(value)) return Number(value);
    const parsed = Date.parse(value.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'));
    return Number.isNaN(parsed) ? undefined : parsed;
  }),
);

/** base64 to bytes; line breaks inside are documented damage (C43). */
export const base64Bytes = lenient(z.string().transform((encoded) => Buffer.from(encoded.replace(/\s+/g, ''), 'base64')));

/** `{errorCode, message, body}`, each of which may be missing; also the gateway's own `{status, error, message}`. */
export const Envelope = z.looseObject({ errorCode: text, message: text, error: text, body: z.unknown().optional() });

export interface RawList {
  rows: unknown[];
  total?: number | undefined;
}

const List = z.looseObject({ list: z.array(z.unknown()).nullish(), totalCount: wholeNumber });

/** The list inside a search answer: under `body`, or at the top. Undefined when there is none. */
export function listOf(json: unknown): RawList | undefined {
  const envelope = Envelope.safeParse(json);
  const parsed = List.safeParse(envelope.success && envelope.data.body != null ? envelope.data.body : json);
  if (!parsed.success) return undefined;
  const { list, totalCount } = parsed.data;
  // An empty result may come as `list: null`, but a body with neither list nor total is something else.
  return list == null && totalCount === undefined ? undefined : { rows: list ?? [], total: totalCount };
}

const SortValues = z.array(z.union([z.string(), z.number(), z.null()])).min(1);
const Wrapped = z.looseObject({ data: z.looseObject({}), sortValues: z.array(z.unknown()).nullish() });

/** A row and its cursor, wrapped or flat: decided a row, never an endpoint (C10). An empty `sortValues` is no cursor. */
export function unwrapped(item: unknown): { raw: unknown; sortValues?: (string | number | null)[] | undefined } {
  const wrapped = Wrapped.safeParse(item);
  if (!wrapped.success || wrapped.data.sortValues === undefined) return { raw: item };
  const values = SortValues.safeParse(wrapped.data.sortValues);
  return { raw: wrapped.data.data, sortValues: values.success ? values.data : undefined };
}

type Compact<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** The object without its undefined fields, so that absent stays absent (T-14: absent is not false). */
export function compact<T extends object>(value: T): Compact<T> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Compact<T>;
}
