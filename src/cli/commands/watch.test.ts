import { describe, expect, test } from '@jest/globals';
import { NOW, overhaul } from '../../../test/support/command-line.js';
import { closeSampleRun, emptyLedger, openSampleRun } from '../../../test/support/ledger/sample.js';
import { emptyCounts, type RunReport } from '../../domain/run/outcome.js';
import type { RunProgress } from '../../domain/run/progress.js';
import type { TemporalRuns } from '../../temporal/runs/temporal-runs.js';

const NO_LEDGER = { OVERHAUL_DATABASE_URL: 'sqlite:/nowhere/ledger.db', LANG: 'C.UTF-8' };
const REPORT: RunReport = {
  runId: 'patch',
  status: 'succeeded',
  script: { id: '72648', title: 'Restart agent' },
  counts: { targeted: 10, succeeded: 10, failed: 0, unverified: 0, unreachable: 0, missing: 0, skipped: 0 },
  strays: 0,
  executions: 1,
  apiCalls: 5,
  startedAt: '2026-08-22T10:00:00.000Z',
  finishedAt: '2026-08-22T10:03:20.000Z',
};

/** A run of ten assets of which one more is done at each look. */
function temporalOfTen(): Partial<TemporalRuns> {
  let looks = 0;
  return {
    async find(workflowId) {
      looks += 1;
      return { workflowId, state: looks > 10 ? 'completed' : 'running', startedAt: new Date(NOW).toISOString() };
    },
    async progress(): Promise<RunProgress> {
      const counts = { ...emptyCounts(), targeted: 10, succeeded: looks - 1, running: 11 - looks };
      return { phase: 'running', asOf: new Date(NOW).toISOString(), counts, inFlight: 1, callsUsed: 3 };
    },
    end: async () => ({ kind: 'report', report: REPORT }),
  };
}

describe('overhaul watch where it is piped', () => {
  test('prints a line every three seconds while something changes, then the report', async () => {
    const ran = await overhaul(['watch', 'patch'], { env: NO_LEDGER, temporal: temporalOfTen() });
    expect(ran.exitCode).toBe(0);
    expect(ran.stdout).toMatch(/^patch {2}succeeded\n/);
    const lines = ran.stderr.split('\n').filter((line) => line.includes('running:'));
    expect(lines).toEqual([
      '2026-08-22T10:00:00.000Z running: 0 of 10 done, 10 running; 1 execution in flight, 3 calls',
      '2026-08-22T10:00:03.000Z running: 3 of 10 done (3 succeeded), 7 running; 1 execution in flight, 3 calls',
      '2026-08-22T10:00:06.000Z running: 6 of 10 done (6 succeeded), 4 running; 1 execution in flight, 3 calls',
      '2026-08-22T10:00:09.000Z running: 9 of 10 done (9 succeeded), 1 running; 1 execution in flight, 3 calls',
    ]);
    expect(ran.stderr).not.toContain('\x1b');
  });

  test('says once that no worker answers', async () => {
    let looks = 0;
    const temporal: Partial<TemporalRuns> = {
      ...temporalOfTen(),
      async progress() {
        looks += 1;
        throw new Error('deadline exceeded');
      },
    };
    const ran = await overhaul(['watch', 'patch'], { env: NO_LEDGER, temporal });
    expect(looks).toBe(10);
    expect(ran.stderr.match(/no worker responds/g)).toHaveLength(1);
  });

  test('goes by the ledger alone when Temporal is away', async () => {
    const { env, ledger } = await emptyLedger();
    await openSampleRun(ledger, 'patch', ['1', '2']);
    let pauses = 0;
    const closed: Promise<RunReport>[] = [];
    const ran = await overhaul(['watch', 'patch', '--json'], {
      env,
      onPause() {
        pauses += 1;
        if (pauses === 2) closed.push(closeSampleRun(ledger, 'patch'));
      },
    });
    const [report] = await Promise.all(closed);
    await ledger.close();
    expect(ran.exitCode).toBe(1);
    expect(JSON.parse(ran.stdout)).toEqual({ workflowId: 'patch', report });
  });

  test('outlives Temporal: a look that fails is not the end', async () => {
    const steady = temporalOfTen();
    let looks = 0;
    const temporal: Partial<TemporalRuns> = {
      ...steady,
      async find(workflowId) {
        looks += 1;
        if (looks === 3) throw new Error('Temporal did not respond: connection refused');
        return steady.find?.(workflowId);
      },
    };
    const ran = await overhaul(['watch', 'patch'], { env: NO_LEDGER, temporal });
    expect(ran.exitCode).toBe(0);
    expect(ran.stderr).toContain('patch: Temporal did not respond: connection refused');
  });

  test('Ctrl-C leaves the run running, and is no success: `watch … && deploy` stops there', async () => {
    const ran = await overhaul(['watch', 'patch'], { env: NO_LEDGER, temporal: temporalOfTen(), onPause: (interrupt) => interrupt() });
    expect(ran).toMatchObject({ exitCode: 130, stdout: '' });
    expect(ran.stderr).toContain('patch continues. Follow it again with: overhaul watch patch\n');
  });
});

describe('overhaul watch on a terminal', () => {
  test('redraws one picture in place and takes it away at the end', async () => {
    const ran = await overhaul(['watch', 'patch'], { env: { ...NO_LEDGER, NO_COLOR: '1' }, temporal: temporalOfTen(), terminal: 40 });
    // To the top of the picture: nine times to draw it again, once to take it away.
    expect(ran.stderr.split('A\r')).toHaveLength(11);
    expect(ran.stderr.endsWith('\r\x1b[J')).toBe(true);
    expect(ran.stderr).toContain('████');
    expect(ran.stdout).toMatch(/^patch {2}succeeded\n/);
  });

  test('draws nothing on a terminal that is dumb', async () => {
    const env = { ...NO_LEDGER, TERM: 'dumb' };
    const ran = await overhaul(['watch', 'patch'], { env, temporal: temporalOfTen(), terminal: 80 });
    expect(ran.stderr).not.toContain('\x1b');
    expect(ran.stderr).toContain('3 of 10 done');
  });
});
