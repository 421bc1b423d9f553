import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  type ClientHarness,
  clientHarness,
  recordingGate,
  type SettableClock,
  settableClock,
} from '../../../test/support/gateway/client-harness.js';
import {
  jwt,
  PAGE,
  refusal as refusedWith,
  type ScriptedAnswer,
  type ScriptedGateway,
  scriptedGateway,
} from '../../../test/support/gateway/scripted.js';
import { createTokenSource, type TokenSource } from './token.js';
import { createTransport, type Transport } from './transport.js';

const NOW = Date.parse('2026-05-01T12:00:00Z');
const DATE = { date: 'Fri, 01 May 2026 12:00:00 GMT' };
const MINUTE = 60_000;
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined };
const counts = { body: { data: { SUCCESS: 1 } } };

let gateway: ScriptedGateway;
let transport: Transport;
let clock: SettableClock;
let elapsedMs: number;
let password: string;
let tokens: TokenSource;

beforeEach(async () => {
  gateway = await scriptedGateway();
  transport = createTransport({ baseUrl: gateway.url, timeoutMs: 2_000 });
  clock = settableClock(NOW);
  elapsedMs = 0;
  password = 'p&ss+w%rd';
  tokens = createTokenSource({ transport, clock, logger: silent }, { username: 'api user', password: () => password }, () => elapsedMs);
});
afterEach(async () => {
  await transport.close();
  await gateway.close();
});

/** A good `/auth` answer whose token ends `lifeMs` after `NOW`. */
function token(n: number, lifeMs: number) {
  return { status: 201, headers: DATE, body: jwt({ n, exp: (NOW + lifeMs) / 1_000 }) };
}

describe('the token', () => {
  test('is asked for with a form and read from plain text', async () => {
    gateway.replyAuth({ status: 201, body: `${jwt()}\n` });
    expect(await tokens.token()).toBe(jwt());
    expect(gateway.requests[0]).toMatchObject({
      method: 'POST',
      url: '/auth',
      text: 'username=api+user&password=p%26ss%2Bw%25rd&token=true',
    });
    expect(gateway.requests[0]?.headers['content-type']).toBe('application/x-www-form-urlencoded');
  });

  test.each([['token'], ['access_token']])('is read from JSON under %s too', async (name) => {
    gateway.replyAuth({ status: 200, body: { [name]: jwt() } });
    expect(await tokens.token()).toBe(jwt());
  });

  test('may have parts in plain base64, with padding, and then lives four hours', async () => {
    gateway.replyAuth({ status: 201, headers: DATE, body: 'aGVhZA==.Ym+k/Q==.c2ln' });
    expect(await tokens.token()).toBe('aGVhZA==.Ym+k/Q==.c2ln');
    clock.nowMs = NOW + 235 * MINUTE - 1;
    expect(await tokens.token()).toBe('aGVhZA==.Ym+k/Q==.c2ln');
  });

  test('is kept until five minutes before it ends', async () => {
    gateway.replyAuth(token(1, 240 * MINUTE), token(2, 480 * MINUTE));
    await tokens.token();
    clock.nowMs = NOW + 235 * MINUTE - 1;
    expect(await tokens.token()).toBe(jwt({ n: 1, exp: (NOW + 240 * MINUTE) / 1_000 }));
    clock.nowMs = NOW + 235 * MINUTE;
    expect(await tokens.token()).toBe(jwt({ n: 2, exp: (NOW + 480 * MINUTE) / 1_000 }));
    expect(gateway.requests).toHaveLength(2);
  });

  test('is renewed after four fifths of a short life, not all the time', async () => {
    gateway.replyAuth(token(1, 5 * MINUTE), token(2, 10 * MINUTE));
    await tokens.token();
    clock.nowMs = NOW + 4 * MINUTE - 1;
    await tokens.token();
    expect(gateway.requests).toHaveLength(1);
    clock.nowMs = NOW + 4 * MINUTE;
    await tokens.token();
    expect(gateway.requests).toHaveLength(2);
  });

  test('lives four hours when it does not say how long', async () => {
    gateway.replyAuth({ status: 201, headers: DATE, body: jwt() }, token(2, 480 * MINUTE));
    await tokens.token();
    clock.nowMs = NOW + 235 * MINUTE - 1;
    await tokens.token();
    expect(gateway.requests).toHaveLength(1);
    clock.nowMs = NOW + 235 * MINUTE;
    await tokens.token();
    expect(gateway.requests).toHaveLength(2);
  });

  test('that is over on arrival is not believed, or every call would fetch one', async () => {
    gateway.replyAuth(token(1, -MINUTE));
    await tokens.token();
    await tokens.token();
    expect(gateway.requests).toHaveLength(1);
  });

  test.each([
    ['ten minutes ahead', 10 * MINUTE],
    ['ten minutes behind', -10 * MINUTE],
  ])('taken while Qualys’ clock seems %s is not used for longer than its life', async (_, byMs) => {
    gateway.replyAuth({ status: 201, headers: DATE, body: jwt({ n: 1 }) }, token(2, 480 * MINUTE), token(3, 480 * MINUTE));
    clock.nowMs = NOW + byMs;
    await tokens.token();
    // The lie is found out at once; or never, and the time that passes here is all there is.
    for (const lie of [0, byMs]) {
      elapsedMs = 224 * MINUTE;
      clock.nowMs = NOW + lie + elapsedMs;
      expect(await tokens.token()).toBe(jwt({ n: 1 }));
    }
    elapsedMs = 235 * MINUTE;
    clock.nowMs = NOW + elapsedMs;
    await tokens.token();
    expect(gateway.requests).toHaveLength(2);
  });

  test('whose exp is read by a clock ten minutes ahead is renewed early or lives on: it is never asked for at every call', async () => {
    gateway.replyAuth(token(1, 5 * MINUTE), token(2, 240 * MINUTE));
    clock.nowMs = NOW + 10 * MINUTE;
    await tokens.token();
    clock.nowMs = NOW + MINUTE;
    await tokens.token();
    await tokens.token();
    expect(gateway.requests).toHaveLength(1);
  });

  test('is renewed by what has passed here, should Qualys’ clock stand still', async () => {
    gateway.replyAuth(token(1, 240 * MINUTE), token(2, 480 * MINUTE));
    await tokens.token();
    elapsedMs = 235 * MINUTE - 1;
    await tokens.token();
    expect(gateway.requests).toHaveLength(1);
    elapsedMs = 235 * MINUTE;
    await tokens.token();
    expect(gateway.requests).toHaveLength(2);
  });

  test.each([
    ['a page', { status: 200, body: PAGE }],
    ['a page under 401', { status: 401, body: PAGE }],
    ['an empty 503', { status: 503 }],
  ])('the Date of %s at /auth is not Qualys’', async (_, foreign) => {
    gateway.replyAuth({ ...foreign, headers: { date: 'Fri, 01 May 2026 12:10:00 GMT' } }, token(1, 240 * MINUTE));
    await tokens.token().catch(() => undefined);
    await tokens.token();
    expect(new Set(clock.observed)).toEqual(new Set([NOW]));
  });

  test('goes on being used while /auth has a hiccup and the old one still lives', async () => {
    gateway.replyAuth(token(1, 240 * MINUTE), { status: 503 }, { status: 503 }, { status: 503 });
    const first = await tokens.token();
    clock.nowMs = NOW + 236 * MINUTE;
    expect(await tokens.token()).toBe(first);
    gateway.replyAuth({ status: 503 }, { status: 503 }, { status: 503 });
    clock.nowMs = NOW + 240 * MINUTE;
    await expect(tokens.token()).rejects.toMatchObject({ kind: 'unavailable' });
  });

  test('is fetched once for twenty callers', async () => {
    expect(new Set(await Promise.all(Array.from({ length: 20 }, () => tokens.token()))).size).toBe(1);
    expect(gateway.requests).toHaveLength(1);
  });

  test('refused is replaced once for twenty callers, and not again for those who come late with the old one', async () => {
    const old = await tokens.token();
    const replaced = await Promise.all(Array.from({ length: 20 }, () => tokens.replacementOf(old)));
    expect(new Set(replaced)).toEqual(new Set([jwt({ n: 2 })]));
    expect(await tokens.replacementOf(old)).toBe(jwt({ n: 2 }));
    expect(gateway.requests).toHaveLength(2);
  });
});

describe('bad credentials', () => {
  const refusal = {
    status: 401,
    body: { authentication_exceptions: [['Authentication Failure: authenticationFailure.InvalidCredentialsException']] },
  };

  test('fail at once, and are not tried again for a minute', async () => {
    gateway.replyAuth(refusal);
    const twenty = await Promise.allSettled(Array.from({ length: 20 }, () => tokens.token()));
    expect(twenty.map((result) => result.status)).toEqual(Array.from({ length: 20 }, () => 'rejected'));
    elapsedMs = 59_999;
    await expect(tokens.token()).rejects.toMatchObject({ kind: 'authentication', message: expect.stringContaining('QUALYS_PASSWORD') });
    expect(gateway.requests).toHaveLength(1);
    elapsedMs = 60_000;
    await tokens.token();
    expect(gateway.requests).toHaveLength(2);
  });

  test('stop nobody while the old token still lives', async () => {
    gateway.replyAuth(token(1, 240 * MINUTE));
    const first = await tokens.token();
    clock.nowMs = NOW + 236 * MINUTE;
    gateway.replyAuth(refusal);
    expect([await tokens.token(), await tokens.token()]).toEqual([first, first]);
    clock.nowMs = NOW + 240 * MINUTE;
    await expect(tokens.token()).rejects.toMatchObject({ kind: 'authentication' });
  });

  test('are forgotten when the password changes', async () => {
    gateway.replyAuth(refusal);
    await expect(tokens.token()).rejects.toMatchObject({ kind: 'authentication' });
    password = 'rotated';
    await tokens.token();
    expect(gateway.requests[1]?.text).toContain('password=rotated');
  });

  test('are seen also where the error comes under 200', async () => {
    gateway.replyAuth({ ...refusal, status: 200 });
    await expect(tokens.token()).rejects.toMatchObject({ kind: 'authentication' });
  });

  test('never show the password', async () => {
    gateway.replyAuth(refusedWith(401, 'no user with p&ss+w%rd called api user'));
    const error = await tokens.token().catch((thrown: Error) => thrown);
    expect(String(error)).not.toContain('p&ss');
    expect(String(error)).not.toContain('api user');
  });
});

describe('/auth', () => {
  test.each([
    ['404', refusedWith(404), 'not-found'],
    ['403', refusedWith(403), 'permission'],
    ['HTML under 200', { status: 200, body: '<html>Log in</html>' }, 'protocol'],
    ['a redirect', { status: 302, headers: { location: '/elsewhere' } }, 'protocol'],
    ['JSON without a token', { status: 200, body: { status: 'ok' } }, 'protocol'],
  ])('answering %s', async (_, answer, kind) => {
    gateway.replyAuth(answer);
    await expect(tokens.token()).rejects.toMatchObject({ kind });
    expect(gateway.requests).toHaveLength(1);
  });

  test.each<[string, ScriptedAnswer]>([
    ['a page with 401', { status: 401, body: PAGE }],
    ['a page with 403', { status: 403, body: PAGE }],
    ['a page with 404', { status: 404, body: PAGE }],
    ['401 without a word', { status: 401 }],
    ["somebody's JSON with 401", { status: 401, body: { message: 'Unauthorized' } }],
    ['the 401 that everything gets', { status: 401, body: { status: 401, error: 'Unauthorized', message: 'Not authenticated' } }],
  ])('answering %s refuses no credentials: it passes, and is not remembered', async (_, answer) => {
    gateway.replyAuth(answer, answer, answer);
    await expect(tokens.token()).rejects.toMatchObject({ kind: 'unavailable' });
    expect(await tokens.token()).toBe(jwt({ n: 1 }));
  });

  test('that is not there may be a wrong address', async () => {
    gateway.replyAuth({ status: 404, body: PAGE }, { status: 404, body: PAGE }, { status: 404, body: PAGE });
    await expect(tokens.token()).rejects.toThrow(/check that QUALYS_URL is the gateway/i);
  });

  test('asking to wait is obeyed', async () => {
    gateway.replyAuth({ status: 429, headers: { 'x-ratelimit-towait-sec': '33' } });
    await expect(tokens.token()).rejects.toMatchObject({ kind: 'limited', waitMs: 33_000 });
  });

  test('is tried three times in all while it fails', async () => {
    gateway.replyAuth({ status: 500 }, { reset: 'before-answer' }, { status: 201, body: jwt() });
    expect(await tokens.token()).toBe(jwt());
    expect(gateway.requests).toHaveLength(3);
  });
});

describe('calls and the token', () => {
  let it: ClientHarness;
  beforeEach(async () => {
    it = await clientHarness();
  });
  afterEach(() => it.close());

  test('twenty parallel calls take one token', async () => {
    it.gateway.reply(...Array.from({ length: 20 }, () => counts));
    await Promise.all(Array.from({ length: 20 }, () => it.qualys.countAssetJobs({ groupBy: 'status' })));
    expect(it.gateway.calls('/auth')).toHaveLength(1);
    expect(it.gateway.calls()).toHaveLength(20);
  });

  test('twenty parallel 401s take one new token, and each call is replayed once', async () => {
    const answers = (request: { headers: { authorization?: string | undefined } }) =>
      request.headers.authorization === `Bearer ${jwt({ n: 1 })}` ? { status: 401, body: { message: 'JWT expired' } } : counts;
    it.gateway.reply(...Array.from({ length: 40 }, () => answers));
    await Promise.all(Array.from({ length: 20 }, () => it.qualys.countAssetJobs({ groupBy: 'status' })));
    expect(it.gateway.calls('/auth')).toHaveLength(2);
    expect(it.gateway.calls()).toHaveLength(40);
  });

  test('/auth does not pass the gate', async () => {
    const gate = recordingGate();
    const other = await clientHarness({ gate });
    other.gateway.reply(counts);
    await other.qualys.countAssetJobs({ groupBy: 'status' });
    expect(gate.log).toEqual(['enter assetjobs/count', 'leave']);
    await other.close();
  });

  test('no log line holds a secret', async () => {
    it.gateway.reply({ status: 401 }, { status: 500, body: `Bearer ${jwt({ n: 2 })} p&ss` }, counts);
    await it.qualys.countAssetJobs({ groupBy: 'status' });
    expect(it.logged()).not.toMatch(/eyJ|p&ss|Bearer/);
  });
});
