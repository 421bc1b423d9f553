// cspell:ignore fialed intervall
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { overhaul } from '../../../test/support/command-line.js';
import { emptyLedger, openSampleRun } from '../../../test/support/ledger/sample.js';
import type { RunReport } from '../../domain/run/outcome.js';
import { newWorkflowId } from '../../runs/new-workflow-id.js';
import type { RunEnd, TemporalRuns, WorkflowState } from '../../temporal/runs/temporal-runs.js';
import type { RunStart } from '../../temporal/start-run.js';

const REPORT: RunReport = {
  runId: 'patch',
  status: 'partial',
  script: { id: '72648', title: 'Restart agent' },
  counts: { targeted: 2, succeeded: 1, failed: 1, unverified: 0, unreachable: 0, missing: 0, skipped: 0 },
  strays: 0,
  executions: 1,
  apiCalls: 5,
  startedAt: '2026-08-22T10:00:00.000Z',
  finishedAt: '2026-08-22T10:03:20.000Z',
};

function temporalThatTakes(starts: RunStart[], end?: RunEnd, state: WorkflowState = 'completed'): Partial<TemporalRuns> {
  return {
    async start(start) {
      starts.push(start);
      return { kind: 'started' };
    },
    find: async (workflowId) => ({ workflowId, state, startedAt: '2026-08-22T10:00:00.000Z' }),
    ...(end ? { end: async () => end } : {}),
  };
}

describe('overhaul run', () => {
  test('starts the workflow with the request as it was written, and prints its id', async () => {
    const starts: RunStart[] = [];
    const ran = await overhaul(['run', '--script', '72648', '--assets', '1,2', '--assets', '3', '--id', 'patch', '--poll', '10s'], {
      temporal: temporalThatTakes(starts),
      env: { OVERHAUL_TASK_QUEUE: 'night' },
    });
    expect(ran).toEqual({ exitCode: 0, stdout: 'patch\n', stderr: 'Started patch. Follow it with: overhaul watch patch\n' });
    expect(starts).toEqual([
      {
        workflowId: 'patch',
        taskQueue: 'night',
        input: { requestedBy: 'kim', script: '72648', targets: { assetIds: ['1', '2', '3'] }, poll: { interval: '10s' } },
      },
    ]);
  });

  test('prints one document with --json, wherever that stands', async () => {
    const ran = await overhaul(['run', '--json', '--script', '1', '--assets', '1', '--id', 'patch'], { temporal: temporalThatTakes([]) });
    expect(JSON.parse(ran.stdout)).toEqual({ workflowId: 'patch' });
  });

  test('names every problem at once and contacts nobody', async () => {
    const starts: RunStart[] = [];
    const ran = await overhaul(['run', '--assets', '1,x', '--deadline', 'soon', '--query', 'linux'], {
      temporal: temporalThatTakes(starts),
    });
    expect(ran.exitCode).toBe(2);
    expect(ran.stdout).toBe('');
    expect(ran.stderr.split('\n')).toEqual([
      'The request has 4 problems. Nothing was started.',
      '  --query: "linux" has no source. Use SOURCE:FILTER, such as car:operatingSystem:linux',
      '  script: must be a script id or exact title',
      '  deadline: "soon" is not a duration: write a number and a unit, such as 90s, 15m, 4h or 7d',
      '  targets.assetIds[1]: "x" is not an id: use a positive whole number or a string of digits',
      '',
    ]);
    expect(starts).toEqual([]);
  });

  test('takes a request from a file, with options over it', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'request-')), 'request.yaml');
    await writeFile(file, 'script: 72648\ntargets:\n  assetIds: [1, 2]\noutput: none\n');
    const starts: RunStart[] = [];
    const ran = await overhaul(['run', '--request', file, '--output', 'failed', '--id', 'patch'], { temporal: temporalThatTakes(starts) });
    expect(ran.exitCode).toBe(0);
    expect(starts[0]?.input).toEqual({ requestedBy: 'kim', script: 72648, targets: { assetIds: [1, 2] }, output: 'failed' });
  });

  test('names file and line of what stands in a file, and not of what an option says', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'request-'));
    const [file, verdict] = [join(folder, 'request.yaml'), join(folder, 'verdict.yaml')];
    await writeFile(file, 'script: 1\ntargets:\n  assetIds: [1]\n  hostname: [x]\noutput: some\nstrategy: all\npoll:\n  intervall: 2s\n');
    await writeFile(verdict, 'exitCodes:\n  1: fialed\n');
    const ran = await overhaul(['run', '--request', file, '--strategy', 'tag', '--verdict', verdict]);
    expect(ran.stderr.split('\n')).toEqual([
      'The request has 5 problems. Nothing was started.',
      '  strategy: must be one of assets, tags, auto; did you mean tags?',
      `  poll.intervall: unknown key; did you mean interval? (${file}:8)`,
      `  output: must be one of all, failed, none (${file}:5)`,
      `  verdict.exitCodes.1: must be one of succeeded, failed, skipped, unverified; did you mean failed? (${verdict}:2)`,
      `  targets.hostname: unknown key; did you mean hostnames? (${file}:4)`,
      '',
    ]);
  });

  test('a file that does not exist is a problem like the others', async () => {
    const ran = await overhaul(['run', '--request', '/nowhere/request.yaml']);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain('--request: cannot read file /nowhere/request.yaml');
    expect(ran.stderr).toContain('script: must be');
  });

  test.each([
    ['same', 'this same request'],
    ['different', 'another request'],
  ] as const)('an id taken by the %s request starts nothing', async (kind, whose) => {
    const ran = await overhaul(['run', '--script', '1', '--assets', '1', '--id', 'patch'], { temporal: { start: async () => ({ kind }) } });
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toBe(`The id patch is already used by ${whose}. Nothing was started. See it with: overhaul show patch\n`);
  });

  test('exits 3 when Temporal is not there', async () => {
    const ran = await overhaul(['run', '--script', '1', '--assets', '1']);
    expect(ran).toMatchObject({ exitCode: 3, stdout: '' });
    expect(ran.stderr).toContain('Temporal cannot be reached');
  });

  test('exits 2 on a wrong environment, before anything is contacted', async () => {
    const starts: RunStart[] = [];
    const env = { OVERHAUL_HTTP_PORT: 'x', QUALYS_URL: 'http://example.com' };
    const ran = await overhaul(['run', '--script', '1', '--assets', '1'], { temporal: temporalThatTakes(starts), env });
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain('OVERHAUL_HTTP_PORT');
    expect(ran.stderr).toContain('QUALYS_URL');
    expect(starts).toEqual([]);
  });
});

describe('overhaul run --watch', () => {
  const argv = ['run', '--script', '72648', '--assets', '1,2', '--id', 'patch', '--watch'];

  test('ends with the report, and exits 1 when not everything succeeded', async () => {
    const ran = await overhaul([...argv, '--json'], { temporal: temporalThatTakes([], { kind: 'report', report: REPORT }) });
    expect(ran.exitCode).toBe(1);
    expect(JSON.parse(ran.stdout)).toEqual({ workflowId: 'patch', report: REPORT });
  });

  test('prints the report for people', async () => {
    const report: RunReport = { ...REPORT, status: 'succeeded', counts: { ...REPORT.counts, succeeded: 2, failed: 0 } };
    const ran = await overhaul(argv, { temporal: temporalThatTakes([], { kind: 'report', report }) });
    expect(ran.exitCode).toBe(0);
    expect(ran.stdout).toBe(
      [
        'patch  succeeded',
        '  script      Restart agent (72648)',
        '  took        3m 20s, until 2026-08-22T10:03:20.000Z',
        '  cost        1 execution, 5 calls',
        '  assets      2',
        '    succeeded   2',
        '',
      ].join('\n'),
    );
  });

  test.each([
    ['InvalidRequest', 2],
    ['NoTargets', 1],
  ])('a workflow that failed with %s exits %d and prints every problem', async (type, exitCode) => {
    const problems = [{ path: 'targets.hostnames[0]', problem: 'web-1 is unknown' }];
    const end: RunEnd = { kind: 'failed', type, message: 'The request has 1 problem', problems };
    const ran = await overhaul(argv, { temporal: temporalThatTakes([], end, 'failed') });
    expect(ran.exitCode).toBe(exitCode);
    expect(ran.stderr).toContain(`patch  ${type}\n  The request has 1 problem\n  targets.hostnames[0]: web-1 is unknown\n`);
  });

  test('starts nothing when Temporal is not there, though the ledger is', async () => {
    const { env, ledger } = await emptyLedger();
    try {
      const ran = await overhaul(argv, { env });
      expect(ran.exitCode).toBe(3);
      expect(ran.stderr).toContain('Nothing was started.');
    } finally {
      await ledger.close();
    }
  });
});

describe('Ctrl-C at overhaul run', () => {
  const argv = ['run', '--script', '1', '--assets', '1', '--id', 'patch'];

  test.each([[[]], [['--watch']]])('before Temporal was asked says that nothing was started, and nothing is: %j', async (more) => {
    const starts: RunStart[] = [];
    const { env, ledger } = await emptyLedger();
    await ledger.close();
    let interrupt = (): void => undefined;
    let goOn = (): void => undefined;
    const connecting = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const temporal = temporalThatTakes(starts);
    const ran = await overhaul([...argv, ...more], {
      ...{ env, temporal },
      onBegin: (press) => {
        interrupt = press;
      },
      onConnect: async () => {
        interrupt();
        await connecting;
      },
    });
    expect(ran).toEqual({ exitCode: 130, stdout: '', stderr: 'Interrupted. Nothing was started.\n' });
    goOn();
    await new Promise((resolve) => setImmediate(resolve));
    expect(starts).toEqual([]);
  });

  test('while Temporal is asked says that it may have been started, and how to look', async () => {
    let interrupt = (): void => undefined;
    const ran = await overhaul(argv, {
      onBegin: (press) => {
        interrupt = press;
      },
      temporal: {
        start: () => {
          interrupt();
          return new Promise(() => undefined);
        },
      },
    });
    expect(ran).toEqual({
      exitCode: 130,
      stdout: '',
      stderr: 'Interrupted. patch may have been started. See: overhaul show patch\n',
    });
  });

  test('stands in a line of its own on a terminal, behind the ^C', async () => {
    const ran = await overhaul(argv, {
      terminal: 80,
      onBegin: (press) => setImmediate(press),
      temporal: { start: () => new Promise(() => undefined) },
    });
    expect(ran.stderr).toBe('\r\x1b[KInterrupted. patch may have been started. See: overhaul show patch\n');
  });
});

describe('overhaul run --dry-run where Qualys is not configured', () => {
  test('says what named assets would cost, with the digest that the ledger will give the cohort', async () => {
    const assetIds = Array.from({ length: 60 }, (_, index) => String(index * 7 + 5));
    const { ledger } = await emptyLedger();
    await openSampleRun(ledger, 'patch', assetIds);
    const digest = (await ledger.runs.get('patch'))?.cohort.digest;
    await ledger.close();
    const argv = ['run', '--script', '72648', '--assets', [...assetIds, '5', '99999'].join(','), '--exclude', '99999', '--dry-run'];
    expect(JSON.parse((await overhaul([...argv, '--json'])).stdout)).toEqual({
      script: { id: '72648' },
      cohort: { size: 60, digest },
      executions: 3,
      calls: { opening: 2, atLeast: 6, atMost: 19 },
    });
    expect((await overhaul(argv)).stdout).toContain('3 executions, about 6 to 19 Qualys calls, 2 of them to find script and assets\n');
  });

  test.each([
    [['--hosts', 'web-1'], 'QUALYS_URL: is not set'],
    [['--assets', '1', '--exclude', '1'], 'No assets left'],
    [['--assets', '1,2,3', '--max-assets', '2'], '3 assets exceed --max-assets 2'],
  ])('%j is refused with a reason', async (targets, reason) => {
    const ran = await overhaul(['run', '--script', '1', ...targets, '--dry-run']);
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
    expect(ran.stderr).toContain(reason);
  });
});

test('a new workflow id tells script and time, and is not given twice', () => {
  const now = Date.parse('2026-08-22T10:15:00.123Z');
  expect(newWorkflowId('72648', now)).toMatch(/^run-72648-20260822T101500Z-[a-z2-9]{4}$/);
  expect(newWorkflowId(' Restart the Agent! ', now)).toMatch(/^run-restart-the-agent-20260822T101500Z-/);
  expect(newWorkflowId('再起動', now)).toMatch(/^run-20260822T101500Z-/);
  expect(new Set(Array.from({ length: 50 }, () => newWorkflowId('1', now))).size).toBeGreaterThan(45);
});
