import { describe, expect, test } from '@jest/globals';
import { type GatewayAnswer, type GatewayCaller, withGateway } from '../../../test/support/gateway/caller.js';

const FIRST = 20_452_610;

interface Item {
  sortValues: (string | number)[];
  data: Record<string, unknown>;
}

function list(answer: GatewayAnswer): Item[] {
  return (answer.json as { body: { list: Item[] } }).body.list;
}

async function walk(caller: GatewayCaller, path: string, body: object): Promise<Item[][]> {
  const pages: Item[][] = [];
  let searchAfter: unknown[] | undefined;
  do {
    const page = list(await caller.post(path, { ...body, ...(searchAfter ? { searchAfter } : {}) }));
    pages.push(page);
    searchAfter = page.at(-1)?.sortValues;
  } while (searchAfter && pages.length < 20);
  return pages;
}

describe('the search body', () => {
  test('may be missing, empty, or an empty object; ten rows come by default', async () => {
    await withGateway({}, async ({ caller }) => {
      for (const body of [undefined, '', {}]) {
        const answer = await caller.post('/sm/v1/assets/search', body);
        expect(answer.json).toMatchObject({ errorCode: null, message: null, body: { totalCount: 250 } });
        expect(list(answer)).toHaveLength(10);
        expect(list(answer)[0]?.sortValues).toEqual([]);
      }
    });
  });

  test.each([
    ['sort as an array', { sort: [{ id: 'asc' }] }, 'sort must be a string that holds a JSON array'],
    ['sort that is no JSON', { sort: 'id asc' }, 'sort must be a string that holds a JSON array'],
    ['a direction that is none', { sort: '[{"id":"up"}]' }, 'sort must be a string that holds a JSON array'],
    ['an unknown sort key', { sort: '[{"colour":"asc"}]' }, 'Cannot sort on colour. Known: id, assetId, name'],
    ['a cursor of another length', { sort: '[{"id":"asc"}]', searchAfter: [1, 'x'] }, 'searchAfter has 2 values, but sort has 1 keys'],
    ['a cursor without sort', { searchAfter: ['x'] }, 'searchAfter has 1 values, but sort has 0 keys'],
    ['a page size of 0', { pageSize: 0 }, 'pageSize must be a whole number from 1 to 10000'],
    ['a page size above 10,000', { pageSize: 10_001 }, 'pageSize must be a whole number from 1 to 10000'],
    ['an unknown token', { filter: 'severity:5' }, 'the token severity is not known here'],
    ['a filter that is no text', { filter: { name: 'x' } }, 'The filter must be a string'],
    ['a date that is none', { startAt: 'yesterday' }, 'startAt must be a date'],
  ])('with %s is a 400', async (_what, body, message) => {
    await withGateway({}, async ({ caller }) => {
      const answer = await caller.post('/sm/v1/assets/search', body);
      expect(answer).toMatchObject({ status: 400, json: { errorCode: '400', message: expect.stringContaining(message) } });
    });
  });

  test('pages by number as numbers or text, up to 9,999 rows', async () => {
    await withGateway({ assets: 20_000 }, async ({ caller }) => {
      const page = (pageNumber: unknown, pageSize: unknown) =>
        caller.post('/sm/v1/assets/search', { pageNumber, pageSize, sort: '[{"assetId":"asc"}]' });
      expect(list(await page('1', '3')).map(({ data }) => data.assetId)).toEqual([FIRST + 3, FIRST + 4, FIRST + 5]);
      expect(list(await page(2, 3_333))).toHaveLength(3_333);
      expect((await page(1, 5_000)).status).toBe(500);
      // Without a page number it is the first page of a walk.
      expect(list(await caller.post('/sm/v1/assets/search', { pageSize: 10_000 }))).toHaveLength(10_000);
    });
    await withGateway({ overWindow: 'empty' }, async ({ caller }) => {
      expect(list(await caller.post('/sm/v1/assets/search', { pageNumber: 1_000, pageSize: 10 }))).toEqual([]);
    });
  });
});

describe('a search-after walk', () => {
  test('gives every matching row once, in order, and then an empty page; the total does not shrink', async () => {
    await withGateway({}, async ({ caller }) => {
      const pages = await walk(caller, '/sm/v1/assets/search', { filter: 'tags.id:7003', sort: '[{"id":"desc"}]', pageSize: 50 });
      expect(pages.map((page) => page.length)).toEqual([50, 50, 25, 0]);
      const ids = pages.flat().map(({ data }) => String(data.id));
      expect(ids).toEqual([...ids].sort().reverse());
      expect(new Set(pages.flat().map(({ data }) => Number(data.assetId) % 2))).toEqual(new Set([(FIRST + 1) % 2]));
      const last = await caller.post('/sm/v1/assets/search', {
        filter: 'tags.id:7003',
        sort: '[{"id":"desc"}]',
        searchAfter: pages[1]?.at(-1)?.sortValues,
      });
      expect(last.json).toMatchObject({ body: { totalCount: 125 } });
    });
  });

  test('over jobs takes the documented cursor, a number and a text, or both as text', async () => {
    await withGateway({ indexLagMs: 0 }, async ({ clock, caller }) => {
      for (let job = 0; job < 5; job += 1) {
        await caller.execute([FIRST + job]);
        if (job % 2 === 1) clock.advance(1_000);
      }
      const body = { sort: '[{"created.dateTime":"desc"}, {"id":"desc"}]', pageSize: 2 };
      const pages = await walk(caller, '/sm/v2/jobs/search', body);
      expect(pages.map((page) => page.map(({ data }) => data.id))).toEqual([['80511', '80510'], ['80509', '80508'], ['80507'], []]);
      expect(pages[0]?.[1]?.sortValues).toEqual([Date.parse('2026-01-05T08:00:01Z'), '80510']);
      const asText = pages[0]?.[1]?.sortValues.map(String);
      expect(list(await caller.post('/sm/v2/jobs/search', { ...body, searchAfter: asText })).map(({ data }) => data.id)).toEqual([
        '80509',
        '80508',
      ]);
    });
  });

  test('by names finds the hosts of these names, also among names that were given', async () => {
    await withGateway({ assetNames: { [FIRST + 9]: 'old-HOST-000002.example.com', [FIRST + 3]: 'mail' } }, async ({ caller }) => {
      const found = async (filter: string) =>
        list(await caller.post('/sm/v1/assets/search', { filter, sort: '[{"assetId":"asc"}]' })).map(
          ({ data }) => Number(data.assetId) - FIRST,
        );
      expect(await found('name:"host-000002.example.com" or name:"host-000004.example.com" or name:`host-000008.example.com`')).toEqual([
        1, 7, 9,
      ]);
      expect(await found('name:`host-000002.example.com`')).toEqual([1]);
      expect(await found('name:"mail" or name:"host-000001.example.com"')).toEqual([0, 3]);
    });
  });

  test('can be stalled, or overlap, when the fault is asked for', async () => {
    const body = { sort: '[{"assetId":"asc"}]', pageSize: 4 };
    const firstIds = (pages: Item[][]) => pages.slice(0, 3).map((page) => page.map(({ data }) => Number(data.assetId) - FIRST));
    await withGateway({ faults: { walk: 'stalled' } }, async ({ caller }) => {
      expect(firstIds(await walk(caller, '/sm/v1/assets/search', body))).toEqual([
        [0, 1, 2, 3],
        [0, 1, 2, 3],
        [0, 1, 2, 3],
      ]);
    });
    await withGateway({ faults: { walk: 'overlap' } }, async ({ caller }) => {
      expect(firstIds(await walk(caller, '/sm/v1/assets/search', body))).toEqual([
        [0, 1, 2, 3],
        [2, 3, 4, 5],
        [4, 5, 6, 7],
      ]);
    });
  });

  test('over 100,000 asset jobs of 4,000 jobs finds the thousand of forty jobs', async () => {
    await withGateway(
      { assets: 100_000, indexLagMs: 0, foreignOperator: { everyMs: 1, scriptId: 72648, assetsPerRun: 25 } },
      async ({ simulator, clock, caller }) => {
        for (let batch = 0; batch < 4; batch += 1) {
          clock.advance(1_000);
          await caller.get('/sm/v1/scripts/72648');
        }
        expect(simulator.stats()).toMatchObject({ executions: 4_000, assetJobs: 100_000 });
        const filter = Array.from({ length: 40 }, (_, index) => `job.id:${80_507 + index * 100}`).join(' or ');
        const answer = await caller.post('/sm/v2/assetjobs/search', { filter, pageSize: 1_000, sort: '[{"id":"asc"}]' });
        expect(answer.json).toMatchObject({ body: { totalCount: 1_000 } });
        expect(new Set(list(answer).map(({ data }) => data.id)).size).toBe(1_000);
      },
    );
  });
});

describe('the shape of answers', () => {
  const ids = async (caller: GatewayCaller) => {
    const answer = await caller.post('/sm/v1/assetjobs/search', {});
    const [row] = (answer.json as { body: { list: { id: unknown; job: { id: unknown }; asset: { id: unknown } }[] } }).body.list;
    return [typeof row?.id, typeof row?.job.id, typeof row?.asset.id];
  };

  test('rows of the v2 searches are wrapped, flat, or both', async () => {
    const shapes: Record<string, boolean[]> = {};
    for (const shape of ['wrapped', 'flat', 'mixed'] as const) {
      await withGateway({ shape, indexLagMs: 0 }, async ({ caller }) => {
        await caller.execute([FIRST, FIRST + 1]);
        const rows = list(await caller.post('/sm/v2/assetjobs/search', { sort: '[{"id":"asc"}]' }));
        shapes[shape] = rows.map((row) => 'sortValues' in row);
      });
    }
    expect(shapes).toEqual({ wrapped: [true, true], flat: [false, false], mixed: [true, false] });
  });

  test('ids are typed as documented, as text, as numbers, or changing from answer to answer', async () => {
    const seen: Record<string, string[][]> = {};
    for (const type of ['documented', 'string', 'number', 'mixed'] as const) {
      await withGateway({ ids: type, indexLagMs: 0 }, async ({ caller }) => {
        await caller.execute([FIRST]);
        seen[type] = [await ids(caller), await ids(caller)];
      });
    }
    expect(seen).toEqual({
      documented: Array(2).fill(['string', 'number', 'number']),
      string: Array(2).fill(['string', 'string', 'string']),
      number: Array(2).fill(['number', 'number', 'number']),
      mixed: [Array(3).fill('string'), Array(3).fill('number')],
    });
  });

  test('a script is found by id and by exact title, with its content in base64', async () => {
    await withGateway({ scripts: [{ id: 5, title: 'Fix a/b & c?', content: 'echo ü\n' }] }, async ({ caller }) => {
      for (const key of ['5', encodeURIComponent('Fix a/b & c?')]) {
        const { json } = await caller.get(`/sm/v1/scripts/${key}`);
        expect(json).toMatchObject({
          body: { id: '5', title: 'Fix a/b & c?', scriptStatus: 'APPROVED', content: Buffer.from('echo ü\n').toString('base64') },
        });
      }
      expect((await caller.get('/sm/v1/scripts/Fix')).status).toBe(404);
      expect((await caller.get('/sm/v1/script/count?query=platform:LINUX')).json).toMatchObject({ data: { count: 1 } });
    });
  });

  test('startAt and endAt bound the creation of jobs, both included', async () => {
    await withGateway({ indexLagMs: 0 }, async ({ clock, caller }) => {
      for (let job = 0; job < 3; job += 1) {
        await caller.execute([FIRST + job]);
        clock.advance(1_000);
      }
      const answer = await caller.post('/sm/v2/jobs/search', { startAt: '2026-01-05T08:00:00.001Z', endAt: '2026-01-05T08:00:01.000Z' });
      expect(list(answer).map(({ data }) => data.id)).toEqual(['80508']);
    });
  });
});
