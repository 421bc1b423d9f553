import { describe, expect, test } from '@jest/globals';
import { overhaul } from '../../../test/support/command-line.js';
import { emptyLedger, openSampleRun } from '../../../test/support/ledger/sample.js';
import { emptyCounts } from '../../domain/run/outcome.js';
import type { TemporalRuns, WorkflowState } from '../../temporal/runs/temporal-runs.js';
import { CommandFailed, EXIT } from '../invocation/context.js';

function deciding(asked: unknown[], state: WorkflowState = 'running'): Partial<TemporalRuns> {
  return {
    async decide(...decision) {
      asked.push(decision);
      return decision[1] === 'retryUnresolved' ? 4 : undefined;
    },
    async cancel(...request) {
      asked.push(request);
    },
    find: async (workflowId) => ({ workflowId, state, startedAt: '2026-08-22T10:00:00.000Z' }),
  };
}

describe('decisions', () => {
  test.each([
    ['retry', 'patch: 4 assets queued again.\n'],
    ['approve', 'patch: Approved.\n'],
  ])('%s of a paused run says that it has to be resumed', async (name, first) => {
    const progress = async () => ({
      ...{ phase: 'running' as const, asOf: '2026-08-22T10:00:00.000Z', counts: { ...emptyCounts(), targeted: 4 } },
      ...{ inFlight: 0, callsUsed: 0, paused: true },
    });
    const ran = await overhaul([name, 'patch'], { temporal: { ...deciding([]), progress } });
    expect(ran.stderr).toBe(`${first}patch is paused: nothing is sent until somebody runs: overhaul resume patch\n`);
    const live = await overhaul([name, 'patch'], {
      temporal: { ...deciding([]), progress: async () => ({ ...(await progress()), paused: false }) },
    });
    expect(live.stderr).toBe(first);
  });

  test('Ctrl-C while the order is on its way says that it may have taken effect, and how to look', async () => {
    let interrupt = (): void => undefined;
    const temporal: Partial<TemporalRuns> = {
      ...deciding([]),
      decide: () => {
        interrupt();
        return new Promise(() => undefined);
      },
    };
    const ran = await overhaul(['approve', 'patch'], {
      temporal,
      onBegin: (press) => {
        interrupt = press;
      },
    });
    expect(ran).toEqual({
      exitCode: 130,
      stdout: '',
      stderr: 'Interrupted. The order may have taken effect. See: overhaul logs patch\n',
    });
  });

  test.each([
    [['approve', 'patch', '--reason', 'x'.repeat(3_000)], 'reason: must have at most 2,000 characters'],
    [['pause', 'patch', '--by', 'k\ud83d'], 'by: contains a lone surrogate'],
    [['cancel', 'patch', '--by', 'x'.repeat(201)], 'by: must have at most 200 characters'],
    [['halt', '--reason', 'a\0'], 'reason: contains a lone surrogate or NUL'],
  ])('%j is refused before anything is asked', async (argv, words) => {
    const asked: unknown[] = [];
    const ran = await overhaul(argv, { temporal: deciding(asked) });
    expect(ran).toMatchObject({ exitCode: EXIT.usage, stderr: expect.stringContaining(words) });
    expect(asked).toEqual([]);
  });

  test.each([
    [
      ['approve', 'patch', '--digest', 'ab12'],
      ['patch', 'approve', { by: 'kim', digest: 'ab12' }],
    ],
    [
      ['reject', 'patch', '--by', 'lee', '--reason', 'not tonight'],
      ['patch', 'reject', { by: 'lee', reason: 'not tonight' }],
    ],
    [
      ['pause', 'patch'],
      ['patch', 'pause', { by: 'kim' }],
    ],
    [
      ['resume', 'patch'],
      ['patch', 'resume', { by: 'kim' }],
    ],
    [
      ['retry', 'patch'],
      ['patch', 'retryUnresolved', { by: 'kim', outcomes: ['failed'] }],
    ],
  ])('%j asks %j', async (argv, expected) => {
    const asked: unknown[] = [];
    const ran = await overhaul(argv, { temporal: deciding(asked) });
    expect(ran).toMatchObject({ exitCode: 0, stdout: '' });
    expect(asked).toEqual([expected]);
  });

  test('cancel asks Temporal, and says who in the audit log', async () => {
    const { env, ledger } = await emptyLedger();
    await openSampleRun(ledger, 'patch', ['1']);
    const asked: unknown[] = [];
    const ran = await overhaul(['cancel', 'patch', '--reason', 'enough'], { env, temporal: deciding(asked) });
    expect(ran).toEqual({ exitCode: 0, stdout: '', stderr: 'patch: Cancelling. Follow it with: overhaul watch patch\n' });
    expect(asked).toEqual([['patch', { by: 'kim', reason: 'enough' }]]);
    expect(await ledger.audit.of('patch')).toMatchObject([
      { actor: 'kim', verified: false, action: 'cancel', detail: '{"reason":"enough"}' },
    ]);
    await ledger.close();
  });

  test('cancel without a ledger says who remembers', async () => {
    const asked: unknown[] = [];
    const world = { env: { OVERHAUL_DATABASE_URL: 'sqlite:/nowhere/ledger.db' }, temporal: deciding(asked) };
    const ran = await overhaul(['cancel', 'patch', '--json'], world);
    expect(JSON.parse(ran.stdout)).toEqual({ workflowId: 'patch', decision: 'cancel' });
    expect(ran.stderr).toBe("Note: no ledger here, so only Temporal's history records who cancelled patch.\n");
  });

  test('cancel of a run that has ended says so and asks nothing', async () => {
    const asked: unknown[] = [];
    const ran = await overhaul(['cancel', 'patch'], { temporal: deciding(asked, 'completed') });
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
    expect(ran.stderr).toContain('patch has already ended (completed). Nothing to cancel.');
    expect(asked).toEqual([]);
  });

  test('retry tells how many assets were queued again, and warns of a second copy', async () => {
    const ran = await overhaul(['retry', 'patch', '--outcomes', 'failed,unverified', '--json'], { temporal: deciding([]) });
    expect(JSON.parse(ran.stdout)).toEqual({ workflowId: 'patch', decision: 'retryUnresolved', result: 4 });
    expect(ran.stderr).toContain('the first copy may still be running on unverified assets');
  });

  test('retry of a run that has ended without a ledger says what it needs', async () => {
    const asked: unknown[] = [];
    const world = { env: { OVERHAUL_DATABASE_URL: 'sqlite:/nowhere/ledger.db' }, temporal: deciding(asked, 'completed') };
    const ran = await overhaul(['retry', 'patch'], world);
    expect([ran.exitCode, asked]).toEqual([2, []]);
    expect(ran.stderr).toContain('No ledger at /nowhere/ledger.db');
  });

  test('retry of an outcome that cannot be retried asks nothing', async () => {
    const asked: unknown[] = [];
    const ran = await overhaul(['retry', 'patch', '--outcomes', 'succeeded'], { temporal: deciding(asked) });
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain('outcomes[0]');
    expect(asked).toEqual([]);
  });

  test('a refused decision exits 1 with the reason of the run', async () => {
    const decide = async () =>
      Promise.reject(new CommandFailed(EXIT.notSucceeded, 'The run patch refused: Nothing is waiting for approval.'));
    const ran = await overhaul(['approve', 'patch'], { temporal: { decide, find: async () => undefined } });
    expect(ran).toMatchObject({ exitCode: 1, stderr: 'The run patch refused: Nothing is waiting for approval.\n' });
  });

  test('a decision about what has ended says so: Temporal has the same words for what it never knew', async () => {
    const decide = async () => Promise.reject(new CommandFailed(EXIT.usage, 'Temporal has no live run patch'));
    const find = async (workflowId: string) =>
      ({ workflowId, state: 'completed', startedAt: '2026-08-22T10:00:00.000Z', closedAt: '2026-08-22T10:30:00.000Z' }) as const;
    expect(await overhaul(['resume', 'patch'], { temporal: { decide, find } })).toMatchObject({
      exitCode: 2,
      stderr: 'patch has already ended (completed at 2026-08-22T10:30:00.000Z). Nothing to resume. For details: overhaul show patch\n',
    });
  });
});
