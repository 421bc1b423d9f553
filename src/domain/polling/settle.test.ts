import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { judgingBy } from '../verdict/rules.js';
import { settleExecution, type WatchedAsset, type WatchedExecution } from './settle.js';

const T0 = 1_700_000_000_000;
/** Qualys' clock, of which nothing was wrong for a day. */
const steady = (now: number) => ({ now, steadyMs: 86_400_000 });
type Job = NonNullable<WatchedAsset['job']>;

const job = (status: string, changes: Partial<Job> = {}): Job => ({ status, statusSince: T0, ...changes });
const asset = (assetId: string, seen?: Job): WatchedAsset => (seen ? { assetId, job: seen } : { assetId });
const execution = (assets: WatchedAsset[], changes: Partial<WatchedExecution> = {}): WatchedExecution => ({
  assets,
  jobIsKnown: true,
  acceptedAt: T0,
  rowsChangedAt: T0,
  clock: steady(T0 + 60_000),
  pastDeadline: false,
  pastLateWatch: false,
  ...changes,
});
const PASSED = job('EXECUTION PASSED');
const PENDING = job('MANIFEST ASSIGNED');

const only = (seen: Job | undefined, changes: Partial<WatchedExecution> = {}) =>
  settleExecution(execution([asset('1', seen)], changes)).assets[0];

describe('one asset', () => {
  test.each<[string, Job | undefined, Partial<WatchedExecution>, object]>([
    ['passed', PASSED, {}, { outcome: 'succeeded', final: true, terminal: true }],
    ['failed', job('execution failed'), {}, { outcome: 'failed', final: true, terminal: true }],
    ['pending', PENDING, {}, { outcome: 'running', final: false, terminal: false }],
    [
      'settling within its grace',
      job('SCRIPT RESULT UPLOAD SUCCESS', { exitCode: 0 }),
      { clock: steady(T0 + 119_999) },
      { outcome: 'running', final: false, terminal: false },
    ],
    [
      'settling past its grace',
      job('SCRIPT RESULT UPLOAD SUCCESS', { exitCode: 0 }),
      { clock: steady(T0 + 120_000) },
      { outcome: 'succeeded', final: true, terminal: true },
    ],
    [
      'whose result is lost',
      job('SCRIPT RESULT UPLOAD FAILED'),
      { clock: steady(T0 + 120_000) },
      { outcome: 'unverified', reason: 'result-upload-failed', final: true, terminal: true },
    ],
    ['without an asset job at once', undefined, { clock: steady(T0 + 299_999) }, { outcome: 'running', final: false, terminal: false }],
    [
      'without an asset job for 5 minutes',
      undefined,
      { clock: steady(T0 + 600_000) },
      { outcome: 'missing', reason: 'no-asset-job', final: true, terminal: false },
    ],
    [
      'of a job that is not found',
      undefined,
      { clock: steady(T0 + 300_000), jobIsKnown: false },
      { outcome: 'running', final: false, terminal: false },
    ],
    [
      'pending at the deadline',
      PENDING,
      { pastDeadline: true },
      { outcome: 'unreachable', reason: 'no-verdict-by-deadline', final: false, terminal: false },
    ],
    [
      'disconnected at the end of the late watch',
      job('MANIFEST ASSIGNED', { disconnected: true }),
      { pastDeadline: true, pastLateWatch: true },
      { outcome: 'unreachable', reason: 'disconnected', final: true, terminal: false },
    ],
    [
      'with an unknown word at the deadline',
      job('PARKED'),
      { pastDeadline: true },
      { outcome: 'unverified', reason: 'unknown-status', final: false, terminal: false },
    ],
    [
      'settling at the deadline',
      job('SCRIPT RESULT UPLOAD SUCCESS', { exitCode: 3 }),
      { pastDeadline: true },
      { outcome: 'failed', final: false, terminal: false },
    ],
    [
      'of a job not found by the deadline',
      undefined,
      { jobIsKnown: false, pastDeadline: true, pastLateWatch: true },
      { outcome: 'unverified', reason: 'job-not-found', final: true, terminal: false },
    ],
    [
      'whose job is still fanning out at the deadline',
      undefined,
      { pastDeadline: true, pastLateWatch: true },
      { outcome: 'unverified', reason: 'no-asset-job-by-deadline', final: true, terminal: false },
    ],
    ['in time for a verdict after the deadline', PASSED, { pastDeadline: true }, { outcome: 'succeeded', final: true, terminal: true }],
  ])('%s', (_, seen, changes, decision) => {
    // Whatever is a verdict names what decided.
    const { terminal, outcome } = decision as { terminal: boolean; outcome: string };
    const rule = (terminal || outcome === 'failed') && outcome !== 'missing' ? { rule: 'default' } : {};
    expect(only(seen, changes)).toEqual({ assetId: '1', ...rule, ...decision });
  });

  test('without an asset job waits while another of its execution is open, and is missing at the deadline', () => {
    const two = [asset('1'), asset('2', PENDING)];
    expect(settleExecution(execution(two, { clock: steady(T0 + 600_000) })).assets[0]).toEqual({
      assetId: '1',
      outcome: 'running',
      final: false,
      terminal: false,
    });
    expect(settleExecution(execution(two, { clock: steady(T0 + 600_000), pastDeadline: true })).assets[0]).toEqual({
      assetId: '1',
      outcome: 'missing',
      reason: 'no-asset-job',
      final: false,
      terminal: false,
    });
  });

  test('without an asset job is missing ten minutes after the last row when all others are final, and holds no slot from two on', () => {
    const two = [asset('1'), asset('2', PASSED)];
    const at = (serverNow: number) => settleExecution(execution(two, { rowsChangedAt: T0 + 10_000, clock: steady(serverNow) }));
    expect([at(T0 + 609_999), at(T0 + 610_000)].map(({ assets }) => assets[0]?.outcome)).toEqual(['running', 'missing']);
    expect([at(T0 + 129_999), at(T0 + 130_000)].map(({ slotFree }) => slotFree)).toEqual([false, true]);
  });

  test('is not missing before the jobs of its execution were searched for once more', () => {
    const two = [asset('1'), asset('2', PASSED)];
    const at = (jobsAreSought: boolean) => settleExecution(execution(two, { clock: steady(T0 + 600_000), jobsAreSought }));
    expect(at(false)).toMatchObject({ needsJobSearch: true, settled: false, assets: [{ outcome: 'running' }, {}] });
    expect(at(true)).toMatchObject({ needsJobSearch: false, settled: true, assets: [{ outcome: 'missing' }, {}] });
    const late = execution([asset('1'), asset('2', PENDING)], { clock: steady(T0 + 600_000), pastDeadline: true, jobsAreSought: false });
    expect(settleExecution(late)).toMatchObject({ needsJobSearch: true, assets: [{ reason: 'no-asset-job-by-deadline' }, {}] });
  });

  test('beside a twin has its verdict when both have ended there, and keeps its lease until then', () => {
    const beside = (ended: boolean, changes: Partial<WatchedExecution> = {}) =>
      settleExecution(execution([{ ...asset('1', PASSED), twin: { jobId: '80512', ended } }], changes)).assets[0];
    expect(beside(false)).toMatchObject({ outcome: 'running', final: false, terminal: false });
    expect(beside(true)).toMatchObject({ outcome: 'succeeded', reason: 'two-jobs: also 80512', final: true, terminal: true });
    expect(beside(false, { pastDeadline: true, pastLateWatch: true })).toMatchObject({
      outcome: 'succeeded',
      reason: 'two-jobs: also 80512, which has not ended',
      final: true,
      terminal: false,
    });
  });
});

test('an execution whose assets were all put elsewhere is not settled before its asset jobs may be known', () => {
  const at = (changes: Partial<WatchedExecution>) => settleExecution(execution([], changes)).settled;
  expect(at({ clock: steady(T0 + 299_999) })).toBe(false);
  expect(at({ jobIsKnown: false, clock: steady(T0 + 900_000) })).toBe(false);
  expect(at({ clock: steady(T0 + 300_000) })).toBe(true);
  expect(at({ jobIsKnown: false, pastDeadline: true, pastLateWatch: true })).toBe(true);
});

describe('across a jump of the clock no grace ends', () => {
  const settling = job('SCRIPT RESULT UPLOAD SUCCESS', { exitCode: 0 });

  test.each<[string, WatchedAsset[], string]>([
    ['of a verdict that may still come', [asset('1', settling)], 'succeeded'],
    ['of an asset job that may still appear beside others', [asset('1'), asset('2', PASSED)], 'missing'],
    ['of a job that has none', [asset('1')], 'missing'],
  ])('%s', (_, assets, outcome) => {
    const at = (steadyMs: number) => settleExecution(execution(assets, { clock: { now: T0 + 600_000, steadyMs } })).assets[0]?.outcome;
    expect(at(5_000)).toBe('running');
    expect(at(600_000)).toBe(outcome);
  });

  test('and what was stamped by a clock ahead of now is as old as the jump', () => {
    const ahead = job('SCRIPT RESULT UPLOAD SUCCESS', { exitCode: 0, statusSince: T0 + 86_400_000 });
    const at = (steadyMs: number) => settleExecution(execution([asset('1', ahead)], { clock: { now: T0, steadyMs } })).assets[0]?.outcome;
    expect([at(119_999), at(120_000)]).toEqual(['running', 'succeeded']);
  });
});

describe('the slot of an execution', () => {
  test.each<[string, WatchedAsset[], Partial<WatchedExecution>, boolean, boolean]>([
    ['is free and the execution settled when all are final', [asset('1', PASSED)], {}, true, true],
    ['is taken while one is open', [asset('1', PASSED), asset('2', PENDING)], {}, false, false],
    ['is free when the rest is disconnected', [asset('1', PASSED), asset('2', job('PENDING', { disconnected: true }))], {}, true, false],
    ['is free at the deadline', [asset('1', PENDING)], { pastDeadline: true }, true, false],
    [
      'is free at 15 minutes of three times the median',
      [asset('1', PENDING)],
      { clock: steady(T0 + 900_000), medianMs: 300_000 },
      true,
      false,
    ],
    ['is taken a millisecond earlier', [asset('1', PENDING)], { clock: steady(T0 + 899_999), medianMs: 300_000 }, false, false],
    ['is taken below three times the median', [asset('1', PENDING)], { clock: steady(T0 + 900_000), medianMs: 300_001 }, false, false],
    ['is taken while no median is known', [asset('1', PENDING)], { clock: steady(T0 + 9_000_000) }, false, false],
    ['is taken while an asset has no job', [asset('1')], { clock: steady(T0 + 60_000), medianMs: 1 }, false, false],
  ])('%s', (...[, assets, changes, slotFree, settled]) => {
    expect(settleExecution(execution(assets, changes))).toMatchObject({ slotFree, settled });
  });
});

describe('whatever is seen', () => {
  const words = fc.constantFrom(
    'EXECUTION PASSED',
    'EXECUTION FAILED',
    'MANIFEST ASSIGNED',
    'SCRIPT RESULT UPLOAD FAILED',
    'SCRIPT RESULT UPLOAD SUCCESS',
    'PARKED',
  );
  const anyJob = fc.record({
    status: words,
    statusSince: fc.integer({ min: T0, max: T0 + 600_000 }),
    exitCode: fc.option(fc.integer({ min: -1, max: 2 }), { nil: undefined }),
    disconnected: fc.option(fc.boolean(), { nil: undefined }),
  });
  const anyExecution = fc
    .record({
      jobs: fc.array(fc.option(anyJob, { nil: undefined }), { minLength: 1, maxLength: 6 }),
      jobIsKnown: fc.boolean(),
      rowsChangedAt: fc.integer({ min: T0, max: T0 + 600_000 }),
      clock: fc.integer({ min: T0, max: T0 + 1_200_000 }).map(steady),
      medianMs: fc.option(fc.integer({ min: 1, max: 600_000 }), { nil: undefined }),
      pastDeadline: fc.boolean(),
      pastLateWatch: fc.boolean(),
    })
    .map(({ jobs, ...rest }) =>
      execution(
        jobs.map((seen, index) => asset(String(index), seen)),
        rest,
      ),
    );

  test('an execution is settled exactly when every asset has its final decision, and each asset has one', () => {
    fc.assert(
      fc.property(anyExecution, (watched) => {
        const { assets, settled, slotFree } = settleExecution(watched);
        expect(assets.map(({ assetId }) => assetId)).toEqual(watched.assets.map(({ assetId }) => assetId));
        expect(settled).toBe(assets.every(({ final, outcome }) => final && outcome !== 'running'));
        expect(slotFree || !settled).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  test('nothing is missing while asset jobs still appear or the job is not known', () => {
    fc.assert(
      fc.property(anyExecution, (watched) => {
        const fansOut = watched.clock.now - watched.rowsChangedAt < 120_000;
        fc.pre(fansOut || !watched.jobIsKnown);
        expect(settleExecution(watched).assets.map(({ outcome }) => outcome)).not.toContain('missing');
      }),
      { numRuns: 3_000 },
    );
  });

  test('an unknown word without evidence is never a verdict', () => {
    fc.assert(
      fc.property(anyExecution, (watched) => {
        const { assets } = settleExecution(watched);
        watched.assets.forEach(({ job: seen }, index) => {
          if (seen?.status === 'PARKED' && seen.exitCode === undefined) expect(['running', 'unverified']).toContain(assets[index]?.outcome);
        });
      }),
    );
  });
});

describe('where a code could deny a success', () => {
  const verify = { judging: judgingBy(undefined, 'verify') };
  const by = (ms: number, changes: Partial<WatchedExecution> = {}) => only(PASSED, { ...verify, clock: steady(T0 + ms), ...changes });

  test('a job that passed has two minutes to tell it, without lease and copy', () => {
    expect(by(119_999)).toEqual({
      ...{ assetId: '1', outcome: 'running', final: false, terminal: true },
      awaits: { outcome: 'succeeded', rule: 'default' },
    });
    expect(only(job('EXECUTION PASSED', { exitCode: 1337 }), verify)).toMatchObject({ outcome: 'failed', final: true });
    expect(by(120_000)).toMatchObject({ outcome: 'succeeded', final: true });
    expect(by(60_000, { pastDeadline: true })).toMatchObject({ outcome: 'succeeded', final: true });
  });

  test('nothing is waited for that is told, is no success, or that no code decides', () => {
    expect(only(job('EXECUTION PASSED', { exitCode: 0 }), verify)).toMatchObject({ outcome: 'succeeded', final: true });
    expect(only(job('EXECUTION FAILED'), verify)).toMatchObject({ outcome: 'failed', final: true });
    expect(by(1, { judging: judgingBy(undefined, 'remediate') })).toMatchObject({ outcome: 'succeeded', final: true });
    expect(by(1, { judging: judgingBy({ preset: 'windows-installer' }, 'remediate') })).toMatchObject({ outcome: 'running' });
  });
});

describe('a verdict that goes by output', () => {
  const verify = judgingBy({ output: [{ pattern: '^FOUND', is: 'failed' }], exitCodes: { '7': 'skipped' } }, 'verify');
  const settled = (assets: WatchedAsset[], changes: Partial<WatchedExecution> = {}) =>
    settleExecution(execution(assets, { judging: verify, ...changes }));
  const passed = (more: Partial<WatchedAsset> = {}, exitCode = 0): WatchedAsset => ({
    assetId: '1',
    job: { status: 'EXECUTION PASSED', exitCode, statusSince: T0 },
    ...more,
  });
  const WAITS = {
    outcome: 'running',
    final: false,
    terminal: true,
    awaits: { outcome: 'unverified', reason: 'output-not-read', rule: 'default' },
  };
  const LOST = { outcome: 'unverified', reason: 'output-not-read', rule: 'default', heard: 'absent', final: true, terminal: true };

  test.each<[string, Partial<WatchedAsset>, Partial<WatchedExecution>, object]>([
    ['waits for it', {}, {}, WAITS],
    ['waits for it in the last moment of its two minutes', { outputSought: true }, { clock: steady(T0 + 119_999) }, WAITS],
    ['waits on where the gateway could not be asked', {}, { clock: steady(T0 + 3_600_000) }, WAITS],
    ['is lost with an output that did not come in two minutes', { outputSought: true }, { clock: steady(T0 + 120_000) }, LOST],
    ['is lost at the deadline where the gateway could not be asked', {}, { clock: steady(T0 + 120_000), pastDeadline: true }, LOST],
    [
      'has its two minutes past the deadline, too',
      { outputSought: true },
      { clock: steady(T0 + 60_000), pastDeadline: true, pastLateWatch: true },
      WAITS,
    ],
    [
      'is lost behind the last watch where the status changes at every look, which would begin its two minutes again without end',
      { job: { status: 'SUCCESS', exitCode: 0, statusSince: T0 + 3_600_000, endedAt: T0 } },
      { clock: steady(T0 + 3_600_000), pastDeadline: true, pastLateWatch: true },
      LOST,
    ],
    [
      'is that of the rule',
      { heard: 0 },
      {},
      { outcome: 'failed', reason: 'told by its output', rule: 'verdict.output[0]', heard: 0, final: true, terminal: true },
    ],
    [
      'is Qualys’ where no rule matched',
      { heard: 'none' },
      {},
      { outcome: 'succeeded', rule: 'default', heard: 'none', final: true, terminal: true },
    ],
    ['stays lost, however late it comes', { heard: 'absent' }, { clock: steady(T0 + 130_000) }, LOST],
  ])('%s', (_, asset, changes, decision) => {
    expect(settled([passed(asset)], changes).assets).toEqual([{ assetId: '1', ...decision }]);
  });

  test('holds its slot for its two minutes and no longer, and keeps its execution until it has come', () => {
    expect(settled([passed()], { clock: steady(T0 + 119_999) })).toMatchObject({ slotFree: false, settled: false });
    expect(settled([passed()], { clock: steady(T0 + 120_000) })).toMatchObject({ slotFree: true, settled: false });
    expect(settled([passed({ heard: 'none' })])).toMatchObject({ slotFree: true, settled: true });
  });

  test('does not keep others from being missing', () => {
    const late = { clock: steady(T0 + 600_000), rowsChangedAt: T0 };
    const { assets } = settled([passed(), { assetId: '2' }], late);
    expect(assets[1]).toMatchObject({ outcome: 'missing', final: true });
  });

  test('beside a second job that runs waits for that, and at the deadline is what it is without', () => {
    const twin = { jobId: '9', ended: false };
    expect(settled([passed({ twin })]).assets).toEqual([{ assetId: '1', outcome: 'running', final: false, terminal: false }]);
    expect(settled([passed({ twin })], { pastDeadline: true, pastLateWatch: true }).assets).toEqual([
      {
        assetId: '1',
        outcome: 'unverified',
        reason: 'output-not-read; two-jobs: also 9, which has not ended',
        rule: 'default',
        final: true,
        terminal: false,
      },
    ]);
    expect(settled([passed({ twin: { ...twin, ended: true } })]).assets).toEqual([{ assetId: '1', ...WAITS }]);
  });

  test('of a result that is on its way up at the deadline is what it is without', () => {
    const job = { status: 'SCRIPT RESULT UPLOAD SUCCESS', exitCode: 0, statusSince: T0 };
    expect(settled([{ assetId: '1', job }], { pastDeadline: true, clock: steady(T0 + 1_000) }).assets).toMatchObject([
      { outcome: 'unverified', reason: 'output-not-read', final: false, terminal: false },
    ]);
  });

  test('goes by rules for exit codes alone without any output', () => {
    const judging = judgingBy({ exitCodes: { '7': 'skipped' } }, 'verify');
    expect(settled([passed({}, 7)], { judging }).assets).toEqual([
      { assetId: '1', outcome: 'skipped', reason: 'not-applicable', rule: 'verdict.exitCodes.7', final: true, terminal: true },
    ]);
    expect(settled([passed({}, 1337)], { judging }).assets).toMatchObject([{ outcome: 'failed', reason: 'passed with exit code 1337' }]);
  });
});
