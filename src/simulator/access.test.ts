import { describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { callerWith, heldClock, send, signIn, withGateway } from '../../test/support/gateway/caller.js';
import { startSimulator } from './index.js';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

describe('tokens', () => {
  test('/auth gives a JWT as plain text, with an expiry in simulated seconds', async () => {
    const clock = heldClock();
    const simulator = await startSimulator({ now: clock.now, speed: 60, dateSkewMs: 86_400_000 });
    clock.advance(10_000);
    const answer = await send(`${simulator.url}/auth`, { method: 'POST', headers: FORM, body: 'username=demo&password=demo&token=true' });
    await simulator.close();
    const issuedAt = Date.parse('2026-01-06T08:10:00Z') / 1_000;
    expect(answer.status).toBe(201);
    expect(answer.headers['content-type']).toBe('text/plain');
    expect(answer.headers.date).toBe('Tue, 06 Jan 2026 08:10:00 GMT');
    expect(answer.headers).not.toHaveProperty('x-ratelimit-limit');
    expect(decodeJwt(answer.text)).toMatchObject({ sub: 'demo', iat: issuedAt, exp: issuedAt + 14_400 });
  });

  test.each([
    { what: 'a wrong password', body: 'username=demo&password=wrong&token=true', status: 401, message: 'InvalidCredentialsException' },
    { what: 'a form without token=true', body: 'username=demo&password=demo', status: 400, message: 'Invalid input Parameter.' },
    { what: 'a JSON body', type: 'application/json', body: '{"username":"demo"}', status: 500, message: 'Internal Server Error' },
  ])('/auth refuses $what', async ({ type, body, status, message }) => {
    await withGateway({}, async ({ simulator }) => {
      const headers = type ? { 'content-type': type } : FORM;
      const answer = await send(`${simulator.url}/auth`, { method: 'POST', headers, body });
      expect(answer.status).toBe(status);
      expect(answer.text).toContain(message);
    });
  });

  test('a call without a valid token is a 401 with the gateway words, and has no effect', async () => {
    await withGateway({ tokenLifeSec: 60, speed: 60 }, async ({ simulator, clock, caller }) => {
      const anonymous = callerWith(simulator.url, 'a.b.c');
      expect(await anonymous.execute([20_452_610])).toMatchObject({ status: 401, json: { message: 'Not authenticated' } });
      clock.advance(999);
      expect(await caller.get('/sm/v1/scripts/72648')).toMatchObject({ status: 200 });
      clock.advance(1);
      const expired = { status: 401, json: { status: 401, error: 'Unauthorized', message: 'JWT expired' } };
      expect(await caller.execute([20_452_610])).toMatchObject(expired);
      expect(simulator.state.executions).toEqual([]);
    });
  });

  test('tokens are revoked after the named call, and a new one works', async () => {
    await withGateway({ faults: { revokeTokensAfterCalls: [2] } }, async ({ simulator, caller }) => {
      const statuses = [];
      for (let call = 0; call < 3; call += 1) statuses.push((await caller.get('/sm/v1/scripts/72648')).status);
      expect(statuses).toEqual([200, 200, 401]);
      const renewed = callerWith(simulator.url, await signIn(simulator.url));
      expect((await renewed.get('/sm/v1/scripts/72648')).status).toBe(200);
      expect(simulator.stats().tokensIssued).toBe(2);
    });
  });
});

describe('limits', () => {
  test('every answer announces the rolling window in real seconds, and a breach says how long to wait', async () => {
    await withGateway({ speed: 60, limits: { perWindow: 2, windowSec: 3_600 } }, async ({ simulator, clock, caller }) => {
      const first = await caller.get('/sm/v1/scripts/72648');
      expect(first.headers).toMatchObject({ 'x-ratelimit-limit': '2', 'x-ratelimit-window-sec': '60', 'x-ratelimit-remaining': '1' });
      expect(first.headers).not.toHaveProperty('x-ratelimit-towait-sec');
      clock.advance(10_000);
      expect((await caller.get('/sm/v1/scripts/0')).headers).toMatchObject({ 'x-ratelimit-remaining': '0' });
      clock.advance(500);
      const refused = await caller.execute([20_452_610]);
      expect(refused).toMatchObject({
        status: 429,
        headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-towait-sec': '50', 'retry-after': '50' },
      });
      clock.advance(49_499);
      expect((await caller.get('/sm/v1/scripts/72648')).status).toBe(429);
      clock.advance(1_000);
      expect((await caller.get('/sm/v1/scripts/72648')).status).toBe(200);
      expect(simulator.state.executions).toEqual([]);
      expect(simulator.state.calls.map(({ status, againstAnnouncement }) => [status, againstAnnouncement])).toEqual([
        [200, false],
        [404, false],
        [429, true],
        [429, true],
        [200, false],
      ]);
      expect(simulator.stats()).toMatchObject({ calls: 5, refused: 2, againstAnnouncement: 2 });
    });
  });

  test('the older regime answers 409 with its code, and the wait may be left out', async () => {
    await withGateway({ limits: { perWindow: 1, regime: 409, omitToWait: true } }, async ({ caller }) => {
      await caller.get('/sm/v1/scripts/72648');
      const refused = await caller.get('/sm/v1/scripts/72648');
      expect(refused).toMatchObject({ status: 409, json: { errorCode: '1965' }, headers: { 'x-ratelimit-remaining': '0' } });
      expect(refused.headers).not.toHaveProperty('x-ratelimit-towait-sec');
      expect(refused.headers).not.toHaveProperty('retry-after');
    });
  });

  test('more calls at once than allowed are refused with the concurrency headers', async () => {
    await withGateway({ limits: { concurrency: 2 }, latencyMs: 100 }, async ({ caller }) => {
      const answers = await Promise.all([1, 2, 3].map(() => caller.get('/sm/v1/scripts/72648')));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 429]);
      const refused = answers.find(({ status }) => status === 429);
      expect(refused?.headers).toMatchObject({ 'x-concurrency-limit-limit': '2', 'x-concurrency-limit-running': '2' });
      expect((await caller.get('/sm/v1/scripts/72648')).status).toBe(200);
    });
  });
});

describe('what is no endpoint', () => {
  test('an unknown path is 404, a known one with another method 405', async () => {
    await withGateway({}, async ({ caller }) => {
      expect((await caller.get('/sm/v1/nothing')).status).toBe(404);
      expect((await caller.get('/sm/v2/jobs/search')).status).toBe(405);
    });
  });
});
