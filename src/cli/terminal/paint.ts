import picocolors from 'picocolors';
import type { Environment } from '../../contracts/config/secret-ref.js';
import type { FinalOutcome, Outcome, RunStatus } from '../../domain/run/outcome.js';
import type { Output } from '../invocation/context.js';
import { fitText, textWidth } from './text.js';

export type Style = 'strong' | 'soft' | 'good' | 'bad' | 'warn' | 'info';

/** A piece of a line. Widths are counted before colours are put on. */
export interface Segment {
  text: string;
  style?: Style | undefined;
}

export type Line = readonly Segment[];
export type Paint = (line: Line) => string;

export const OUTCOME_STYLE = {
  succeeded: 'good',
  failed: 'bad',
  unverified: 'warn',
  unreachable: 'warn',
  missing: 'warn',
  skipped: 'soft',
  pending: 'soft',
  running: 'info',
} as const satisfies Record<Outcome, Style>;

export const STATUS_STYLE = {
  succeeded: 'good',
  partial: 'warn',
  failed: 'bad',
  stopped: 'warn',
  cancelled: 'warn',
} as const satisfies Record<RunStatus, Style>;

/** Told apart without colours too. */
export const OUTCOME_SIGN = {
  succeeded: '✓',
  failed: '✗',
  unverified: '?',
  unreachable: '○',
  missing: '∅',
  skipped: '–',
} as const satisfies Record<FinalOutcome, string>;

/** Colours where the output is a terminal and nobody asked for none (no-color.org), or where they were asked for. */
export function painter(output: Output, env: Environment): Paint {
  const asked = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '' && env.FORCE_COLOR !== '0';
  const colors = picocolors.createColors(!env.NO_COLOR && (asked || (output.isTerminal && env.TERM !== 'dumb')));
  const styles: Record<Style, (text: string) => string> = {
    strong: colors.bold,
    soft: colors.dim,
    good: colors.green,
    bad: colors.red,
    warn: colors.yellow,
    info: colors.cyan,
  };
  return (line) => line.map(({ text, style }) => (style ? styles[style](text) : text)).join('');
}

/** Whether the terminal can be trusted with more than ASCII. */
export function speaksUnicode(env: Environment): boolean {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || '';
  return /utf-?8/i.test(locale) || env.WT_SESSION !== undefined;
}

export function lineWidth(line: Line): number {
  return line.reduce((width, { text }) => width + textWidth(text), 0);
}

/** The line in at most `width` columns. */
export function fitLine(line: Line, width: number, ellipsis?: string): Segment[] {
  const fitted: Segment[] = [];
  let left = width;
  for (const segment of line) {
    if (left <= 0) break;
    const text = fitText(segment.text, left, ellipsis);
    fitted.push({ ...segment, text });
    left -= textWidth(text);
  }
  return fitted;
}

/** Items side by side, as many a line as fit. */
export function flow(items: readonly Line[], width: number, gap = 2): Line[] {
  const lines: Segment[][] = [];
  let left = 0;
  for (const item of items) {
    const needed = lineWidth(item);
    const line = lines.at(-1);
    if (line && needed + gap <= left) {
      line.push({ text: ' '.repeat(gap) }, ...item);
      left -= needed + gap;
    } else {
      lines.push([...item]);
      left = width - needed;
    }
  }
  return lines;
}

const NARROWEST_TEXT = 30;
const HANGING_INDENT = 4;

/** The text behind its head, wrapped between words under itself; where that leaves too narrow a column, on lines of its own. */
export function hangingLines(head: Line, text: string, width: number): Line[] {
  const isRoomy = width - lineWidth(head) >= NARROWEST_TEXT;
  const indent = isRoomy ? lineWidth(head) : HANGING_INDENT;
  const words = text.split(' ').map((word): Line => [{ text: word }]);
  const body = flow(words, width - indent, 1).map(
    (line, index): Line => (isRoomy && index === 0 ? [...head, ...line] : [{ text: ' '.repeat(indent) }, ...line]),
  );
  return isRoomy ? body : [head, ...body];
}
