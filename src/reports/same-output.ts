// When two outputs are the same to a person. Nothing that could tell two failures apart is left out: no number, no version, no address.

/** Whose output it is: what a host writes about itself differs on every host. */
export interface Writer {
  assetId: string;
  name?: string | undefined;
}

/** An id that short is a number like any other: `code 1` of asset 1 is not `code 2` of asset 2. */
const SHORTEST_ID = 6;
const SHORTEST_NAME = 3;

const DATE = String.raw`\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}\d{1,2}`;
const TIME = String.raw`\d{1,2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?: ?[AP]M)?(?: ?Z\b| ?[+-]\d{2}:?\d{2}\b)?`;
/** Either alone, or both together as one. */
const INSTANT = new RegExp(String.raw`(?<!\d)(?:(?:${DATE})(?:[T ,]{1,2}(?:${TIME}))?|${TIME})(?!\d)`, 'g');
/** As syslog writes it: `sshd[812]:`. */
const PROCESS = /\[\d{1,7}\]:/g;

/**
 * Lines as people see them: line ends of any system, no blanks behind them, no empty lines around. By hand, as a pattern for blanks at an
 * end reads a long row of blanks once for each of them.
 */
export function trimmedOutput(text: string): string {
  const lines = text.split(/\r\n|\r|\n/).map((line) => line.trimEnd());
  const first = lines.findIndex((line) => line !== '');
  return first < 0 ? '' : lines.slice(first, lines.findLastIndex((line) => line !== '') + 1).join('\n');
}

/** The same for outputs that differ only in the host's own name and id, in dates and times of day, and in process ids of log lines. */
export function withoutItsOwn(output: string, writer: Writer): string {
  const own = ownWords(writer);
  const nameless = own.length === 0 ? output : output.replace(new RegExp(`(?<![\\w-])(?:${own.join('|')})(?![\\w-])`, 'gi'), '<host>');
  return nameless.replace(INSTANT, '<time>').replace(PROCESS, '[]:');
}

/** The whole name before its first label, which is part of it. */
function ownWords({ assetId, name = '' }: Writer): string[] {
  const names = [name, name.split('.')[0] ?? ''].filter((word) => word.length >= SHORTEST_NAME && /[a-z]/i.test(word));
  return [...new Set(names), ...(assetId.length >= SHORTEST_ID ? [assetId] : [])].map((word) => word.replace(/[^\w-]/g, '\\$&'));
}
