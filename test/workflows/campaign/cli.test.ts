import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CampaignReport } from '../../../src/domain/campaign/status.js';
import type { Progress } from '../../../src/workflows/shared/messages.js';
import { assetIds, eventually } from '../product-harness.js';
import { type CampaignHarness, openCampaignHarness } from './harness.js';

const run = promisify(execFile);
const PLAN = {
  name: 'openssl',
  targets: { assetIds: assetIds(0, 8) },
  steps: { remediate: 72648 },
  waves: [
    { name: 'canary', size: 2 },
    { name: 'rest', approval: { quorum: 2 } },
  ],
  requestedBy: 'ann',
  poll: { interval: '1s' },
  deadline: '1m',
};

describe('a campaign driven from the Temporal command line, with the JSON of the contract', () => {
  let harness: CampaignHarness;

  beforeAll(async () => {
    harness = await openCampaignHarness('command-line', { simulator: { failAssets: assetIds(0, 8), failAttempts: 1 } });
  }, 600_000);

  afterAll(() => harness?.close());

  const temporal = async (...args: string[]): Promise<{ ok: boolean; out: string }> => {
    const { executable, address, namespace } = harness.env;
    const options = ['--address', address, '--namespace', namespace, '--output', 'json'];
    return run(executable, [...args, ...options], { timeout: 30_000 }).then(
      ({ stdout }) => ({ ok: true, out: stdout }),
      (error: { stderr?: string; stdout?: string }) => ({ ok: false, out: `${error.stderr}${error.stdout}` }),
    );
  };
  const start = (id: string, plan: object) =>
    temporal(
      'workflow',
      'start',
      ...['--task-queue', harness.taskQueue, '--type', 'remediationCampaign', '--workflow-id', id],
      '--input',
      JSON.stringify(plan),
    );
  const update = (id: string, name: string, argument: object) =>
    temporal('workflow', 'update', 'execute', '--workflow-id', id, '--name', name, '--input', JSON.stringify(argument));
  const progress = async (id: string): Promise<Progress> => {
    const { out } = await temporal('workflow', 'query', '--workflow-id', id, '--name', 'progress');
    const { queryResult } = JSON.parse(out) as { queryResult: [Progress] | Progress };
    return Array.isArray(queryResult) ? queryResult[0] : queryResult;
  };
  const report = (id: string): Promise<CampaignReport> => harness.env.client.workflow.getHandle(id).result() as Promise<CampaignReport>;
  const phaseBecomes = (id: string, phase: string) =>
    eventually(
      () => progress(id),
      (seen) => seen.phase === phase,
    );

  test('start, progress, pause, adjust, resume, approve, retry', async () => {
    const id = `${harness.taskQueue}/full`;
    expect(await start(id, PLAN)).toMatchObject({ ok: true });
    const { pending, counts } = await phaseBecomes(id, 'awaiting-approval');
    expect([pending?.kind, pending?.wave, counts.targeted, counts.failed]).toEqual(['wave', 'rest', 8, 2]);
    expect(await update(id, 'pause', { by: 'bob', reason: 'lunch' })).toMatchObject({ ok: true });
    expect(await update(id, 'adjust', { by: 'bob', maxInFlight: 2, deadline: '2m', errorBudget: { max: '100%' } })).toMatchObject({
      ok: true,
    });
    expect(await update(id, 'resume', { by: 'bob' })).toMatchObject({ ok: true });
    expect((await update(id, 'retryUnresolved', { by: 'bob', reason: 'again' })).out).toContain('2');
    expect((await update(id, 'approve', { by: 'ann' })).out).toContain('ann requested this run');
    expect((await update(id, 'approve', { by: 'bob', digest: 'x' })).out).toContain('is not the pending one');
    // The adjustment is part of what is asked.
    expect((await update(id, 'approve', { by: 'bob', digest: pending?.digest })).out).toContain('is not the pending one');
    const asked = await progress(id);
    expect(await update(id, 'approve', { by: 'bob', digest: asked.pending?.digest })).toMatchObject({ ok: true });
    expect(await update(id, 'approve', { by: 'cid' })).toMatchObject({ ok: true });
    const found = await report(id);
    expect(
      found.waves.map(({ name, approvedBy, counts: { targeted, succeeded, failed } }) => [name, approvedBy, targeted, succeeded, failed]),
    ).toEqual([
      ['canary', [], 0, 0, 0],
      ['rest', ['bob', 'cid'], 6, 0, 6],
      ['retry 1', [], 2, 2, 0],
    ]);
    expect(await harness.audit(id)).toEqual(
      expect.arrayContaining(['start', 'await-approval', 'pause', 'adjust', 'resume', 'retry', 'approve', 'approve']),
    );
    const retried = (await harness.product.ledger.audit.of(id)).find(({ action }) => action === 'retry');
    expect(retried).toMatchObject({ actor: 'bob', verified: false, detail: '{"outcomes":["failed"],"assets":2,"reason":"again"}' });
  });

  test('reject, and cancel', async () => {
    const [rejected, cancelled] = [`${harness.taskQueue}/rejected`, `${harness.taskQueue}/cancelled`];
    for (const id of [rejected, cancelled])
      expect(await start(id, { ...PLAN, targets: { assetIds: assetIds(10, 4) }, approval: {}, waves: [{ name: 'all' }] })).toMatchObject({
        ok: true,
      });
    for (const id of [rejected, cancelled]) await phaseBecomes(id, 'awaiting-approval');
    expect(await update(rejected, 'reject', { by: 'bob', reason: 'not this week' })).toMatchObject({ ok: true });
    expect(await temporal('workflow', 'cancel', '--workflow-id', cancelled)).toMatchObject({ ok: true });
    expect(await report(rejected)).toMatchObject({ status: 'stopped', counts: { skipped: 4 } });
    expect(await report(cancelled)).toMatchObject({ status: 'cancelled', counts: { skipped: 4 } });
    expect((await update(rejected, 'resume', {})).ok).toBe(false);
  });
});
