// Text of others on its way into a ticket: names, reasons, what a script has written. What a system would read as markup is escaped where
// its text is made; here goes what is wrong in every system.
import { clipped } from '../basics/well-formed.js';

/** How every entry of ours begins its marker; nobody else's text may pass for one. */
export const MARKER_WORD = 'overhaul:';

const UNSAFE = /(?![\n\t])[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

/** Lines as they are, without controls and marks that turn text around, at most `limit` characters. */
export function inertLines(text: string, limit: number): string {
  const readable = text
    .slice(0, limit * 2)
    .replace(/\r\n?/g, '\n')
    .replace(UNSAFE, '');
  return clipped(
    readable.replace(/overhaul:/gi, (word) => `${word.slice(0, -1)} :`),
    limit,
  ).trimEnd();
}

/** One line. */
export function inertLine(text: string, limit: number): string {
  return inertLines(text.replace(/[\n\t\u2028\u2029]+/g, ' '), limit);
}
