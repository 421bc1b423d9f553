// What the API reads: lists, runs, assets, outputs, reports, and the page.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { closeSampleRun, emptyLedger, openSampleRun, type SampleLedger } from '../../../test/support/ledger/sample.js';
import { ticketServer } from '../../../test/support/ticket-server.js';
import { ASSET_ROW_COLUMNS } from '../../domain/run/outcome.js';

const ASSETS = Array.from({ length: 1_200 }, (_, index) => String(index + 1));
const DONE = encodeURIComponent('snow/CHG%2F1/2');
const HOSTILE = '<script>alert(1)</script>\x1b[31m‮ red';

let sample: SampleLedger;
let app: FastifyInstance;

beforeAll(async () => {
  sample = await emptyLedger();
  const { ledger } = sample;
  await openSampleRun(ledger, 'snow/CHG%2F1/2', ASSETS);
  await ledger.outputs.store('snow/CHG%2F1/2', [{ assetId: '7', attempt: 1, output: Buffer.from(HOSTILE) }]);
  await closeSampleRun(ledger, 'snow/CHG%2F1/2');
  await openSampleRun(ledger, 'live', ['5', '6', '8']);
  await ledger.audit.add('live', { actor: '<b>lee', action: 'pause', detail: '{"reason":"lunch"}' });
  await openSampleRun(ledger, 'refused', ['1']);
  await ledger.audit.addOnce('refused', { action: 'refused', detail: 'PolicyViolation: the cohort has 20 assets, maxAssets is 10' });
  await ledger.runs.abandon('refused');
  app = ticketServer({ config: '', env: {}, now: new Date(), ledger: async () => ledger }).app;
});
afterAll(async () => {
  await app.close();
  await sample.ledger.close();
});

const get = (url: string) => app.inject({ url, headers: { host: 'localhost' } });
const json = async (url: string) => (await get(url)).json();

describe('GET /api/runs', () => {
  const ids = async (query: string) =>
    ((await json(`/api/runs${query}`)).items as { workflowId: string }[]).map(({ workflowId }) => workflowId);

  test('has the newest first, with state and counts', async () => {
    expect((await json('/api/runs')).items).toMatchObject([
      { workflowId: 'refused', state: 'refused' },
      { workflowId: 'live', state: 'running', done: 0, targeted: 3, script: { title: 'Restart agent' }, requestedBy: 'kim' },
      { workflowId: 'snow/CHG%2F1/2', state: 'failed', done: 1_200, targeted: 1_200 },
    ]);
  });

  test('says that runs may be missing while Temporal does not answer', async () => {
    expect((await json('/api/runs')).warning).toContain('Temporal did not answer');
  });

  test('has what no worker has opened yet before the others', async () => {
    const startedAt = '2026-08-22T10:00:00.000Z';
    const list = async () => [
      { workflowId: 'new', state: 'running' as const, startedAt },
      { workflowId: 'live', state: 'running' as const, startedAt },
      { workflowId: 'gone', state: 'failed' as const, startedAt },
    ];
    const server = ticketServer({ config: '', env: {}, now: new Date(), ledger: async () => sample.ledger, temporal: { list } }).app;
    const { items, warning } = (await server.inject({ url: '/api/runs?limit=1', headers: { host: 'localhost' } })).json();
    expect([items, warning]).toEqual([
      [{ workflowId: 'new', state: 'not opened', startedAt }, expect.objectContaining({ workflowId: 'refused' })],
      undefined,
    ]);
  });

  test('has only what is asked for', async () => {
    expect(await ids('?state=live')).toEqual(['live']);
    expect(await ids('?state=failed,refused')).toEqual(['refused', 'snow/CHG%2F1/2']);
    expect(await ids('?state=ended&q=CHG%252f1')).toEqual(['snow/CHG%2F1/2']);
    expect(await ids('?q=restart')).toHaveLength(3);
    expect(await ids('?q=100%25')).toEqual([]);
    expect(await ids('?kind=campaign')).toEqual([]);
    expect(await ids('?q=72648&kind=run,step')).toHaveLength(3);
  });

  test('pages by a cursor', async () => {
    const first = await json('/api/runs?limit=2');
    expect(first.items).toHaveLength(2);
    const second = await json(`/api/runs?limit=2&cursor=${first.next}`);
    expect([second.items.map(({ workflowId }: { workflowId: string }) => workflowId), second.next]).toEqual([
      ['snow/CHG%2F1/2'],
      undefined,
    ]);
  });

  test.each([
    ['?cursor=nonsense', 'cursor'],
    ['?limit=0', 'limit'],
    ['?limit=1e9', 'limit'],
    ['?state=fine', 'state[0]'],
    ['?kind=x', 'kind[0]'],
    ['?q=a&q=b', 'q'],
    ['?colour=1', 'colour'],
  ])('400 for %s, naming it', async (query, path) => {
    const answer = await get(`/api/runs${query}`);
    expect([answer.statusCode, answer.headers['content-type'], answer.json().problems.map((one: { path: string }) => one.path)]).toEqual([
      400,
      expect.stringContaining('application/problem+json'),
      [path],
    ]);
  });

  test('400 has every problem at once', async () => {
    expect((await get('/api/runs?limit=x&state=fine&colour=1')).json().problems).toHaveLength(3);
  });
});

describe('GET /api/runs/:id', () => {
  test('is the run, by its id percent-encoded, however long', async () => {
    expect(await json(`/api/runs/${DONE}`)).toMatchObject({
      workflowId: 'snow/CHG%2F1/2',
      state: 'failed',
      kind: 'run',
      report: { counts: { skipped: 1_200 } },
    });
    expect(await json('/api/runs/live')).toMatchObject({
      state: 'running',
      cohort: { size: 3 },
      audit: [{ actor: '<b>lee', verified: false }],
    });
    expect(await json('/api/runs/refused')).toMatchObject({
      state: 'PolicyViolation',
      failure: { message: 'the cohort has 20 assets, maxAssets is 10' },
    });
    const long = `l/${'ü'.repeat(499)}`;
    await openSampleRun(sample.ledger, long, ['1']);
    expect((await json(`/api/runs/${encodeURIComponent(long)}`)).workflowId).toBe(long);
    expect((await get(`/runs/${encodeURIComponent(long)}`)).statusCode).toBe(200);
    await sample.ledger.runs.abandon(long);
  });

  test('503 while only Temporal could know it, 404 once it does not', async () => {
    expect((await get('/api/runs/nobody')).statusCode).toBe(503);
    const temporal = { find: async () => undefined };
    const server = ticketServer({ config: '', env: {}, now: new Date(), ledger: async () => sample.ledger, temporal }).app;
    for (const path of [
      '/api/runs/nobody',
      '/runs/nobody',
      '/api/runs/nobody/assets',
      '/api/runs/nobody/report.csv',
      '/api/runs/nobody/events',
      '/api/runs/nobody/assets/1/output',
    ]) {
      const answer = await server.inject({ url: path, headers: { host: 'localhost' } });
      expect([path, answer.statusCode, answer.json().title]).toEqual([path, 404, 'Not Found']);
    }
  });

  test('405 for another method, with those that there are', async () => {
    const answer = await app.inject({ method: 'DELETE', url: '/api/runs/live', headers: { host: 'localhost' } });
    expect([answer.statusCode, answer.headers.allow]).toEqual([405, 'GET']);
    const both = await app.inject({ method: 'PUT', url: '/api/runs', headers: { host: 'localhost' } });
    expect(both.headers.allow).toBe('GET, POST');
  });
});

describe('assets and outputs', () => {
  test('come page by page until there are no more', async () => {
    const seen: string[] = [];
    let next: string | undefined = '0';
    while (next !== undefined) {
      const page: { items: { assetId: string }[]; next?: string } = await json(`/api/runs/${DONE}/assets?limit=500&cursor=${next}`);
      seen.push(...page.items.map(({ assetId }) => assetId));
      next = page.next;
    }
    expect(seen).toEqual(ASSETS);
  });

  test('can be searched', async () => {
    expect((await json('/api/runs/live/assets?q=host-6&outcome=pending')).items).toEqual([
      { assetId: '6', name: 'host-6', outcome: 'pending', attempt: 1 },
    ]);
    expect((await get('/api/runs/live/assets?cursor=x&outcome=fine')).json().problems.map((one: { path: string }) => one.path)).toEqual([
      'cursor',
      'outcome',
    ]);
  });

  test('an output is text, whatever it holds, and nothing in it runs', async () => {
    const answer = await get(`/api/runs/${DONE}/assets/7/output`);
    expect([answer.statusCode, answer.body]).toEqual([200, HOSTILE]);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringMatching(/default-src 'none'.*sandbox$/),
    });
  });

  test('of which there is none say why', async () => {
    expect((await get('/api/runs/live/assets/5/output')).json()).toMatchObject({
      status: 404,
      detail: 'no output yet: the script was not sent to this asset',
    });
    expect((await get(`/api/runs/${DONE}/assets/8/output`)).json().detail).toContain('never sent to this asset');
    expect((await get('/api/runs/live/assets/99/output')).json().detail).toBe('no such asset in this run');
  });
});

describe('reports', () => {
  test('come in each format', async () => {
    const csv = await get(`/api/runs/${DONE}/report.csv`);
    expect([csv.headers['content-type'], csv.headers['content-disposition']]).toEqual([
      'text/csv; charset=utf-8; header=present',
      'attachment; filename="report-snow_CHG_2F1_2.csv"',
    ]);
    expect(csv.body.split('\n')[0]).toBe(ASSET_ROW_COLUMNS.join(','));
    expect((await json(`/api/runs/${DONE}/report.json`)).assets).toHaveLength(1_200);
    const html = await get(`/api/runs/${DONE}/report.html`);
    expect(html.body).toMatch(/^<!doctype html>[\s\S]*host-1200[\s\S]*<\/html>\n$/);
    expect(html.headers['content-security-policy']).not.toContain('script');
  });

  test('of what is not finished, or was refused, there are none', async () => {
    expect((await get('/api/runs/live/report.json')).json()).toMatchObject({
      status: 409,
      detail: expect.stringContaining('not finished (running)'),
    });
    expect((await get('/api/runs/refused/report.json')).json().detail).toContain('the cohort has 20 assets');
    expect((await get('/api/runs/live/report.pdf')).statusCode).toBe(404);
  });
});

describe('failures', () => {
  test('of a finished run are groups, of one that goes on or was refused there are none', async () => {
    expect(await json(`/api/runs/${DONE}/failures`)).toEqual({ groups: [], rest: { groups: 0, assets: 0, isMore: false } });
    expect((await get('/api/runs/live/failures')).statusCode).toBe(409);
    expect((await get('/api/runs/refused/failures')).statusCode).toBe(409);
    expect((await get('/api/runs/nobody/failures')).statusCode).toBe(404);
  });
});

describe('GET /runs/:id', () => {
  test('is a page that looks again while the run goes on, and links to its report when it is done', async () => {
    const live = await get('/runs/live');
    expect([live.statusCode, live.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(live.body).toMatch(/http-equiv="refresh"[\s\S]*live <span class="badge running">running<\/span>[\s\S]*<b>3<\/b> pending/);
    const done = await get(`/runs/${DONE}`);
    expect(done.body).not.toContain('refresh');
    expect(done.body).toContain(`<a href="/api/runs/${DONE}/report.html">`);
    expect((await get('/style.css')).headers['content-type']).toBe('text/css; charset=utf-8');
  });

  test('has nothing that runs, and takes nothing for markup that came from outside', async () => {
    const { body, headers } = await get('/runs/live');
    expect(headers['content-security-policy']).toBe(
      "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect(body).toContain('&lt;b&gt;lee');
    expect(body).not.toMatch(/<b>lee|<script|style=|onclick/);
  });
});
