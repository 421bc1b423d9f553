// The rows of a walk: a table or JSON lines, written as they come, or one JSON document, written at the end; in constant memory.
import type { Page } from '../../../qualys/types.js';
import { jsonArrayOf, jsonLinesOf } from '../../../reports/json.js';
import { EXIT, type Invocation, writeLine } from '../../invocation/context.js';
import { type Column, writeTable } from '../../terminal/table.js';
import { type RowProgress, rowProgress } from './progress.js';
import type { HowMany } from './walk.js';
import { wholeDocument } from './whole-document.js';
import { toFile } from './write-file.js';

export interface RowWalk<Row> {
  /** Plural, for messages: `scripts`. */
  noun: string;
  columns: readonly Column<Row>[];
  pages: AsyncIterable<Page<Row>>;
  /** A row as JSON has it; default: all its fields but `raw`. */
  json?: (row: Row) => unknown;
  options: HowMany & { jsonl?: true | undefined; raw?: true | undefined; out?: string | undefined };
}

export async function writeRows<Row>(invocation: Invocation, walk: RowWalk<Row>): Promise<void> {
  const { noun, columns, options } = walk;
  const progress = rowProgress(invocation, { noun, isLong: options.all === true || options.limit !== undefined });
  const taken = new Taken(walk, progress);
  const { stdout } = invocation;
  const form = formOf(invocation, options);
  try {
    if (options.out !== undefined) await toFile(options.out, form === 'jsonl' ? jsonLinesOf(taken.documents()) : taken.document());
    else if (form === 'table') await writeTable({ ...invocation, stdout: progress.over(stdout) }, columns, taken.pages());
    else {
      const chunks = form === 'jsonl' ? jsonLinesOf(taken.documents()) : wholeDocument(taken.document());
      for await (const chunk of chunks) await progress.over(stdout).write(chunk);
    }
  } finally {
    await progress.end();
  }
  await writeEpilogue(invocation, taken, walk);
}

type Form = 'table' | 'json' | 'jsonl';

function formOf({ json }: Invocation, { jsonl, raw, out }: RowWalk<unknown>['options']): Form {
  if (jsonl || (!json && /\.(jsonl|ndjson)$/i.test(out ?? ''))) return 'jsonl';
  return json || raw || out !== undefined ? 'json' : 'table';
}

/** As many rows of the walk as were asked for. */
class Taken<Row> {
  readonly #walk: RowWalk<Row>;
  readonly #progress: RowProgress;
  rows = 0;
  /** Rows that came and could not be understood. */
  unreadable = 0;
  /** Qualys' own number. */
  total: number | undefined;
  /** Whether there are rows behind the last one. */
  more = false;

  constructor(walk: RowWalk<Row>, progress: RowProgress) {
    this.#walk = walk;
    this.#progress = progress;
  }

  /** Pages of rows, none of them empty. */
  async *pages(): AsyncGenerator<Row[]> {
    for await (const { rows } of this.#walked()) if (rows.length > 0) yield rows;
  }

  /** Page by page: a step of a generator for each row would cost more than the row. */
  async *documents(): AsyncGenerator<readonly unknown[]> {
    const { json = withoutRaw, options } = this.#walk;
    for await (const { rows, raw } of this.#walked()) yield options.raw ? (raw ?? rows.map(rawOf)) : rows.map((row) => json(row));
  }

  /** `{ items, total?, more }` as chunks of text. */
  async *document(): AsyncGenerator<string> {
    yield '{"items":';
    yield* jsonArrayOf(this.documents());
    const { total, more, unreadable } = this;
    const rest = JSON.stringify({ ...(total === undefined ? {} : { total }), more, ...(unreadable > 0 ? { unreadable } : {}) });
    yield `,\n${rest.slice(1)}\n`;
  }

  async *#walked(): AsyncGenerator<{ rows: Row[]; raw: readonly unknown[] | undefined }> {
    const { pages, options } = this.#walk;
    const wanted = options.all ? Number.POSITIVE_INFINITY : options.limit;
    for await (const page of pages) {
      const left = (wanted ?? Number.POSITIVE_INFINITY) - this.rows;
      const rows = page.rows.slice(0, left);
      this.rows += rows.length;
      this.unreadable += page.unreadable ?? 0;
      this.total = page.total ?? this.total;
      this.more = page.cursor !== undefined || page.rows.length > rows.length;
      await this.#progress.show(this.rows, this.total);
      yield { rows, raw: page.raw?.slice(0, left) };
      if (wanted === undefined || this.rows >= wanted) return;
    }
  }
}

function rawOf(row: unknown): unknown {
  return (row as { raw?: unknown }).raw ?? row;
}

function withoutRaw(row: unknown): unknown {
  const { raw: _, ...fields } = row as Record<string, unknown>;
  return fields;
}

async function writeEpilogue<Row>(invocation: Invocation, taken: Taken<Row>, { noun, options }: RowWalk<Row>): Promise<void> {
  const { stderr } = invocation;
  if (options.out !== undefined) await writeLine(stderr, `Wrote ${number(taken.rows)} ${noun} to ${options.out}`);
  else if (taken.rows === 0 && taken.unreadable === 0) await writeLine(stderr, `No ${taken.total ? 'readable ' : ''}${noun}.`);
  if (taken.unreadable > 0 && !options.raw) {
    await writeLine(stderr, `${number(taken.unreadable)} unreadable ${noun} left out. Show them with --raw.`);
  }
  if (taken.more) {
    const rows = number(taken.rows);
    const seen = taken.total === undefined ? `${rows} ${noun}; more are available` : `${rows} of ${number(taken.total)} ${noun}`;
    await writeLine(stderr, `${seen}. Use --all for all, --limit <n> for the first n.`);
  }
  invocation.exitCode = EXIT.done;
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
