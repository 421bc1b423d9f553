import { describe, expect, test } from '@jest/globals';
import { overhaul } from '../../test/support/command-line.js';
import { CommandFailed, EXIT } from './context.js';
import type { TemporalRuns, WorkflowState } from './temporal-runs.js';

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
      ['cancel', 'patch', '--reason', 'enough'],
      ['patch', { by: 'kim', reason: 'enough' }],
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

  test('retry tells how many assets were put back, and warns of a second copy', async () => {
    const ran = await overhaul(['retry', 'patch', '--outcomes', 'failed,unverified', '--json'], { temporal: deciding([]) });
    expect(JSON.parse(ran.stdout)).toEqual({ workflowId: 'patch', decision: 'retryUnresolved', result: 4 });
    expect(ran.stderr).toContain('the first copy may still run on unverified assets');
  });

  test('retry of a run that has ended asks nothing', async () => {
    const asked: unknown[] = [];
    const ran = await overhaul(['retry', 'patch'], { temporal: deciding(asked, 'completed') });
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain('patch has ended');
    expect(asked).toEqual([]);
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
      Promise.reject(new CommandFailed(EXIT.notSucceeded, 'The run patch refused: Nothing waits for an approval.'));
    const ran = await overhaul(['approve', 'patch'], { temporal: { decide } });
    expect(ran).toMatchObject({ exitCode: 1, stderr: 'The run patch refused: Nothing waits for an approval.\n' });
  });
});
