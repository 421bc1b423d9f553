import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { approve, pause, reject } from '../../src/workflows/messages.js';
import { type TimeSkipping, timeSkipping } from '../support/time-skipping.js';
import { assetIds, openStage, phaseBecomes, progressOf, type RunHandle, requestFor, type Stage, type StartOptions } from './stage.js';

const THREE_DAYS_MS = 3 * 86_400_000;

describe('a run that has to be approved', () => {
  let stage: Stage;
  let skipping: TimeSkipping;

  beforeAll(async () => {
    stage = await openStage('approval', { policy: { approval: { aboveAssets: 2 } } });
    skipping = await timeSkipping(stage.env);
  }, 120_000);

  afterAll(async () => {
    await skipping?.close();
    await stage?.close();
  });

  test('is one with more assets than the policy lets pass; others start at once', async () => {
    expect((await stage.run(requestFor(assetIds(0, 2)))).status).toBe('succeeded');
    const handle = await waiting(3);
    const { pending, counts } = await progressOf(handle);
    expect(pending).toEqual({ kind: 'run', digest: expect.stringMatching(/^[0-9a-f]{8,}$/), approvals: [] });
    expect([counts.pending, sent(assetIds(10, 3))]).toEqual([3, 0]);
    await handle.executeUpdate(approve, { args: [{ by: 'lee', digest: pending?.digest ?? '' }] });
    expect((await handle.result()).status).toBe('succeeded');
    expect(await progressOf(handle)).toMatchObject({ phase: 'finished', inFlight: 0, counts: { targeted: 3, succeeded: 3, running: 0 } });
    const entries = await stage.rig.ledger.audit.of(handle.workflowId);
    expect(entries.map(({ action, actor }) => [action, actor])).toEqual([
      ['await-approval', undefined],
      ['approve', 'lee'],
      ['start', undefined],
    ]);
  });

  test('is not approved by who asked for it, for another digest, or when it is not waiting any more', async () => {
    const handle = await waiting(4, { requestedBy: 'kim' });
    expect(await refusalOf(handle, { by: 'kim' })).toBe('kim asked for this run and may not approve it.');
    expect(await refusalOf(handle, { by: 'lee', digest: 'abc' })).toMatch(/^The digest abc is not the pending one, [0-9a-f]+: look again/);
    await handle.executeUpdate(approve, { args: [{ by: 'lee' }] });
    expect((await handle.result()).status).toBe('succeeded');
  });

  test('of a playbook needs as many different approvers as its quorum says, of those it names', async () => {
    const memo = { approval: { quorum: 2, approvers: ['ann', 'bob'] } };
    const handle = await waiting(1, {}, { memo });
    expect(await refusalOf(handle, { by: 'eve' })).toBe('eve is not among the approvers.');
    await handle.executeUpdate(approve, { args: [{ by: 'ann' }] });
    expect(await refusalOf(handle, { by: 'ann' })).toBe('ann has approved already.');
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
    expect((await stage.rows(handle.workflowId))[0]).toMatchObject({ outcome: 'skipped', reason: 'rejected' });
  });

  test('stops with nothing sent when nobody approves it in time', async () => {
    const memo = { approval: { expires: THREE_DAYS_MS } };
    const handle = await stage.start(requestFor(assetIds(0, 1)), { memo, client: skipping.client });
    expect(await handle.result()).toMatchObject({ status: 'stopped', executions: 0, counts: { targeted: 1, skipped: 1 } });
    expect((await stage.rows(handle.workflowId))[0]).toMatchObject({ outcome: 'skipped', reason: 'approval-expired' });
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
    const handle = await stage.start(requestFor(assetIds(10, count), more), options);
    await phaseBecomes(handle, 'awaiting-approval');
    return handle;
  }

  function sent(assets: readonly number[]): number {
    const hits = stage.rig.simulator.state.executionsPerAsset();
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
