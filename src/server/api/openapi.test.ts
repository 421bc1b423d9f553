// The OpenAPI document is well-formed, has what there is and nothing else, and what it promises is what is answered.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { closeSampleRun, emptyLedger, openSampleRun, type SampleLedger } from '../../../test/support/ledger/sample.js';
import { ticketServer } from '../../../test/support/ticket-server.js';

interface Response {
  description: string;
  content?: Record<string, { schema: Record<string, unknown> }>;
}
interface Documented {
  operationId: string;
  summary: string;
  security: object[];
  parameters?: { name: string; in: string; required: boolean; schema: object }[];
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<string, Response>;
}
interface Document {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, Record<string, Documented>>;
  components: { schemas: Record<string, object>; securitySchemes: object };
}

let sample: SampleLedger;
let app: FastifyInstance;
let document: Document;

beforeAll(async () => {
  sample = await emptyLedger();
  const { ledger } = sample;
  await openSampleRun(ledger, 'done', ['1', '2']);
  await ledger.outputs.store('done', [{ assetId: '1', attempt: 1, output: Buffer.from('text') }]);
  await closeSampleRun(ledger, 'done');
  await openSampleRun(ledger, 'live', ['3']);
  await ledger.audit.add('live', { actor: 'kim', action: 'pause' });
  await openSampleRun(ledger, 'refused', ['1']);
  await ledger.runs.abandon('refused');
  const config = `access: { tokens: [{ name: ann, role: admin, token: { env: ANN } }, { name: eve, role: viewer, token: { env: EVE } }] }`;
  const startedAt = '2026-11-21T12:00:00.000Z';
  app = ticketServer({
    config,
    env: { ANN: 'token-of-ann', EVE: 'token-of-eve' },
    now: new Date(),
    dashboard: { script: 'a.js', style: 'a.css', icon: 'a.svg', files: new Map() },
    ledger: async () => ledger,
    temporal: {
      find: async (workflowId) => (workflowId === 'live' ? { workflowId, state: 'running', startedAt } : undefined),
      list: async () => [{ workflowId: 'new', state: 'running', startedAt }],
      progress: async () => ({
        phase: 'awaiting-approval',
        asOf: startedAt,
        counts: { targeted: 1, succeeded: 0, failed: 0, unverified: 0, unreachable: 0, missing: 0, skipped: 0, pending: 1, running: 0 },
        inFlight: 0,
        callsUsed: 2,
        pending: { kind: 'approval', digest: 'ab12', approvals: 0 },
      }),
      decide: async (_id, name) => (name === 'retryUnresolved' ? 2 : null),
      cancel: async () => undefined,
    },
  }).app;
  document = (await app.inject({ url: '/openapi.json', headers: { host: 'overhaul.example' } })).json();
});
afterAll(async () => {
  await app.close();
  await sample.ledger.close();
});

const operations = (): (Documented & { method: string; path: string })[] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method, path })),
  );

/** Paths of the router, as OpenAPI writes them. */
function servedPaths(): string[] {
  const above: string[] = [];
  const paths: string[] = [];
  for (const line of app.printRoutes({ commonPrefix: false }).trimEnd().split('\n')) {
    const [, indent = '', part = ''] = /^([│ ]*)[├└]── (\S+)/.exec(line) ?? [];
    const depth = indent.length / 4;
    above.splice(depth);
    above.push(part);
    if (line.includes('(')) paths.push(above.join('').replace(/:(\w+)/g, '{$1}'));
  }
  return paths;
}

/** The schema as a client has it: with all that it refers to. */
function published(schema: object): z.ZodType {
  const inOne = JSON.stringify({ ...schema, $defs: document.components.schemas }).replaceAll('#/components/schemas/', '#/$defs/');
  return z.fromJSONSchema(JSON.parse(inOne));
}

describe('the document', () => {
  test('is OpenAPI 3.1: every reference leads somewhere, every part of a path is a parameter, every operation has its own name', () => {
    expect([document.openapi, document.info.title]).toEqual(['3.1.0', 'Overhaul']);
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, to = '']) => to);
    expect(references.length).toBeGreaterThan(20);
    for (const to of references) expect(Object.keys(document.components.schemas)).toContain(to.replace('#/components/schemas/', ''));
    const names = operations().map(({ operationId }) => operationId);
    expect(new Set(names).size).toBe(names.length);
    for (const { path, parameters = [], responses, summary, security } of operations()) {
      const inPath = parameters.filter((one) => one.in === 'path').map(({ name, required }) => [name, required]);
      expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name, true]));
      expect(Object.keys(responses)).not.toHaveLength(0);
      for (const { description } of Object.values(responses)) expect(description).not.toBe('');
      expect([typeof summary, Array.isArray(security)]).toEqual(['string', true]);
    }
  });

  test('has every route of the server, and no other', () => {
    expect(servedPaths().sort()).toEqual(Object.keys(document.paths).sort());
  });

  test('has every method of each, and no other', async () => {
    for (const path of Object.keys(document.paths)) {
      const other = await app.inject({ method: 'DELETE', url: path.replace(/\{\w+\}/g, 'x'), headers: { host: 'overhaul.example' } });
      const allowed = String(other.headers.allow)
        .toLowerCase()
        .split(', ')
        .filter((method) => method !== 'head');
      expect([path, other.statusCode, allowed.sort()]).toEqual([path, 405, Object.keys(document.paths[path] ?? {}).sort()]);
    }
  });

  test('says of every route but health, hooks and itself that it wants a token', () => {
    const open = operations().filter(({ security }) => security.length === 0);
    expect(open.map(({ path }) => path).sort()).toEqual(['/', '/assets/{file}', '/healthz', '/hooks/{hook}', '/openapi.json', '/readyz']);
  });
});

const RUN = { script: 1, targets: { assetIds: [1] } };

describe('what is answered is what the document says', () => {
  const rows: [method: 'GET' | 'POST', path: string, given: Record<string, string>, status: number, body?: object][] = [
    ['GET', '/api/runs', {}, 200],
    ['GET', '/api/runs', { '?limit': '0' }, 400],
    ['GET', '/api/runs/{id}', { id: 'done' }, 200],
    ['GET', '/api/runs/{id}', { id: 'live' }, 200],
    ['GET', '/api/runs/{id}', { id: 'refused' }, 200],
    ['GET', '/api/runs/{id}', { id: 'nobody' }, 404],
    ['GET', '/api/runs/{id}/assets', { id: 'done' }, 200],
    ['GET', '/api/runs/{id}/assets', { id: 'done', '?cursor': 'x' }, 400],
    ['GET', '/api/runs/{id}/assets/{assetId}/output', { id: 'done', assetId: '1' }, 200],
    ['GET', '/api/runs/{id}/assets/{assetId}/output', { id: 'done', assetId: '2' }, 404],
    ['GET', '/api/runs/{id}/report.json', { id: 'done' }, 200],
    ['GET', '/api/runs/{id}/report.html', { id: 'done' }, 200],
    ['GET', '/api/runs/{id}/report.csv', { id: 'live' }, 409],
    ['GET', '/api/runs/{id}/events', { id: 'done' }, 200],
    ['GET', '/runs/{id}', { id: 'live' }, 200],
    ['GET', '/style.css', {}, 200],
    ['GET', '/healthz', {}, 200],
    ['GET', '/readyz', {}, 200],
    ['GET', '/openapi.json', {}, 200],
    ['POST', '/hooks/{hook}', { hook: 'none' }, 404, {}],
    ['POST', '/api/runs', {}, 202, { workflow: 'remediationRun', input: RUN, workflowId: 'n' }],
    ['POST', '/api/runs', {}, 200, { workflow: 'remediationRun', input: RUN, workflowId: 'n' }],
    ['POST', '/api/runs', {}, 409, { workflow: 'remediationRun', input: { ...RUN, script: 2 }, workflowId: 'n' }],
    ['POST', '/api/runs', {}, 422, { workflow: 'x' }],
    ['POST', '/api/runs', { as: 'eve' }, 403, {}],
    ['POST', '/api/runs', { as: 'nobody' }, 401, {}],
    ['POST', '/api/runs/{id}/approve', { id: 'live' }, 200, { digest: 'ab12', reason: 'ok' }],
    ['POST', '/api/runs/{id}/retry', { id: 'live' }, 200, {}],
    ['POST', '/api/runs/{id}/cancel', { id: 'live' }, 200, {}],
    ['POST', '/api/runs/{id}/pause', { id: 'live' }, 422, { by: 7 }],
  ];
  test.each(rows.map(([method, path, given, status, body]) => ({ method, path, given, status, body })))(
    '$method $path $given: $status',
    async ({ method, path, given, status, body }) => {
      const query = Object.entries(given).flatMap(([name, value]) => (name.startsWith('?') ? [`${name.slice(1)}=${value}`] : []));
      const url = `${path.replace(/\{(\w+)\}/g, (_whole, name: string) => given[name] ?? '')}?${query.join('&')}`;
      const headers = {
        host: 'overhaul.example',
        authorization: `Bearer token-of-${given.as ?? 'ann'}`,
        ...(body ? { 'content-type': 'application/json' } : {}),
      };
      const answer = await app.inject({ method, url, headers, ...(body ? { payload: JSON.stringify(body) } : {}) });
      expect(answer.statusCode).toBe(status);
      const said = document.paths[path]?.[method.toLowerCase()]?.responses[status];
      const [type = ''] = String(answer.headers['content-type']).split(';');
      expect(Object.keys(said?.content ?? {})).toEqual([type]);
      const schema = said?.content?.[type]?.schema ?? {};
      const value: unknown = /json$/.test(type) ? answer.json() : answer.body;
      const found = published(schema).safeParse(value);
      expect(found.error?.issues ?? []).toEqual([]);
    },
  );
});
