import { describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { configOf, fixed, HEALTH, type TicketServer, ticketServer } from '../../test/support/ticket-server.js';
import type { Config } from '../contracts/config/file.js';
import { MAX_BODY_BYTES } from './app.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OLD_SECRET = 'C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
const NOW = new Date('2026-11-21T12:00:00Z');
const EVENT = { ticket: { id: 'CHG/1', generation: '2' }, playbook: 'patch', targets: { assetIds: [20452610] } };
const CONFIG = `
playbooks: { patch: { run: { script: 72648 }, targets: { max: 5 } } }
hooks: { std: { system: standard, secrets: [{ env: NEW }, { env: OLD }], playbook: { from: playbook, allow: [patch] } } }
`;
const ANSWER = { workflowId: 'std/CHG%2F1/2', url: 'http://localhost:8088/runs/std%2FCHG%252F1%2F2' };

const serverWith = ({ config = CONFIG, env = { NEW: SECRET, OLD: OLD_SECRET }, ...more }: Partial<TicketServer> = {}) =>
  ticketServer({ config, env, now: NOW, ...more });

function headersFor(payload: string, { secret = SECRET, at = NOW } = {}) {
  return {
    host: 'localhost:8088',
    'content-type': 'application/json',
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(at.getTime() / 1000),
    'webhook-signature': new Webhook(secret).sign('msg_1', at, payload),
  };
}

function post(event: unknown, signing: { secret?: string; at?: Date } = {}, url = '/hooks/std') {
  const payload = typeof event === 'string' ? event : JSON.stringify(event);
  return { method: 'POST' as const, url, payload, headers: headersFor(payload, signing) };
}

describe('POST /hooks/:hook', () => {
  test('202 with the workflow id and its link once Temporal has the run', async () => {
    const { app, started } = serverWith();
    const answer = await app.inject(post(EVENT));
    expect([answer.statusCode, answer.json()]).toEqual([202, ANSWER]);
    expect(started.get('std/CHG%2F1/2')).toMatchObject({
      input: {
        script: '72648',
        targets: { assetIds: ['20452610'] },
        ticket: { hook: 'std', system: 'standard', id: 'CHG/1' },
        maxAssets: 5,
      },
      memo: { playbook: 'patch' },
    });
  });

  test('200 with the same answer when that same request comes again, also signed again; one run is started', async () => {
    const { app, started } = serverWith();
    await app.inject(post(EVENT));
    const again = await app.inject(post(EVENT, { at: new Date(NOW.getTime() + 60_000) }));
    expect([again.statusCode, again.json()]).toEqual([200, ANSWER]);
    expect(started.size).toBe(1);
  });

  test('409 when the same ticket and generation ask for something else', async () => {
    const { app } = serverWith();
    await app.inject(post(EVENT));
    const other = await app.inject(post({ ...EVENT, targets: { assetIds: [7] } }));
    expect(other.statusCode).toBe(409);
    expect(other.headers['content-type']).toContain('application/problem+json');
    expect(other.json()).toMatchObject({ status: 409, detail: expect.stringContaining('std/CHG%2F1/2') });
  });

  test('200 and a reason for an authentic event that asks for nothing', async () => {
    const { app, started } = serverWith();
    const answer = await app.inject(post({ ticket: EVENT.ticket }));
    expect([answer.statusCode, answer.json()]).toEqual([200, { ignored: 'the event names no playbook' }]);
    expect(started.size).toBe(0);
  });

  test('the old secret still does while it is rotated', async () => {
    const answer = await serverWith().app.inject(post(EVENT, { secret: OLD_SECRET }));
    expect(answer.statusCode).toBe(202);
  });

  test.each([
    ['another secret', post(EVENT, { secret: 'c29tZWJvZHkgZWxzZQ==' })],
    ['a timestamp of six minutes ago', post(EVENT, { at: new Date(NOW.getTime() - 360_000) })],
    ['a timestamp six minutes ahead', post(EVENT, { at: new Date(NOW.getTime() + 360_000) })],
    ['a body changed on its way', { ...post(EVENT), payload: JSON.stringify({ ...EVENT, targets: { assetIds: [7] } }) }],
    ['a body that is not even JSON', { ...post(EVENT), payload: '{' }],
  ])('401 for %s, and nothing is started', async (_name, request) => {
    const { app, started } = serverWith();
    const answer = await app.inject(request);
    expect([answer.statusCode, answer.json().detail]).toEqual([401, 'invalid signature or timestamp']);
    expect(started.size).toBe(0);
  });

  test('422 lists every problem with its path', async () => {
    const answer = await serverWith().app.inject(post({ ...EVENT, ticket: { id: 'CHG1' }, targets: { assetIds: ['x'], colour: 1 } }));
    expect(answer.statusCode).toBe(422);
    expect(answer.json().problems).toEqual([
      { path: 'ticket.generation', problem: 'must be a string or a whole number' },
      { path: 'targets.assetIds[0]', problem: '"x" is not an id: use a positive whole number or a string of digits' },
      { path: 'targets.colour', problem: 'unknown key' },
    ]);
  });

  test('422 for a signed body that is not JSON, and for more targets than the playbook allows', async () => {
    const { app } = serverWith();
    expect((await app.inject(post('not json'))).json()).toMatchObject({
      status: 422,
      problems: [{ path: '', problem: 'the body is not JSON' }],
    });
    const many = await app.inject(post({ ...EVENT, targets: { assetIds: [1, 2, 3, 4, 5, 6] } }));
    expect(many.json().problems).toEqual([{ path: 'targets', problem: '6 assets exceed the limit of 5 of playbook "patch"' }]);
  });

  test('503 and when to come back while Temporal cannot be reached', async () => {
    const answer = await serverWith({ down: true }).app.inject(post(EVENT));
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '15']);
    expect(answer.body).not.toContain('127.0.0.1');
  });

  test('503 rather than 401 while a secret cannot be read', async () => {
    const answer = await serverWith({ env: { OLD: OLD_SECRET } }).app.inject(post(EVENT));
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '15']);
  });

  test.each(['nobody', 'constructor', '__proto__'])('404 for the hook %s', async (name) => {
    const answer = await serverWith().app.inject(post(EVENT, {}, `/hooks/${name}`));
    expect(answer.statusCode).toBe(404);
  });

  test('413 for a body over 1 MiB, 415 for other types and encodings', async () => {
    const { app } = serverWith();
    const request = post(EVENT);
    const large = await app.inject(post('x'.repeat(MAX_BODY_BYTES + 1)));
    expect([large.statusCode, large.json().detail]).toEqual([413, 'the body exceeds 1048576 bytes']);
    for (const headers of [
      { 'content-type': 'text/plain' },
      { 'content-type': 'application/json; charset=utf-16' },
      { 'content-encoding': 'gzip' },
    ]) {
      expect((await app.inject({ ...request, headers: { ...request.headers, ...headers } })).statusCode).toBe(415);
    }
    const charset = { ...request.headers, 'content-type': 'application/json; charset=UTF-8' };
    expect((await app.inject({ ...request, headers: charset })).statusCode).toBe(202);
  });
});

describe('while the configuration changes', () => {
  const strict = CONFIG.replace('targets: { max: 5 }', 'targets: { max: 5 }, approval: { quorum: 2 }');

  test('an event is answered by one configuration, and the next one by the newer: never by what held before', async () => {
    let holds: Config | undefined = configOf(CONFIG);
    const { app, started } = serverWith({ configuration: { ...fixed(configOf(CONFIG)), settled: () => holds } });
    expect((await app.inject(post(EVENT))).statusCode).toBe(202);
    holds = undefined;
    const between = await app.inject(post({ ...EVENT, ticket: { id: 'CHG/2', generation: '1' } }));
    expect([between.statusCode, between.headers['retry-after']]).toEqual([503, '15']);
    holds = configOf(strict);
    expect((await app.inject(post({ ...EVENT, ticket: { id: 'CHG/2', generation: '1' } }))).statusCode).toBe(202);
    expect([...started].map(([id, { memo }]) => [id, memo])).toEqual([
      ['std/CHG%2F1/2', { playbook: 'patch' }],
      ['std/CHG%2F2/1', { playbook: 'patch', approval: expect.objectContaining({ quorum: 2 }) }],
    ]);
  });

  test('a hook that was added is there, and one that was taken away is not', async () => {
    let config = configOf(CONFIG);
    const { app } = serverWith({ configuration: { settled: () => config, current: () => config, health: () => HEALTH } });
    expect((await app.inject(post(EVENT, {}, '/hooks/other'))).statusCode).toBe(404);
    config = configOf(CONFIG.replace('std:', 'other:'));
    expect((await app.inject(post(EVENT, {}, '/hooks/other'))).statusCode).toBe(202);
    expect((await app.inject(post(EVENT))).statusCode).toBe(404);
  });

  test('access that was taken away closes the server to foreign names at once', async () => {
    const open = configOf(`${CONFIG}\naccess: { tokens: [{ name: ci, role: viewer, token: { env: CI } }] }`);
    let config = open;
    const { app } = serverWith({ configuration: { settled: () => config, current: () => config, health: () => HEALTH } });
    const ask = { url: '/healthz', headers: { host: 'overhaul.example' } };
    expect((await app.inject(ask)).statusCode).toBe(200);
    config = configOf(CONFIG);
    expect((await app.inject(ask)).statusCode).toBe(403);
  });
});

describe('every request', () => {
  test('of an unknown address is 404, of another method 405, as problem+json', async () => {
    const { app } = serverWith();
    const unknown = await app.inject({ url: '/nothing', headers: { host: 'localhost' } });
    expect([unknown.statusCode, unknown.json().title]).toEqual([404, 'Not Found']);
    const method = await app.inject({ url: '/hooks/std', headers: { host: 'localhost' } });
    expect([method.statusCode, method.headers.allow, method.json().title]).toEqual([405, 'POST', 'Method Not Allowed']);
    const bad = await app.inject({ url: '/hooks/%ff', headers: { host: 'localhost' } });
    expect([bad.statusCode, bad.headers['content-type']]).toEqual([400, expect.stringContaining('application/problem+json')]);
  });

  test('is answered with headers that keep a browser from guessing, framing and storing', async () => {
    const { headers } = await serverWith().app.inject({ url: '/healthz', headers: { host: 'localhost' } });
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', 'cache-control': 'no-store' });
  });

  test.each([
    [{ host: 'localhost:8088' }, 200],
    [{ host: '127.0.0.1' }, 200],
    [{ host: '127.8.0.1:1' }, 200],
    [{ host: '[::1]:8088' }, 200],
    [{ host: 'localhost:8088', origin: 'http://localhost:8088' }, 200],
    [{ host: 'evil.example' }, 403],
    [{ host: 'localhost.evil.example:8088' }, 403],
    [{ host: '127.0.0.1.evil.example' }, 403],
    [{ host: '10.0.0.1' }, 403],
    [{ host: 'localhost:8088', origin: 'https://evil.example' }, 403],
    [{ host: 'localhost:8088', origin: 'http://localhost:3000' }, 403],
    [{ host: 'localhost:8088', origin: 'null' }, 403],
  ])('with %j is answered with %d while nothing but loopback is served', async (headers, status) => {
    expect((await serverWith().app.inject({ url: '/healthz', headers })).statusCode).toBe(status);
  });

  test('hooks are no exception: a valid signature does not excuse a foreign Host', async () => {
    const { app, started } = serverWith();
    const request = post(EVENT);
    expect((await app.inject({ ...request, headers: { ...request.headers, host: 'evil.example' } })).statusCode).toBe(403);
    expect(started.size).toBe(0);
  });

  test.each(['x-forwarded-for', 'forwarded', 'via'])(
    'with %s brings signed events only while nothing but loopback is served',
    async (name) => {
      const { app } = serverWith();
      const headers = { host: 'localhost:8088', [name]: '203.0.113.7' };
      expect((await app.inject({ url: '/api/runs', headers })).statusCode).toBe(403);
      const request = post(EVENT);
      expect((await app.inject({ ...request, headers: { ...request.headers, ...headers } })).statusCode).toBe(202);
    },
  );

  test('may name any host once access is configured', async () => {
    const config = `${CONFIG}\naccess: { tokens: [{ name: ci, role: viewer, token: { env: CI } }] }`;
    const answer = await serverWith({ config }).app.inject({ url: '/healthz', headers: { host: 'overhaul.example' } });
    expect(answer.statusCode).toBe(200);
  });
});

describe('health', () => {
  test('the process is alive with or without Temporal; it is ready only with it', async () => {
    const headers = { host: 'localhost' };
    const up = serverWith().app;
    const down = serverWith({ down: true }).app;
    expect((await up.inject({ url: '/readyz', headers })).json()).toEqual({ status: 'ready' });
    expect((await down.inject({ url: '/healthz', headers })).json()).toEqual({ status: 'ok', configuration: HEALTH });
    const unready = await down.inject({ url: '/readyz', headers });
    expect([unready.statusCode, unready.json().detail]).toEqual([503, 'Temporal cannot be reached']);
  });
});
