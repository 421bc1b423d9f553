// How the dashboard comes to a browser: what it weighs, what may run in it, how long it is kept.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
// @ts-expect-error a plain script without types
import { bundleDashboard } from '../../../scripts/dashboard-bundle.mjs';
import { emptyLedger, openSampleRun, type SampleLedger } from '../../../test/support/ledger/sample.js';
import { ticketServer } from '../../../test/support/ticket-server.js';
import { type Dashboard, loadDashboard } from './files.js';

const MOST_BYTES = 150_000;
const CONFIG = 'access: { tokens: [{ name: vi, role: viewer, token: { env: VI } }] }';

let folder: string;
let dashboard: Dashboard;
let sample: SampleLedger;
let app: FastifyInstance;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dashboard-'));
  await bundleDashboard(folder);
  const loaded = await loadDashboard(folder);
  if (!loaded) throw new Error('nothing was built');
  dashboard = loaded;
  sample = await emptyLedger();
  await openSampleRun(sample.ledger, 'r', ['1']);
  app = ticketServer({ config: CONFIG, env: { VI: 'token-of-vi' }, now: new Date(), ledger: async () => sample.ledger, dashboard }).app;
});
afterAll(async () => {
  await app.close();
  await sample.ledger.close();
  await rm(folder, { recursive: true });
});

test('all of it weighs less than 150 kB as it is sent', () => {
  const sizes = [...dashboard.files.values()].map(({ gzipped }) => gzipped.length);
  expect(sizes).toHaveLength(3);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MOST_BYTES);
});

test.each(['/', '/runs/r', `/runs/${encodeURIComponent('snow/CHG%2F1/2')}`])(
  '%s is a page for whoever comes, without anything of a run and with nothing inline',
  async (url) => {
    const { statusCode, headers, body } = await app.inject({ url });
    expect([statusCode, headers['content-type'], headers['cache-control']]).toEqual([200, 'text/html; charset=utf-8', 'no-store']);
    expect(headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    );
    expect(body).not.toMatch(/<script(?![^>]* src=)|<style|style=| on\w+=|https?:/);
    const linked = [...body.matchAll(/(?:src|href)="\/assets\/([^"]+)"/g)].map(([, file = '']) => file);
    expect(linked.sort()).toEqual([...dashboard.files.keys()].sort());
  },
);

test('its files may be kept, by the name of their content, and packed where that is understood', async () => {
  const url = `/assets/${dashboard.script}`;
  const packed = await app.inject({ url, headers: { 'accept-encoding': 'br, gzip' } });
  expect(packed.headers).toMatchObject({
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
    'content-encoding': 'gzip',
    vary: 'accept-encoding',
  });
  const bare = await app.inject({ url, headers: { 'accept-encoding': 'gzip;q=0, br' } });
  expect([bare.headers['content-encoding'], bare.rawPayload.equals(gunzipSync(packed.rawPayload))]).toEqual([undefined, true]);
  expect((await app.inject({ url: `/assets/${dashboard.style}` })).headers['content-type']).toBe('text/css; charset=utf-8');
  expect((await app.inject({ url: `/assets/${dashboard.icon}` })).headers['content-type']).toBe('image/svg+xml');
});

test.each(['/assets/manifest.json', `/assets/${encodeURIComponent('../manifest.json')}`, '/assets/app.js'])(
  '%s is none of them',
  async (url) => {
    expect((await app.inject({ url })).statusCode).toBe(404);
  },
);

test('other methods are 405', async () => {
  expect((await app.inject({ method: 'POST', url: '/' })).statusCode).toBe(405);
  expect((await app.inject({ method: 'DELETE', url: '/runs/r' })).statusCode).toBe(405);
});

test('without scripts a run is a page that the server writes, for those who may read', async () => {
  expect((await app.inject({ url: '/runs/r' })).body).toContain('<noscript><meta http-equiv="refresh" content="0; url=?plain"></noscript>');
  const navigation = { 'sec-fetch-mode': 'navigate' };
  const stranger = await app.inject({ url: '/runs/r?plain', headers: navigation });
  expect([stranger.statusCode, stranger.headers['www-authenticate']]).toEqual([
    401,
    expect.arrayContaining([expect.stringMatching(/^Basic/)]),
  ]);
  const authorization = `Basic ${Buffer.from('vi:token-of-vi').toString('base64')}`;
  const { statusCode, body } = await app.inject({ url: '/runs/r?plain', headers: { ...navigation, authorization } });
  expect([statusCode, body]).toEqual([200, expect.stringMatching(/<b>1<\/b> pending/)]);
});

test('what is not built is none; without it a run is the page without scripts', async () => {
  expect(await loadDashboard(join(folder, 'nothing'))).toBeUndefined();
  const bare = ticketServer({ config: '', env: {}, now: new Date(), ledger: async () => sample.ledger }).app;
  const headers = { host: 'localhost' };
  expect((await bare.inject({ url: '/', headers })).statusCode).toBe(404);
  expect((await bare.inject({ url: '/runs/r', headers })).body).toMatch(/<b>1<\/b> pending/);
  await bare.close();
});

test('a build that is not whole is told at the start', async () => {
  const broken = await mkdtemp(join(tmpdir(), 'dashboard-'));
  await writeFile(join(broken, 'manifest.json'), JSON.stringify({ script: 'app-1.js', style: 'style-1.css', icon: 'icon-1.svg' }));
  await expect(loadDashboard(broken)).rejects.toThrow('app-1.js');
  await rm(broken, { recursive: true });
});
