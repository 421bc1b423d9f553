import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ClientHarness, clientHarness } from '../../../test/support/gateway/client-harness.js';
import { jwt, PAGE, refusal, type ScriptedAnswer } from '../../../test/support/gateway/scripted.js';
import type { ExecuteRequest } from '../types.js';

const ACCEPTED = { status: 200, body: { body: { correlationUuid: '9bde85fb-010e-45fe-8bc0-4b55cc6c3a2a' } } };
const always = () => true;

function request(change: Partial<ExecuteRequest> = {}): ExecuteRequest {
  return { scriptId: '72648', assetIds: ['20452610', '20452611'], mayStart: always, ...change };
}

let it: ClientHarness;
beforeEach(async () => {
  it = await clientHarness();
});
afterEach(() => it.close());

describe('execute', () => {
  test('sends ids as strings in the documented body and takes the correlation UUID', async () => {
    it.gateway.reply({ ...ACCEPTED, headers: { date: 'Fri, 01 May 2026 12:00:05 GMT' } });
    const answer = await it.qualys.execute(request({ excludedAssetIds: ['7'] }));
    expect(answer).toEqual({
      kind: 'accepted',
      correlationUuid: '9bde85fb-010e-45fe-8bc0-4b55cc6c3a2a',
      serverAt: Date.parse('2026-05-01T12:00:05Z'),
    });
    const [call] = it.gateway.calls();
    expect(call?.url).toBe('/sm/v1/scripts/72648/execute');
    expect(call?.json).toEqual({ testMode: false, assetIds: ['20452610', '20452611'], assetTagIds: [], excludedAssetIds: ['7'] });
    expect(call?.headers.authorization).toBe(`Bearer ${jwt({ n: 1 })}`);
    expect(it.clock.observed).toContain(Date.parse('2026-05-01T12:00:05Z'));
    expect(it.gate.log).toEqual(['enter execute', 'leave']);
  });

  test.each([
    ['26 asset ids', { assetIds: Array.from({ length: 26 }, (_, n) => String(n + 1)) }],
    ['26 tags', { assetIds: [], assetTagIds: Array.from({ length: 26 }, (_, n) => String(n + 1)) }],
    ['26 exclusions', { excludedAssetIds: Array.from({ length: 26 }, (_, n) => String(n + 1)) }],
    ['no target', { assetIds: [] }],
    ['an id that is none', { assetIds: ['web-1'] }],
    ['a script title', { scriptId: 'Patch OpenSSL' }],
  ])('throws for %s before anything is sent', async (_, change) => {
    await expect(it.qualys.execute(request(change))).rejects.toThrow(TypeError);
    expect(it.gateway.requests).toEqual([]);
    expect(it.gate.log).toEqual([]);
  });

  test('takes 25 entries in every list', async () => {
    it.gateway.reply(ACCEPTED);
    const ids = Array.from({ length: 25 }, (_, n) => String(n + 1));
    expect(await it.qualys.execute(request({ assetIds: ids, assetTagIds: ids, excludedAssetIds: ids }))).toMatchObject({
      kind: 'accepted',
    });
  });

  test('hands a gate wait back at once, with nothing sent', async () => {
    it.gate.answers.push({ kind: 'wait', waitMs: 250, why: 'two calls are running' });
    expect(await it.qualys.execute(request())).toEqual({ kind: 'not-sent', why: 'wait', waitMs: 250, message: 'two calls are running' });
    expect(it.gateway.calls()).toEqual([]);
  });

  test('is not sent when the gate itself fails', async () => {
    it.gate.enter = () => Promise.reject(new Error('database is locked'));
    expect(await it.qualys.execute(request())).toEqual({
      kind: 'not-sent',
      why: 'wait',
      waitMs: 1_000,
      message: 'The call gate failed: Error: database is locked',
    });
    expect(it.gateway.calls()).toEqual([]);
  });

  test('writes nothing when the time to start has passed with the connection open', async () => {
    const asked: number[] = [];
    const mayStart = () => {
      asked.push(it.gateway.calls().length);
      return false;
    };
    expect(await it.qualys.execute(request({ mayStart }))).toMatchObject({ kind: 'not-sent', why: 'late' });
    expect(asked).toEqual([0]);
    expect(it.gateway.calls()).toEqual([]);
    expect(it.gate.log).toEqual(['enter execute', 'cancel']);
  });

  test('a mayStart that throws counts as too late', async () => {
    const mayStart = () => {
      throw new Error('fence lost');
    };
    expect(await it.qualys.execute(request({ mayStart }))).toMatchObject({ kind: 'not-sent', why: 'late' });
    expect(it.gateway.calls()).toEqual([]);
  });

  test('uses a connection of its own each time', async () => {
    it.gateway.reply(ACCEPTED, ACCEPTED);
    await it.qualys.execute(request());
    const before = it.gateway.connections();
    await it.qualys.execute(request());
    expect(it.gateway.connections()).toBe(before + 1);
    expect(it.gateway.calls().map((call) => call.headers.connection)).toEqual(['close', 'close']);
  });

  test.each<[string, ScriptedAnswer]>([
    ['a reset before the answer', { reset: 'before-answer' as const }],
    ['a reset in the middle of the answer', { ...ACCEPTED, reset: 'in-body' as const }],
    ['500', { status: 500 }],
    ['502 with HTML', { status: 502, body: '<html>Bad Gateway</html>' }],
    ['503', { status: 503, headers: { 'retry-after': '5' } }],
    ['408', { status: 408 }],
    ['a redirect', { status: 307, headers: { location: '/elsewhere' } }],
    ['200 without correlation UUID', { status: 200, body: { body: {} } }],
    ['200 with an empty correlation UUID', { status: 200, body: { body: { correlationUuid: ' ' } } }],
    ['200 with an error code', { status: 200, body: { errorCode: '1234', message: 'no', body: { correlationUuid: 'x' } } }],
    ['200 with truncated JSON', { status: 200, body: '{"body":{"correlationUuid":"9bde' }],
    ['200 with HTML', { status: 200, body: '<html></html>' }],
    ['204', { status: 204 }],
    ['409 without limit evidence', { status: 409, headers: { 'x-ratelimit-limit': '300', 'x-ratelimit-remaining': '4' } }],
    ['418', { status: 418 }],
    ...[400, 401, 403, 404, 405, 409, 413, 415, 422, 429].flatMap((status): [string, ScriptedAnswer][] => [
      [`${status} with a page`, { status, body: PAGE, headers: { 'content-type': 'text/html' } }],
      [`${status} with nothing`, { status }],
      [`${status} with somebody's JSON`, { status, body: { message: 'Forbidden' } }],
    ]),
    ['429 with a page over the headers of an accepted answer', { status: 429, body: PAGE, headers: { 'x-ratelimit-remaining': '0' } }],
    ['429 with Retry-After alone', { status: 429, headers: { 'retry-after': '30' } }],
    ['a damaged gzip body', { status: 200, headers: { 'content-encoding': 'gzip' }, body: 'not gzip' }],
  ])('its fate is unknown after %s, and it is sent once', async (_, answer) => {
    it.gateway.reply(answer, ACCEPTED);
    expect(await it.qualys.execute(request())).toMatchObject({ kind: 'unknown' });
    expect(it.gateway.calls()).toHaveLength(1);
    expect(it.gate.log).toEqual(['enter execute', 'leave']);
  });

  test('its fate is unknown when no answer comes in time', async () => {
    const slow = await clientHarness({ timeoutMs: 150 });
    slow.gateway.reply({ silent: true }, ACCEPTED);
    expect(await slow.qualys.execute(request())).toEqual({ kind: 'unknown', message: 'No answer within 150 ms' });
    expect(slow.gateway.calls()).toHaveLength(1);
    await slow.close();
  });

  test('is not sent when the connection is refused', async () => {
    it.gateway.replyAuth({ status: 201, body: jwt() });
    it.gateway.reply({ body: { data: {} } });
    await it.qualys.countAssetJobs({ groupBy: 'status' });
    await it.gateway.close();
    it.gate.log.length = 0;
    expect(await it.qualys.execute(request())).toEqual({
      kind: 'not-sent',
      why: 'connection',
      message: 'Could not connect (ECONNREFUSED)',
    });
    expect(it.gate.log).toEqual(['enter execute', 'cancel']);
  });

  test('is not sent when the TLS handshake fails', async () => {
    const plain = createServer((socket) =>
      socket
        .on('error', () => undefined)
        .resume()
        .end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    );
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const { createTransport } = await import('../http/transport.js');
    const transport = createTransport({ baseUrl: `https://127.0.0.1:${(plain.address() as AddressInfo).port}`, timeoutMs: 2_000 });
    const asked: string[] = [];
    const sent = transport.sendOnce({ method: 'POST', path: '/', headers: {}, body: '{}' }, () => asked.push('may start') > 0);
    await expect(sent).rejects.toMatchObject({ why: 'connection', sent: false });
    expect(asked).toEqual([]);
    await transport.close();
    await new Promise((resolve) => plain.close(resolve));
  });

  test.each([
    [400, 'invalid'],
    [403, 'permission'],
    [404, 'not-found'],
    [405, 'invalid'],
    [413, 'invalid'],
    [415, 'invalid'],
    [422, 'invalid'],
  ])('HTTP %i is documented as not executed: rejected as %s', async (status, why) => {
    it.gateway.reply({ status, body: { errorCode: String(status), message: 'Script is deprecated' } });
    expect(await it.qualys.execute(request())).toEqual({
      kind: 'rejected',
      why,
      status,
      message: `HTTP ${status}, error code ${status}: Script is deprecated`,
    });
  });

  test('429 without limit values is the execution interval, with no invented wait', async () => {
    const headers = { 'x-ratelimit-limit': '300', 'x-ratelimit-remaining': '12', 'x-ratelimit-window-sec': '3600' };
    it.gateway.reply({ status: 429, headers, body: { errorCode: '429', message: 'Script already executed' } });
    expect(await it.qualys.execute(request())).toEqual({
      kind: 'refused',
      why: 'interval',
      message: 'HTTP 429, error code 429: Script already executed',
    });
    expect(it.gate.evidence).toEqual([{ limit: 300, remaining: 12, windowSec: 3600, refused: false }]);
  });

  const EMPTY_LIMITS = { 'x-ratelimit-towait-sec': '', 'x-ratelimit-remaining': '', 'retry-after': 'soon' };

  test.each<[string, object]>([
    ['The script cannot be run again for another 47 seconds', { why: 'interval', waitMs: 47_000 }],
    ['Daily limit of 1000 executions reached', { why: 'day' }],
    ['Refused', { why: 'unexplained' }],
  ])('429 with empty limit headers that says «%s» keeps no other call waiting', async (message, answer) => {
    it.gateway.reply(refusal(429, message, EMPTY_LIMITS));
    expect(await it.qualys.execute(request())).toEqual({ kind: 'refused', message: expect.stringContaining(message), ...answer });
    expect(it.gate.evidence).toEqual([{ refused: false }]);
  });

  test('a wait for calls that is told in words only is the gate’s to keep', async () => {
    const message = 'This API cannot be run again for another 1 hour, 2 minutes and 3 seconds';
    it.gateway.reply({ status: 409, headers: EMPTY_LIMITS, body: { errorCode: '1965', message } });
    expect(await it.qualys.execute(request())).toMatchObject({ kind: 'refused', why: 'limit', waitMs: 3_723_000 });
    expect(it.gate.evidence).toEqual([{ refused: true, toWaitSec: 3_723 }]);
  });

  test.each([
    ['429 with ToWait', 429, { 'x-ratelimit-towait-sec': '240' }, 240_000],
    ['429 with Remaining 0', 429, { 'x-ratelimit-remaining': '0' }, 60_000],
    ['409 with ToWait', 409, { 'x-ratelimit-towait-sec': '7' }, 7_000],
    ['409 with a full concurrency', 409, { 'x-concurrency-limit-limit': '2', 'x-concurrency-limit-running': '2' }, 10_000],
    ['409 in the other spelling', 409, { 'x-concurrencylimit-limit': '2', 'x-concurrencylimit-running': '3' }, 10_000],
  ])('%s is a limit', async (_, status, headers, waitMs) => {
    it.gateway.reply({ status, headers });
    expect(await it.qualys.execute(request())).toMatchObject({ kind: 'refused', why: 'limit', waitMs });
    expect(it.gate.evidence).toMatchObject([{ refused: true }]);
  });
});

describe('execute after a 401', () => {
  const unauthorised = { status: 401, body: { status: 401, error: 'Unauthorized', message: 'JWT expired' } };

  test('replays the same request once with a new token, through the gate', async () => {
    it.gateway.reply(unauthorised, ACCEPTED);
    expect(await it.qualys.execute(request())).toMatchObject({ kind: 'accepted' });
    const [first, second] = it.gateway.calls();
    expect(second?.text).toBe(first?.text);
    expect(second?.headers.authorization).toBe(`Bearer ${jwt({ n: 2 })}`);
    expect(it.gate.log).toEqual(['enter execute', 'leave', 'enter execute', 'leave']);
  });

  test('does not replay when it is too late', async () => {
    it.gateway.reply(unauthorised, ACCEPTED);
    const starts = [true, false];
    expect(await it.qualys.execute(request({ mayStart: () => starts.shift() ?? false }))).toMatchObject({ kind: 'refused', why: 'token' });
    expect(it.gateway.calls()).toHaveLength(1);
    expect(it.gate.log).toEqual(['enter execute', 'leave', 'enter execute', 'cancel']);
  });

  test('is refused for its token when the gate has no second place', async () => {
    it.gateway.reply(unauthorised);
    it.gate.answers.push({ kind: 'go', callId: 1 }, { kind: 'wait', waitMs: 900, why: 'the window is full' });
    expect(await it.qualys.execute(request())).toMatchObject({ kind: 'refused', why: 'token', waitMs: 900 });
    expect(it.gateway.calls()).toHaveLength(1);
  });

  test('a second 401 is a refusal, not a third try', async () => {
    it.gateway.reply(unauthorised, unauthorised, ACCEPTED);
    expect(await it.qualys.execute(request())).toMatchObject({ kind: 'refused', why: 'token' });
    expect(it.gateway.calls()).toHaveLength(2);
  });

  test('is refused for its token when /auth says that the credentials are bad', async () => {
    it.gateway.replyAuth({ status: 201, body: jwt() }, { status: 401, body: { authentication_exceptions: [['Authentication Failure']] } });
    it.gateway.reply(unauthorised);
    expect(await it.qualys.execute(request())).toMatchObject({ kind: 'refused', why: 'token' });
  });

  test('its fate stays unknown when the replay breaks', async () => {
    it.gateway.reply(unauthorised, { reset: 'before-answer' }, ACCEPTED);
    expect(await it.qualys.execute(request())).toMatchObject({ kind: 'unknown' });
    expect(it.gateway.calls()).toHaveLength(2);
  });
});

describe('execute without a token', () => {
  test('is not sent with bad credentials, nor asks the gate', async () => {
    it.gateway.replyAuth(refusal(401));
    expect(await it.qualys.execute(request())).toMatchObject({ kind: 'not-sent', why: 'access' });
    expect(it.gate.log).toEqual([]);
  });

  test('is not sent while /auth is down', async () => {
    it.gateway.replyAuth({ status: 503 }, { status: 503 }, { status: 503 });
    expect(await it.qualys.execute(request())).toMatchObject({ kind: 'not-sent', why: 'connection' });
    expect(it.gateway.calls()).toEqual([]);
  });

  test('an answer is kept although the gate fails to take note of it', async () => {
    it.gateway.reply(ACCEPTED);
    it.gate.leave = () => Promise.reject(new Error('database is locked'));
    expect(await it.qualys.execute(request())).toMatchObject({ kind: 'accepted' });
    expect(it.warnings).toHaveLength(1);
  });
});
