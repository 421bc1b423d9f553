// What one value of a row means, whatever its type: undefined where it says nothing. Plain functions, because a walk reads millions of rows;
// in a schema they stand as the leaves of common.ts.

export const NO_ID = 'is no id';

/** An id as string or number, as text. A number beyond 2^53 has lost digits and is no id any more. */
export function idOf(value: unknown): string | undefined {
  if (typeof value !== 'string' && !Number.isSafeInteger(value)) return undefined;
  return String(value).trim() || undefined;
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || isNumber(value) ? String(value) : undefined;
}

const TRUE: ReadonlySet<string> = new Set(['true', '1', 'yes', 'on', 'y', 'enabled']);
const FALSE: ReadonlySet<string> = new Set(['false', '0', 'no', 'off', 'n', 'disabled']);

export function flagOf(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return undefined;
  const word = value.toLowerCase();
  return TRUE.has(word) || (FALSE.has(word) ? false : undefined);
}

export function wholeNumberOf(value: unknown): number | undefined {
  if (typeof value === 'string') return /^-?\d+$/.test(value) ? Number(value) : undefined;
  return isNumber(value) ? value : undefined;
}

/**
 * An exit code: a whole number, also where JSON or text has it as hexadecimal (`0x80070005`), with a sign or with decimals. A number that is
 * no whole one stays other than zero, as 0 is the one code that says something good; a word is no code.
 */
export function exitCodeOf(value: unknown): number | undefined {
  const number = typeof value === 'string' ? Number(value.trim() === '' ? Number.NaN : value) : value;
  if (typeof number !== 'number' || Number.isNaN(number)) return undefined;
  const whole = Math.min(Math.ceil(Math.abs(number)), Number.MAX_SAFE_INTEGER);
  return number < 0 ? -whole : whole;
}

/**
 * base64 to bytes; line breaks inside are documented damage (docs/qualys-api.md#scripts). Text that is none, or was cut, is as good as
 * missing: its bytes would be others than those that were meant.
 */
export function bytesOf(value: unknown): Buffer | undefined {
  const digits = typeof value === 'string' ? value.replace(/\s+/g, '') : undefined;
  return digits !== undefined && digits.length % 4 === 0 && /^[\w+/-]*={0,2}$/.test(digits) ? Buffer.from(digits, 'base64') : undefined;
}

/** JSON text such as 1e999 is read as infinite. */
export function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Rows of one endpoint have some dozens of fields; what a hostile answer makes up beyond that is worked out each time. */
const MOST_KEPT = 2_000;
const kept = new Map<string, string>();

/**
 * How a field is called, without case and separators, which the services have spelled in several ways. Kept, because a walk asks it of every field of a million rows.
 */
export function folded(field: string): string {
  const known = kept.get(field);
  if (known !== undefined) return known;
  const name = field.toLowerCase().replace(/[_-]/g, '');
  if (kept.size < MOST_KEPT) kept.set(field, name);
  return name;
}
