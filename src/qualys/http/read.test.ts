import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { all, type ClientHarness, clientHarness } from '../../../test/support/gateway/client-harness.js';
import { PAGE, refusal } from '../../../test/support/gateway/scripted.js';
import { createTransport } from './transport.js';

const COUNTS = { body: { data: { 'EXECUTION PASSED': 189, 'MANIFEST ASSIGNED': 1 }, timestamp: '2023-01-16T04:40:05.284Z' } };
const GOOD = { 'EXECUTION PASSED': 189, 'MANIFEST ASSIGNED': 1 };

let it: ClientHarness;
beforeEach(async () => {
  it = await clientHarness();
});
afterEach(() => it.close());
const count = () => it.qualys.countAssetJobs({ query: 'job.id:1', groupBy: 'status', runId: 'run-1' });

describe("Qualys' clock", () => {
  const ahead = { date: 'Fri, 01 May 2026 12:10:00 GMT' };
  const own = Date.parse('2026-05-01T12:00:00Z');

  test.each([
    ['a page under 200', { headers: ahead, body: PAGE }],
    ['a page under 403', { status: 403, headers: ahead, body: PAGE }],
    ['a page under 502', { status: 502, headers: ahead, body: PAGE }],
    ['JSON of something in between', { status: 400, headers: ahead, body: { error: { code: 'quota' } } }],
    ['an empty refusal', { status: 401, headers: ahead }],
    ['a cut answer', { headers: ahead, body: '{"data":{"EXECUTION' }],
  ])('is not told by %s', async (_, foreign) => {
    it.gateway.reply(foreign, COUNTS);
    expect(await count()).toEqual(GOOD);
    expect(new Set(it.clock.observed)).toEqual(new Set([own]));
  });

  test('is not told by nothing: 204 without a word can come from anybody', async () => {
    it.gateway.reply({ status: 204, headers: ahead });
    await all(it.qualys.searchJobs({}));
    expect(new Set(it.clock.observed)).toEqual(new Set([own]));
  });

  test("is told by the API's own refusal", async () => {
    it.gateway.reply(refusal(404, 'no', ahead));
    await expect(count()).rejects.toMatchObject({ kind: 'not-found' });
    expect(it.clock.observed).toContain(Date.parse(ahead.date));
  });
});

describe('a read', () => {
  test('encodes its query', async () => {
    it.gateway.reply(COUNTS);
    expect(await it.qualys.countAssetJobs({ query: 'name:"a +b"', groupBy: 'status' })).toEqual(GOOD);
    expect(it.gateway.calls()[0]?.url).toBe('/sm/v1/assetjobs/count?query=name%3A%22a%20%2Bb%22&groupBy=status');
  });

  test.each([
    ['500', { status: 500 }],
    ['502 with HTML', { status: 502, body: '<html></html>' }],
    ['a reset', { reset: 'before-answer' as const }],
    ['a reset in the body', { ...COUNTS, reset: 'in-body' as const }],
    ['truncated JSON', { body: '{"data":{"EXECUTION' }],
    ['HTML under 200', { body: '<html>maintenance</html>' }],
    ['an empty body', {}],
    ['JSON of another kind', { body: { data: 'soon' } }],
  ])('is repeated twice after %s, each time through the gate', async (_, bad) => {
    it.gateway.reply(bad, bad, COUNTS);
    expect(await count()).toEqual(GOOD);
    expect(it.gate.log).toEqual(['enter assetjobs/count', 'leave', 'enter assetjobs/count', 'leave', 'enter assetjobs/count', 'leave']);
  });

  test('is unavailable after three failures, and no fourth request is sent', async () => {
    it.gateway.reply({ status: 503 }, { status: 503 }, { status: 503 }, COUNTS);
    await expect(count()).rejects.toMatchObject({
      name: 'QualysError',
      kind: 'unavailable',
      facts: { status: 503, endpoint: 'assetjobs/count' },
    });
    expect(it.gateway.calls()).toHaveLength(3);
  });

  test('gives its place back uncounted when no connection came about', async () => {
    it.gateway.reply(COUNTS);
    await count();
    await it.gateway.close();
    it.gate.log.length = 0;
    await expect(count()).rejects.toMatchObject({ kind: 'unavailable', message: expect.stringContaining('ECONNREFUSED') });
    // The first try may find the kept-alive connection gone, which proves nothing about what was sent; the others cannot connect at all.
    expect(it.gate.log.slice(2)).toEqual(['enter assetjobs/count', 'cancel', 'enter assetjobs/count', 'cancel']);
  });

  test.each([302, 400, 403, 404, 405, 409, 422])('HTTP %i in the words of something in between is tried again', async (status) => {
    const between = { status, headers: { location: '/portal' }, body: PAGE };
    it.gateway.reply(between, COUNTS);
    expect(await count()).toEqual(GOOD);
    it.gateway.reply(between, between, between);
    await expect(count()).rejects.toMatchObject({ kind: 'unavailable', facts: { status } });
  });

  test.each([
    [403, 'permission'],
    [404, 'not-found'],
    [400, 'invalid'],
    [422, 'invalid'],
  ])('HTTP %i is %s at once', async (status, kind) => {
    it.gateway.reply({ status, headers: { location: '/sm/elsewhere' }, body: { errorCode: String(status), message: 'no' } }, COUNTS);
    await expect(count()).rejects.toMatchObject({ kind, facts: { status } });
    expect(it.gateway.calls()).toHaveLength(1);
  });

  test('200 with an error code is a failure', async () => {
    it.gateway.reply({ body: { errorCode: '1004', message: 'Invalid group', data: GOOD } });
    await expect(count()).rejects.toMatchObject({ kind: 'protocol', message: expect.stringContaining('1004: Invalid group') });
  });

  test.each([['0'], [0], [null], ['']])('200 with errorCode %p is success', async (errorCode) => {
    it.gateway.reply({ body: { ...COUNTS.body, errorCode } });
    expect(await count()).toEqual(GOOD);
  });

  test('takes a second 401 for an outage, not for bad credentials', async () => {
    it.gateway.reply({ status: 401 }, refusal(401), COUNTS);
    await expect(count()).rejects.toMatchObject({ kind: 'unavailable', facts: { status: 401 } });
    expect(it.gateway.calls()).toHaveLength(2);
  });

  test('reads a compressed answer', async () => {
    it.gateway.reply({ headers: { 'content-encoding': 'gzip' }, body: gzipSync(JSON.stringify(COUNTS.body)) });
    expect(await count()).toEqual(GOOD);
    expect(it.gateway.calls()[0]?.headers['accept-encoding']).toContain('gzip');
  });

  test('stops with the reason of its signal', async () => {
    const stop = new AbortController();
    it.gateway.reply(() => {
      stop.abort(new Error('the activity was cancelled'));
      return { silent: true };
    });
    await expect(all(it.qualys.searchJobs({ signal: stop.signal }))).rejects.toThrow('the activity was cancelled');
    expect(it.gate.log).toEqual(['enter jobs/search', 'leave']);
  });

  test('quotes no body of a good answer, which may hold script output', async () => {
    const bad = { body: '{"body":{"list":[{"scriptResult":"U2VjcmV0' };
    it.gateway.reply(bad, bad, bad);
    const error = await all(it.qualys.searchAssetJobs({ includeOutput: true })).catch((thrown: Error) => thrown);
    expect(String(error)).toContain('no usable answer');
    expect(String(error)).not.toContain('U2VjcmV0');
  });
});

describe('waiting', () => {
  test('a short wait of the gate is slept here', async () => {
    it.gate.answers.push({ kind: 'wait', waitMs: 30, why: 'two calls are running' });
    it.gateway.reply(COUNTS);
    const startedAt = performance.now();
    expect(await count()).toEqual(GOOD);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(30);
    expect(it.gate.log).toEqual(['wait assetjobs/count', 'enter assetjobs/count', 'leave']);
  });

  test('a long wait of the gate is handed back with its length', async () => {
    it.gate.answers.push({ kind: 'wait', waitMs: 3_001, why: 'the window is full' });
    await expect(count()).rejects.toMatchObject({ kind: 'limited', waitMs: 3_001 });
    expect(it.gateway.calls()).toEqual([]);
  });

  test('many short waits do not add up to a long one', async () => {
    const patient = await clientHarness({ maxWaitInProcessMs: 25 });
    for (let n = 0; n < 10; n += 1) patient.gate.answers.push({ kind: 'wait', waitMs: 10, why: 'busy' });
    await expect(patient.qualys.countAssetJobs({ groupBy: 'status' })).rejects.toMatchObject({ kind: 'limited', waitMs: 10 });
    expect(patient.gate.log).toHaveLength(3);
    await patient.close();
  });

  test.each([
    ['429 with ToWait', 429, { 'x-ratelimit-towait-sec': '2810' }, 2_810_000],
    ['429 with Retry-After', 429, { 'retry-after': '60' }, 60_000],
    ['429 without a word', 429, {}, 60_000],
    ['409 with a full concurrency', 409, { 'x-concurrency-limit-limit': '2', 'x-concurrency-limit-running': '2' }, 10_000],
    ['409 with ToWait', 409, { 'x-ratelimit-towait-sec': '240' }, 240_000],
  ])('%s ends the call with a wait no shorter than told', async (_, status, headers, waitMs) => {
    it.gateway.reply({ status, headers }, COUNTS);
    await expect(count()).rejects.toMatchObject({ kind: 'limited', waitMs });
    expect(it.gateway.calls()).toHaveLength(1);
    expect(it.gate.evidence).toMatchObject([{ refused: true }]);
  });

  test('a requested wait of a second is kept to the full before the next request', async () => {
    let refusedAt = 0;
    let repeatedAt = 0;
    it.gateway.reply(
      () => {
        refusedAt = performance.now();
        return { status: 429, headers: { 'x-ratelimit-towait-sec': '1' } };
      },
      () => {
        repeatedAt = performance.now();
        return COUNTS;
      },
    );
    expect(await count()).toEqual(GOOD);
    expect(repeatedAt - refusedAt).toBeGreaterThanOrEqual(1_000);
  });

  test('503 with a long Retry-After is unavailable for at least so long', async () => {
    it.gateway.reply({ status: 503, headers: { 'retry-after': '120' } }, COUNTS);
    await expect(count()).rejects.toMatchObject({ kind: 'unavailable', waitMs: 120_000 });
    expect(it.gateway.calls()).toHaveLength(1);
  });

  test('limit headers of a good answer reach the gate', async () => {
    it.gateway.reply({
      ...COUNTS,
      headers: { 'x-ratelimit-limit': '300', 'x-ratelimit-window-sec': '3600', 'x-ratelimit-remaining': '0' },
    });
    await count();
    expect(it.gate.evidence).toEqual([{ limit: 300, windowSec: 3600, remaining: 0, refused: false }]);
  });
});

describe('the transport', () => {
  test('refuses an answer beyond its size, compressed or not', async () => {
    const transport = createTransport({ baseUrl: it.gateway.url, timeoutMs: 2_000, maxAnswerBytes: 1_000 });
    it.gateway.reply(
      { body: 'x'.repeat(1_001) },
      { headers: { 'content-encoding': 'gzip' }, body: gzipSync('x'.repeat(100_000)) },
      { body: 'x'.repeat(1_000) },
    );
    const get = { method: 'GET' as const, path: '/x', headers: {} };
    await expect(transport.send(get)).rejects.toMatchObject({ why: 'too-large', sent: true });
    await expect(transport.send(get)).rejects.toMatchObject({ why: 'too-large', sent: true });
    expect((await transport.send(get)).body).toHaveLength(1_000);
    await transport.close();
  });

  test('keeps a path prefix of the base URL, with or without a slash at its end', async () => {
    for (const suffix of ['/gateway', '/gateway/']) {
      const transport = createTransport({ baseUrl: it.gateway.url + suffix, timeoutMs: 2_000 });
      it.gateway.reply({});
      await transport.send({ method: 'GET', path: '/sm/v1/x', headers: {} });
      await transport.close();
    }
    expect(it.gateway.calls().map(({ url }) => url)).toEqual(['/gateway/sm/v1/x', '/gateway/sm/v1/x']);
  });
});
