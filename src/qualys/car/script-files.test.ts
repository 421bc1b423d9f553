import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ClientHarness, clientHarness } from '../../../test/support/gateway/client-harness.js';
import { PAGE, refusal } from '../../../test/support/gateway/scripted.js';

let it: ClientHarness;
let folder: string;
let file: string;
beforeEach(async () => {
  it = await clientHarness();
  folder = await mkdtemp(join(tmpdir(), 'scripts-'));
  file = join(folder, 'scripts.json');
  await writeFile(file, '[{"title":"a","content":"YQ=="}]');
});
afterEach(async () => {
  await it.close();
  await rm(folder, { recursive: true });
});

const IMPORTED = { body: { ImportedIds: ['16508'] } };
const CLONED = { status: 201, body: { errorCode: '0', body: { id: 16520 } } };

describe('importScripts', () => {
  test.each([
    ['the printed answer', IMPORTED, { kind: 'created', scriptIds: ['16508'] }],
    [
      'numbers, lower case, an envelope',
      { body: { errorCode: null, body: { importedIds: [16508, 16509] } } },
      { kind: 'created', scriptIds: ['16508', '16509'] },
    ],
    ['409', refusal(409), { kind: 'exists' }],
    ['409 for a limit', { status: 409, headers: { 'x-ratelimit-towait-sec': '9' } }, { kind: 'refused', waitMs: 9_000 }],
    ['429 without limit values', refusal(429), { kind: 'quota' }],
    [
      '429 for a limit',
      { status: 429, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-towait-sec': '240' } },
      { kind: 'refused', waitMs: 240_000 },
    ],
    ['400', refusal(400, 'no json'), { kind: 'rejected', status: 400, message: 'HTTP 400, error code 400: no json' }],
    ['403', refusal(403), { kind: 'rejected', status: 403 }],
    ['403 in a page', { status: 403, body: PAGE }, { kind: 'unknown' }],
    ['409 in a page', { status: 409, body: PAGE }, { kind: 'unknown' }],
    ['429 in somebody’s JSON', { status: 429, body: { message: 'Too Many Requests' } }, { kind: 'unknown' }],
    ['401 in a page', { status: 401, body: PAGE }, { kind: 'unknown' }],
    ['500', { status: 500 }, { kind: 'unknown' }],
    ['a reset', { reset: 'before-answer' as const }, { kind: 'unknown' }],
    ['200 with no ids', { body: { ImportedIds: [] } }, { kind: 'unknown' }],
    ['200 with an error code', { body: { errorCode: '77', body: { ImportedIds: ['1'] } } }, { kind: 'unknown' }],
  ])('%s', async (_, answer, expected) => {
    it.gateway.reply(answer, IMPORTED);
    expect(await it.qualys.importScripts({ file })).toMatchObject(expected);
    expect(it.gateway.calls()).toHaveLength(1);
  });

  test('a 401 is replayed once, with the whole file again', async () => {
    it.gateway.reply(refusal(401), IMPORTED);
    expect(await it.qualys.importScripts({ file })).toMatchObject({ kind: 'created' });
    const bodies = it.gateway.calls().map(({ text }) => text.split('\r\n\r\n')[1]?.split('\r\n')[0]);
    expect(bodies).toEqual(['[{"title":"a","content":"YQ=="}]', '[{"title":"a","content":"YQ=="}]']);
  });

  test('what is no export file is not sent', async () => {
    const missing = join(folder, 'none.json');
    expect(await it.qualys.importScripts({ file: missing })).toMatchObject({
      kind: 'rejected',
      message: expect.stringContaining('cannot be read'),
    });
    await writeFile(file, '{"title":"one script is an array, too"}');
    expect(await it.qualys.importScripts({ file })).toMatchObject({
      kind: 'rejected',
      message: expect.stringContaining('an array of scripts'),
    });
    expect(it.gateway.requests).toEqual([]);
  });

  test('a file of many megabytes arrives whole', async () => {
    const content = 'QUJD'.repeat(1_000_000);
    await writeFile(file, `[{"title":"big","content":"${content}"}]`);
    it.gateway.reply(IMPORTED);
    expect(await it.qualys.importScripts({ file })).toMatchObject({ kind: 'created' });
    const [seen] = it.gateway.calls();
    expect(seen?.text).toContain(`"content":"${content}"}]\r\n--`);
    expect(seen?.headers['content-length']).toBe(String(Buffer.byteLength(seen?.text ?? '')));
  });

  test('neither the gate nor a log line sees the content', async () => {
    it.gateway.reply({ status: 500, body: '{"content":"YQ=="}' });
    const answer = await it.qualys.importScripts({ file, runId: 'run-1' });
    expect(JSON.stringify(answer) + it.logged()).not.toContain('YQ==');
  });
});

describe('cloneScript', () => {
  test.each([
    ['400 with the sentence', refusal(400, 'Script with the same title already exists: b'), { kind: 'exists' }],
    ['409 with the sentence', refusal(409, 'duplicate title'), { kind: 'exists' }],
    ['409 without a word', { status: 409 }, { kind: 'unknown' }],
    ['400', refusal(400, 'not in proper format'), { kind: 'rejected', status: 400 }],
    ['404', refusal(404), { kind: 'rejected', status: 404 }],
    ['404 in a page', { status: 404, body: PAGE }, { kind: 'unknown' }],
    ['400 in a page that knows the sentence', { status: 400, body: `${PAGE} already exists` }, { kind: 'unknown' }],
    ['401 with nothing in it', { status: 401 }, { kind: 'unknown' }],
    ['429 without limit values', refusal(429), { kind: 'quota' }],
    ['502', { status: 502 }, { kind: 'unknown' }],
    ['500 with the sentence', { status: 500, body: { message: 'already exists' } }, { kind: 'unknown' }],
    ['201 without an id', { status: 201, body: { body: {} } }, { kind: 'unknown' }],
  ])('%s', async (_, answer, expected) => {
    it.gateway.reply(answer, CLONED);
    expect(await it.qualys.cloneScript({ script: '72648', title: 'b' })).toMatchObject(expected);
    expect(it.gateway.calls()).toHaveLength(1);
  });

  test.each([
    ['', 'b'],
    ['72648', ' '],
    ['72648', 'x'.repeat(256)],
  ])('of %p as %p is not sent', async (script, title) => {
    expect(await it.qualys.cloneScript({ script, title })).toMatchObject({ kind: 'rejected' });
    expect(it.gateway.requests).toEqual([]);
  });
});

describe('exportScripts', () => {
  const script = (id: number) => ({ id, title: `s${id}`, scriptStatus: 'APPROVED', content: 'YQ==' });

  test('asks for each id by itself where one of them fails the call, and names the ones that fail', async () => {
    it.gateway.reply(refusal(400, 'deprecated'), { body: [script(1)] }, refusal(400, 'deprecated'), { body: [] });
    const { scripts, refused } = await it.qualys.exportScripts(['1', '2', '3']);
    expect(scripts.map(({ id }) => id)).toEqual(['1']);
    expect(refused).toMatchObject([
      { id: '2', message: expect.stringContaining('deprecated') },
      { id: '3', message: expect.stringContaining('lacks script 3') },
    ]);
  });

  test('asks for fifty at a time', async () => {
    const ids = Array.from({ length: 60 }, (_, index) => String(index + 1));
    it.gateway.reply({ body: ids.slice(0, 50).map((id) => script(Number(id))) }, { body: ids.slice(50).map((id) => script(Number(id))) });
    expect((await it.qualys.exportScripts(ids)).scripts.map(({ id }) => id)).toEqual(ids);
    expect(it.gateway.calls()).toHaveLength(2);
  });

  test('takes ids only', async () => {
    await expect(it.qualys.exportScripts([])).rejects.toThrow('at least one');
    await expect(it.qualys.exportScripts(['1', '2&x=3'])).rejects.toThrow('is not a script id');
    expect(it.gateway.requests).toEqual([]);
  });
});
