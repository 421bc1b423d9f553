import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { assetIds, eventually, failureOf, openStage, phaseBecomes, progressOf, requestFor, type Stage } from './stage.js';

describe('a script that changes after the run was opened', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await openStage('script-change', {
      simulator: {
        scripts: [1, 2].map((id) => ({ id, title: `Patch ${id}`, status: 'APPROVED', platform: 'LINUX', content: 'echo one' })),
      },
    });
  }, 120_000);

  afterAll(() => stage?.close());

  /** The run was opened longer ago than its script's reading is trusted. */
  const age = (runId: string) => stage.rig.ledger.database.run('UPDATE runs SET created_at = created_at - 3600000 WHERE id = ?', [runId]);

  test('ends a run that waited for its approval, before anything is sent', async () => {
    const handle = await stage.start(requestFor(assetIds(0, 2), { script: 1 }), { memo: { approval: { quorum: 1 } } });
    await phaseBecomes(handle, 'awaiting-approval');
    await age(handle.workflowId);
    stage.rig.simulator.state.changeScript(1, { content: 'echo two' });
    await handle.executeUpdate('approve', { args: [{ by: 'bob' }] });
    const failure = await failureOf(handle);
    expect(failure).toMatchObject({ type: 'ScriptNotRunnable', message: expect.stringContaining('it was changed since') });
    expect(stage.rig.simulator.state.executions).toHaveLength(0);
  });

  test('holds back a run that has sent something, until the script is what it was', async () => {
    const handle = await stage.start(requestFor(assetIds(10, 30), { script: 2, maxInFlight: 1 }));
    await eventually(
      async () => stage.rig.simulator.state.executions.length,
      (executions) => executions === 1,
    );
    await age(handle.workflowId);
    stage.rig.simulator.state.changeScript(2, { status: 'PENDING_REVIEW' });
    const { blocked } = await eventually(
      () => progressOf(handle),
      ({ phase }) => phase === 'blocked',
    );
    expect(blocked).toContain('only an approved script may run');
    expect(stage.rig.simulator.state.executions).toHaveLength(1);
    await handle.cancel();
    expect(await handle.result()).toMatchObject({ status: 'cancelled', executions: 1 });
  });
});
