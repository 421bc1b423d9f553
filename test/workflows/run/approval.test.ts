import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { TemporalRuns } from '../../../src/temporal/runs/temporal-runs.js';
import type { RunStart } from '../../../src/temporal/start-run.js';
import { adjust, approve, pause, reject } from '../../../src/workflows/shared/messages.js';
import { overhaul } from '../../support/command-line.js';
import { type TimeSkipping, timeSkipping } from '../../support/product/time-skipping.js';
import {
  assetIds,
  eventually,
  openProductHarness,
  type ProductHarness,
  phaseBecomes,
  progressOf,
  type RunHandle,
  requestFor,
  type StartOptions,
} from '../product-harness.js';

const THREE_DAYS_MS = 3 * 86_400_000;

describe('a run that has to be approved', () => {
  let harness: ProductHarness;
  let skipping: TimeSkipping;

  beforeAll(async () => {
    harness = await openProductHarness('approval', { policy: { approval: { aboveAssets: 2 } } });
    skipping = await timeSkipping(harness.env);
  }, 600_000);

  afterAll(async () => {
    await skipping?.close();
    await harness?.close();
  });

  test('is one with more assets than the policy lets pass; others start at once', async () => {
    expect((await harness.run(requestFor(assetIds(0, 2)))).status).toBe('succeeded');
    const handle = await waiting(3);
    const { pending, counts } = await progressOf(handle);
    expect(pending).toEqual({ kind: 'run', digest: expect.stringMatching(/^[0-9a-f]{64}$/), approvals: [] });
    expect([counts.pending, sent(assetIds(10, 3))]).toEqual([3, 0]);
    await handle.executeUpdate(approve, { args: [{ by: 'lee', digest: pending?.digest ?? '' }] });
    expect((await handle.result()).status).toBe('succeeded');
    expect(await progressOf(handle)).toMatchObject({ phase: 'finished', inFlight: 0, counts: { targeted: 3, succeeded: 3, running: 0 } });
    const entries = await harness.product.ledger.audit.of(handle.workflowId);
    expect(entries.map(({ action, actor }) => [action, actor])).toEqual([
      ['await-approval', undefined],
      ['approve', 'lee'],
      ['start', undefined],
    ]);
  });

  test('is not approved by who asked for it, for another digest, or when it is not waiting any more', async () => {
    const handle = await waiting(4, { requestedBy: 'kim' });
    expect(await refusalOf(handle, { by: 'kim' })).toBe('kim requested this run and may not approve it: somebody else has to.');
    expect(await refusalOf(handle, { by: 'lee', digest: 'abc' })).toMatch(
      /^The digest abc is not the pending one, [0-9a-f]+\. Review what you approve/,
    );
    await handle.executeUpdate(approve, { args: [{ by: 'lee' }] });
    expect((await handle.result()).status).toBe('succeeded');
  });

  test('of a playbook needs as many different approvers as its quorum says, of those it names', async () => {
    const memo = { approval: { quorum: 2, approvers: ['ann', 'bob'] } };
    const handle = await waiting(1, {}, { memo });
    expect(await refusalOf(handle, { by: 'eve' })).toBe('eve is not among the approvers.');
    await handle.executeUpdate(approve, { args: [{ by: 'ann' }] });
    expect(await refusalOf(handle, { by: 'ann' })).toBe('ann has already approved.');
    expect((await progressOf(handle)).pending?.approvals).toEqual(['ann']);
    await handle.executeUpdate(approve, { args: [{ by: 'bob' }] });
    expect((await handle.result()).status).toBe('succeeded');
  });

  test('may be approved by its requester where the playbook says so', async () => {
    const handle = await waiting(1, { requestedBy: 'ann' }, { memo: { approval: { allowRequester: true } } });
    await handle.executeUpdate(approve, { args: [{ by: 'ann' }] });
    expect((await handle.result()).status).toBe('succeeded');
  });

  test('stops with nothing sent when it is rejected, also by its requester', async () => {
    const handle = await waiting(3, { requestedBy: 'kim', followUp: { kind: 'recheck', on: 'always', after: '1h' } });
    await handle.executeUpdate(reject, { args: [{ by: 'kim', reason: 'wrong hosts' }] });
    const report = await handle.result();
    expect(report).toMatchObject({ status: 'stopped', executions: 0, counts: { targeted: 3, skipped: 3 } });
    expect(report.followUp).toBeUndefined();
    expect((await harness.rows(handle.workflowId))[0]).toMatchObject({ outcome: 'skipped', reason: 'rejected' });
  });

  test('stops with nothing sent when nobody approves it in time', async () => {
    const memo = { approval: { expires: THREE_DAYS_MS } };
    const handle = await harness.start(requestFor(assetIds(0, 1)), { memo, client: skipping.client });
    expect(await handle.result()).toMatchObject({ status: 'stopped', executions: 0, counts: { targeted: 1, skipped: 1 } });
    expect((await harness.rows(handle.workflowId))[0]).toMatchObject({ outcome: 'skipped', reason: 'approval-expired' });
  });

  test('is asked about by the digest that its dry run printed', async () => {
    const env = { QUALYS_URL: harness.product.simulator.url, QUALYS_USERNAME: 'demo', QUALYS_PASSWORD: 'demo' };
    const argv = [
      'run',
      '--script',
      '72648',
      '--assets',
      assetIds(20, 3).join(','),
      '--poll',
      '1s',
      '--deadline',
      '1m',
      '--output',
      'none',
    ];
    const plan = JSON.parse((await overhaul([...argv, '--dry-run', '--json'], { env })).stdout) as { digest: string };
    const starts: RunStart[] = [];
    const temporal: Partial<TemporalRuns> = {
      async start(start) {
        starts.push(start);
        return { kind: 'started' };
      },
    };
    await overhaul(argv, { env, temporal });
    const handle = await harness.start(starts[0]?.input);
    await phaseBecomes(handle, 'awaiting-approval');
    expect((await progressOf(handle)).pending?.digest).toBe(plan.digest);
    await handle.executeUpdate(approve, { args: [{ by: 'lee', digest: plan.digest }] });
    expect((await handle.result()).status).toBe('succeeded');
  });

  test('is asked about again when its limits are adjusted meanwhile, and what was given is void', async () => {
    const handle = await waiting(1, {}, { memo: { approval: { quorum: 2 } } });
    const digest = async () => (await progressOf(handle)).pending?.digest ?? '';
    const first = await digest();
    await handle.executeUpdate(approve, { args: [{ by: 'ann', digest: first }] });
    await handle.executeUpdate(adjust, { args: [{ by: 'eve', maxInFlight: 40 }] });
    const { pending } = await progressOf(handle);
    expect(pending).toMatchObject({ kind: 'run', approvals: [] });
    expect(pending?.digest).not.toBe(first);
    expect(await refusalOf(handle, { by: 'bob', digest: first })).toContain(`The digest ${first} is not the pending one`);
    // The same limits again are another order, and no other plan.
    await handle.executeUpdate(adjust, { args: [{ by: 'eve', maxInFlight: 40 }] });
    await handle.executeUpdate(approve, { args: [{ by: 'ann', digest: await digest() }] });
    await handle.executeUpdate(adjust, { args: [{ by: 'eve', maxInFlight: 40 }] });
    expect(await progressOf(handle)).toMatchObject({ phase: 'awaiting-approval', pending: { approvals: ['ann'] } });
    await handle.executeUpdate(approve, { args: [{ by: 'bob' }] });
    expect((await handle.result()).status).toBe('succeeded');
    const entries = await harness.product.ledger.audit.of(handle.workflowId);
    const voided = entries.filter(({ action }) => action === 'approvals-voided');
    expect(voided).toEqual([expect.objectContaining({ actor: 'eve', detail: expect.stringContaining(`"was":"${first}"`) })]);
    expect(entries.find(({ action }) => action === 'start')?.detail).toContain(pending?.digest);
  });

  test('adjusted in the very moment of its last approval never starts under limits that nobody has seen', async () => {
    const handle = await waiting(3);
    const { pending } = await progressOf(handle);
    const [approval] = await Promise.allSettled([
      handle.executeUpdate(approve, { args: [{ by: 'lee', digest: pending?.digest ?? '' }] }),
      handle.executeUpdate(adjust, { args: [{ by: 'eve', deadline: '5h' }] }),
    ]);
    const entries = async () => (await harness.product.ledger.audit.of(handle.workflowId)).map(({ action }) => action);
    const seen = await eventually(
      async () => ({ progress: await progressOf(handle), actions: await entries() }),
      ({ progress, actions }) =>
        progress.phase === 'awaiting-approval' ? progress.pending !== undefined && actions.includes('adjust') : actions.includes('start'),
    );
    if (seen.progress.pending) {
      expect(seen.progress.pending.digest).not.toBe(pending?.digest);
      await handle.executeUpdate(approve, { args: [{ by: 'lee', digest: seen.progress.pending.digest }] });
    } else expect(approval?.status).toBe('fulfilled');
    expect((await handle.result()).status).toBe('succeeded');
    const actions = await entries();
    // Whatever came first: what was adjusted before the start was approved again, with its own digest.
    if (actions.indexOf('adjust') < actions.indexOf('start'))
      expect(actions.lastIndexOf('approve')).toBeGreaterThan(actions.indexOf('adjust'));
  });

  test('stays paused when it is paused first and approved then', async () => {
    const handle = await waiting(3);
    await handle.executeUpdate(pause, { args: [{ by: 'kim' }] });
    await handle.executeUpdate(approve, { args: [{ by: 'lee' }] });
    await phaseBecomes(handle, 'paused');
    await handle.cancel();
    expect(await handle.result()).toMatchObject({ status: 'cancelled', executions: 0, counts: { skipped: 3 } });
  });

  async function waiting(count: number, more: object = {}, options: StartOptions = {}): Promise<RunHandle> {
    const handle = await harness.start(requestFor(assetIds(10, count), more), options);
    await phaseBecomes(handle, 'awaiting-approval');
    return handle;
  }

  function sent(assets: readonly number[]): number {
    const hits = harness.product.simulator.state.executionsPerAsset();
    return assets.reduce((sum, asset) => sum + (hits.get(String(asset)) ?? 0), 0);
  }
});

async function refusalOf(handle: RunHandle, decision: { by: string; digest?: string }): Promise<string> {
  try {
    await handle.executeUpdate(approve, { args: [decision] });
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) return error.cause?.message ?? '';
    throw error;
  }
  throw new Error(`The approval ${JSON.stringify(decision)} was accepted.`);
}
