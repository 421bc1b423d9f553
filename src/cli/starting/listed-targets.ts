// What `--assets`, `--hosts`, `--tags` and `--exclude` name: a list in the option, `@FILE`, or `-` for stdin (docs/requests.md). A wrong
// line is named by its number: a list of ten thousand ids is corrected where it was written.
import { type CsvError, parse } from 'csv-parse/sync';
import type { Problem } from '../../contracts/request.js';
import { whyNotRead } from '../../domain/basics/file-failure.js';
import { counted } from '../terminal/count-text.js';
import { quoteProblem } from './csv-quotes.js';

/** What a list holds: ids are digits, names are whatever an asset may be called. */
export type ListKind = 'ids' | 'names';

export interface ListSource {
  /** As people know it: the option. */
  option: string;
  kind: ListKind;
  /** `--column`. */
  column: string | undefined;
  /** Throws when the file cannot be read. `-` is stdin. */
  readText(path: string): string;
}

export interface Listed {
  values: string[];
  problems: Problem[];
  /** What was taken from where, for people to check: a column that was chosen by its name. */
  notes: string[];
}

/** The columns that are taken when none is named, in this order. */
const COLUMNS: Record<ListKind, readonly string[]> = {
  ids: ['assetid', 'asset_id', 'id'],
  names: ['hostname', 'host', 'name'],
};
/** As many wrong lines as a person reads at once. */
const PROBLEMS_SHOWN = 20;

export function listedTargets(options: readonly string[] | undefined, source: ListSource): Listed | undefined {
  if (options === undefined) return undefined;
  const parts = options.map((option) => {
    const path = option === '-' || option === '@-' ? '-' : option.startsWith('@') ? option.slice(1) : undefined;
    return path === undefined ? { values: separated(option), problems: [], notes: [] } : fromFile(path, source);
  });
  return {
    values: parts.flatMap(({ values }) => values),
    problems: parts.flatMap(({ problems }) => problems),
    notes: parts.flatMap(({ notes }) => notes),
  };
}

function fromFile(path: string, source: ListSource): Listed {
  const refused = (problem: string): Listed => ({ values: [], problems: [{ path: source.option, problem }], notes: [] });
  let text: string;
  try {
    text = source.readText(path);
  } catch (error) {
    return refused(`cannot read file ${path}: ${whyNotRead(error)}`);
  }
  const found = linesOf(text, source);
  if ('problem' in found) return refused(`${nameOf(path)}: ${found.problem}`);
  const wrong = found.entries.flatMap(({ value, line }) => {
    const problem = problemOf(value, source.kind);
    return problem === undefined ? [] : [{ path: source.option, problem: `${nameOf(path)}, line ${line}: ${problem}` }];
  });
  const more = wrong.length - PROBLEMS_SHOWN;
  const problems = [
    ...wrong.slice(0, PROBLEMS_SHOWN),
    ...(more > 0 ? [{ path: source.option, problem: `${nameOf(path)}: ${counted(more, 'more wrong line')}` }] : []),
  ];
  if (found.entries.length === 0) return refused(`${nameOf(path)}: has no entries`);
  const notes =
    found.column === undefined
      ? []
      : [
          `${source.option}: ${counted(found.entries.length, 'entry', 'entries')} from column ${JSON.stringify(found.column)} of ${nameOf(path)}.`,
        ];
  return { values: found.entries.map(({ value }) => value), problems, notes };
}

interface Entry {
  value: string;
  /** From 1, as editors count. */
  line: number;
}

type Found = { entries: Entry[]; column?: string } | { problem: string };

function linesOf(text: string, { kind, column }: ListSource): Found {
  const lines = text.split(/\r?\n/);
  const wanted = column === undefined ? COLUMNS[kind] : [column.toLowerCase()];
  const first = Math.max(
    0,
    lines.findIndex((line) => !isComment(line, wanted)),
  );
  const header = lines[first] ?? '';
  const isTable = column !== undefined || separatorOf(header) !== undefined || COLUMNS[kind].includes(header.trim().toLowerCase());
  const table = isTable ? tableOf(lines.slice(first).join('\n'), { kind, column, wanted, skipped: first }) : undefined;
  if (table !== undefined) return table;
  const entries = lines.flatMap((raw, index) => {
    const value = raw.replace(/(^|\s+)#.*$/, '').trim();
    // Several ids in a line are a list; of names nobody could tell a list from a table without its header.
    const values = kind === 'ids' && /^[\d\s,]+$/.test(value) ? separated(value) : [value];
    return values.filter((item) => item !== '').map((item) => ({ value: item, line: index + 1 }));
  });
  return { entries };
}

/** Blank, or behind a `#`; a header may begin with a column of that name. */
function isComment(line: string, wanted: readonly string[]): boolean {
  return line.trim() === '' || (/^\s*#/.test(line) && !cellsOf(line).some((cell) => wanted.includes(cell)));
}

/** Of a header, without quotes and in small letters. */
function cellsOf(line: string): string[] {
  return line.split(separatorOf(line) ?? ',').map((cell) =>
    cell
      .trim()
      .replace(/^"(.*)"$/, '$1')
      .toLowerCase(),
  );
}

interface Table {
  kind: ListKind;
  column: string | undefined;
  wanted: readonly string[];
  /** Lines of the file before the header. */
  skipped: number;
}

/** Undefined where the first line is no header: then it is a list. */
function tableOf(text: string, { kind, column, wanted, skipped }: Table): Found | undefined {
  let rows: { record: string[]; info: { lines: number }; raw: string }[];
  try {
    rows = parse(text, {
      ...{ delimiter: separatorOf(text.split(/\r?\n/, 1)[0] ?? '') ?? ',', info: true, raw: true, trim: true },
      ...{ relax_column_count: true, skip_empty_lines: true, skip_records_with_empty_values: true },
    }) as unknown as typeof rows;
  } catch (error) {
    const header = text.split(/\r?\n/, 1)[0] ?? '';
    // Ids behind commas may have a comment with a quote in it: a list, which has no header.
    const isList = column === undefined && kind === 'ids' && !cellsOf(header).some((cell) => wanted.includes(cell));
    if (isList) return undefined;
    const quote = quoteProblem(text, { delimiter: separatorOf(header) ?? ',', from: skipped + 1 });
    const { message, lines = 0 } = error as CsvError & { lines?: number };
    return { problem: quote ? `line ${quote.line} ${quote.problem}` : `is not CSV (line ${lines + skipped}): ${message}` };
  }
  const [head, ...body] = rows;
  const titles = head?.record ?? [];
  const indexes = wanted
    .map((name) => titles.flatMap((title, at) => (title.toLowerCase() === name ? [at] : [])))
    .find((at) => at.length > 0);
  const [index, another] = indexes ?? [];
  if (index === undefined) {
    if (column === undefined && kind === 'ids' && titles.every((title) => /^\d*$/.test(title))) return undefined;
    const known = titles.map((title) => JSON.stringify(title)).join(', ');
    return {
      problem:
        column === undefined
          ? `line ${skipped + 1} has several values and none of the columns ${COLUMNS[kind].join(', ')}. Write one entry a line, or name a column with --column: ${known}`
          : `has no column ${JSON.stringify(column)}. It has ${known}`,
    };
  }
  if (another !== undefined)
    return { problem: `has several columns ${JSON.stringify(titles[index])}: rename all but the one that is meant` };
  const entries: Entry[] = [];
  for (const { record, info, raw } of body) {
    if (/^\s*#/.test(raw)) continue;
    const line = info.lines + skipped;
    // A separator in a cell without quotes moves all that is behind it, and the value may be another column's.
    if (record.slice(titles.length).some((cell) => cell !== '') || record.length < titles.length)
      return {
        problem: `line ${line} has ${record.length} values, the header has ${titles.length}: quote the values that contain a separator`,
      };
    entries.push({ value: record[index] ?? '', line });
  }
  return { entries, column: titles[index] ?? '' };
}

/** What separates the cells of a line; undefined of a single one. */
function separatorOf(line: string): string | undefined {
  return [',', ';', '\t']
    .map((mark) => ({ mark, count: line.split(mark).length - 1 }))
    .sort((a, b) => b.count - a.count)
    .find(({ count }) => count > 0)?.mark;
}

function problemOf(value: string, kind: ListKind): string | undefined {
  if (value === '') return 'is empty';
  if (kind === 'names') return /[,;\t]/.test(value) ? `${quoted(value)} has several values: write one name a line` : undefined;
  return /^\d{1,19}$/.test(value) ? undefined : `${quoted(value)} is not an id`;
}

/** Commas and line breaks separate. */
function separated(text: string): string[] {
  return text
    .split(/[,\r\n]+/)
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function nameOf(path: string): string {
  return path === '-' ? 'stdin' : path;
}

function quoted(value: string): string {
  return JSON.stringify(value.slice(0, 60));
}
