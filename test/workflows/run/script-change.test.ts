import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { age } from '../../support/ledger/scenario.js';
import {
  assetIds,
  eventually,
  failureOf,
  openProductHarness,
  type ProductHarness,
  phaseBecomes,
  progressOf,
  type RunHandle,
  requestFor,
} from '../product-harness.js';

const sha256 = (content: string) => createHash('sha256').update(content).digest('hex');

describe('a script that changes after the run was opened', () => {
  let harness: ProductHarness;

  beforeAll(async () => {
    harness = await openProductHarness('script-change', {
      simulator: {
        scripts: [1, 2, 3, 4, 5, 6, 7].map((id) => ({
          ...{ id, title: `Patch ${id}`, status: 'APPROVED', platform: 'LINUX', content: 'echo one' },
        })),
      },
    });
  }, 600_000);

  afterAll(() => harness?.close());

  const changeScript = (id: number, change: { status?: string; content?: string }) =>
    harness.product.simulator.state.changeScript(id, change);
  const executionsOf = (id: number) => harness.product.simulator.state.executions.filter(({ scriptId }) => scriptId === String(id)).length;
  const readsOf = (id: number) => harness.product.simulator.state.calls.filter(({ path }) => path.endsWith(`/scripts/${id}`)).length;
  const sentFrom = (id: number, count: number) =>
    eventually(
      async () => executionsOf(id),
      (executions) => executions === count,
    );

  test.each([
    ['pinned by its request', 1, { scriptSha256: sha256('echo one') }, 'the request pins'],
    ['pinned by what it was opened with', 2, {}, 'the run was opened with'],
  ])('ends a run that waited for its approval, %s, before anything is sent', async (_, script, pin, pinned) => {
    const handle = await harness.start(requestFor(assetIds(script * 5, 2), { script, ...pin }), { memo: { approval: { quorum: 1 } } });
    await phaseBecomes(handle, 'awaiting-approval');
    changeScript(script, { content: 'echo two' });
    await handle.executeUpdate('approve', { args: [{ by: 'bob' }] });
    const failure = await failureOf(handle);
    expect(failure).toMatchObject({
      type: 'ScriptNotRunnable',
      message: `Script ${script} (Patch ${script}) has content hash ${sha256('echo two')}, ${pinned} ${sha256('echo one')}. It has changed since.`,
    });
    expect(executionsOf(script)).toBe(0);
  });

  test('and is what it was again by its approval is no change', async () => {
    const handle = await harness.start(requestFor(assetIds(20, 2), { script: 3 }), { memo: { approval: { quorum: 1 } } });
    await phaseBecomes(handle, 'awaiting-approval');
    changeScript(3, { content: 'echo two' });
    changeScript(3, { content: 'echo one' });
    await handle.executeUpdate('approve', { args: [{ by: 'bob' }] });
    expect(await handle.result()).toMatchObject({ status: 'succeeded', executions: 1 });
    // Once to open it, once behind its approval.
    expect(readsOf(3)).toBe(2);
  });

  const behind = async (handle: RunHandle, script: number, waits: () => Promise<unknown>, goOn: () => Promise<unknown>) => {
    await sentFrom(script, 1);
    await waits();
    changeScript(script, { content: 'echo two' });
    await goOn();
    const { blocked } = await eventually(
      () => progressOf(handle),
      ({ phase }) => phase === 'blocked',
    );
    expect(blocked).toContain(`has content hash ${sha256('echo two')}, the run was opened with ${sha256('echo one')}`);
    expect(executionsOf(script)).toBe(1);
    await handle.cancel();
    expect(await handle.result()).toMatchObject({ status: 'cancelled', executions: 1 });
  };

  test('during a pause holds back a run that has sent something', async () => {
    const handle = await harness.start(requestFor(assetIds(30, 30), { script: 4, maxInFlight: 1 }));
    const by = { args: [{ by: 'bob' }] as [object] };
    await behind(
      handle,
      4,
      () => handle.executeUpdate('pause', by),
      () => handle.executeUpdate('resume', by),
    );
  });

  test('during a halt, too', async () => {
    const handle = await harness.start(requestFor(assetIds(60, 30), { script: 5, maxInFlight: 1 }));
    const { killSwitch } = harness.product.ledger;
    await behind(
      handle,
      5,
      () => killSwitch.halt({ by: 'bob' }),
      () => killSwitch.unhalt({ by: 'bob' }),
    );
  });

  test('in its state holds it back, until it is what it was', async () => {
    const handle = await harness.start(requestFor(assetIds(90, 30), { script: 6, maxInFlight: 1 }));
    await sentFrom(6, 1);
    // Its last reading is older than one is trusted.
    await age(harness.product.ledger, 3_600_000, { of: ['scriptCheckedAt'], where: { id: handle.workflowId } });
    changeScript(6, { status: 'PENDING_REVIEW' });
    const { blocked } = await eventually(
      () => progressOf(handle),
      ({ phase }) => phase === 'blocked',
    );
    expect(blocked).toContain('Only approved scripts may run');
    expect(executionsOf(6)).toBe(1);
    await handle.cancel();
    expect(await handle.result()).toMatchObject({ status: 'cancelled', executions: 1 });
  });

  test('is read once by a run that waits for nothing', async () => {
    expect(await harness.run(requestFor(assetIds(120, 60), { script: 7 }))).toMatchObject({ status: 'succeeded', executions: 3 });
    expect(readsOf(7)).toBe(1);
  });
});
