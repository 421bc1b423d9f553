import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { ENVIRONMENT, EVERY_SYSTEM, headersOf, NOW } from '../../test/support/deliveries.js';
import { ticketServer } from '../../test/support/ticket-server.js';
import { SYSTEMS } from '../contracts/config/hook.js';

const BODY = '{"action":"ping"}';
let app: FastifyInstance;
let port: number;

beforeAll(async () => {
  ({ app } = ticketServer({ config: EVERY_SYSTEM, env: ENVIRONMENT, now: NOW }));
  port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port);
});
afterAll(() => app.close());

/** Every status line that comes back for these bytes until the server closes, or has said `expected` of them. */
function statuses(text: string, expected = 1): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let read = '';
    const found = () => [...read.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
    socket.on('data', (chunk) => {
      read += chunk.toString('latin1');
      if (found().length >= expected) socket.end();
    });
    socket.on('close', () => resolve(found()));
    socket.on('error', reject);
  });
}

describe.each(SYSTEMS)('the hook of %s, over a bare socket', (system) => {
  const lines = (more: string[] = [], without: string[] = []) => [
    `POST /hooks/${system} HTTP/1.1`,
    ...Object.entries(headersOf(system, BODY))
      .filter(([name]) => !without.includes(name))
      .map(([name, value]) => `${name}: ${value}`),
    ...more,
  ];
  const request = (head: string[], body = BODY) => `${head.join('\r\n')}\r\n\r\n${body}`;
  const length = `content-length: ${BODY.length}`;

  test('takes what is framed once, by its length or in chunks', async () => {
    const authentic = [[200], [422]];
    expect(authentic).toContainEqual(await statuses(request(lines([length]))));
    const chunked = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;
    expect(authentic).toContainEqual(await statuses(request(lines(['transfer-encoding: chunked']), chunked)));
  });

  test.each([
    ['a length and chunks', [length, 'transfer-encoding: chunked']],
    ['two lengths', [length, 'content-length: 1']],
    ['a length with a sign', ['content-length: +17']],
    ['a transfer coding that is not chunked', ['transfer-encoding: chunked, identity']],
    ['a folded header', [length, 'x-note: a\r\n b']],
    ['a blank before the colon', [length, 'x-note : a']],
    ['a bare line feed', [`${length}\nx-note: a`]],
    ['a NUL in a header', [length, 'x-note: a\u0000b']],
  ])('refuses %s', async (_name, more) => {
    expect(await statuses(request(lines(more)))).toEqual([400]);
  });

  test('refuses headers of more than 16 KiB', async () => {
    expect(await statuses(request(lines([length, `x-note: ${'a'.repeat(17_000)}`])))).toEqual([431]);
  });

  test('accepts nothing of a body that goes on behind its length', async () => {
    const found = await statuses(request(lines(['content-length: 3'])), 2);
    expect(found.filter((status) => status < 400)).toEqual([]);
    expect(found.length).toBeGreaterThan(0);
  });

  test('401 where a header of its proof comes twice', async () => {
    const doubled = lines().filter((line) =>
      /^(?:webhook-(?!id)|x-hub-signature(?:-256)?:|x-pagerduty-s|x-zendesk-webhook-signature|authorization)/.test(line),
    );
    for (const line of doubled.filter((line) => system !== 'github' || line.startsWith('x-hub-signature-256'))) {
      expect(await statuses(request(lines([length, line])))).toEqual([401]);
    }
    expect(doubled.length).toBeGreaterThan(0);
  });
});
