import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { overhaul } from '../../../test/support/command-line.js';
import { rewriteRun } from '../../../test/support/ledger/damage.js';
import { closeSampleRun, emptyLedger, openSampleRun, type SampleLedger } from '../../../test/support/ledger/sample.js';
import { find } from '../../../test/support/ledger/scenario.js';
import type { TemporalRuns } from '../../temporal/runs/temporal-runs.js';
import type { RunStart } from '../../temporal/start-run.js';

let sample: SampleLedger;
let starts: RunStart[];
let temporal: Partial<TemporalRuns>;

beforeEach(async () => {
  sample = await emptyLedger();
  starts = [];
  temporal = {
    find: async (workflowId) => ({ workflowId, state: 'completed', startedAt: '2026-08-22T10:00:00.000Z' }),
    async start(start) {
      starts.push(start);
      return { kind: 'started' };
    },
  };
});
afterEach(() => sample.ledger.close());

const retry = (...argv: string[]) => overhaul(['retry', ...argv], { env: sample.env, temporal });

/** A finished run of script 72648 on assets 1 to 4, of which these outcomes are. */
async function finished(outcomes: Record<string, string>, id = 'patch'): Promise<void> {
  const { ledger } = sample;
  await openSampleRun(ledger, id, ['1', '2', '3', '4']);
  for (const [assetId, outcome] of Object.entries(outcomes)) await find(ledger, { outcome }, { runId: id, assetId });
  await closeSampleRun(ledger, id);
}

describe('overhaul retry on a run that has ended', () => {
  test('starts a linked run over what failed, with the request of before, and says who in both audit logs', async () => {
    await finished({ 1: 'succeeded', 2: 'failed', 3: 'failed', 4: 'unverified' });
    const ran = await retry('patch', '--reason', 'the mirror is back');
    expect([ran.exitCode, ran.stdout]).toEqual([0, 'patch/retry-1\n']);
    expect(ran.stderr).toContain('It has 2 assets that failed in patch.');
    expect(starts).toEqual([
      expect.objectContaining({
        workflow: 'remediationRun',
        workflowId: 'patch/retry-1',
        taskQueue: 'overhaul',
        memo: { retryOf: 'patch', recheckOf: 'patch', retriedBy: 'kim' },
        input: expect.objectContaining({
          script: '72648',
          requestedBy: 'kim',
          reason: 'retry of patch: the mirror is back',
          targets: { assetIds: ['2', '3'] },
        }),
      }),
    ]);
    expect(await sample.ledger.audit.of('patch')).toMatchObject([
      {
        actor: 'kim',
        action: 'retry-linked',
        detail: '{"reason":"the mirror is back","workflowId":"patch/retry-1","outcomes":["failed"],"assets":2}',
      },
    ]);
    expect(await sample.ledger.audit.of('patch/retry-1')).toMatchObject([{ actor: 'kim', action: 'retry-of' }]);
  });

  test('keeps the content that ran, by id, and the approval that it was started with', async () => {
    const approval = { quorum: 2, approvers: ['ann', 'bob'], expires: 3_600_000 };
    await finished({ 1: 'failed', 2: 'succeeded', 3: 'succeeded', 4: 'succeeded' });
    await rewriteRun(sample.ledger, { scriptSha256: 'a'.repeat(64), approval: JSON.stringify(approval) }, { id: 'patch' });
    await retry('patch');
    expect(starts[0]).toMatchObject({ memo: { approval }, input: { script: '72648', scriptSha256: 'a'.repeat(64) } });
  });

  test('does not start a second one over the same outcomes: the first may have fixed them', async () => {
    await finished({ 1: 'failed', 2: 'unverified', 3: 'succeeded', 4: 'succeeded' });
    expect((await retry('patch')).exitCode).toBe(0);
    const again = await retry('patch', '--outcomes', 'failed,unverified');
    expect([again.exitCode, starts.length]).toEqual([2, 1]);
    expect(again.stderr).toContain(
      'The failed assets of patch are already in patch/retry-1. Retry what it left: overhaul retry patch/retry-1\n',
    );
    const others = await retry('patch', '--outcomes', 'unverified', '--json');
    expect(JSON.parse(others.stdout)).toEqual({ workflowId: 'patch/retry-2', retryOf: 'patch', assets: 1 });
    expect(others.stderr).toContain('the first copy may still be running on unverified assets');
  });

  test('overrides the rule against a second copy only where an outcome is named that says so', async () => {
    await finished({ 1: 'failed', 2: 'unverified', 3: 'succeeded', 4: 'succeeded' });
    await retry('patch');
    await retry('patch', '--outcomes', 'unverified');
    expect(starts.map(({ input }) => (input as { targets: object }).targets)).toEqual([
      { assetIds: ['1'] },
      { assetIds: ['2'], despiteOpenCopies: true },
    ]);
  });

  test('starts another one where the first was refused before anything was sent', async () => {
    await finished({ 1: 'failed', 2: 'succeeded', 3: 'succeeded', 4: 'succeeded' });
    await retry('patch');
    await openSampleRun(sample.ledger, 'patch/retry-1', ['1']);
    await sample.ledger.runs.abandon('patch/retry-1');
    expect((await retry('patch')).stdout).toBe('patch/retry-2\n');
  });

  test('says so when nothing is left, when it is not closed yet, and when nobody knows it', async () => {
    await finished({ 1: 'succeeded', 2: 'succeeded', 3: 'succeeded', 4: 'succeeded' });
    expect((await retry('patch')).stderr).toContain('patch has no assets with outcome failed. Nothing to retry.');
    await openSampleRun(sample.ledger, 'terminated', ['1']);
    const early = await retry('terminated');
    expect([early.exitCode, starts]).toEqual([1, []]);
    expect(early.stderr).toContain('terminated has ended without its report. A worker closes it within a few minutes');
    temporal.find = async () => undefined;
    expect((await retry('nobody')).stderr).toBe('No run nobody. List runs with: overhaul list\n');
  });
});
