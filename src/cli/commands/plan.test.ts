// Plans against the simulated gateway, whose log of calls shows that nothing was sent.

import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { overhaul } from '../../../test/support/command-line.js';
import { ledgerOf } from '../../../test/support/ledger/inspector.js';
import { accepted, close, giveScript, openRun } from '../../../test/support/ledger/ledger.js';
import { emptyLedger, type SampleLedger } from '../../../test/support/ledger/sample.js';
import { grant } from '../../../test/support/ledger/scenario.js';
import { overhaulProcess } from '../../../test/support/programs.js';
import { emptyCounts } from '../../domain/run/outcome.js';
import { type Simulator, startSimulator } from '../../simulator/index.js';
import type { TemporalRuns } from '../../temporal/runs/temporal-runs.js';
import type { PlanDocument } from '../plan/document.js';

let simulator: Simulator;
let sample: SampleLedger;
let env: Record<string, string>;
let folder: string;

beforeAll(async () => {
  simulator = await startSimulator({ assets: 300, windowsEvery: 10, seenBeforeMs: { 20452613: 400 * 86_400_000 } });
  sample = await emptyLedger();
});
afterAll(async () => {
  await sample.ledger.close();
  await simulator.close();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plan-'));
  env = {
    QUALYS_URL: simulator.url,
    QUALYS_USERNAME: 'demo',
    QUALYS_PASSWORD: 'demo',
    OVERHAUL_CONFIG: join(folder, 'overhaul.yaml'),
    ...sample.env,
  };
  await configure('policy: { caps: { callsPerHour: 100000, concurrency: 10, executionsPerDay: 30 } }');
});

const configure = (text: string) => writeFile(join(folder, 'overhaul.yaml'), `${text}\n`);
async function planFile(text: string): Promise<string> {
  const file = join(folder, 'plan.yaml');
  await writeFile(file, text);
  return file;
}
async function plan(text: string, world: { terminal?: number } = {}) {
  return overhaul(['plan', await planFile(text)], { env, ...world });
}
async function planned(text: string) {
  const ran = await overhaul(['plan', await planFile(text), '--json'], { env });
  return { ...ran, document: JSON.parse(ran.stdout || '{}') as PlanDocument };
}

const OPENSSL = `
name: openssl
targets: { query: { source: car, filter: "operatingSystem:CentOS" } }
steps: { remediate: 72648, verify: 72649 }
waves:
  - { name: canary, size: 5, soak: 1d, errorBudget: { max: 0, strict: true } }
  - { name: lab, tag: 7002, approval: false }
  - { name: ring, size: 10% }
  - { name: rest, soak: 2d }
approval: { quorum: 2, expires: 3d, approvers: [ann, bob] }
errorBudget: { max: 5%, minimum: 10 }
windows: [{ days: [SAT, SUN], from: "22:00", to: "06:00", timezone: Europe/Berlin }]
`;

describe('overhaul plan', () => {
  test('shows the open copies by run, and what despiteOpenCopies sets aside: another digest', async () => {
    const { ledger, env: ofLedger } = await emptyLedger();
    const fence = await openRun(ledger, 'before', ['20452611', '20452612']);
    await accepted(ledger, 'before', fence);
    await ledger.verdicts.closeOpen('before', 'cancelled');
    await close(ledger, 'before');
    await giveScript(ledger, 'before', '72648');
    await ledger.close();
    env = { ...env, ...ofLedger };
    const text = (more: string) =>
      `{ name: again, targets: { assetIds: [20452611, 20452612, 20452613] ${more} }, steps: { remediate: 72648 } }`;
    const asked = await planned(text(''));
    expect(asked.document).toMatchObject({ skipped: { 'open-copy: run before': 2 }, executions: 1 });
    expect((await plan(text(''))).stdout).toContain('2 assets: open-copy: run before');
    const despite = await planned(text(', despiteOpenCopies: true'));
    expect(despite.document).toMatchObject({ skipped: {}, warnings: [expect.stringContaining('may still be running on 2 asset(s)')] });
    expect(despite.document.digest).not.toBe(asked.document.digest);
    expect((await plan(text(', despiteOpenCopies: true'))).stdout).toContain('targets.despiteOpenCopies: an earlier copy');
  });

  test('shows which assets another run has just now, and what becomes of them', async () => {
    const { ledger, env: ofLedger } = await emptyLedger();
    await accepted(ledger, 'patch-ssl', await openRun(ledger, 'patch-ssl', ['20452611', '20452612'], { requestedBy: 'kim' }));
    await ledger.close();
    env = { ...env, ...ofLedger };
    const text = (more: string) => `{ name: later, targets: { assetIds: [20452611, 20452613] }, steps: { remediate: 72648 }${more} }`;
    const who = '1 for run patch-ssl (requested by kim): overhaul show patch-ssl';
    expect((await planned(text(''))).document).toMatchObject({
      warnings: [`1 asset in an open execution of another run now; they wait until it has ended: ${who}`],
    });
    expect((await plan(text(', conflict: skip'))).stdout).toContain(
      `1 asset in an open execution of another run now; they are skipped if that is so when they are due: ${who}`,
    );
  });

  test.each([
    ['nobody knows whose it would be', 'scheduleType: ONE_TIME, after: 1d', /^followUp: the scheduler needs the id of the API user/],
    ['its dates are past', 'scheduleType: DAILY, endDate: "2026-01-04"', /^followUp\.endDate: 2026-01-04/],
  ])('is refused with a schedule to follow where %s', async (_, schedule, message) => {
    const text = `{ name: later, targets: { assetIds: [20452611] }, steps: { remediate: 72648 }, followUp: { kind: schedule, on: always, ${schedule} } }`;
    const ran = await planned(text);
    expect(ran).toMatchObject({
      exitCode: 1,
      document: { refused: [{ type: 'InvalidRequest', message: expect.stringMatching(message) }] },
    });
    expect(ran.document.digest).toBeUndefined();
  });

  test('cuts the cohort into its waves, prices their steps, and forecasts them, and sends nothing', async () => {
    const before = simulator.state.calls.length;
    const { exitCode, stderr, document } = await planned(OPENSSL);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(document.cohort).toEqual({ size: 270, digest: expect.stringMatching(/^[0-9a-f]{64}$/), seed: 'openssl', strategy: 'assets' });
    expect(document.digest).toMatch(/^[0-9a-f]{64}$/);
    const shown = document.waves.map(({ name, size, steps, approval, soakMs }) => [
      ...[name, size],
      ...steps.map(({ step, executions, atOnce }) => `${step} ${executions}, ${atOnce} at once`),
      ...[approval?.text, soakMs],
    ]);
    const leave = '2 approvals by ann, bob, not by the requester; expires after 3d 00h';
    const lab = document.waves[1]?.size ?? 0;
    const rest = 270 - 5 - lab - 27;
    const four = (size: number) => [`remediate ${Math.ceil(size / 25)}, 4 at once`, `verify ${Math.ceil(size / 25)}, 4 at once`];
    expect(shown).toEqual([
      ['canary', 5, 'remediate 5, 1 at once', 'verify 5, 1 at once', leave, 86_400_000],
      ['lab', lab, ...four(lab), undefined, 0],
      ['ring', 27, ...four(27), leave, 0],
      ['rest', rest, ...four(rest), leave, 0],
    ]);
    expect(lab).toBeGreaterThan(100);
    expect(document.waves[2]?.errorBudget).toBe(
      'breach when more than 1 of 27 assets end failed or unverified (5% of 27, rounded down); not before 10 are finished',
    );
    expect(document.executions).toBe(document.waves.reduce((sum, { executions }) => sum + executions, 0));
    expect(document.budget.executions).toEqual({ left: 30, spent: 0, perDay: 30 });
    const calls = simulator.state.calls.slice(before);
    expect(document.calls.opening).toBe(calls.filter(({ path }) => path !== '/auth').length);
    expect(calls.filter(({ path }) => path.includes('/execute') || path.includes('scheduler'))).toEqual([]);
  });

  test('places every wave inside its windows, one after the other, from the soak of the one before', async () => {
    const { document } = await planned(OPENSSL);
    // The test's clock says Saturday, 22 August 2026, noon in Berlin.
    expect(document.windows.openings).toHaveLength(10);
    expect(document.windows.openings[0]).toEqual({
      opensAt: '2026-08-22T20:00:00.000Z',
      closesAt: '2026-08-23T04:00:00.000Z',
      timezone: 'Europe/Berlin',
      local: { opens: 'Sat 2026-08-22 22:00', closes: 'Sun 2026-08-23 06:00' },
    });
    expect(document.waves[0]?.forecast).toEqual({
      startsAt: '2026-08-22T20:00:00.000Z',
      // Ten executions of a quarter of an hour, one at a time.
      endsAt: '2026-08-22T22:30:00.000Z',
      closesAt: '2026-08-23T22:30:00.000Z',
      bottleneck: 'windows',
    });
    expect(document.waves[1]?.forecast.startsAt).toBe('2026-08-23T22:30:00.000Z');
    expect(document.forecast.notes).toContain('Assumes immediate approval of "canary", "ring", "rest".');
    expect(document.forecast.notes[0]).toBe('Assumes 15m 00s per execution: not every script of the plan has run in this ledger.');
  });

  test('takes what its scripts have taken before, and what is left of the day', async () => {
    const other = await emptyLedger();
    for (const script of ['72648', '72649'])
      await other.ledger.scripts.addDurations(script, [
        { localMs: 120_000, serverMs: 120_000 },
        { localMs: 180_000, serverMs: 180_000 },
      ]);
    const now = await other.ledger.database.now();
    for (let n = 1; n <= 28; n += 1) await grant(other.ledger, { runId: 'x', executionNo: n, permittedAt: now });
    env = { ...env, ...other.env };
    const { document } = await planned(OPENSSL);
    await other.ledger.close();
    expect(document.forecast.executionMs).toBe(120_000);
    expect(document.budget.executions).toEqual({ left: 2, spent: 28, perDay: 30 });
    expect(document.forecast.bottleneck).toBe('daily-quota');
  });

  test('gives the same digest again, and another to any change of plan, cohort or script', async () => {
    const digestOf = async (text: string) => (await planned(text)).document.digest;
    const digest = await digestOf(OPENSSL);
    expect(await digestOf(OPENSSL)).toBe(digest);
    const others: unknown[] = [];
    for (const text of [
      OPENSSL.replace('size: 5,', 'size: 6,'),
      OPENSSL.replace('verify: 72649', 'verify: 72648'),
      OPENSSL.replace('operatingSystem:CentOS', 'name:host-0000'),
      OPENSSL.replace('name: openssl', 'name: openssl\nseed: other'),
    ])
      others.push(await digestOf(text));
    expect(new Set([digest, ...others]).size).toBe(5);
  });

  test('counts executions by tags as the planner finds them', async () => {
    const text = 'name: tagged\ntargets: { assetTagIds: [7002] }\nsteps: { remediate: 72648 }\n';
    const byIds = (await planned(text)).document;
    const byTags = (await planned(`${text}strategy: tags\n`)).document;
    expect(byIds.waves[0]?.steps).toMatchObject([{ executions: 6 }]);
    expect(byTags.waves[0]?.steps).toMatchObject([{ executions: 1, byTags: 1 }]);
  });

  test('names what is left alone, and the first approval that policy asks for', async () => {
    await configure('policy: { approval: { aboveAssets: 10 }, neverTouch: { hostnames: [host-000001.example.com] } }');
    const { document } = await planned(
      'name: small\ntargets: { query: { source: car, filter: "name:host-00001" } }\nsteps: { remediate: 72648 }\n',
    );
    expect(document.skipped).toEqual({ 'other-platform': 1 });
    expect(document.cohort.size).toBe(10);
    expect(document.waves[0]).toMatchObject({ size: 10, toSend: 9 });
    expect(document.waves[0]?.approval).toBeUndefined();
    await configure('policy: { approval: { aboveAssets: 9 } }');
    const above = await planned(
      'name: small\ntargets: { query: { source: car, filter: "name:host-00001" } }\nsteps: { remediate: 72648 }\n',
    );
    expect(above.document.waves[0]?.approval?.text).toBe('1 approval, not by the requester');
  });

  test('leaves out whose agent was last seen too long ago, and says how many', async () => {
    const filter = '{"filters":[{"field":"asset.name","operator":"CONTAINS","value":"host-00000"}]}';
    const { document } = await planned(
      `name: seen\ntargets: { query: { source: gav, filter: '${filter}' }, seenWithin: 7d }\nsteps: { remediate: 72648 }\n`,
    );
    expect(document).toMatchObject({ cohort: { size: 9 }, skipped: { 'stale-agent': 1 }, waves: [{ size: 9, toSend: 8 }] });
  });

  test('enters nothing into the ledger, and leaves no file behind', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'plan-'));
    const { exitCode } = await overhaulProcess(['plan', await planFile(OPENSSL)], { ...env, TMPDIR: empty });
    expect(exitCode).toBe(0);
    expect(await readdir(empty)).toEqual([]);
    for (const table of ['runs', 'campaigns', 'waves', 'attempts', 'audit'] as const)
      expect(await ledgerOf(sample).rows(table)).toEqual([]);
  });

  test('shows what a step waits for, and counts it in the forecast', async () => {
    const took: number[] = [];
    for (const [after, shown] of [
      ['', 'remediate 1, verify 1: up to 2'],
      [', after: 2h', 'remediate 1, verify 1 (after 2h 00m)'],
      [', after: { checkIn: true, within: 30m }', 'remediate 1, verify 1 (after a check-in within 30m 00s)'],
    ] as const) {
      const text = `name: x\ntargets: { assetIds: [20452610, 20452611] }\nsteps: { remediate: 72648, verify: { script: 72649${after} } }\n`;
      expect((await plan(text)).stdout).toContain(shown);
      const { startsAt = '', endsAt = '' } = (await planned(text)).document.waves[0]?.forecast ?? {};
      took.push(Date.parse(endsAt) - Date.parse(startsAt));
    }
    const [none = 0, ...waits] = took;
    expect(waits.map((ms) => ms - none)).toEqual([7_200_000, 1_800_000]);
  });

  test('exits as the campaign would: 1 with every refusal, 2 with every problem and its line', async () => {
    await configure('policy: { scripts: { allow: [72648] } }');
    const refused = await plan(`${OPENSSL}maxAssets: 100\n`);
    expect(refused.exitCode).toBe(1);
    expect(refused.stdout).toContain(
      'refused     PolicyViolation: Step verify: Policy does not allow script 72649 (Restart agent). Allowed: 72648.\n',
    );
    expect(refused.stdout).toContain(
      'refused     PolicyViolation: The cohort has 270 assets, more than maxAssets (100). Nothing was sent.\n',
    );
    expect(refused.stdout).not.toContain('digest');
    await configure('');
    const leftOver = await plan(
      'name: x\ntargets: { assetIds: [20452610, 20452611, 20452612] }\nsteps: { remediate: 72648 }\nwaves: [{ name: a, size: 2 }]\n',
    );
    expect([leftOver.exitCode, leftOver.stdout]).toEqual([1, expect.stringContaining('1 are in no wave')]);
    const wrong = await plan('name: x\nsteps: { remediate: 72648 }\nwaves:\n  - { name: a, size: 0 }\n  - { name: A }\ncolour: red\n');
    expect([wrong.exitCode, wrong.stdout]).toEqual([2, '']);
    expect(wrong.stderr.split('\n').slice(1, -1)).toEqual([
      expect.stringMatching(/^ {2}waves\[0\]\.size: must be at least 1 \(.*plan\.yaml:4\)$/),
      expect.stringMatching(/^ {2}waves\[1\]\.name: "A" is already the name of a wave \(case is ignored\) \(.*:5\)$/),
      expect.stringMatching(/^ {2}targets: /),
      expect.stringMatching(/^ {2}colour: unknown key \(.*plan\.yaml:6\)$/),
    ]);
    expect((await overhaul(['plan', '/nowhere/plan.yaml'])).stderr).toContain('Cannot read the plan /nowhere/plan.yaml');
  });

  test.each([45, 140])('fits a terminal of %d columns', async (terminal) => {
    const { stdout } = await plan(OPENSSL, { terminal });
    const lines = stdout.split('\n').filter((line) => !/[0-9a-f]{64}/.test(line) && !line.includes(folder));
    expect(Math.max(...lines.map((line) => stripVTControlCharacters(line).length))).toBeLessThan(terminal);
  });
});

/** A worker takes up whatever is started. */
const opened = {
  find: async (workflowId: string) => ({ workflowId, state: 'running' as const, startedAt: '2026-08-22T10:00:00.000Z' }),
  progress: async () => ({ ...PROGRESS, phase: 'running' }),
};
const PROGRESS = { phase: 'opening', asOf: '2026-08-22T10:00:00.000Z', counts: emptyCounts(), inFlight: 0, callsUsed: 0 };

test('a plan whose windows are over never ends, and is no success', async () => {
  const { exitCode, document } = await planned(`${OPENSSL}blackouts: [{ from: "2020-01-01T00:00", to: "2090-01-01T00:00" }]\n`);
  expect([exitCode, document.refused, document.forecast.endsAt]).toEqual([1, undefined, undefined]);
});

describe('overhaul start', () => {
  test('starts the campaign with the plan as it was written', async () => {
    const starts: unknown[] = [];
    const temporal = {
      async start(start: unknown) {
        starts.push(start);
        return { kind: 'started' as const };
      },
      ...opened,
    };
    const file = await planFile(OPENSSL);
    const ran = await overhaul(['start', file, '--id', 'openssl-1'], { env, temporal });
    expect([ran.exitCode, ran.stdout]).toEqual([0, 'openssl-1\n']);
    expect(starts).toMatchObject([
      {
        workflow: 'remediationCampaign',
        workflowId: 'openssl-1',
        taskQueue: 'overhaul',
        input: { name: 'openssl', requestedBy: 'kim', waves: [{ name: 'canary', size: 5, soak: '1d' }, {}, {}, {}] },
      },
    ]);
    expect((await overhaul(['start', file], { env, temporal })).stdout).toMatch(/^openssl-[a-z2-9]{8}\n$/);
  });

  describe('waits until a worker has opened the campaign', () => {
    const start = async () => ({ kind: 'started' as const });
    const startWith = async (temporal: Partial<TemporalRuns>, ...more: string[]) =>
      overhaul(['start', await planFile(OPENSSL), '--id', 'openssl-2', ...more], { env, temporal: { start, ...opened, ...temporal } });

    test('and fails as it does where it is refused', async () => {
      let looks = 0;
      const refused: Partial<TemporalRuns> = {
        progress: async () => PROGRESS,
        async find(workflowId) {
          looks += 1;
          return { workflowId, state: looks > 3 ? 'failed' : 'running', startedAt: '2026-08-22T10:00:00.000Z' };
        },
        end: async () => ({ kind: 'failed', type: 'PolicyViolation', message: 'the cohort has 20 assets, maxAssets is 10', problems: [] }),
      };
      const ran = await startWith(refused);
      expect([ran.exitCode, ran.stdout]).toEqual([1, 'openssl-2\n']);
      expect(ran.stderr).toContain('openssl-2  PolicyViolation\n  the cohort has 20 assets, maxAssets is 10\n');
      expect((await startWith(refused, '--no-wait')).exitCode).toBe(0);
    });

    test('and says what holds it up', async () => {
      let looks = 0;
      const progress = async () => {
        looks += 1;
        return looks > 3 ? { ...PROGRESS, phase: 'running' } : { ...PROGRESS, phase: 'blocked', blocked: 'Qualys does not answer' };
      };
      const ran = await startWith({ progress });
      expect(ran.exitCode).toBe(0);
      expect(ran.stderr.match(/openssl-2 is not open yet: Qualys does not answer/g)).toHaveLength(1);
    });

    test('and does not call it done where none runs', async () => {
      const ran = await startWith({ progress: () => Promise.reject(new Error('deadline exceeded')) });
      expect([ran.exitCode, ran.stdout]).toEqual([3, 'openssl-2\n']);
      expect(ran.stderr).toContain('no worker has opened it yet');
    });
  });

  test('starts nothing when the plan is not the one of the digest any more', async () => {
    const starts: unknown[] = [];
    const temporal = {
      async start(start: unknown) {
        starts.push(start);
        return { kind: 'started' as const };
      },
      ...opened,
    };
    const file = await planFile(OPENSSL);
    const { digest = '' } = (await planned(OPENSSL)).document;
    expect((await overhaul(['start', file, '--digest', digest], { env, temporal })).exitCode).toBe(0);
    await writeFile(file, OPENSSL.replace('size: 5,', 'size: 50,'));
    const ran = await overhaul(['start', file, '--digest', digest], { env, temporal });
    expect([ran.exitCode, ran.stdout, starts.length]).toEqual([1, '', 1]);
    expect(ran.stderr).toContain(`does not match digest ${digest}: its digest is `);
  });
});
