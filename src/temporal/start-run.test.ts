import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { Client, Connection, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { RemediationRequestInput } from '../contracts/request.js';
import { type RunClient, RunTooLarge, requestDigest, startRun, TemporalUnavailable } from './start-run.js';

const START = { workflowId: 'snow/CHG1/1', taskQueue: 'overhaul', input: { script: 1, targets: { assetIds: [1, 2] } } };

interface Taken {
  options: Record<string, unknown>;
  memo: Record<string, unknown>;
  isOver?: boolean;
}

/** Temporal's rule for ids, without its server; the end-to-end tests have the real one. */
function clientWith(runs: Map<string, Taken>): RunClient {
  const workflow = {
    async start(type: string, options: Record<string, unknown> & { workflowId: string; memo: Record<string, unknown> }) {
      if (runs.has(options.workflowId)) throw new WorkflowExecutionAlreadyStartedError('taken', options.workflowId, type);
      runs.set(options.workflowId, { options: { type, ...options }, memo: options.memo });
    },
    getHandle: (workflowId: string) => ({
      async describe() {
        const run = runs.get(workflowId);
        if (!run) throw new WorkflowNotFoundError('gone', workflowId, undefined);
        return { memo: run.memo, status: { name: run.isOver ? 'COMPLETED' : 'RUNNING' } };
      },
    }),
  };
  return { workflow, withDeadline: (_deadline: number | Date, call: () => Promise<unknown>) => call() } as unknown as RunClient;
}

describe('starting a run', () => {
  test('a campaign is started as one, under the same rule for ids', async () => {
    const runs = new Map<string, Taken>();
    const input = { name: 'openssl', steps: { remediate: 72648 }, targets: { assetIds: [1] } };
    const campaign = { workflow: 'remediationCampaign', workflowId: 'openssl-k3f9', taskQueue: 'overhaul', input } as const;
    expect(await startRun(clientWith(runs), campaign)).toEqual({ kind: 'started' });
    expect(runs.get('openssl-k3f9')?.options).toMatchObject({
      type: 'remediationCampaign',
      args: [input],
      memo: { requestDigest: requestDigest(input) },
      staticSummary: 'campaign openssl on 1 named asset',
    });
    expect(await startRun(clientWith(runs), campaign)).toEqual({ kind: 'same' });
    expect(await startRun(clientWith(runs), { ...campaign, input: { ...input, name: 'other' } })).toEqual({ kind: 'different' });
  });

  test('the event of a run that was found is the same request, whoever it says has asked; a found run is told with what it does', async () => {
    const runs = new Map<string, Taken>();
    const ticket = { hook: 'snow', system: 'servicenow', id: 'CHG1' };
    const found = { ...START, input: { ...START.input, ticket, reason: 'as found' }, memo: { ticketStart: { found: true } } };
    expect(await startRun(clientWith(runs), found)).toEqual({ kind: 'started' });
    const event = { ...START, input: { ...START.input, ticket: { ...ticket, url: 'https://t.example/1' }, requestedBy: 'ada' } };
    expect(await startRun(clientWith(runs), event)).toEqual({ kind: 'same' });
    const other = { ...event, input: { ...event.input, targets: { assetIds: [99] } } };
    expect(await startRun(clientWith(runs), other)).toEqual({ kind: 'different' });
    // What an event has started was asked for by it: another reason is another request.
    const told = new Map<string, Taken>();
    expect(await startRun(clientWith(told), event)).toEqual({ kind: 'started' });
    expect(await startRun(clientWith(told), { ...event, input: { ...event.input, requestedBy: 'bob' } })).toEqual({ kind: 'different' });
    for (const run of told.values()) run.isOver = true;
    expect(await startRun(clientWith(told), event)).toEqual({ kind: 'same', isOver: true });
  });

  test('the first start is taken, with the digest of its input in the memo', async () => {
    const runs = new Map<string, Taken>();
    expect(await startRun(clientWith(runs), { ...START, memo: { playbook: 'patch' } })).toEqual({ kind: 'started' });
    expect(runs.get('snow/CHG1/1')?.options).toEqual({
      type: 'remediationRun',
      workflowId: 'snow/CHG1/1',
      taskQueue: 'overhaul',
      args: [START.input],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      memo: { playbook: 'patch', requestDigest: requestDigest(START.input) },
      staticSummary: 'script 1 on 2 named assets',
    });
  });

  test('what Temporal would refuse for its size is not sent, and names its largest field', async () => {
    const runs = new Map<string, Taken>();
    const start = (more: object) => startRun(clientWith(runs), { ...START, ...more });
    const hostnames = Array.from({ length: 9_000 }, () => 'x'.repeat(250));
    await expect(start({ input: { ...START.input, reason: 'x'.repeat(2_000_000) } })).rejects.toThrow(
      /^reason is too large: it has 2000002 bytes/,
    );
    await expect(start({ input: { script: 1, targets: { assetIds: [1], hostnames } } })).rejects.toThrow(
      /^targets\.hostnames is too large/,
    );
    await expect(start({ workflowId: 'ä'.repeat(501) })).rejects.toThrow('The workflow id has 1002 bytes, more than 1000');
    await expect(start({ workflowId: 'half \ud83d' })).rejects.toThrow(RunTooLarge);
    expect(runs.size).toBe(0);
  });

  test.each([
    [3, 'Blob data size exceeds limit.'],
    [8, 'grpc: received message larger than max (5000000 vs. 4194304)'],
  ])('a server that refuses the size with code %i is no server that cannot be reached', async (code, details) => {
    const refusing = {
      withDeadline: (_deadline: number, call: () => Promise<unknown>) => call(),
      workflow: { start: () => Promise.reject(Object.assign(new Error(details), { code, details, metadata: {} })) },
    } as unknown as RunClient;
    await expect(startRun(refusing, { ...START, input: { ...START.input, reason: 'because' } })).rejects.toThrow(RunTooLarge);
  });

  test.each<[string, RemediationRequestInput]>([
    ['its keys in another order', { targets: { assetIds: [1, 2] }, script: 1 }],
    ['its ids in another order', { script: 1, targets: { assetIds: [2, 1] } }],
    ['ids as text, one of them twice', { script: '1', targets: { assetIds: ['2', ' 1', '2'] } }],
    ['a default written out', { script: 1, targets: { assetIds: [1, 2] }, deadline: '6h', poll: { interval: 30_000 } }],
  ])('a second start of the same request with %s is told so', async (_, input) => {
    const client = clientWith(new Map());
    await startRun(client, START);
    expect(await startRun(client, { ...START, input })).toEqual({ kind: 'same' });
  });

  test('host names are the same in any case and order; scripts by title are not', async () => {
    const named = (script: string, ...hostnames: string[]) => requestDigest({ script, targets: { hostnames } });
    expect(named('Patch', 'web-1', 'WEB-2')).toBe(named('Patch', 'web-2', 'Web-1'));
    expect(named('Patch', 'web-1')).not.toBe(named('patch', 'web-1'));
  });

  test('a run that an earlier version started, by the digest of its input as it was written, is known again', async () => {
    const before = createHash('sha256').update('{"script":1,"targets":{"assetIds":[1,2]}}').digest('hex');
    const client = clientWith(new Map([['snow/CHG1/1', { options: {}, memo: { requestDigest: before } }]]));
    expect(await startRun(client, START)).toEqual({ kind: 'same' });
  });

  test('a start of another request under the same id is told so', async () => {
    const client = clientWith(new Map());
    await startRun(client, START);
    expect(await startRun(client, { ...START, input: { script: 1, targets: { assetIds: [3, 1] } } })).toEqual({ kind: 'different' });
  });

  test('a run that was started without a digest is another request', async () => {
    const client = clientWith(new Map([['snow/CHG1/1', { options: {}, memo: {} }]]));
    expect(await startRun(client, START)).toEqual({ kind: 'different' });
  });

  test('an address where nobody listens is TemporalUnavailable, within the deadline', async () => {
    const connection = Connection.lazy({ address: '127.0.0.1:1' });
    try {
      await expect(startRun(new Client({ connection }), { ...START, deadlineMs: 500 })).rejects.toBeInstanceOf(TemporalUnavailable);
    } finally {
      await connection.close();
    }
  });
});
