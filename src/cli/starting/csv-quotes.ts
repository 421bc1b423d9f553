// Which quote of a CSV text is the wrong one: a parser notices it where it gives up, which may be thousands of lines behind the one that
// somebody has to correct.

const DOUBLED = 'double a quote that belongs to the value ("")';

/** Undefined where quotes are fine. The text begins in line `from` of its file. */
export function quoteProblem(
  text: string,
  { delimiter, from }: { delimiter: string; from: number },
): { line: number; problem: string } | undefined {
  let line = from;
  let at = 0;
  while (at < text.length) {
    at = skipped(text, at, /[ \t]/, delimiter);
    if (text[at] === '"') {
      const opened = line;
      const close = closingQuote(text, at + 1);
      if (close < 0) return { line: opened, problem: `opens a quote that is never closed: close it, or ${DOUBLED}` };
      line += lineBreaks(text, at, close);
      at = skipped(text, close + 1, /[ \t]/, delimiter);
      if (!isCellEnd(text, at, delimiter))
        return {
          line: opened,
          problem:
            line === opened
              ? `has text behind a closing quote: ${DOUBLED}`
              : `opens a quote that ends in line ${line}, in the middle of a value: close it where it belongs, or ${DOUBLED}`,
        };
    } else {
      const start = at;
      while (!isCellEnd(text, at, delimiter)) at += 1;
      if (text.slice(start, at).includes('"'))
        return {
          line,
          problem: 'has a quote inside a value without quotes: write the whole value in quotes, and double the quote inside ("")',
        };
    }
    if (text[at] === '\n') line += 1;
    at += 1;
  }
  return undefined;
}

function skipped(text: string, from: number, blank: RegExp, delimiter: string): number {
  let at = from;
  while (at < text.length && text[at] !== delimiter && blank.test(text[at] ?? '')) at += 1;
  return at;
}

/** A carriage return before the line feed belongs to the line's end. */
function isCellEnd(text: string, at: number, delimiter: string): boolean {
  const mark = text[at];
  return mark === undefined || mark === delimiter || mark === '\n' || (mark === '\r' && text[at + 1] === '\n');
}

/** A doubled quote is one of the value. */
function closingQuote(text: string, from: number): number {
  let at = text.indexOf('"', from);
  while (at >= 0 && text[at + 1] === '"') at = text.indexOf('"', at + 2);
  return at;
}

function lineBreaks(text: string, from: number, to: number): number {
  return text.slice(from, to).split('\n').length - 1;
}
