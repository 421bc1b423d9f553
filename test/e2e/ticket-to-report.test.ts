import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { FastifyInstance } from 'fastify';
import { Webhook } from 'standardwebhooks';
import { parseConfig } from '../../src/contracts/config/file.js';
import type { RunReport } from '../../src/domain/run/outcome.js';
import { createApp } from '../../src/server/app.js';
import { runClient } from '../../src/temporal/runs/run-client.js';
import { startRun } from '../../src/temporal/start-run.js';
import { approve } from '../../src/workflows/shared/messages.js';
import { assetIds, openProductHarness, type ProductHarness, phaseBecomes, type RunHandle } from '../workflows/product-harness.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const CONFIG = `
playbooks:
  patch: { run: { script: 72648, output: failed, poll: { interval: 1s }, deadline: 1m }, targets: { choose: [assetIds, hostnames], max: 50 } }
  careful: { run: { script: 72648, poll: { interval: 1s } }, approval: { quorum: 1, approvers: [ann] } }
  rollout:
    campaign: { name: rollout, steps: { remediate: 72648 }, waves: [{ name: canary, size: 1, approval: false }, { name: rest }], poll: { interval: 1s }, deadline: 1m }
    approval: { quorum: 1, approvers: [ann] }
hooks:
  itsm: { system: standard, secrets: [{ env: HOOK_SECRET }], playbook: { from: playbook, allow: [patch, careful, rollout] } }
`;

describe('from a ticket to the report', () => {
  let harness: ProductHarness;
  let app: FastifyInstance;

  beforeAll(async () => {
    harness = await openProductHarness('ticket', { simulator: { failAssets: assetIds(2, 1) } });
    const config = parseConfig(CONFIG);
    if (!config.ok) throw new Error(JSON.stringify(config.problems));
    app = createApp({
      configuration: {
        settled: () => config.value,
        current: () => config.value,
        health: () => ({ digest: '', readAt: '' }),
      },
      env: { HOOK_SECRET: SECRET },
      now: () => new Date(),
      temporalReachable: async () => true,
      oidc: { verify: async () => ({ kind: 'refused', why: 'there is no provider' }) },
      ledger: async () => harness.product.ledger,
      temporal: runClient({ ...harness.env, address: '', namespace: harness.env.namespace ?? 'default' }),
      // On a busy machine the 2.5 s that a sender waits for would be a matter of luck.
      startRun: (start) => startRun(harness.env.client, { ...start, taskQueue: harness.taskQueue, deadlineMs: 30_000 }),
    });
  }, 600_000);

  afterAll(async () => {
    await app?.close();
    await harness?.close();
  });

  test('a signed event starts one run, however often it is delivered; a changed one under its id is refused', async () => {
    const event = eventOf('CHG0030001', { assetIds: assetIds(0, 2), hostnames: ['HOST-000003.example.com'] });
    const first = await deliver(event);
    const { workflowId } = first.json() as { workflowId: string };
    expect([first.statusCode, workflowId]).toEqual([202, `itsm/CHG0030001/${harness.taskQueue}`]);
    const again = await deliver(event);
    expect([again.statusCode, again.json()]).toEqual([200, first.json()]);
    expect((await deliver({ ...event, targets: { assetIds: assetIds(9, 1) } })).statusCode).toBe(409);

    const report = (await harness.env.client.workflow.getHandle(workflowId).result()) as RunReport;
    expect(report).toMatchObject({ runId: workflowId, status: 'partial', executions: 1, counts: { targeted: 3, succeeded: 2, failed: 1 } });
    expect([...harness.product.simulator.state.executionsPerAsset()]).toEqual([
      ['20452610', 1],
      ['20452611', 1],
      ['20452612', 1],
    ]);
    const rows = await harness.rows(workflowId);
    expect(rows.map(({ outputBytes }) => outputBytes !== undefined)).toEqual([false, false, true]);
    expect((await harness.product.ledger.runs.get(workflowId))?.request).toMatchObject({
      ticket: { hook: 'itsm', system: 'standard', id: 'CHG0030001' },
      requestedBy: 'kim',
    });

    const afterTheEnd = await deliver(event);
    expect([afterTheEnd.statusCode, afterTheEnd.json()]).toEqual([200, first.json()]);
  });

  test('an event with a wrong signature is 401 and starts nothing', async () => {
    const event = eventOf('CHG0030002', { assetIds: assetIds(10, 1) });
    expect((await deliver(event, 'whsec_c29tZWJvZHkgZWxzZQ==')).statusCode).toBe(401);
    const handle = harness.env.client.workflow.getHandle(`itsm/CHG0030002/${harness.taskQueue}`);
    await expect(handle.describe()).rejects.toThrow(WorkflowNotFoundError);
  });

  test('the run of a playbook with an approval waits for it', async () => {
    const { workflowId } = (await deliver({ ...eventOf('CHG0030003', { assetIds: assetIds(11, 1) }), playbook: 'careful' })).json() as {
      workflowId: string;
    };
    const handle = harness.env.client.workflow.getHandle(workflowId) as unknown as RunHandle;
    await phaseBecomes(handle, 'awaiting-approval');
    await expect(handle.executeUpdate(approve, { args: [{ by: 'eve' }] })).rejects.toThrow();
    await handle.executeUpdate(approve, { args: [{ by: 'ann' }] });
    expect(await handle.result()).toMatchObject({ status: 'succeeded', counts: { targeted: 1, succeeded: 1 } });
  });

  test('the campaign of a playbook goes through its waves, and asks before each that does not say otherwise', async () => {
    const answer = await deliver({ ...eventOf('CHG0030005', { assetIds: assetIds(20, 5) }), playbook: 'rollout' });
    const { workflowId } = answer.json() as { workflowId: string };
    expect([answer.statusCode, workflowId]).toEqual([202, `itsm/CHG0030005/${harness.taskQueue}`]);
    const handle = harness.env.client.workflow.getHandle(workflowId) as unknown as RunHandle;
    await phaseBecomes(handle, 'awaiting-approval');
    await handle.executeUpdate(approve, { args: [{ by: 'ann' }] });
    expect(await handle.result()).toMatchObject({
      counts: { targeted: 5, succeeded: 5 },
      waves: [
        { name: 'canary', approvedBy: [], counts: { targeted: 1 } },
        { name: 'rest', approvedBy: ['ann'], counts: { targeted: 4 } },
      ],
    });
  });

  test('hosts that Qualys does not know end the run with every name, after the ticket was taken', async () => {
    const answer = await deliver(eventOf('CHG0030004', { hostnames: ['nobody.example.com', 'host-000001.example.com'] }));
    expect(answer.statusCode).toBe(202);
    const handle = harness.env.client.workflow.getHandle((answer.json() as { workflowId: string }).workflowId);
    await expect(handle.result()).rejects.toMatchObject({
      cause: {
        type: 'InvalidRequest',
        details: [[{ path: 'targets.hostnames[0]', problem: 'nobody.example.com is unknown to Qualys CAR' }]],
      },
    });
  });

  /** The generation makes the workflow id this test's own: the server is shared. */
  function eventOf(id: string, targets: object) {
    return { ticket: { id, generation: harness.taskQueue }, playbook: 'patch', targets, requestedBy: 'kim', reason: 'CVE-2026-0001' };
  }

  function deliver(event: object, secret = SECRET) {
    const payload = JSON.stringify(event);
    const now = new Date();
    const headers = {
      host: 'localhost:8088',
      'content-type': 'application/json',
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
      'webhook-signature': new Webhook(secret).sign('msg_1', now, payload),
    };
    return app.inject({ method: 'POST', url: '/hooks/itsm', payload, headers });
  }
});
