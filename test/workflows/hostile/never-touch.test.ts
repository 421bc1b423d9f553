// What policy never touches, from the start of a run to its report.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { assetIds, failureOf, openProductHarness, outcomes, type ProductHarness, requestFor } from '../product-harness.js';

const RENAMED = { tags: [{ id: 7001, name: 'Prod DB (renamed)', modulo: 1, remainder: 0 }] };

describe('a name in neverTouch that Qualys does not know', () => {
  let harness: ProductHarness;
  beforeAll(async () => {
    harness = await openProductHarness('never-unknown', {
      simulator: RENAMED,
      policy: { neverTouch: { assetIds: [], tags: ['Prod DB', '7099'], hostnames: ['host-000001', 'no-such-host'] } },
    });
  }, 600_000);
  afterAll(async () => harness.close(), 60_000);

  test('refuses the run before anything is sent, and names each', async () => {
    const failure = await failureOf(await harness.start(requestFor(assetIds(0, 2))));
    expect(failure.type).toBe('PolicyViolation');
    for (const name of ['"Prod DB"', '"7099"', '"no-such-host"']) expect(failure.message).toContain(name);
    expect(failure.message).not.toContain('host-000001');
    expect(failure.details).toEqual([
      [
        { path: 'policy.neverTouch.tags[0]', problem: 'Qualys lists no tag "Prod DB"' },
        { path: 'policy.neverTouch.tags[1]', problem: 'Qualys lists no tag "7099"' },
        { path: 'policy.neverTouch.hostnames[1]', problem: 'Qualys knows no host "no-such-host"' },
      ],
    ]);
    expect(harness.product.simulator.state.executions).toHaveLength(0);
  });

  test('refuses a campaign, too', async () => {
    const handle = await harness.env.client.workflow.start('remediationCampaign', {
      workflowId: `never-unknown-${randomUUID()}`,
      taskQueue: harness.taskQueue,
      args: [{ name: 'all', targets: { assetIds: assetIds(0, 2) }, steps: { remediate: 72648 } }],
    });
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'PolicyViolation' } });
    expect(harness.product.simulator.state.executions).toHaveLength(0);
  });
});

describe('a name in neverTouch that Qualys does not know, of which policy only warns,', () => {
  let harness: ProductHarness;
  beforeAll(async () => {
    harness = await openProductHarness('never-warn', {
      simulator: RENAMED,
      policy: { neverTouch: { assetIds: [], tags: ['Prod DB'], hostnames: ['host-000001'], unknown: 'warn' } },
    });
  }, 600_000);
  afterAll(async () => harness.close(), 60_000);

  test('is in the report, and the short name of a host keeps it from the script', async () => {
    const [first, second] = assetIds(0, 2) as [number, number];
    const report = await harness.run(requestFor([first, second]));
    expect(report.warnings).toEqual(['policy.neverTouch.tags[0]: Qualys lists no tag "Prod DB", so it excludes nothing']);
    expect(outcomes(await harness.rows(report.runId))).toEqual({ [first]: 'skipped: never-touch', [second]: 'succeeded' });
    expect(report.status).toBe('partial');
  });
});
