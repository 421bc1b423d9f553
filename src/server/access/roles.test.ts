// Who may do what, cell by cell, over the real app.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { emptyLedger, openSampleRun, type SampleLedger } from '../../../test/support/ledger/sample.js';
import { ticketServer, withRun } from '../../../test/support/ticket-server.js';
import { may, OPERATIONS, ROLES, type Role } from '../../domain/access/permissions.js';

const CONFIG = `access: { tokens: [${ROLES.map((role) => `{ name: ${role}, role: ${role}, token: { env: ${role.toUpperCase()} } }`).join(', ')}] }`;
const TOKENS = Object.fromEntries(ROLES.map((role) => [role.toUpperCase(), `token-of-${role}`]));
const RUN = { workflow: 'remediationRun', input: { script: 1, targets: { assetIds: [1] } } };

/** Written out once more: a table that agrees with itself shows nothing. */
const CELLS = `
  operation      request                                  viewer operator approver admin
  read           GET  /api/runs                           yes    yes      yes      yes
  read           GET  /api/runs/r                         yes    yes      yes      yes
  read           GET  /api/runs/r/events                  yes    yes      yes      yes
  read           GET  /api/runs/r/assets                  yes    yes      yes      yes
  read           GET  /api/runs/r/assets/1/output         yes    yes      yes      yes
  read           GET  /api/runs/r/report.html             yes    yes      yes      yes
  read           GET  /api/runs/r/report.csv              yes    yes      yes      yes
  read           GET  /api/runs/r/report.json             yes    yes      yes      yes
  read           GET  /runs/r                             yes    yes      yes      yes
  start          POST /api/runs                           no     yes      yes      yes
  pause          POST /api/runs/r/pause                   no     yes      yes      yes
  resume         POST /api/runs/r/resume                  no     yes      yes      yes
  retry          POST /api/runs/r/retry                   no     yes      yes      yes
  cancel         POST /api/runs/r/cancel                  no     yes      yes      yes
  approve        POST /api/runs/r/approve                 no     no       yes      yes
  reject         POST /api/runs/r/reject                  no     no       yes      yes
  accept-breach  POST /api/runs/held/resume               no     no       yes      yes
  override       POST /api/runs/r/retry?unverified        no     no       no       yes
  override       POST /api/runs?despite                   no     no       no       yes
`;

const BODIES: Readonly<Record<string, object>> = {
  '/api/runs': RUN,
  '/api/runs?despite': { ...RUN, input: { ...RUN.input, targets: { assetIds: [1], despiteOpenCopies: true } } },
  '/api/runs/r/retry?unverified': { outcomes: ['unverified'] },
};

interface Cell {
  operation: string;
  method: 'GET' | 'POST';
  path: string;
  role: Role;
  allowed: boolean;
}

const cells = CELLS.trim()
  .split('\n')
  .slice(1)
  .flatMap((line): Cell[] => {
    const [operation = '', method, path = '', ...words] = line.trim().split(/\s+/);
    return ROLES.map((role, at) => ({ operation, method: method as Cell['method'], path, role, allowed: words[at] === 'yes' }));
  });

let sample: SampleLedger;
let app: FastifyInstance;

beforeAll(async () => {
  sample = await emptyLedger();
  await openSampleRun(sample.ledger, 'r', ['1']);
  await openSampleRun(sample.ledger, 'done', ['1']);
  const ended = { workflowId: 'r', state: 'completed' as const, startedAt: '2026-11-21T12:00:00.000Z' };
  const { ledger } = sample;
  const held = async (id: string) => {
    const view = await ledger.reader.run('r');
    return id === 'held' && view ? { ...view, held: { wave: 1 } } : ledger.reader.run(id);
  };
  app = ticketServer({
    config: CONFIG,
    env: TOKENS,
    now: new Date('2026-11-21T12:00:00Z'),
    ledger: async () => ({ ...ledger, reader: withRun(ledger.reader, held) }),
    temporal: {
      find: async () => ended,
      end: async () => ({ kind: 'failed', type: 'Refused', message: 'no', problems: [] }),
      list: async () => [],
      decide: async () => null,
    },
  }).app;
});
afterAll(async () => {
  await app.close();
  await sample.ledger.close();
});

describe('every cell of the table', () => {
  test.each(cells)('$operation ($method $path) by $role: $allowed', async ({ operation, method, path, role, allowed }) => {
    const answer = await app.inject({
      method,
      url: path.replace(/\?.*/, ''),
      headers: {
        host: 'overhaul.example',
        authorization: `Bearer token-of-${role}`,
        ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
      },
      ...(method === 'POST' ? { payload: JSON.stringify(BODIES[path] ?? {}) } : {}),
    });
    expect(answer.statusCode === 403).toBe(!allowed);
    expect([401, 500]).not.toContain(answer.statusCode);
    if (!allowed) expect(answer.json().detail).toMatch(new RegExp(`^${role} has the role ${role}; [a-z-]+ needs .*admin$`));
    expect(may(role, operation as (typeof OPERATIONS)[number])).toBe(allowed);
  });

  test('no operation is left out', () => {
    expect(new Set(cells.map(({ operation }) => operation))).toEqual(new Set(OPERATIONS));
  });

  test('what may be done by a role may be done by those above it', () => {
    for (const operation of OPERATIONS) {
      const allowed = ROLES.map((role) => may(role, operation));
      expect(allowed).toEqual([...allowed].sort((one, other) => Number(one) - Number(other)));
    }
  });
});
