// What follows a run asks the same people, runs the content that ran, and goes nowhere where an earlier copy may still run.

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { TemporalRuns } from '../../../src/temporal/runs/temporal-runs.js';
import type { RunStart } from '../../../src/temporal/start-run.js';
import { overhaul } from '../../support/command-line.js';
import { urlOf } from '../../support/ledger/sqlite.js';
import {
  assetIds,
  eventually,
  failureOf,
  openProductHarness,
  outcomes,
  type ProductHarness,
  phaseBecomes,
  type RunHandle,
  requestFor,
} from '../product-harness.js';

const [FAILING, AWAY] = [100, 200] as const;
const SPEED = 600;
const approval = { quorum: 1, approvers: ['bob'] };
const SCRIPTS = [1, 2, 3, 4, 5].map((id) => ({
  ...{ id, title: `Patch ${id}`, status: 'APPROVED', platform: 'LINUX', content: 'echo one' },
}));

describe('what follows a run', () => {
  let harness: ProductHarness;

  beforeAll(async () => {
    harness = await openProductHarness('what-follows', {
      simulator: {
        ...{ scripts: SCRIPTS, failAssets: assetIds(FAILING, 50), failAttempts: 1 },
        ...{ offlineAssets: assetIds(AWAY, 5), offlineForMs: 3_600_000 * SPEED },
      },
      policy: { approval: { aboveAssets: 3 } },
    });
  }, 600_000);

  afterAll(() => harness?.close());

  const executionsOf = (script: number) =>
    harness.product.simulator.state.executions.filter(({ scriptId }) => scriptId === String(script)).length;
  const handleOf = (id: string) => harness.env.client.workflow.getHandle(id) as unknown as RunHandle;
  const approve = (handle: RunHandle, by: string) => handle.executeUpdate('approve', { args: [{ by }] });
  const begun = (handle: RunHandle) =>
    eventually(
      () => harness.product.ledger.runs.get(handle.workflowId),
      (run) => run !== undefined,
    );

  async function approved(handle: RunHandle) {
    await phaseBecomes(handle, 'awaiting-approval');
    await approve(handle, 'bob');
    return handle.result();
  }

  /** `overhaul retry` on a run that has ended. */
  async function retried(parent: string, ...options: string[]): Promise<RunHandle> {
    const temporal: Partial<TemporalRuns> = {
      find: async (workflowId) => ({ workflowId, state: 'completed', startedAt: '2026-08-22T10:00:00.000Z' }),
      async start({ workflow = 'remediationRun', workflowId, input, memo }: RunStart) {
        await harness.env.client.workflow.start(workflow, {
          workflowId,
          taskQueue: harness.taskQueue,
          args: [input],
          ...(memo ? { memo } : {}),
        });
        return { kind: 'started' };
      },
    };
    const env = { OVERHAUL_DATABASE_URL: await urlOf(harness.product.ledger) };
    const ran = await overhaul(['retry', parent, ...options], { env, temporal });
    expect(ran).toMatchObject({ exitCode: 0 });
    const handle = handleOf(ran.stdout.trim());
    await begun(handle);
    return handle;
  }

  /** Nothing is sent before bob, whom the playbook named, has approved; a changed script ends it instead. */
  async function asksAgain(handle: RunHandle, script: number, isChanged: boolean): Promise<void> {
    const before = executionsOf(script);
    await phaseBecomes(handle, 'awaiting-approval');
    await expect(approve(handle, 'eve')).rejects.toThrow(WorkflowUpdateFailedError);
    expect(executionsOf(script)).toBe(before);
    if (isChanged) harness.product.simulator.state.changeScript(script, { content: 'echo two' });
    await approve(handle, 'bob');
    if (isChanged) expect(await failureOf(handle)).toMatchObject({ type: 'ScriptNotRunnable' });
    else expect(await handle.result()).toMatchObject({ status: 'succeeded', counts: { targeted: 1, succeeded: 1 } });
    expect(executionsOf(script)).toBe(before + (isChanged ? 0 : 1));
  }

  test.each([
    ['waits for the approval of its playbook', 1, false],
    ['is refused when its script has changed meanwhile', 2, true],
  ])('a recheck %s', async (_, script, isChanged) => {
    const followUp = { kind: 'recheck', on: 'unresolved', after: '1s' } as const;
    const handle = await harness.start(requestFor(assetIds(FAILING + script, 1), { script, followUp }), { memo: { approval } });
    expect(await approved(handle)).toMatchObject({ status: 'failed' });
    const recheck = handleOf(`${handle.workflowId}/recheck`);
    await begun(recheck);
    await asksAgain(recheck, script, isChanged);
  });

  test.each([
    ['waits for the approval of its playbook', 3, false],
    ['is refused when its script has changed meanwhile', 4, true],
  ])('a linked run %s', async (_, script, isChanged) => {
    const handle = await harness.start(requestFor(assetIds(FAILING + script, 1), { script }), { memo: { approval } });
    expect(await approved(handle)).toMatchObject({ status: 'failed' });
    await asksAgain(await retried(handle.workflowId), script, isChanged);
  });

  test('a small linked run of a big one is asked about by its own size, as policy has it', async () => {
    const handle = await harness.start(requestFor([...assetIds(0, 4), ...assetIds(FAILING + 10, 1)], { script: 5 }));
    expect(await approved(handle)).toMatchObject({ status: 'partial', counts: { targeted: 5, failed: 1 } });
    expect(await (await retried(handle.workflowId)).result()).toMatchObject({ status: 'succeeded', counts: { targeted: 1 } });
  });

  test('a recheck and another run leave alone what may still run, and name whose copy it is; a linked run is told it, and says so', async () => {
    const away = String(assetIds(AWAY, 1)[0]);
    const jobsOf = () => harness.product.simulator.state.executions.filter(({ assetIds: sent }) => sent?.map(String).includes(away)).length;
    const followUp = { kind: 'recheck', on: 'always', after: '1s' } as const;
    const ids = [...assetIds(AWAY, 1), ...assetIds(20, 1)];
    const handle = await harness.start(requestFor(ids, { script: 5, deadline: '3s', followUp }));
    expect(await handle.result()).toMatchObject({ counts: { unreachable: 1, succeeded: 1 } });
    const recheck = handleOf(`${handle.workflowId}/recheck`);
    await begun(recheck);
    await recheck.result();
    const skipped = `skipped: open-copy: run ${handle.workflowId}`;
    // Only what may be sent to is rechecked; the parent's own line says what happened to the other.
    expect(outcomes(await harness.rows(recheck.workflowId))).toEqual({ [String(assetIds(20, 1)[0])]: 'succeeded' });
    expect(outcomes(await harness.rows(handle.workflowId))[away]).toMatch(/^unreachable/);
    const second = await harness.start(requestFor(ids, { script: 5 }));
    await second.result();
    expect(outcomes(await harness.rows(second.workflowId))[away]).toBe(skipped);
    expect(jobsOf()).toBe(1);
    // Whoever names the outcome overrides it, and the report says so.
    const linked = await retried(handle.workflowId, '--outcomes', 'unreachable');
    const report = await linked.result();
    expect(report.warnings?.join()).toContain('despiteOpenCopies');
    expect(jobsOf()).toBe(2);
  });
});
