// Tables as wide as they need to be and no wider than the terminal, page by page, so that a million rows can go through one.
import { type CommandContext, writeLine } from '../invocation/context.js';
import { fitLine, type Line, painter, type Style } from './paint.js';
import { fitText, padText, safeLine, textWidth } from './text.js';

export interface Column<Row> {
  title: string;
  text(row: Row): string;
  style?: ((row: Row) => Style | undefined) | undefined;
  /** Gives way first when there is too little room. */
  flexible?: boolean;
  /** Left out where there is no room for it even beside flexible columns at their narrowest. */
  dispensable?: boolean;
  align?: 'right';
  /** A column that is empty in every row of the first page is left out. */
  isEmpty?: (row: Row) => boolean;
}

const GAP = '  ';
const NARROWEST = 8;
/** Without a terminal nothing is cut off. */
const UNBOUNDED = 10_000;

/** Writes rows under a header; the first page decides the widths. Returns the number of rows. */
export async function writeTable<Row>(
  { stdout, env }: CommandContext,
  allColumns: readonly Column<Row>[],
  pages: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>,
): Promise<number> {
  const paint = painter(stdout, env);
  const room = tableRoom(stdout);
  let columns = allColumns;
  let widths: number[] | undefined;
  let count = 0;
  for await (const page of pages) {
    if (!widths) {
      const told = allColumns.filter(({ isEmpty }) => !isEmpty || !page.every(isEmpty));
      columns = columnsThatFit(told, page, room);
      widths = columnWidths(columns, page, room);
      const head = columns.map(({ title, align }, index): { text: string; style: Style } => ({
        text: cellText(title, widths?.[index] ?? 0, align),
        style: 'soft',
      }));
      await writeLine(stdout, paint(rowLine(head, room)).trimEnd());
    }
    const fixed = widths;
    const lines = page.map((row) => paint(rowLine(cells(columns, row, fixed), room)).trimEnd());
    count += page.length;
    await writeLine(stdout, lines.join('\n'));
  }
  return count;
}

/** Columns of the terminal that a table may fill: a character in the last one makes some terminals wrap. */
export function tableRoom(stdout: CommandContext['stdout']): number {
  return stdout.isTerminal ? (stdout.columns() ?? 80) - 1 : UNBOUNDED;
}

/** All of them, or without as many of the dispensable ones, from the right, as it takes. */
function columnsThatFit<Row>(columns: readonly Column<Row>[], page: readonly Row[], room: number): readonly Column<Row>[] {
  const width = columnWidths(columns, page, room).reduce((sum, each) => sum + each, 0) + GAP.length * (columns.length - 1);
  const last = columns.findLastIndex(({ dispensable }) => dispensable);
  if (width <= room || last < 0) return columns;
  return columnsThatFit(columns.toSpliced(last, 1), page, room);
}

/** Natural widths, of which the flexible columns give up what is too much. */
export function columnWidths<Row>(columns: readonly Column<Row>[], page: readonly Row[], room: number): number[] {
  const widths = columns.map(({ title, text }) => Math.max(textWidth(title), ...page.map((row) => textWidth(safeLine(text(row))))));
  let excess = widths.reduce((sum, width) => sum + width, 0) + GAP.length * (columns.length - 1) - room;
  for (const [index, { flexible }] of [...columns.entries()].reverse()) {
    const width = widths[index] ?? 0;
    if (!flexible || excess <= 0) continue;
    const given = Math.min(excess, Math.max(0, width - NARROWEST));
    widths[index] = width - given;
    excess -= given;
  }
  return widths;
}

function cells<Row>(columns: readonly Column<Row>[], row: Row, widths: readonly number[]): Line {
  return columns.map(({ text, style, align }, index) => ({
    text: cellText(safeLine(text(row)), widths[index] ?? 0, align),
    style: style?.(row),
  }));
}

function cellText(text: string, width: number, align: 'right' | undefined): string {
  const fitted = fitText(text, width);
  return align === 'right' ? ' '.repeat(Math.max(0, width - textWidth(fitted))) + fitted : padText(fitted, width);
}

function rowLine(segments: Line, room: number): Line {
  return fitLine(
    segments.flatMap((segment, index) => (index === 0 ? [segment] : [{ text: GAP }, segment])),
    room,
  );
}
