import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { all, type ClientHarness, clientHarness } from '../../../test/support/gateway/client-harness.js';
import { refusal } from '../../../test/support/gateway/scripted.js';
import { QualysError } from '../errors.js';
import type { EasmProfile } from '../operations.js';
import type { Page } from '../types.js';
import { untilEasmCompleted } from './easm.js';

let it: ClientHarness;
beforeEach(async () => {
  it = await clientHarness();
});
afterEach(() => it.close());

/** Of each page: the ids of its rows, how many could not be read, and all as they came. */
async function pagesOf<Row extends { id?: string; assetId?: string }>(pages: AsyncIterable<Page<Row>>) {
  const seen: { ids: (string | undefined)[]; unreadable: number | undefined; raw: readonly unknown[] | undefined }[] = [];
  for await (const { rows, unreadable, raw } of pages) seen.push({ ids: rows.map(({ id, assetId }) => id ?? assetId), unreadable, raw });
  return seen;
}

const urls = () => it.gateway.calls().map(({ url }) => decodeURIComponent(url));

describe('walking EDR assets', () => {
  const row = (id: string, second: number) => ({ id, timeStamp: `2024-04-04T11:49:${String(second).padStart(2, '0')}.000+0000` });
  const at = (second: number) => Date.parse('2024-04-04T11:49:00Z') + second * 1_000;

  test.each([
    ['searchAfterValues', '17,a'],
    ['SEARCHAFTERVALUE', '17,a'],
    ['searchAfter', '[17, "a"]'],
    ['x-search-after', '["17","a"]'],
    ['X-Search-After-Values', ' 17 , a '],
  ])('takes the cursor from %s: %s', async (name, value) => {
    it.gateway.reply({ body: [row('a', 1)], headers: { [name]: value } }, { status: 204 });
    expect(await all(it.qualys.edrAssets({ pageSize: 1 }))).toHaveLength(1);
    expect(urls()[1]).toContain('searchAfterValues=17,a');
  });

  test('makes it of the last row where no header came, and asks for what that needs', async () => {
    it.gateway.reply({ body: [row('a', 1), row('b', 2)] }, { body: [row('c', 3)] });
    const options = { pageSize: 2, includeAttributes: ['hostName'], excludeAttributes: ['id', 'platform'] };
    expect((await all(it.qualys.edrAssets(options))).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(urls()[1]).toBe(
      `/ioc/v1/asset/searchAfter?include_attributes=id,timeStamp,hostName&exclude_attributes=platform&pageSize=2&searchAfterValues=${at(2)},b`,
    );
  });

  test('goes on behind a short page while cursors come: a service may give fewer rows than asked for', async () => {
    it.gateway.reply(
      { body: [row('a', 1)], headers: { searchAfterValue: '1,a' } },
      { body: [row('b', 2)], headers: { searchAfterValue: '2,b' } },
      { body: [] },
    );
    expect(await all(it.qualys.edrAssets({}))).toHaveLength(2);
  });

  test('resumes behind a cursor', async () => {
    it.gateway.reply({ body: [row('b', 2)] });
    expect(await all(it.qualys.edrAssets({ after: ['1,a'] }))).toHaveLength(1);
    expect(urls()[0]).toContain('searchAfterValues=1,a');
    await expect(all(it.qualys.edrAssets({ after: [7] }))).rejects.toThrow('not a cursor');
  });

  test('stops with an error where it would lose rows', async () => {
    it.gateway.reply({ body: [row('a', 1)], headers: { searchafter: '1,a' } }, { body: [row('a', 1)], headers: { searchafter: '1,a' } });
    await expect(all(it.qualys.edrAssets({ pageSize: 1 }))).rejects.toThrow('has no new rows');
    it.gateway.reply({ body: [{ id: 'a' }] });
    await expect(all(it.qualys.edrAssets({ pageSize: 1 }))).rejects.toThrow('no timeStamp and id');
  });

  test('counts the rows that cannot be read, gives them as they came, and goes on behind a page of nothing else', async () => {
    const odd = { hostName: 'no id' };
    it.gateway.reply(
      { body: [row('a', 1), odd], headers: { searchafter: '1,a' } },
      { body: [odd], headers: { searchafter: '2,b' } },
      { body: [row('c', 3)] },
    );
    const pages = await pagesOf(it.qualys.edrAssets({ pageSize: 2 }));
    expect(pages).toEqual([
      { ids: ['a'], unreadable: 1, raw: [row('a', 1), odd] },
      { ids: [], unreadable: 1, raw: [odd] },
      { ids: ['c'], unreadable: 0, raw: [row('c', 3)] },
    ]);
  });

  test('falls back to the path without a version on the first call only, and not on a 403', async () => {
    it.gateway.reply({ body: [row('a', 1)], headers: { searchafter: '1,a' } }, refusal(404));
    await expect(all(it.qualys.edrAssets({ pageSize: 1 }))).rejects.toMatchObject({ kind: 'not-found' });
    it.gateway.reply(refusal(403));
    await expect(all(it.qualys.edrAssets({}))).rejects.toMatchObject({ kind: 'permission' });
  });
});

describe('walking GAV assets', () => {
  const page = (ids: number[], more: unknown, last: unknown) => ({
    body: {
      responseCode: 'SUCCESS',
      count: ids.length,
      hasMore: more,
      lastSeenAssetId: last,
      assetListData: ids.length === 0 ? null : { asset: ids.map((assetId) => ({ assetId })) },
    },
  });
  const walked = async () => (await all(it.qualys.gavAssets({ pageSize: 2 }))).map(({ assetId }) => assetId);

  test('trusts hasMore, not the cursor, and takes an empty page with a moved cursor', async () => {
    it.gateway.reply(page([1, 2], 1, 2), page([], 1, 3), page([4, 2], '1', '4'), page([5], 0, 5));
    expect(await walked()).toEqual(['1', '2', '4', '2', '5']);
    expect(urls().map((url) => /lastSeenAssetId=(\d+)/.exec(url)?.[1])).toEqual([undefined, '2', '3', '4']);
  });

  test('leaves out rows of the page before', async () => {
    it.gateway.reply(page([1, 2], 1, 2), page([2, 3], 0, 3));
    expect(await walked()).toEqual(['1', '2', '3']);
  });

  test('counts the rows that cannot be read, and gives them as they came', async () => {
    const { body } = page([1], 1, 1);
    const asset = [{ assetId: 1 }, { assetId: null, assetName: 'web-1' }, 'web-2'];
    it.gateway.reply({ body: { ...body, assetListData: { asset } } }, page([1, 2], 0, 2));
    expect(await pagesOf(it.qualys.gavAssets({ pageSize: 2 }))).toEqual([
      { ids: ['1'], unreadable: 2, raw: asset },
      { ids: ['2'], unreadable: 0, raw: [{ assetId: 2 }] },
    ]);
  });

  test.each([
    ['not a cursor', [page([1], 1, null)], 'no lastSeenAssetId'],
    ['a cursor that stands still', [page([1], 1, 1), page([1], 1, 1)], 'the cursor stays at 1'],
    [
      'cursors that go round',
      [page([1], 1, 1), page([2], 1, 2), page([3], 1, 3), page([1], 1, 1), page([2], 1, 2), page([3], 1, 3), page([1], 1, 1)],
      'was already used',
    ],
    ['no word on whether there is more', [page([1], undefined, 1)], 'does not say whether'],
  ])('stops with an error at %s', async (_, pages, problem) => {
    it.gateway.reply(...pages);
    await expect(walked()).rejects.toThrow(problem);
  });

  test('a 200 can be a failure', async () => {
    it.gateway.reply({ body: { responseCode: 'FAILED', responseMessage: 'Invalid filter', count: 0, hasMore: 0, assetListData: null } });
    await expect(walked()).rejects.toThrow('FAILED: Invalid filter');
    it.gateway.reply({ body: '<?xml version="1.0"?><ServiceResponse/>' });
    await expect(walked()).rejects.toThrow('received XML');
    it.gateway.reply({ body: { count: 3, hasMore: 0, responseCode: 'SUCCESS' } }, { body: '' }, { body: '<html></html>' });
    await expect(walked()).rejects.toMatchObject({ kind: 'unavailable' });
  });

  test('filters that may not be sent are not sent', async () => {
    const filter = { filters: [{ field: 'a b', operator: 'EQUALS' as const, value: 'x' }] };
    expect(() => it.qualys.gavAssets({ filter })).toThrow('filters.0.field must be a field name');
    const unknown = { filters: [{ ...filter.filters[0], field: 'a', operator: 'LIKE' }] } as never;
    await expect(it.qualys.countGavAssets({ filter: unknown })).rejects.toThrow('"LIKE" is not a GAV operator');
    await expect(it.qualys.countGavAssets({ filter: { xml: 'DROP' } })).rejects.toThrow('must begin with an element');
    await expect(it.qualys.gavAsset('1 or 2')).rejects.toThrow('not an asset id');
    expect(it.gateway.requests).toEqual([]);
  });

  test('another asset than the one asked for is no answer', async () => {
    it.gateway.reply(page([1, 2], 0, null));
    await expect(it.qualys.gavV1Asset('7')).rejects.toThrow('received other assets');
  });
});

describe('counts', () => {
  test('of scripts are asked for under the plural where the singular is unknown', async () => {
    it.gateway.reply(refusal(404), { body: { data: { count: 3 } } });
    expect(await it.qualys.count('scripts')).toBe(3);
    expect(urls()).toEqual(['/sm/v1/script/count', '/sm/v1/scripts/count']);
  });

  test('an answer by groups is no count', async () => {
    it.gateway.reply(...Array.from({ length: 3 }, () => ({ body: { data: { ACTIVE: 3 } } })));
    await expect(it.qualys.count('jobs')).rejects.toMatchObject({ kind: 'unavailable' });
  });
});

describe('waiting for EASM', () => {
  const profile = (profileId: string, status: string): EasmProfile => ({ profileId, status, isCompleted: status === 'COMPLETED' });
  const looks = (...answers: (EasmProfile[] | QualysError)[]) => {
    const slept: number[] = [];
    const look = async () => {
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer instanceof QualysError) throw answer;
      return answer ?? [];
    };
    const sleep = async (ms: number) => void slept.push(ms);
    return { look, sleep, slept };
  };

  test('looks until every profile is completed; a word that is not known is not the end', async () => {
    const { look, sleep, slept } = looks(
      [profile('1', 'COMPLETED'), profile('2', 'IN_PROGRESS')],
      [profile('1', 'COMPLETED'), profile('2', 'QUEUED')],
      [profile('1', 'COMPLETED'), profile('2', 'COMPLETED')],
    );
    expect(await untilEasmCompleted(look, { sleep })).toMatchObject({ kind: 'completed' });
    expect(slept).toEqual([60_000, 60_000]);
  });

  test('no profile is no proof of a sync', async () => {
    expect(await untilEasmCompleted(looks([]).look, { sleep: async () => undefined })).toEqual({ kind: 'no-profile', profiles: [] });
    const { look, sleep } = looks([profile('1', 'COMPLETED')]);
    expect(await untilEasmCompleted(look, { sleep, profileId: '2' })).toMatchObject({ kind: 'no-profile' });
  });

  test('ends at its limit', async () => {
    const { look, sleep, slept } = looks([profile('1', 'IN_PROGRESS')]);
    expect(await untilEasmCompleted(look, { sleep, everyMs: 400, maxWaitMs: 1_000 })).toMatchObject({ kind: 'timed-out', waitedMs: 800 });
    expect(slept).toEqual([400, 400]);
  });

  test('waits out what passes, at least as long as told, and throws what does not', async () => {
    const limited = new QualysError('limited', 'wait', { waitMs: 90_000 });
    const { look, sleep, slept } = looks(limited, new QualysError('unavailable', 'down'), [profile('1', 'COMPLETED')]);
    expect(await untilEasmCompleted(look, { sleep })).toMatchObject({ kind: 'completed' });
    expect(slept).toEqual([90_000, 60_000]);
    await expect(untilEasmCompleted(looks(limited).look, { sleep, maxWaitMs: 100_000 })).rejects.toBe(limited);
    await expect(untilEasmCompleted(looks(new QualysError('permission', 'no')).look, { sleep })).rejects.toThrow('no');
  });
});
