// Who is let in: tokens, how they are sent, and what becomes of those that are not there.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { InjectOptions } from 'fastify';
import { emptyLedger, type SampleLedger } from '../../../test/support/ledger/sample.js';
import { configOf, HEALTH, ticketServer } from '../../../test/support/ticket-server.js';

const folder = mkdtempSync(join(tmpdir(), 'tokens-'));
const FILE = join(folder, 'token');
const CONFIG = `access: { tokens: [{ name: ci, role: operator, token: { env: CI } }, { name: ann, role: admin, token: { file: ${FILE} } }] }`;

let sample: SampleLedger;
beforeAll(async () => {
  sample = await emptyLedger();
});
afterAll(async () => {
  await sample.ledger.close();
  rmSync(folder, { recursive: true });
});

function server(config = CONFIG) {
  let current = configOf(config);
  const { app } = ticketServer({
    config: '',
    configuration: { settled: () => current, current: () => current, health: () => HEALTH },
    env: { CI: 'token-of-ci' },
    now: new Date(),
    ledger: async () => sample.ledger,
    temporal: { list: async () => [] },
  });
  const ask = (headers: InjectOptions['headers'], more: InjectOptions = {}) =>
    app.inject({ url: '/api/runs', ...more, headers: { host: 'overhaul.example', ...headers } });
  return {
    ask,
    change: (text: string) => {
      current = configOf(text);
    },
  };
}

const basic = (password: string) => ({ authorization: `Basic ${Buffer.from(`anybody:${password}`).toString('base64')}` });

describe('a token', () => {
  test.each([
    ['none', {}],
    ['another', { authorization: 'Bearer token-of-cI' }],
    ['an empty one', { authorization: 'Bearer ' }],
    ['a part of one', { authorization: 'Bearer token-of-c' }],
    ['one in another scheme', { authorization: 'Digest token-of-ci' }],
    ['one that is far too long', { authorization: `Bearer ${'x'.repeat(20_000)}` }],
    ['one in the query', {}],
  ])('%s is answered 401, and nothing says why', async (name, headers) => {
    writeFileSync(FILE, 'token-of-ann\n');
    const answer = await server().ask(headers, name.endsWith('query') ? { url: '/api/runs?access_token=token-of-ci' } : {});
    expect([answer.statusCode, answer.headers['www-authenticate'], answer.json().detail]).toEqual([
      401,
      'Bearer',
      'send a valid token: Authorization: Bearer …',
    ]);
  });

  test('of the configuration lets in, also from a file that is rotated, at once', async () => {
    writeFileSync(FILE, 'token-of-ann\n');
    const { ask } = server();
    expect((await ask({ authorization: 'Bearer token-of-ci' })).statusCode).toBe(200);
    expect((await ask({ authorization: 'bearer token-of-ann' })).statusCode).toBe(200);
    writeFileSync(FILE, 'the-next\n');
    expect((await ask({ authorization: 'Bearer token-of-ann' })).statusCode).toBe(401);
    expect((await ask({ authorization: 'Bearer the-next' })).statusCode).toBe(200);
  });

  test('that is taken away lets nobody in any more', async () => {
    const { ask, change } = server();
    change('access: { tokens: [{ name: other, role: viewer, token: { env: OTHER } }] }');
    expect((await ask({ authorization: 'Bearer token-of-ci' })).statusCode).toBe(503);
    change(`access: { tokens: [{ name: other, role: viewer, token: { file: ${FILE} } }] }`);
    expect((await ask({ authorization: 'Bearer token-of-ci' })).statusCode).toBe(401);
  });

  test('is not called wrong while one cannot be read', async () => {
    rmSync(FILE);
    const { ask } = server();
    expect((await ask({ authorization: 'Bearer token-of-ann' })).statusCode).toBe(503);
    expect((await ask({ authorization: 'Bearer token-of-ci' })).statusCode).toBe(200);
  });

  test('may be the password that a browser asks for, to read and never to act', async () => {
    writeFileSync(FILE, 'token-of-ann\n');
    const { ask } = server();
    expect((await ask(basic('token-of-ci'))).statusCode).toBe(200);
    expect((await ask(basic('no'))).statusCode).toBe(401);
    const act = { method: 'POST' as const, url: '/api/runs/r/pause' };
    expect((await ask(basic('token-of-ci'), act)).statusCode).toBe(401);
    const navigating = await ask({ 'sec-fetch-mode': 'navigate' });
    expect(navigating.headers['www-authenticate']).toEqual(['Basic realm="Overhaul", charset="UTF-8"', 'Bearer']);
  });
});

test('hooks and health want none', async () => {
  const { ask } = server();
  expect((await ask({}, { url: '/healthz' })).statusCode).toBe(200);
  expect((await ask({}, { method: 'POST', url: '/hooks/none' })).statusCode).toBe(404);
});
