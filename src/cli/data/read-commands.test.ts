import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { overhaul } from '../../../test/support/command-line.js';
import { closeSampleRun, emptyLedger, openSampleRun, type SampleLedger } from '../../../test/support/ledger/sample.js';
import { ASSET_ROW_COLUMNS, emptyCounts } from '../../domain/run/outcome.js';
import type { RunProgress } from '../../domain/run/progress.js';
import type { TemporalRuns } from '../../temporal/runs/temporal-runs.js';

const PROGRESS: RunProgress = {
  phase: 'awaiting-approval',
  asOf: '2026-08-22T10:00:00.000Z',
  counts: { ...emptyCounts(), targeted: 3, pending: 3 },
  inFlight: 0,
  callsUsed: 2,
  pending: { kind: 'approval', digest: 'ab12', approvals: 0 },
};

let sample: SampleLedger;
const ASSETS = Array.from({ length: 1_200 }, (_, index) => String(index + 1));

beforeAll(async () => {
  sample = await emptyLedger();
  await openSampleRun(sample.ledger, 'done/1', ASSETS);
  await sample.ledger.outputs.store('done/1', [
    { assetId: '7', attempt: 1, output: Buffer.from('\x1b[31mred\x1b[0m\r\nbell\x07\tend\n\xff', 'latin1') },
  ]);
  await closeSampleRun(sample.ledger, 'done/1');
  await openSampleRun(sample.ledger, 'live', ['5', '6', '8']);
  await sample.ledger.audit.add('live', { actor: 'lee', action: 'pause', detail: '{"reason":"lunch"}' });
  await openSampleRun(sample.ledger, 'refused', ['1']);
  await sample.ledger.audit.addOnce('refused', { action: 'refused', detail: 'PolicyViolation: the cohort has 20 assets, maxAssets is 10' });
  await sample.ledger.runs.abandon('refused');
});

afterAll(() => sample.ledger.close());

describe('overhaul report', () => {
  test('json is { report, assets } with every asset', async () => {
    const { exitCode, stdout } = await overhaul(['report', 'done/1', '--format', 'json'], { env: sample.env });
    const { report, assets } = JSON.parse(stdout) as { report: { counts: object }; assets: { assetId: string; outcome: string }[] };
    expect(exitCode).toBe(0);
    expect(report.counts).toMatchObject({ targeted: 1_200, skipped: 1_200 });
    expect(assets.map(({ assetId }) => assetId)).toEqual(ASSETS);
    expect(assets[0]).toEqual({ assetId: '1', name: 'host-1', outcome: 'skipped', reason: 'interrupted', attempt: 1 });
  });

  test('csv goes to a file, readable by its owner only', async () => {
    const out = join(await mkdtemp(join(tmpdir(), 'report-')), 'report.csv');
    const ran = await overhaul(['report', 'done/1', '--format', 'csv', '--out', out], { env: sample.env });
    expect(ran).toEqual({ exitCode: 0, stdout: '', stderr: `Wrote ${out}\n` });
    const lines = (await readFile(out, 'utf8')).split('\n');
    expect(lines[0]).toBe(ASSET_ROW_COLUMNS.join(','));
    expect(lines[7]).toBe('7,host-7,skipped,interrupted,,,1,,,,,,25,,');
    expect(lines).toHaveLength(1_202);
  });

  test('html is a page', async () => {
    const { stdout } = await overhaul(['report', 'done/1', '--format', 'html'], { env: sample.env });
    expect(stdout).toMatch(/^<!doctype html>[\s\S]*<h1>done\/1 [\s\S]*host-1200[\s\S]*<\/html>\n$/);
  });

  test('of a run that is not finished there is none', async () => {
    const ran = await overhaul(['report', 'live', '--format', 'json'], { env: sample.env });
    expect(ran).toMatchObject({ exitCode: 1, stdout: '' });
    expect(ran.stderr).toContain('live is not finished (running)');
  });

  test('to a directory that does not exist is refused with its path', async () => {
    const ran = await overhaul(['report', 'done/1', '--out', '/nowhere/report.json'], { env: sample.env });
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain('Cannot write the report to /nowhere/report.json');
  });
});

describe('overhaul assets', () => {
  test('is a table', async () => {
    const { stdout } = await overhaul(['assets', 'live'], { env: sample.env });
    expect(stdout).toBe(
      [
        'ASSET  OUTCOME  EXIT  TRY  NAME    REASON',
        '5      pending          1  host-5',
        '6      pending          1  host-6',
        '8      pending          1  host-8',
        '',
      ].join('\n'),
    );
  });

  test('without any row says so, and which rows were asked for', async () => {
    const none = await overhaul(['assets', 'live', '--outcome', 'failed'], { env: sample.env });
    expect(none).toEqual({ exitCode: 0, stdout: '', stderr: 'live has no assets with outcome failed.\n' });
    const both = await overhaul(['assets', 'live', '--outcome', 'pending', '--q', 'db'], { env: sample.env });
    expect(both.stderr).toBe('live has no assets with outcome pending and whose id or name contains "db".\n');
  });

  test('fits a narrow terminal, and gives up its lesser columns for it', async () => {
    const { stdout } = await overhaul(['assets', 'done/1'], { env: { ...sample.env, NO_COLOR: '1' }, terminal: 40 });
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^ASSET +OUTCOME +NAME +REASON$/);
    expect(lines).toHaveLength(1_201);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(40);
  });

  test('is an array with --json and lines with --jsonl, and can be filtered', async () => {
    const found = await overhaul(['--json', 'assets', 'live', '--q', 'host-6'], { env: sample.env });
    expect(JSON.parse(found.stdout)).toEqual([{ assetId: '6', name: 'host-6', outcome: 'pending', attempt: 1 }]);
    const none = await overhaul(['assets', 'live', '--outcome', 'failed', '--json'], { env: sample.env });
    expect(JSON.parse(none.stdout)).toEqual([]);
    const lines = await overhaul(['assets', 'done/1', '--outcome', 'skipped', '--jsonl'], { env: sample.env });
    expect(
      lines.stdout
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { assetId: string }).assetId),
    ).toEqual(ASSETS);
  });

  test('an outcome that is none is a usage error', async () => {
    const ran = await overhaul(['assets', 'live', '--outcome', 'fine'], { env: sample.env });
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain("argument 'fine' is invalid");
  });
});

describe('overhaul list and show', () => {
  test('list has the newest run first', async () => {
    const { stdout } = await overhaul(['list', '--json'], { env: sample.env });
    expect(JSON.parse(stdout)).toMatchObject([
      { workflowId: 'refused', state: 'refused' },
      { workflowId: 'live', state: 'running', done: 0, targeted: 3, script: { title: 'Restart agent' }, requestedBy: 'kim' },
      { workflowId: 'done/1', state: 'failed', done: 1_200, targeted: 1_200 },
    ]);
    expect((await overhaul(['list'], { env: sample.env })).stdout).toMatch(
      /^RUN +STATE +DONE +STARTED +SCRIPT\nrefused +refused +0\/1 .*\nlive +running +0\/3 /,
    );
  });

  test('list has only what is asked for', async () => {
    const listed = async (...options: string[]) => {
      const { stdout } = await overhaul(['list', '--json', ...options], { env: sample.env });
      return (JSON.parse(stdout) as { workflowId: string }[]).map(({ workflowId }) => workflowId);
    };
    expect(await listed('--state', 'live')).toEqual(['live']);
    expect(await listed('--state', 'failed, refused')).toEqual(['refused', 'done/1']);
    expect(await listed('--state', 'failed', '--limit', '1')).toEqual(['done/1']);
    expect(await listed('--script', 'Restart agent')).toEqual(['refused', 'live', 'done/1']);
    expect(await listed('--script', '1')).toEqual([]);
    expect(await listed('--ticket', 'CHG0030001')).toEqual(['live']);
    expect(await listed('--since', '2100-01-01')).toEqual([]);
    expect(await listed('--since', '36500d')).toHaveLength(3);
    const none = await overhaul(['list', '--ticket', 'x'], { env: sample.env });
    expect(none).toMatchObject({ exitCode: 0, stdout: '', stderr: expect.stringMatching(/No such runs\.\n$/) });
    expect(await overhaul(['list', '--since', '7'], { env: sample.env })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('--since 7: use'),
    });
    expect(await overhaul(['list', '--state', 'done'], { env: sample.env })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('Use live'),
    });
  });

  test('list on a narrow terminal keeps the ids whole, each over its facts', async () => {
    const world = { env: { ...sample.env, NO_COLOR: '1' }, terminal: 45 };
    const { stdout } = await overhaul(['list'], world);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toBe('refused');
    expect(lines[1]).toMatch(/^ {2}refused {2}0\/1 {2}\d{4}-\d\d-\d\d \d\d:\d\d$/);
    expect(lines[2]).toBe('  Restart agent');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(45);
    expect((await overhaul(['list'], { ...world, terminal: 140 })).stdout).toMatch(/^RUN +STATE +DONE +STARTED +SCRIPT\n/);
  });

  test('list has runs that no worker has opened yet, and such as were refused before', async () => {
    const temporal = {
      list: async () => [
        { workflowId: 'waiting', state: 'running' as const, startedAt: '2199-08-22T10:00:00.000Z' },
        { workflowId: 'live', state: 'running' as const, startedAt: '2026-08-22T10:00:00.000Z' },
        { workflowId: 'invalid', state: 'failed' as const, startedAt: '2001-08-22T10:00:00.000Z' },
      ],
    };
    const { stdout } = await overhaul(['list', '--json'], { env: sample.env, temporal });
    const states = (JSON.parse(stdout) as { workflowId: string; state: string }[]).map(({ workflowId, state }) => `${workflowId} ${state}`);
    expect(states).toEqual(['waiting not opened', 'refused refused', 'live running', 'done/1 failed', 'invalid failed']);
    const newest = await overhaul(['list', '--json', '--limit', '1'], { env: sample.env, temporal });
    expect(JSON.parse(newest.stdout)).toEqual([{ workflowId: 'waiting', state: 'not opened', startedAt: '2199-08-22T10:00:00.000Z' }]);
  });

  test('show goes by the ledger alone when Temporal is away, and says so', async () => {
    const ran = await overhaul(['show', 'live', '--json'], { env: sample.env });
    expect(ran.exitCode).toBe(0);
    expect(ran.stderr).toContain('Temporal unavailable, showing the ledger only');
    expect(JSON.parse(ran.stdout)).toMatchObject({
      workflowId: 'live',
      state: 'running',
      script: { id: '72648' },
      cohort: { size: 3 },
      progress: { counts: { targeted: 3, pending: 3 } },
      audit: [{ actor: 'lee', action: 'pause', detail: '{"reason":"lunch"}', verified: false }],
    });
    expect((await overhaul(['show', 'live'], { env: sample.env })).stdout).toMatch(
      /^live {2}running\n {2}script {6}Restart agent \(72648\)\n {2}opened [\s\S]*0 of 3 done, 0 running, 3 pending[\s\S]*pause by lee \(claimed\): reason lunch\n$/,
    );
  });

  test('a workflow that ended from outside has its word from the sweep', async () => {
    const ran = await overhaul(['show', 'done/1', '--json'], { env: sample.env, temporal: endedWith('Terminated') });
    expect(JSON.parse(ran.stdout)).toMatchObject({ workflowId: 'done/1', state: 'failed', report: { runId: 'done/1' } });
  });

  test('an ended run keeps its report when a second start under its id was refused', async () => {
    const json = await overhaul(['show', 'done/1', '--json'], { env: sample.env, temporal: endedWith('AlreadyRun') });
    expect(JSON.parse(json.stdout)).toMatchObject({ state: 'failed', report: { runId: 'done/1' }, failure: { type: 'AlreadyRun' } });
    const text = await overhaul(['show', 'done/1'], { env: sample.env, temporal: endedWith('AlreadyRun') });
    expect(text.stdout).toMatch(/^done\/1 {2}failed\n[\s\S]* {2}cost {8}0 executions, 0 calls\n[\s\S]* {2}requester {3}kim\n/);
    expect(text.stderr).toBe('Note: a later start under this id failed: by hand\n');
  });

  test('show wraps what is long under itself on a narrow terminal', async () => {
    const world = { env: { ...sample.env, NO_COLOR: '1' }, terminal: 45 };
    await sample.ledger.audit.add('live', { action: 'gave-up', detail: 'execution 3: 2 job(s) could be ours, and none could be proven' });
    const { stdout } = await overhaul(['show', 'live'], world);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThan(45);
    expect(stdout).toContain('    gave-up: execution 3: 2 job(s) could be\n    ours, and none could be proven\n');
    expect(stdout).toContain('  assets      0 of 3 done, 0 running, 3\n              pending\n');
  });

  test('without a ledger Temporal alone serves', async () => {
    const summary = { workflowId: 'patch', state: 'running', startedAt: '2026-08-22T10:00:00.000Z' } as const;
    const world = {
      env: { OVERHAUL_DATABASE_URL: 'sqlite:/nowhere/ledger.db' },
      temporal: { list: async () => [summary], find: async () => summary, progress: async () => PROGRESS },
    };
    const listed = await overhaul(['list', '--json'], world);
    expect(JSON.parse(listed.stdout)).toEqual([summary]);
    expect(listed.stderr).toContain('No ledger at /nowhere/ledger.db');
    expect(JSON.parse((await overhaul(['show', 'patch', '--json'], world)).stdout)).toMatchObject({
      workflowId: 'patch',
      state: 'awaiting approval',
      progress: PROGRESS,
    });
  });
});

test('a run that failed before anything was sent has no report, and is not waited for', async () => {
  const shown = await overhaul(['show', 'refused', '--json'], { env: sample.env });
  expect(JSON.parse(shown.stdout)).toMatchObject({
    state: 'PolicyViolation',
    failure: { message: 'the cohort has 20 assets, maxAssets is 10' },
  });
  const watched = await overhaul(['watch', 'refused'], { env: sample.env });
  expect(watched).toMatchObject({ exitCode: 1, stdout: '' });
  expect(await overhaul(['report', 'refused'], { env: sample.env })).toEqual({
    exitCode: 1,
    stdout: '',
    stderr:
      'refused was refused before anything was sent, so it has no report. PolicyViolation: the cohort has 20 assets, maxAssets is 10\n',
  });
});

describe('overhaul logs', () => {
  test('prints the audit log, as lines or as JSON lines', async () => {
    const ran = await overhaul(['logs', 'live'], { env: sample.env });
    expect(ran.stdout).toMatch(/^ {2}\d{4}-\S+Z {2}pause by lee \(claimed\)/);
    const json = await overhaul(['logs', 'live', '--json'], { env: sample.env });
    expect(JSON.parse(json.stdout.split('\n')[0] ?? '')).toMatchObject({ actor: 'lee', action: 'pause', at: expect.stringMatching(/Z$/) });
    expect(await overhaul(['logs', 'gone'], { env: sample.env })).toMatchObject({
      exitCode: 2,
      stderr: 'No run gone. List runs with: overhaul list\n',
    });
  });

  test('followed, goes on to the end of the run; Ctrl-C is no success', async () => {
    const { env, ledger } = await emptyLedger();
    await openSampleRun(ledger, 'r', ['1']);
    const written: Promise<unknown>[] = [];
    let pauses = 0;
    const ran = await overhaul(['logs', 'r', '-f', '--json'], {
      env,
      async onPause() {
        pauses += 1;
        if (pauses === 1) await ledger.audit.add('r', { action: 'note', detail: 'found something' });
        if (pauses === 2) written.push(closeSampleRun(ledger, 'r'));
        await Promise.all(written);
      },
    });
    expect([
      ran.exitCode,
      ran.stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as { action: string }).action),
    ]).toEqual([0, ['note']]);
    await openSampleRun(ledger, 'on', ['2']);
    expect(await overhaul(['logs', 'on', '-f'], { env, onPause: (interrupt) => interrupt() })).toMatchObject({ exitCode: 130 });
    await ledger.close();
  });
});

describe('what is not there', () => {
  test.each([['report'], ['assets'], ['show'], ['watch'], ['output']])('%s of an unknown run exits 2', async (command) => {
    const ran = await overhaul([command, 'gone', ...(command === 'output' ? ['1'] : [])], {
      env: sample.env,
      temporal: { find: async () => undefined },
    });
    expect(ran).toMatchObject({ exitCode: 2, stdout: '', stderr: 'No run gone. List runs with: overhaul list\n' });
  });

  test.each([['report'], ['assets'], ['output']])('%s without a ledger exits 2 and creates none', async (command) => {
    const path = join(await mkdtemp(join(tmpdir(), 'none-')), 'ledger.db');
    const argv = [command, 'gone', ...(command === 'output' ? ['1'] : [])];
    const ran = await overhaul(argv, { env: { OVERHAUL_DATABASE_URL: `sqlite:${path}` } });
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain(`No ledger at ${path}`);
    await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('without Temporal and ledger there is nothing to show: exit 3', async () => {
    const ran = await overhaul(['show', 'gone'], { env: { OVERHAUL_DATABASE_URL: 'sqlite:/nowhere/ledger.db' } });
    expect(ran.exitCode).toBe(3);
    expect(ran.stderr).toContain('Temporal cannot be reached');
    expect(ran.stderr).toContain('No ledger');
  });
});

function endedWith(type: string): Partial<TemporalRuns> {
  return {
    find: async (workflowId) => ({ workflowId, state: 'failed', startedAt: '2026-08-22T09:59:00.000Z' }),
    end: async () => ({ kind: 'failed', type, message: 'by hand', problems: [] }),
  };
}
