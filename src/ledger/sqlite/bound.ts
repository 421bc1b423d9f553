// What a statement is given. libsql ends the whole process over some kinds of value instead of raising an error, reads others back as
// something else, and says nothing of a parameter too many or too few: everything is bound through here, and refused here.
import { types } from 'node:util';
import { wellFormed } from '../../domain/basics/well-formed.js';
import type { SqlParameter, SqlValue } from '../sql/database.js';

/**
 * The values as the library may have them. Throws a TypeError that names the position, from 1, of the first that means nothing to a
 * database.
 */
export function bound(parameters: readonly SqlParameter[], wanted: number): SqlValue[] {
  // They come from typed code as a rule, but also from rows and answers whose types are claims.
  const given: readonly unknown[] = parameters;
  if (!Array.isArray(given)) throw new TypeError('The parameters of a statement must be a list.');
  if (given.length !== wanted) throw new TypeError(`The statement has ${wanted} parameters, and got ${given.length}.`);
  // Not `map`, which leaves the holes of a sparse list as they are.
  return Array.from(given, (value, index) => boundValue(value, index + 1));
}

function boundValue(value: unknown, position: number): SqlValue {
  if (value === undefined || value === null) return null;
  switch (typeof value) {
    case 'string':
      return wellFormed(value);
    case 'boolean':
      return Number(value);
    case 'number':
      return boundNumber(value, position);
    case 'bigint':
      return boundNumber(Number(value), position);
    case 'object':
      return boundBytes(value, position);
    default:
      throw refused(position, `a ${typeof value}`);
  }
}

/** Every number is bound as a double: an integer beyond 2^53 has lost digits by then. */
function boundNumber(value: number, position: number): number {
  if (!Number.isFinite(value)) throw refused(position, String(value));
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) throw refused(position, `${value}, which is beyond 2^53`);
  return value;
}

function boundBytes(value: object, position: number): Buffer {
  // A blob is read back as an ArrayBuffer; memory that is shared, or has been given away, is copied as it is now.
  if (Buffer.isBuffer(value) && types.isArrayBuffer(value.buffer)) return value;
  if (types.isUint8Array(value)) return Buffer.from(value);
  if (types.isArrayBuffer(value)) return Buffer.from(new Uint8Array(value));
  throw refused(position, types.isDate(value) ? 'a Date: use epoch milliseconds' : 'an object');
}

function refused(position: number, what: string): TypeError {
  return new TypeError(`Parameter ${position} of a statement cannot be stored: it is ${what}.`);
}

/** How many values a statement takes: its question marks outside of quoted text and comments. */
export function parameterCount(sql: string): number {
  return withoutLiterals(sql).split('?').length - 1;
}

/** True unless the statement plainly only reads. */
export function mayWrite(sql: string): boolean {
  const words = withoutLiterals(sql);
  if (/^\s*(EXPLAIN|PRAGMA)\b/i.test(words)) return false;
  return !/^\s*(SELECT|VALUES|WITH)\b/i.test(words) || /\b(INSERT|UPDATE|DELETE|REPLACE)\b(?!\s*\()/i.test(words);
}

/**
 * True where its columns stay what they are when another process gives a table more of them: no star stands for those of a table. SQLite
 * prepares a statement again by itself then.
 */
export function namesItsColumns(sql: string): boolean {
  return /^\s*(SELECT|WITH)\b/i.test(sql) && !/\*(?!\))/.test(withoutLiterals(sql));
}

function withoutLiterals(sql: string): string {
  return sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\//g, ' ');
}
