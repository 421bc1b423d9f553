import { expect, test } from '@jest/globals';
import { overhaul } from '../../../test/support/command-line.js';
import { type Counts, emptyCounts } from '../../domain/run/outcome.js';

const NO_LEDGER = { OVERHAUL_DATABASE_URL: 'sqlite:/nowhere/ledger.db' };

async function shown(counts: Partial<Counts>): Promise<string[]> {
  const report = {
    ...{
      runId: 'patch',
      status: 'partial' as const,
      script: { id: '72648', title: 'Restart agent' },
      strays: 0,
      executions: 1,
      apiCalls: 5,
    },
    ...{ startedAt: '2026-08-22T10:00:00.000Z', finishedAt: '2026-08-22T10:03:20.000Z' },
    counts: { ...emptyCounts(), ...counts },
  };
  const { stdout } = await overhaul(['show', 'patch'], {
    env: NO_LEDGER,
    temporal: {
      find: async (workflowId) => ({ workflowId, state: 'completed', startedAt: report.startedAt }),
      end: async () => ({ kind: 'report', report }),
    },
  });
  const lines = stdout.split('\n');
  const from = lines.findIndex((line) => line.startsWith('  next'));
  return from < 0 ? [] : lines.slice(from, -1);
}

test('show of a run that left assets behind names the commands that look at them, and send again', async () => {
  expect(await shown({ targeted: 9, succeeded: 4, failed: 3, unverified: 1, missing: 1 })).toEqual([
    '  next        what is left, and what to do about it:',
    '  overhaul assets patch --outcome failed   which, and why',
    '  overhaul assets patch --outcome unverified   which, and why',
    '  overhaul assets patch --outcome missing   which, and why',
    '  overhaul retry patch --outcomes failed,missing   send to them again',
    '  overhaul report patch --format html --out report.html   everything',
  ]);
  expect(await shown({ targeted: 9, succeeded: 8, failed: 1 })).toContain('  overhaul retry patch   send to them again');
});

test('what may still run is looked at, and not offered to be sent again', async () => {
  const lines = await shown({ targeted: 2, unverified: 1, unreachable: 1 });
  expect(lines).toContain('  overhaul assets patch --outcome unreachable   which, and why');
  expect(lines.join('\n')).not.toContain('retry');
});

test('a run that left nothing behind needs nothing', async () => {
  expect(await shown({ targeted: 2, succeeded: 2 })).toEqual([]);
});
