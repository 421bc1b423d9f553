// Text that may leave this process. A lone surrogate cannot be written as UTF-8, and what is given one instead of a text may end rather
// than refuse it: Temporal's worker does so for a failure's message, the database library for a value that it reads back.

/** The same text where it is well-formed Unicode; each lone surrogate and each NUL is U+FFFD otherwise. */
export function wellFormed(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}

/** At most `limit` UTF-16 units of the text, well-formed: no pair of surrogates is cut in half, and an ellipsis says that it was cut. */
export function clipped(text: string, limit: number): string {
  const whole = wellFormed(text.slice(0, limit + 1));
  if (text.length <= limit) return whole;
  return `${wellFormed(text.slice(0, Math.max(0, limit - 1))).replace(/\ufffd$/, '')}…`;
}
