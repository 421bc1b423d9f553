import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ClientHarness, clientHarness } from '../../../test/support/gateway/client-harness.js';
import { sampleText } from '../../../test/support/gateway/sample-asks.js';
import { refusal } from '../../../test/support/gateway/scripted.js';

const detail = (id: string | number, title: string) => ({
  body: { body: { id, title, scriptStatus: 'Pending Review', platform: 'Linux', content: 'ZWNobyBoaQo=' } },
});
const found = (...titles: [id: number, title: string][]) => ({
  body: { body: { totalCount: titles.length, list: titles.map(([id, title]) => ({ id, title, status: 'APPROVED', platform: 'LINUX' })) } },
});

let it: ClientHarness;
beforeEach(async () => {
  it = await clientHarness();
});
afterEach(() => it.close());

describe('script', () => {
  test('by id, with the hash of its decoded content', async () => {
    it.gateway.reply({ body: sampleText('script-detail') });
    expect(await it.qualys.script('16012')).toEqual({
      id: '16012',
      title: 'Remove SMBv1',
      status: 'APPROVED',
      platform: 'WINDOWS',
      content: 'cHJpbnQoMjAgKyAyMCkK',
      sha256: '176057be02bdfa494bd5b422db586526ed2cf6176d101225cec74ace3d184221',
    });
    expect(it.gateway.calls().map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /sm/v1/scripts/16012']);
  });

  test('by exact title, although the search matches more', async () => {
    it.gateway.reply(found([1, 'Nightly 2'], [2, 'Nightly'], [3, 'nightly']), detail(2, 'Nightly'));
    expect(await it.qualys.script('Nightly')).toMatchObject({ id: '2', title: 'Nightly', status: 'PENDING_REVIEW', platform: 'LINUX' });
    expect(it.gateway.calls()[0]?.json).toMatchObject({ filter: 'name:"Nightly"' });
    expect(it.gateway.calls()[1]?.url).toBe('/sm/v1/scripts/2');
  });

  test('by title in the path, where the search finds nothing exact', async () => {
    it.gateway.reply(found([1, 'Patch A/B 100% #2 now']), detail(9, 'Patch A/B 100% #2'));
    expect(await it.qualys.script('Patch A/B 100% #2')).toMatchObject({ id: '9' });
    expect(it.gateway.calls()[1]?.url).toBe('/sm/v1/scripts/Patch%20A%2FB%20100%25%20%232');
  });

  test('by title in the path, where the filter is refused or the title cannot be quoted', async () => {
    it.gateway.reply(
      { status: 400, body: { errorCode: '400', message: 'unknown token name' } },
      detail(9, 'Patch'),
      detail(10, `a"b\`c'd`),
    );
    expect(await it.qualys.script('Patch')).toMatchObject({ id: '9' });
    expect(await it.qualys.script(`a"b\`c'd`)).toMatchObject({ id: '10' });
    expect(it.gateway.calls()).toHaveLength(3);
  });

  test('another title in the answer is not the script', async () => {
    it.gateway.reply(found(), detail(9, 'Patching'));
    await expect(it.qualys.script('Patch')).rejects.toMatchObject({ kind: 'not-found', message: expect.stringContaining('"Patch"') });
  });

  test('two scripts of one title are named, not picked from', async () => {
    it.gateway.reply(found([4, 'Patch'], [5, 'Patch']));
    await expect(it.qualys.script('Patch')).rejects.toMatchObject({ kind: 'invalid', message: expect.stringContaining('4, 5') });
  });

  test('unknown, by id and by title', async () => {
    it.gateway.reply(refusal(404), found(), refusal(404));
    await expect(it.qualys.script('404404')).rejects.toMatchObject({ kind: 'not-found', message: expect.stringContaining('404404') });
    await expect(it.qualys.script('Nowhere')).rejects.toMatchObject({ kind: 'not-found', message: expect.stringContaining('"Nowhere"') });
  });

  test('an empty name is refused before anything is sent', async () => {
    await expect(it.qualys.script('  ')).rejects.toMatchObject({ kind: 'invalid' });
    expect(it.gateway.requests).toEqual([]);
  });
});
