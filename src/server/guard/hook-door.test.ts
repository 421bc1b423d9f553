import { createHmac } from 'node:crypto';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { configOf, fixed, ticketServer } from '../../../test/support/ticket-server.js';

const NOW = new Date('2026-11-21T12:00:00Z');
const SECRET = 'C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
const config = (more = '') => `
playbooks: { patch: { run: { script: 72648 } } }
hooks:
  narrow: { system: standard, secrets: [{ env: S }], playbook: patch, rateLimit: { perSecond: 0.5, burst: 3 } }
  wide: { system: standard, secrets: [{ env: S }], playbook: patch }
${more}`;

function event(hook: string, n: number, more: Record<string, string> = {}) {
  const payload = JSON.stringify({ ticket: { id: `CHG${n}`, generation: '1' }, targets: { assetIds: [1] } });
  const seconds = String(NOW.getTime() / 1_000);
  const signature = createHmac('sha256', Buffer.from(SECRET, 'base64')).update(`m${n}.${seconds}.${payload}`).digest('base64');
  return {
    method: 'POST' as const,
    url: `/hooks/${hook}`,
    payload,
    headers: {
      host: 'localhost',
      'content-type': 'application/json',
      'webhook-id': `m${n}`,
      'webhook-timestamp': seconds,
      'webhook-signature': `v1,${signature}`,
      ...more,
    },
  };
}

const serverOf = (more?: string) => ticketServer({ config: config(more), env: { S: SECRET }, now: NOW });

describe('the rate limit', () => {
  test('answers 429 with Retry-After before anything is read, and leaves the other hooks alone', async () => {
    const { app, started } = serverOf();
    const answers = [];
    for (let n = 0; n < 50; n += 1) answers.push(await app.inject(event('narrow', n)));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([202, 202, 202, ...Array(47).fill(429)]);
    expect([answers[3]?.headers['retry-after'], answers[3]?.headers['content-type']]).toEqual([
      '2',
      expect.stringContaining('application/problem+json'),
    ]);
    expect((await app.inject(event('wide', 100))).statusCode).toBe(202);
    expect(started.size).toBe(4);
  });

  test('holds for events whose signature is wrong, and for hooks that do not exist, which share one', async () => {
    const { app } = serverOf();
    const wrong = { 'webhook-signature': 'v1,AAAA' };
    for (let n = 0; n < 3; n += 1) expect((await app.inject(event('narrow', n, wrong))).statusCode).toBe(401);
    expect((await app.inject(event('narrow', 4))).statusCode).toBe(429);
    const unknown = await Promise.all(Array.from({ length: 2_001 }, (_, n) => app.inject({ ...event('x', n), url: `/hooks/none${n}` })));
    expect(unknown.filter(({ statusCode }) => statusCode === 429)).toHaveLength(1);
  });

  test('goes by the address that a trusted proxy tells, and by nobody else', async () => {
    const from = (ip: string) => ({ 'x-forwarded-for': ip });
    const strange = serverOf();
    for (let n = 0; n < 3; n += 1) await strange.app.inject(event('narrow', n, from(`192.0.2.${n}`)));
    expect((await strange.app.inject(event('narrow', 9, from('192.0.2.9')))).statusCode).toBe(429);
    const trusted = serverOf('server: { trustedProxies: ["127.0.0.0/8"] }');
    for (let n = 0; n < 3; n += 1) await trusted.app.inject(event('narrow', n, from('192.0.2.1')));
    expect((await trusted.app.inject(event('narrow', 8, from('192.0.2.1')))).statusCode).toBe(429);
    expect((await trusted.app.inject(event('narrow', 9, from('192.0.2.9')))).statusCode).toBe(202);
  });

  test('is refused without the body having been sent', async () => {
    const { app } = serverOf();
    for (let n = 0; n < 3; n += 1) await app.inject(event('narrow', n));
    await app.listen({ host: '127.0.0.1', port: 0 });
    try {
      const { port } = app.server.address() as AddressInfo;
      const socket = connect(port, '127.0.0.1');
      socket.write('POST /hooks/narrow HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{');
      let text = '';
      for await (const chunk of socket) text += String(chunk);
      expect(text).toMatch(/^HTTP\/1\.1 429 /);
    } finally {
      await app.close();
    }
  });
});

describe('X-Forwarded headers', () => {
  const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'overhaul.example', 'x-forwarded-for': '192.0.2.1' };

  test('count from a listed proxy alone', async () => {
    const urlFrom = async (more: string, remoteAddress: string) => {
      const { app } = ticketServer({ configuration: fixed(configOf(config(more))), config: '', env: { S: SECRET }, now: NOW });
      return (await app.inject({ ...event('wide', 1, forwarded), remoteAddress })).json<{ url: string }>().url;
    };
    const proxies = 'server: { trustedProxies: ["10.0.0.0/8", "2001:db8::/32"] }';
    expect(await urlFrom(proxies, '10.1.2.3')).toBe('https://overhaul.example/runs/wide%2FCHG1%2F1');
    expect(await urlFrom(proxies, '2001:db8::7')).toContain('https://overhaul.example/');
    expect(await urlFrom(proxies, '::ffff:10.1.2.3')).toContain('https://overhaul.example/');
    expect(await urlFrom(proxies, '11.1.2.3')).toContain('http://localhost/');
    expect(await urlFrom('', '127.0.0.1')).toContain('http://localhost/');
  });
});
