// Chance without state: every draw follows from the seed, a label and numbers, so one draw more never shifts another.
import { createHash } from 'node:crypto';

/** A number in [0, 1). */
export function chance(seed: number, label: string, first = 0, second = 0): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let index = 0; index < label.length; index += 1) hash = Math.imul(hash ^ label.charCodeAt(index), 0x01000193);
  hash = mixed(hash ^ Math.imul(first + 1, 0x9e3779b1));
  hash = mixed(hash ^ Math.imul(second + 1, 0x85ebca6b));
  return (hash >>> 0) / 2 ** 32;
}

/** A whole number in [min, max]. */
export function between(span: { min: number; max: number }, draw: number): number {
  return span.min + Math.floor(draw * (span.max - span.min + 1));
}

/** A UUID (version 4 by its looks) that follows from the text. */
export function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** There is one customer: drawn once, for it is in every row. */
export const CUSTOMER_UUID = uuidOf('customer');

// The finaliser of MurmurHash3: neighbouring asset numbers must not draw alike.
function mixed(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
