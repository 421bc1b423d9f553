// What the API does: starts and decisions, in whose name, and what is answered when they cannot be had.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { InjectOptions } from 'fastify';
import { openCampaign } from '../../../test/support/ledger/campaign.js';
import { closeSampleRun, emptyLedger, openSampleRun, type SampleLedger } from '../../../test/support/ledger/sample.js';
import { find } from '../../../test/support/ledger/scenario.js';
import { ticketServer } from '../../../test/support/ticket-server.js';
import type { TemporalRuns } from '../../temporal/runs/temporal-runs.js';

const NOW = new Date('2026-11-21T12:00:00Z');
const ACCESS = 'access: { tokens: [{ name: ci, role: operator, token: { env: CI } }, { name: ann, role: admin, token: { env: ANN } }] }';
const TOKENS = { CI: 'token-of-ci', ANN: 'token-of-ann' };
const STARTED = { workflowId: 'a', state: 'running' as const, startedAt: NOW.toISOString() };

let sample: SampleLedger;
let decided: Parameters<TemporalRuns['decide']>[];
let cancelled: Parameters<TemporalRuns['cancel']>[];
beforeEach(async () => {
  sample = await emptyLedger();
  [decided, cancelled] = [[], []];
});
afterEach(() => sample.ledger.close());

function server({
  config = '',
  down = false,
  decide = async (): Promise<unknown> => null,
  find = async () => STARTED as Awaited<ReturnType<TemporalRuns['find']>>,
} = {}) {
  const { app, started } = ticketServer({
    config,
    env: TOKENS,
    now: NOW,
    down,
    ledger: async () => sample.ledger,
    temporal: {
      find,
      decide: (...order) => {
        decided.push(order);
        return decide();
      },
      cancel: async (...order) => void cancelled.push(order),
    },
  });
  const post = (url: string, payload: unknown, more: InjectOptions['headers'] = {}) =>
    app.inject({
      method: 'POST',
      url,
      payload: JSON.stringify(payload),
      headers: { host: 'localhost:8088', 'content-type': 'application/json', ...more },
    });
  return { app, started, post };
}

const as = (name: keyof typeof TOKENS) => ({ authorization: `Bearer ${TOKENS[name]}` });
const INPUT = { script: 72648, targets: { assetIds: [1, 2] } };

describe('POST /api/runs', () => {
  test('202 with the id and its page; the requester is whoever the token is of, and the audit log says so', async () => {
    const { post, started } = server({ config: ACCESS });
    const answer = await post(
      '/api/runs',
      { workflow: 'remediationRun', input: { ...INPUT, reason: 'CVE' }, workflowId: 'it/1' },
      as('CI'),
    );
    expect([answer.statusCode, answer.json()]).toEqual([202, { workflowId: 'it/1', url: 'http://localhost:8088/runs/it%2F1' }]);
    expect(started.get('it/1')?.input).toEqual({ ...INPUT, reason: 'CVE', requestedBy: 'ci' });
    expect(await sample.ledger.audit.of('it/1')).toMatchObject([
      { actor: 'ci', verified: true, action: 'requested', detail: '{"workflow":"remediationRun","reason":"CVE"}' },
    ]);
  });

  test('200 for the same request again, 409 for another one under its id or for an id that has had its run', async () => {
    const { post } = server({ find: async () => undefined });
    const body = { workflow: 'remediationRun', input: INPUT, workflowId: 'once' };
    expect((await post('/api/runs', body)).statusCode).toBe(202);
    expect((await post('/api/runs', body)).statusCode).toBe(200);
    expect(await sample.ledger.audit.of('once')).toHaveLength(1);
    expect((await post('/api/runs', { ...body, input: { ...INPUT, script: 1 } })).statusCode).toBe(409);
    await openSampleRun(sample.ledger, 'long ago', ['1']);
    expect((await post('/api/runs', { ...body, workflowId: 'long ago' })).json()).toMatchObject({
      status: 409,
      detail: 'long ago has had its run: use another workflowId',
    });
  });

  test('draws an id, of a campaign by its name', async () => {
    const { post } = server();
    const run = await post('/api/runs', { workflow: 'remediationRun', input: INPUT });
    expect(run.json().workflowId).toMatch(/^run-72648-20261121T120000Z-\w{4}$/);
    const plan = { name: 'Roll out', steps: { remediate: 72648 }, targets: { assetIds: [1] } };
    const campaign = await post('/api/runs', { workflow: 'remediationCampaign', input: plan });
    expect(campaign.json().workflowId).toMatch(/^roll-out-\w{8}$/);
  });

  test('422 has every problem of the input at once', async () => {
    const { post, started } = server();
    const answer = await post('/api/runs', {
      workflow: 'remediationRun',
      input: { targets: { assetIds: ['x'], colour: 1 }, requestedBy: 7 },
    });
    expect(answer.statusCode).toBe(422);
    expect(
      answer
        .json()
        .problems.map(({ path }: { path: string }) => path)
        .sort(),
    ).toEqual(['input.requestedBy', 'input.script', 'input.targets.assetIds[0]', 'input.targets.colour']);
    expect((await post('/api/runs', { workflow: 'other', workflowId: '' })).json().problems).toHaveLength(3);
    expect(started.size).toBe(0);
  });

  test('the requester is who the token says, whatever the body claims; without tokens it is a claim', async () => {
    const body = { workflow: 'remediationRun', input: { ...INPUT, requestedBy: 'ann' }, workflowId: 'x' };
    const guarded = server({ config: ACCESS });
    expect((await guarded.post('/api/runs', { ...body, workflowId: 'y' }, as('CI'))).statusCode).toBe(202);
    expect(guarded.started.get('y')?.input).toMatchObject({ requestedBy: 'ci' });
    const { post, started } = server();
    expect((await post('/api/runs', body)).statusCode).toBe(202);
    expect(started.get('x')?.input).toMatchObject({ requestedBy: 'ann' });
    expect(await sample.ledger.audit.of('x')).toMatchObject([{ actor: 'ann', verified: false }]);
  });

  test('a run of this machine that names nobody has no requester, whom it could keep from approving', async () => {
    const { post, started } = server();
    expect((await post('/api/runs', { workflow: 'remediationRun', input: INPUT, workflowId: 'z' })).statusCode).toBe(202);
    expect(started.get('z')?.input).not.toHaveProperty('requestedBy');
  });

  test('what belongs to tickets is not started by hand', async () => {
    const { post, started } = server();
    const input = { ...INPUT, ticket: { hook: 'snow', system: 'servicenow', id: 'CHG1' } };
    const refused = await post('/api/runs', { workflow: 'remediationRun', input, workflowId: 'overhaul-ticket/x/y' });
    expect([refused.statusCode, refused.json().problems.map(({ path }: { path: string }) => path)]).toEqual([
      422,
      ['input.ticket.hook', 'workflowId'],
    ]);
    expect(started.size).toBe(0);
  });

  test.each([{ despiteOpenCopies: true }, { everything: true }])('%j is for admins', async (targets) => {
    const { post } = server({ config: ACCESS });
    const body = { workflow: 'remediationRun', input: { ...INPUT, targets: { ...INPUT.targets, ...targets } } };
    expect((await post('/api/runs', body, as('CI'))).statusCode).toBe(403);
    expect((await post('/api/runs', body, as('ANN'))).statusCode).toBe(202);
  });

  test('503 and when to come back while Temporal cannot be reached', async () => {
    const answer = await server({ down: true }).post('/api/runs', { workflow: 'remediationRun', input: INPUT });
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '15']);
    expect(answer.body).not.toContain('127.0.0.1');
  });

  test('415 for what is no JSON, 422 for JSON that is none', async () => {
    const { app } = server();
    const ask = (type: string, payload: string) =>
      app.inject({ method: 'POST', url: '/api/runs', payload, headers: { host: 'localhost', 'content-type': type } });
    expect((await ask('text/plain', '{}')).statusCode).toBe(415);
    expect((await ask('application/json', '{')).json()).toMatchObject({
      status: 422,
      problems: [{ path: '', problem: 'the body is not JSON' }],
    });
  });
});

describe('a decision', () => {
  test('goes to the run in the name of whoever the token is of, and the ledger knows of it before', async () => {
    const { post } = server({ config: ACCESS, decide: async () => 3 });
    const answer = await post('/api/runs/it%2F1/retry', { reason: 'again' }, as('CI'));
    expect([answer.statusCode, answer.json()]).toEqual([200, { workflowId: 'it/1', decision: 'retry', assets: 3 }]);
    expect(decided).toEqual([['it/1', 'retryUnresolved', { by: 'ci', reason: 'again', outcomes: ['failed'] }, expect.any(String)]]);
    const [[, , , orderId = ''] = []] = decided;
    await openSampleRun(sample.ledger, 'it/1', ['1']);
    await sample.ledger.orders.carryOut('it/1', { id: `update:${orderId}`, number: 1, command: { kind: 'pause' }, by: 'ci' });
    expect(await sample.ledger.audit.of('it/1')).toMatchObject([{ actor: 'ci', verified: true, action: 'pause' }]);
  });

  test.each([
    ['approve', { digest: 'abc', reason: 'seen' }],
    ['reject', { digest: 'abc' }],
    ['pause', {}],
    ['resume', { reason: 'over' }],
  ])('%s carries what was said', async (name, body) => {
    expect((await server().post(`/api/runs/a/${name}`, body)).json()).toEqual({ workflowId: 'a', decision: name });
    expect(decided).toEqual([['a', name, { by: 'local', ...body }, expect.any(String)]]);
  });

  test('without a body, and without credentials in a name that is given', async () => {
    const { app, post } = server();
    expect((await app.inject({ method: 'POST', url: '/api/runs/a/pause', headers: { host: 'localhost' } })).statusCode).toBe(200);
    await post('/api/runs/a/approve', { by: 'ann' });
    expect(decided.map(([, , { by }]) => by)).toEqual(['local', 'ann']);
  });

  test('about a step is refused: its campaign has the rules', async () => {
    const campaign = await openCampaign(sample.ledger, [['1']]);
    const step = await campaign.openStep(1, 'remediate');
    const { post } = server({ config: ACCESS });
    for (const name of ['resume', 'pause', 'cancel', 'approve']) {
      const answer = await post(`/api/runs/${encodeURIComponent(step)}/${name}`, {}, as('ANN'));
      expect([answer.statusCode, answer.json().detail]).toEqual([409, `${step} is a step of campaign campaign: decide about the campaign`]);
    }
    expect([decided, cancelled]).toEqual([[], []]);
  });

  test('is in the name of the token, whatever the body claims', async () => {
    const { post } = server({ config: ACCESS });
    expect((await post('/api/runs/a/pause', { by: 'ann' }, as('CI'))).statusCode).toBe(200);
    expect(decided).toMatchObject([['a', 'pause', { by: 'ci' }, expect.any(String)]]);
  });

  test('cancel reaches Temporal, and the audit log says who', async () => {
    await openSampleRun(sample.ledger, 'a', ['1']);
    expect((await server({ config: ACCESS }).post('/api/runs/a/cancel', { reason: 'enough' }, as('CI'))).json()).toEqual({
      workflowId: 'a',
      decision: 'cancel',
    });
    expect(cancelled).toEqual([['a', { by: 'ci', reason: 'enough' }]]);
    expect(await sample.ledger.audit.of('a')).toMatchObject([
      { actor: 'ci', verified: true, action: 'cancel', detail: '{"reason":"enough"}' },
    ]);
  });

  test('to retry what may still run is for admins', async () => {
    const { post } = server({ config: ACCESS });
    expect((await post('/api/runs/a/retry', { outcomes: ['unverified'] }, as('CI'))).statusCode).toBe(403);
    expect((await post('/api/runs/a/retry', { outcomes: ['unverified'] }, as('ANN'))).statusCode).toBe(200);
  });

  test('to retry what has ended starts a linked run over what was left, requested by whoever retries, once', async () => {
    await openSampleRun(sample.ledger, 'it/1', ['1', '2']);
    await find(sample.ledger, { outcome: 'failed' }, { runId: 'it/1' });
    await closeSampleRun(sample.ledger, 'it/1');
    const { post, started } = server({ config: ACCESS, find: async () => ({ ...STARTED, state: 'completed' }) });
    const answer = await post('/api/runs/it%2F1/retry', { reason: 'again' }, as('CI'));
    expect(answer.json()).toEqual({ workflowId: 'it/1', decision: 'retry', assets: 2, linked: 'it/1/retry-1' });
    expect(started.get('it/1/retry-1')).toMatchObject({
      input: { requestedBy: 'ci', reason: 'retry of it/1: again', targets: { assetIds: ['1', '2'] } },
      memo: { retryOf: 'it/1', retriedBy: 'ci' },
    });
    expect(await sample.ledger.audit.of('it/1/retry-1')).toMatchObject([{ actor: 'ci', verified: true, action: 'retry-of' }]);
    expect((await post('/api/runs/it%2F1/retry', {}, as('CI'))).json()).toMatchObject({
      status: 409,
      detail: expect.stringContaining('already in it/1/retry-1'),
    });
    expect(decided).toEqual([]);
  });

  const grpc = (code: number, details: string) => Object.assign(new Error(`${code}: ${details}`), { code, details, metadata: {} });
  test.each([
    [
      'what the run refuses',
      new WorkflowUpdateFailedError('failed', ApplicationFailure.create({ message: 'Nothing is waiting for approval.' })),
      409,
      'Nothing is waiting for approval.',
    ],
    ['a run that has ended', grpc(5, 'workflow execution already completed'), 409, 'the run has ended'],
    [
      'no worker',
      new WorkflowUpdateRPCTimeoutOrCancelledError('timed out'),
      504,
      'no worker answered in time: the decision may still take effect, so look before you repeat it',
    ],
    ['Temporal away', grpc(14, 'No connection established to 127.0.0.1:7233'), 503, 'Temporal cannot be reached: try again'],
    [
      'too many orders at once',
      grpc(8, 'limit on number of concurrent in-flight updates has been reached (10)'),
      503,
      expect.stringContaining('ten orders'),
    ],
  ])('%s has its answer', async (_name, error, status, detail) => {
    const { post } = server({ decide: () => Promise.reject(error) });
    expect((await post('/api/runs/a/approve', {})).json()).toMatchObject({ status, detail });
  });

  test('404 where nobody knows the run', async () => {
    const { post } = server({ decide: () => Promise.reject(grpc(5, 'workflow not found')), find: async () => undefined });
    expect((await post('/api/runs/a/approve', {})).statusCode).toBe(404);
  });
});
