import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Page } from '../../../qualys/types.js';
import type { Invocation, Output } from '../../invocation/context.js';
import { wholeDocument } from './whole-document.js';
import { type RowWalk, writeRows } from './write-rows.js';

interface Row {
  id: number;
}

/** A walk that counts how many rows were taken out of it. */
function walked({
  pages,
  rowsPerPage,
  failsAfter = Number.POSITIVE_INFINITY,
}: {
  pages: number;
  rowsPerPage: number;
  failsAfter?: number;
}) {
  const source = {
    rowsGiven: 0,
    async *pages(): AsyncGenerator<Page<Row>> {
      for (let page = 0; page < pages; page += 1) {
        if (page >= failsAfter) throw new Error('the gateway is gone');
        const rows = Array.from({ length: rowsPerPage }, (_, index) => ({ id: page * rowsPerPage + index }));
        source.rowsGiven += rows.length;
        yield {
          rows,
          raw: rows.map(({ id }) => ({ ID: id })),
          bytes: 0,
          total: pages * rowsPerPage,
          cursor: page + 1 < pages ? [page] : undefined,
        };
      }
    },
  };
  return source;
}

function written(write: (chunk: string) => Promise<void> | void = () => undefined) {
  const texts = { stdout: '', stderr: '' };
  const output = (name: 'stdout' | 'stderr', listener: typeof write): Output => ({
    isTerminal: false,
    columns: () => undefined,
    async write(chunk) {
      await listener(String(chunk));
      texts[name] += String(chunk);
    },
  });
  const invocation = { env: {}, json: false, now: () => 0, stdout: output('stdout', write), stderr: output('stderr', () => undefined) };
  return { texts, invocation: invocation as unknown as Invocation };
}

function walk(pages: AsyncIterable<Page<Row>>, options: RowWalk<Row>['options']): RowWalk<Row> {
  return { noun: 'rows', columns: [{ title: 'ID', text: ({ id }) => String(id) }], pages, options };
}

describe('JSON lines', () => {
  test('hold back the walk while the reader is slow: no more than a few pages are ever in hand', async () => {
    const source = walked({ pages: 400, rowsPerPage: 250 });
    let rowsWritten = 0;
    let mostInHand = 0;
    const { invocation } = written(async (chunk) => {
      mostInHand = Math.max(mostInHand, source.rowsGiven - rowsWritten);
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
      mostInHand = Math.max(mostInHand, source.rowsGiven - rowsWritten);
      rowsWritten += chunk.split('\n').length - 1;
    });
    await writeRows(invocation, walk(source.pages(), { all: true, jsonl: true }));
    expect(rowsWritten).toBe(100_000);
    expect(mostInHand).toBeLessThanOrEqual(750);
  });

  test('are raw rows when asked for', async () => {
    const { invocation, texts } = written();
    await writeRows(invocation, walk(walked({ pages: 1, rowsPerPage: 2 }).pages(), { jsonl: true, raw: true }));
    expect(texts.stdout).toBe('{"ID":0}\n{"ID":1}\n');
  });

  test('end in the middle of a page where the limit is', async () => {
    const source = walked({ pages: 10, rowsPerPage: 4 });
    const { invocation, texts } = written();
    await writeRows(invocation, walk(source.pages(), { jsonl: true, limit: 6 }));
    expect(texts.stdout.trimEnd().split('\n').at(-1)).toBe('{"id":5}');
    expect(texts.stderr).toBe('6 of 40 rows. Use --all for all, --limit <n> for the first n.\n');
    expect(source.rowsGiven).toBe(8);
  });
});

describe('a JSON document', () => {
  test('tells the total, and what could not be understood', async () => {
    const { invocation, texts } = written();
    async function* pages(): AsyncGenerator<Page<Row>> {
      yield { rows: [{ id: 1 }], unreadable: 2, total: 3, bytes: 0 };
    }
    await writeRows({ ...invocation, json: true }, walk(pages(), {}));
    expect(JSON.parse(texts.stdout)).toEqual({ items: [{ id: 1 }], total: 3, more: false, unreadable: 2 });
    expect(texts.stderr).toBe('2 unreadable rows left out. Show them with --raw.\n');
  });

  test('of a walk that breaks off is not begun', async () => {
    const { invocation, texts } = written();
    const broken = walked({ pages: 10, rowsPerPage: 600, failsAfter: 5 });
    await expect(writeRows({ ...invocation, json: true }, walk(broken.pages(), { all: true }))).rejects.toThrow('the gateway is gone');
    expect([broken.rowsGiven, texts.stdout]).toEqual([3_000, '']);
  });

  test('that is too long for memory waits in a file, which is gone afterwards', async () => {
    async function* chunks() {
      for (const chunk of ['{"a":', '"é', '€"', '}\n']) yield chunk;
    }
    const folders = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('overhaul-')).length;
    const before = await folders();
    let text = '';
    for await (const chunk of wholeDocument(chunks(), 4)) text += chunk;
    expect([text, await folders()]).toEqual(['{"a":"é€"}\n', before]);
  });

  test('of nothing is a document, too', async () => {
    const { invocation, texts } = written();
    await writeRows({ ...invocation, json: true }, walk(walked({ pages: 1, rowsPerPage: 0 }).pages(), {}));
    expect(JSON.parse(texts.stdout)).toEqual({ items: [], total: 0, more: false });
  });
});

describe('--out', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'write-rows-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('a walk that breaks off leaves the old file as it was, and nothing beside it', async () => {
    const out = join(folder, 'rows.jsonl');
    await writeFile(out, 'old\n');
    const { invocation } = written();
    const broken = walked({ pages: 10, rowsPerPage: 600, failsAfter: 5 });
    await expect(writeRows(invocation, walk(broken.pages(), { all: true, out }))).rejects.toThrow('the gateway is gone');
    expect(broken.rowsGiven).toBe(3_000);
    expect(await readFile(out, 'utf8')).toBe('old\n');
    expect(await readdir(folder)).toEqual(['rows.jsonl']);
  });

  test('until the walk has ended the new rows are in no file of that name', async () => {
    const out = join(folder, 'rows.json');
    const seen: string[][] = [];
    async function* pages(): AsyncGenerator<Page<Row>> {
      for await (const page of walked({ pages: 3, rowsPerPage: 600 }).pages()) {
        seen.push((await readdir(folder)).filter((name) => name === 'rows.json'));
        yield page;
      }
    }
    const { invocation, texts } = written();
    await writeRows(invocation, walk(pages(), { all: true, out }));
    expect(seen).toEqual([[], [], []]);
    expect((JSON.parse(await readFile(out, 'utf8')) as { items: Row[] }).items).toHaveLength(1_800);
    expect(texts).toEqual({ stdout: '', stderr: `Wrote 1,800 rows to ${out}\n` });
  });
});
