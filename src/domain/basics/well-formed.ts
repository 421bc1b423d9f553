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

/** Bytes of the text in UTF-8. Workflow code has no Buffer. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    // A lone surrogate is written as U+FFFD, of three bytes.
    const isPair = isHigh(unit) && isLow(text.charCodeAt(at + 1));
    bytes += unit < 0x80 ? 1 : unit < 0x800 ? 2 : isPair ? 4 : 3;
    if (isPair) at += 1;
  }
  return bytes;
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
