import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { all, type ClientHarness, clientHarness } from '../../../test/support/gateway/client-harness.js';
import type { SeenRequest } from '../../../test/support/gateway/scripted.js';
import type { Page } from '../types.js';

type Body = {
  pageNumber?: number;
  pageSize: number;
  sort?: string;
  searchAfter?: unknown[];
  filter?: string;
  includeScriptResult?: boolean;
};
const bodyOf = (request: SeenRequest | undefined) => request?.json as Body;

interface JobRow {
  id: string | number;
  scriptId: number;
  correlationUuid: string;
  created: { dateTime: number };
}
const job = (n: number, id: string | number = String(n)): JobRow => ({
  id,
  scriptId: 7,
  correlationUuid: `u${n}`,
  created: { dateTime: 1_673_222_405_175 - n },
});
const wrapped = (row: JobRow) => ({ sortValues: [row.created.dateTime, row.id], data: row });
const listed = (list: unknown[], totalCount: number) => ({ body: { errorCode: null, message: null, body: { totalCount, list } } });

let it: ClientHarness;
beforeEach(async () => {
  it = await clientHarness();
});
afterEach(() => it.close());

async function pagesOf<T>(walk: AsyncIterable<Page<T>>): Promise<Page<T>[]> {
  const pages: Page<T>[] = [];
  for await (const page of walk) pages.push(page);
  return pages;
}

describe('a search-after walk', () => {
  test('sends sort as JSON text with an id tie-break, and no page number', async () => {
    it.gateway.reply(listed([], 0));
    await all(
      it.qualys.searchJobs({
        filter: 'scriptId:7',
        startAt: Date.parse('2022-11-01T00:00:01Z'),
        endAt: Date.parse('2023-01-08T23:59:59Z'),
        pageSize: 10,
      }),
    );
    expect(it.gateway.calls()[0]?.json).toEqual({
      filter: 'scriptId:7',
      startAt: '2022-11-01T00:00:01.000Z',
      endAt: '2023-01-08T23:59:59.000Z',
      sort: '[{"created.dateTime":"desc"},{"id":"desc"}]',
      pageSize: 10,
    });
  });

  test("echoes the last row's sortValues as they came", async () => {
    const odd = [1_673_222_405_175, null, '025309'];
    it.gateway.reply(
      listed(
        [
          { sortValues: [1, 'a', 'b'], data: job(1) },
          { sortValues: odd, data: job(2) },
        ],
        3,
      ),
      listed([wrapped(job(3))], 3),
    );
    const pages = await pagesOf(it.qualys.searchJobs({ pageSize: 2 }));
    expect(pages.map((page) => page.cursor)).toEqual([odd, undefined]);
    expect(bodyOf(it.gateway.calls()[1]).searchAfter).toEqual(odd);
  });

  test('rebuilds the cursor of flat rows with their JSON types', async () => {
    it.gateway.reply(listed([job(1), job(2, 25309)], 3), listed([job(3, '25310')], 3));
    await all(it.qualys.searchJobs({ pageSize: 2 }));
    expect(bodyOf(it.gateway.calls()[1]).searchAfter).toEqual([1_673_222_405_173, 25309]);
  });

  test('decides wrapped or flat row by row, and takes empty sortValues for no cursor', async () => {
    it.gateway.reply(
      listed([wrapped(job(1)), { sortValues: [], data: job(2) }], 4),
      listed([job(3), wrapped(job(4, 4))], 4),
      listed([], 4),
    );
    const rows = await all(it.qualys.searchJobs({ pageSize: 2 }));
    expect(rows.map((row) => row.id)).toEqual(['1', '2', '3', '4']);
    expect(it.gateway.calls().map((call) => bodyOf(call).searchAfter)).toEqual([
      undefined,
      [1_673_222_405_173, '2'],
      [1_673_222_405_171, 4],
    ]);
  });

  test('a short page ends the walk only when the total is reached', async () => {
    it.gateway.reply(listed([wrapped(job(1)), wrapped(job(2))], 3), listed([wrapped(job(3))], 3));
    expect(await all(it.qualys.searchJobs({ pageSize: 100 }))).toHaveLength(3);
    expect(it.gateway.calls()).toHaveLength(2);
  });

  test('a full page never ends it, an empty one always', async () => {
    it.gateway.reply(listed([wrapped(job(1)), wrapped(job(2))], 2), listed([], 99));
    expect(await all(it.qualys.searchJobs({ pageSize: 2 }))).toHaveLength(2);
    expect(it.gateway.calls()).toHaveLength(2);
  });

  test('one request is enough when everything fits', async () => {
    it.gateway.reply(listed([wrapped(job(1))], 1));
    const [page] = await pagesOf(it.qualys.searchJobs({ pageSize: 2 }));
    expect(page).toMatchObject({ cursor: undefined, total: 1, serverAt: Date.parse('2026-05-01T12:00:00Z') });
    expect(page?.bytes).toBe(JSON.stringify(listed([wrapped(job(1))], 1).body).length);
  });

  test('resumes behind a cursor', async () => {
    it.gateway.reply(listed([], 70));
    await all(it.qualys.searchJobs({ after: [1673236800800, '25310'], pageSize: 10 }));
    expect(bodyOf(it.gateway.calls()[0]).searchAfter).toEqual([1673236800800, '25310']);
  });

  test('drops rows that the page before had already', async () => {
    it.gateway.reply(listed([wrapped(job(1)), wrapped(job(2))], 3), listed([wrapped(job(2)), wrapped(job(3))], 3), listed([], 3));
    expect((await all(it.qualys.searchJobs({ pageSize: 2 }))).map((row) => row.id)).toEqual(['1', '2', '3']);
  });

  test('stops with an error when the cursor stands still', async () => {
    it.gateway.reply(listed([wrapped(job(1)), wrapped(job(2))], 9), listed([wrapped(job(1)), wrapped(job(2))], 9));
    await expect(all(it.qualys.searchJobs({ pageSize: 2 }))).rejects.toMatchObject({
      kind: 'protocol',
      message: expect.stringContaining('ends at the cursor'),
    });
    expect(it.gateway.calls()).toHaveLength(2);
  });

  test('stops with an error when a flat row has nothing to continue behind', async () => {
    it.gateway.reply(listed([job(1), { id: '2' }], 9));
    await expect(all(it.qualys.searchJobs({ pageSize: 2 }))).rejects.toMatchObject({
      kind: 'protocol',
      message: expect.stringContaining('no created.dateTime'),
    });
  });

  test('stops with an error when a sort value has lost digits', async () => {
    it.gateway.reply({ body: '{"body":{"totalCount":9,"list":[{"sortValues":[9007199254740993],"data":{"id":"1"}}]}}' });
    await expect(all(it.qualys.searchJobs({ pageSize: 1 }))).rejects.toMatchObject({ kind: 'protocol' });
  });

  test('asks for each page size again, with the page before in hand', async () => {
    const bytes: (number | undefined)[] = [];
    it.gateway.reply(listed([wrapped(job(1))], 2), listed([wrapped(job(2))], 2), listed([], 2));
    const sizes = [1, 1, 5];
    const pageSize = (previous: Page<unknown> | undefined) => {
      bytes.push(previous?.bytes);
      return sizes.shift() ?? 1;
    };
    await all(it.qualys.searchAssetJobs({ includeOutput: true, pageSize }));
    expect(it.gateway.calls().map((call) => bodyOf(call).pageSize)).toEqual([1, 1, 5]);
    expect(bytes[0]).toBeUndefined();
    expect(bytes[1]).toBeGreaterThan(0);
  });

  test('repeats the same page with the same cursor after a 401, a reset and a truncated answer', async () => {
    it.gateway.reply(
      listed([wrapped(job(1)), wrapped(job(2))], 3),
      { status: 401 },
      { reset: 'before-answer' },
      { body: '{"body":{"totalCount":3,"list":[{' },
      listed([wrapped(job(3))], 3),
    );
    expect((await all(it.qualys.searchJobs({ pageSize: 2 }))).map((row) => row.id)).toEqual(['1', '2', '3']);
    const [, ...others] = it.gateway.calls();
    expect(new Set(others.map((call) => call.text)).size).toBe(1);
  });

  test('204 is an empty page', async () => {
    it.gateway.reply({ status: 204 });
    expect(await all(it.qualys.searchJobs({}))).toEqual([]);
  });

  test('a row that cannot be understood is dropped with one warning that quotes nothing', async () => {
    it.gateway.reply(
      listed([{ sortValues: [1, '1'], data: { id: '1', job: {}, asset: { id: 1 }, scriptResult: 'U2VjcmV0' } }, 'junk', null], 3),
    );
    expect(await all(it.qualys.searchAssetJobs({ pageSize: 10 }))).toEqual([]);
    expect(it.warnings).toMatchObject([{ endpoint: 'assetjobs/search', dropped: 3 }]);
    expect(it.logged()).not.toContain('U2VjcmV0');
  });

  test.each([[0], [10_000], [1.5], [Number.NaN]])('refuses a page size of %p before anything is sent', async (pageSize) => {
    await expect(all(it.qualys.searchJobs({ pageSize }))).rejects.toThrow(RangeError);
    expect(it.gateway.requests).toEqual([]);
  });
});

describe('a walk by page numbers', () => {
  const script = (n: number) => ({ id: String(n), title: `s${n}`, status: 'APPROVED', platform: 'LINUX' });

  test('counts pages from zero and ends when the total is reached', async () => {
    it.gateway.reply(listed([script(1), script(2)], 4), listed([script(3), script(4)], 4));
    expect((await all(it.qualys.searchScripts({ pageSize: 2 }))).map((row) => row.id)).toEqual(['1', '2', '3', '4']);
    expect(it.gateway.calls().map((call) => bodyOf(call).pageNumber)).toEqual([0, 1]);
    expect(bodyOf(it.gateway.calls()[0]).sort).toBe('[{"id":"asc"}]');
  });

  test('goes on after a short page while the total is not reached', async () => {
    it.gateway.reply(listed([script(1)], 2), listed([script(2)], 2));
    expect(await all(it.qualys.searchScripts({ pageSize: 50 }))).toHaveLength(2);
  });

  test('resumes at its cursor with the page size it began with', async () => {
    it.gateway.reply(listed([script(1), script(2)], 6));
    const [first] = await firstPages(it.qualys.searchScripts({ pageSize: 2 }), 1);
    it.gateway.reply(listed([script(3), script(4)], 6), listed([script(5), script(6)], 6));
    expect(await all(it.qualys.searchScripts({ pageSize: 500, after: first?.cursor }))).toHaveLength(4);
    expect(it.gateway.calls().map((call) => [bodyOf(call).pageNumber, bodyOf(call).pageSize])).toEqual([
      [0, 2],
      [1, 2],
      [2, 2],
    ]);
  });

  test('says so when rows lie beyond the 9,999th, and asks for none of them', async () => {
    let page = 0;
    const full = () => {
      page += 1;
      return listed(
        Array.from({ length: 909 }, (_, n) => script(page * 1_000 + n)),
        20_000,
      );
    };
    it.gateway.reply(...Array.from({ length: 12 }, () => full));
    await expect(all(it.qualys.searchScripts({}))).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining('9999 rows read'),
    });
    expect(it.gateway.calls()).toHaveLength(11);
  });

  test('stops with an error when a page repeats the one before', async () => {
    it.gateway.reply(listed([script(1), script(2)], 9), listed([script(1), script(2)], 9));
    await expect(all(it.qualys.searchScripts({ pageSize: 2 }))).rejects.toMatchObject({ kind: 'protocol' });
  });

  test('tags that ignore paging end there, with a warning when the list is short', async () => {
    const tag = (n: number) => ({ id: `d${n}`, tagId: n, tagUuid: `t${n}`, name: `Tag ${n}` });
    it.gateway.reply(listed([tag(1), tag(2)], 9), listed([tag(1), tag(2)], 9));
    expect(await all(it.qualys.searchTags({ pageSize: 2 }))).toEqual([
      { tagId: '1', tagUuid: 't1', name: 'Tag 1' },
      { tagId: '2', tagUuid: 't2', name: 'Tag 2' },
    ]);
    expect(it.warnings).toMatchObject([{ endpoint: 'assettags/search', walked: 2, total: 9 }]);
  });

  test('the audit trail has its own names and no envelope', async () => {
    const record = {
      id: 'a1',
      userName: 'bob',
      createdDate: 1_651_847_969_000,
      action: 'EXECUTE',
      targetName: 'Patch',
      customFields: [{ key: 'targetId', value: '16016' }],
    };
    it.gateway.reply({ body: { auditRecords: [record, { id: 'a2' }], totalCount: 2, pageNumber: 0, pageSize: 10 } });
    expect(await all(it.qualys.activities({ filter: 'activity: EXECUTE', startAt: 0, endAt: 1 }))).toEqual([
      { id: 'a1', at: 1_651_847_969_000, user: 'bob', action: 'EXECUTE', targetName: 'Patch', targetId: '16016' },
      { id: 'a2', at: 0, user: '', action: '', targetName: '' },
    ]);
    expect(it.gateway.calls()[0]?.json).toMatchObject({
      qql: 'activity: EXECUTE',
      startDate: '1970-01-01T00:00:00.000Z',
      endDate: '1970-01-01T00:00:00.001Z',
    });
  });
});

/** A server that pages over `rows` as the documents say, each row wrapped or flat, with ids of either type. */
function server(rows: JobRow[], flat: boolean[]): (request: SeenRequest) => { body: unknown } {
  return (request) => {
    const { pageSize, searchAfter, pageNumber = 0 } = bodyOf(request);
    const from =
      searchAfter === undefined
        ? pageNumber * pageSize
        : 1 + rows.findIndex((row) => row.created.dateTime === searchAfter[0] && row.id === searchAfter[1]);
    const list = rows.slice(from, from + pageSize).map((row, n) => (flat[(from + n) % flat.length] ? row : wrapped(row)));
    return listed(list, rows.length);
  };
}

describe('any walk', () => {
  test('by search-after gives every row once, in order, whatever the page sizes, shapes, id types and ties', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 60 }),
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 7 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
        async (count, sizes, flat, numeric) => {
          const rows = Array.from({ length: count }, (_, n) => ({
            ...job(n, numeric[n % numeric.length] ? n : String(n)),
            created: { dateTime: 1_000 - Math.floor(n / 3) },
          }));
          it.gateway.reply(...Array.from({ length: count + 2 }, () => server(rows, flat)));
          let turn = 0;
          const walked = await all(it.qualys.searchJobs({ pageSize: () => sizes[turn++ % sizes.length] ?? 1 }));
          expect(walked.map((row) => row.id)).toEqual(rows.map((row) => String(row.id)));
          it.gateway.forget();
        },
      ),
      { numRuns: 60 },
    );
  });

  test('by search-after can be cut at any page and resumed at its cursor', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 5 }),
        async (count, pageSize, cutAfter) => {
          const rows = Array.from({ length: count }, (_, n) => job(n));
          it.gateway.reply(...Array.from({ length: count + 6 }, () => server(rows, [true, false])));
          const before = await firstPages(it.qualys.searchJobs({ pageSize }), cutAfter);
          const { cursor } = before.at(-1) ?? {};
          const rest = cursor === undefined ? [] : await all(it.qualys.searchJobs({ pageSize, after: cursor }));
          expect([...before.flatMap((page) => page.rows), ...rest].map((row) => row.id)).toEqual(rows.map((row) => row.id));
          it.gateway.forget();
        },
      ),
      { numRuns: 40 },
    );
  });

  test('by page numbers gives every row once, in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 50 }),
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }),
        async (count, pageSize, flat) => {
          const rows = Array.from({ length: count }, (_, n) => job(n));
          it.gateway.reply(...Array.from({ length: count + 2 }, () => server(rows, flat)));
          expect((await all(it.qualys.searchScripts({ pageSize }))).map((row) => row.id)).toEqual(rows.map((row) => row.id));
          it.gateway.forget();
        },
      ),
      { numRuns: 40 },
    );
  });
});

async function firstPages<T>(walk: AsyncIterable<Page<T>>, count: number): Promise<Page<T>[]> {
  const pages: Page<T>[] = [];
  for await (const page of walk) {
    pages.push(page);
    if (pages.length === count) break;
  }
  return pages;
}
