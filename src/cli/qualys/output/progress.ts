// The bar under a long walk: how many rows so far, of how many, how fast. One line of stderr, drawn only on a terminal.
import { spanText } from '../../../domain/clock/span.js';
import type { Invocation, Output } from '../../invocation/context.js';
import { fitLine, type Line, painter, speaksUnicode } from '../../terminal/paint.js';

export interface RowProgress {
  show(rows: number, total: number | undefined): Promise<void>;
  /** The output, with the bar taken away before each write and drawn again behind it: both may be the same terminal. */
  over(output: Output): Output;
  end(): Promise<void>;
}

interface WalkFacts {
  rows: number;
  total: number | undefined;
  noun: string;
  elapsedMs: number;
}

const DEFAULT_COLUMNS = 80;
const WIDEST_BAR = 40;
const NARROWEST_BAR = 5;

export function rowProgress(invocation: Invocation, { noun, isLong }: { noun: string; isLong: boolean }): RowProgress {
  const { stderr, env, now } = invocation;
  if (!isLong || !stderr.isTerminal || env.TERM === 'dumb' || env.CI) {
    return { show: async () => undefined, over: (output) => output, end: async () => undefined };
  }
  const startedAt = now();
  const paint = painter(stderr, env);
  let seen: { rows: number; total: number | undefined } | undefined;
  const clear = async () => {
    if (seen) await stderr.write('\r\x1b[K');
  };
  const draw = async () => {
    if (!seen) return;
    const space = { columns: stderr.columns() ?? DEFAULT_COLUMNS, unicode: speaksUnicode(env) };
    await stderr.write(`\r${paint(walkLine({ ...seen, noun, elapsedMs: now() - startedAt }, space))}\x1b[K`);
  };
  return {
    async show(rows, total) {
      seen = { rows, total };
      await draw();
    },
    over: (output) => ({
      ...output,
      async write(chunk) {
        if (!output.isTerminal) return output.write(chunk);
        await clear();
        await output.write(chunk);
        await draw();
      },
    }),
    end: clear,
  };
}

/** At most `columns - 1` wide: a character in the last column makes some terminals wrap. */
export function walkLine(facts: WalkFacts, { columns, unicode }: { columns: number; unicode: boolean }): Line {
  const { rows, total, noun, elapsedMs } = facts;
  const width = Math.max(columns - 1, 1);
  const perSecond = elapsedMs > 0 ? Math.round((rows * 1_000) / elapsedMs) : undefined;
  const of = total === undefined || total < rows ? undefined : total;
  const figures = [
    `${number(rows)}${of === undefined ? '' : `/${number(of)}`} ${noun}`,
    ...(perSecond === undefined ? [] : [`${number(perSecond)}/s`]),
    ...(of === undefined || !perSecond || of === rows ? [] : [`${spanText(((of - rows) * 1_000) / perSecond)} left`]),
  ].join('  ');
  const room = Math.min(width - figures.length - 1, WIDEST_BAR);
  if (of === undefined || of === 0 || room < NARROWEST_BAR) return fitLine([{ text: figures }], width, unicode ? '…' : '.');
  const full = Math.floor((rows * room) / of);
  const [done, open] = unicode ? ['█', '░'] : ['#', '.'];
  return [{ text: done.repeat(full), style: 'info' }, { text: open.repeat(room - full), style: 'soft' }, { text: ` ${figures}` }];
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
