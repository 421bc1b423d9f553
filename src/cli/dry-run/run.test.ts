// Dry runs against the simulated gateway, whose log of calls shows that nothing was sent.

import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { overhaul } from '../../../test/support/command-line.js';
import { ledgerOf } from '../../../test/support/ledger/inspector.js';
import { accepted, close, giveScript, openRun } from '../../../test/support/ledger/ledger.js';
import { emptyLedger, openSampleRun, type SampleLedger } from '../../../test/support/ledger/sample.js';
import { overhaulProcess } from '../../../test/support/programs.js';
import { defaultPolicy } from '../../contracts/policy.js';
import { type Simulator, startSimulator } from '../../simulator/index.js';

let simulator: Simulator;
let sample: SampleLedger;
let env: Record<string, string>;

beforeAll(async () => {
  simulator = await startSimulator({
    assets: 300,
    windowsEvery: 10,
    seenBeforeMs: { 20452612: 8 * 86_400_000, 20452613: 400 * 86_400_000 },
  });
  sample = await emptyLedger();
});
afterAll(async () => {
  await sample.ledger.close();
  await simulator.close();
});
beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dry-run-'));
  env = {
    QUALYS_URL: simulator.url,
    QUALYS_USERNAME: 'demo',
    QUALYS_PASSWORD: 'demo',
    OVERHAUL_CONFIG: join(folder, 'overhaul.yaml'),
    ...sample.env,
  };
  await writeFile(env['OVERHAUL_CONFIG'] as string, 'policy: { caps: { callsPerHour: 100000, concurrency: 10 } }\n');
});

const LINUX = '{"filters":[{"field":"operatingSystem","operator":"CONTAINS","value":"CentOS"}]}';
const dry = (...argv: string[]) => overhaul(['run', '--script', '72648', ...argv, '--dry-run'], { env });
const dryJson = async (...argv: string[]) => {
  const ran = await dry(...argv, '--json');
  return { ...ran, plan: JSON.parse(ran.stdout || '{}') as Record<string, unknown> & { assets: { assetId: string }[] } };
};

describe('overhaul run --dry-run', () => {
  test.each([
    [['--query', `gav:${LINUX}`], 270],
    [['--query', 'gav-v1:operatingSystem:CentOS'], 270],
    [['--query', 'edr:asset.platform:linux'], 270],
    [['--query', 'car:operatingSystem:CentOS'], 270],
    [['--hosts', 'host-000001.example.com', '--assets', '20452610,20452611', '--tags', '7002'], 151],
    [['--query', `gav:${LINUX}`, '--assets', '20452619', '--exclude', '20452610'], 270],
  ])('%j: prints the cohort of %d assets, and sends nothing', async (targets, size) => {
    const ran = await dryJson(...targets);
    expect([ran.exitCode, ran.stderr, ran.plan['cohort']]).toEqual([0, '', { size, digest: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
    expect(ran.plan.assets).toHaveLength(size);
    expect(simulator.state.calls.filter(({ path }) => path.includes('/execute') || path.includes('scheduler'))).toEqual([]);
    expect(simulator.state.executions).toEqual([]);
  });

  test('gives the digest that the ledger gives such a cohort', async () => {
    const assetIds = Array.from({ length: 60 }, (_, index) => String(20452610 + index * 3));
    const { ledger } = await emptyLedger();
    await openSampleRun(ledger, 'patch', assetIds);
    const digest = (await ledger.runs.get('patch'))?.cohort.digest;
    await ledger.close();
    const { plan } = await dryJson('--assets', assetIds.join(','));
    expect(plan).toMatchObject({ cohort: { size: 60, digest }, skipped: { 'other-platform': 6 }, executions: 3 });
  });

  test('enters no run into the ledger, and leaves no file behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dry-run-'));
    const { exitCode } = await overhaulProcess(['run', '--script', '72648', '--assets', '20452610', '--dry-run'], {
      ...env,
      TMPDIR: folder,
    });
    expect(exitCode).toBe(0);
    expect(await readdir(folder)).toEqual([]);
    for (const table of ['runs', 'attempts', 'executions', 'audit'] as const) {
      expect(await ledgerOf(sample).rows(table)).toEqual([]);
    }
  });

  test('shows the open copies by run, and what --despite-open-copies would set aside', async () => {
    const { ledger, env: ofLedger } = await emptyLedger();
    for (const [runId, assets] of [
      ['first', ['20452611', '20452612']],
      ['second', ['20452613']],
    ] as const) {
      const fence = await openRun(ledger, runId, assets);
      await accepted(ledger, runId, fence);
      await ledger.verdicts.closeOpen(runId, 'cancelled');
      await close(ledger, runId);
      await giveScript(ledger, runId, '72648');
    }
    await ledger.close();
    env = { ...env, ...ofLedger };
    const targets = ['--assets', '20452611,20452612,20452613,20452614'];
    const asked = await dryJson(...targets);
    expect(asked.plan).toMatchObject({ skipped: { 'open-copy: run first': 2, 'open-copy: run second': 1 }, executions: 1 });
    expect((await dry(...targets)).stdout).toContain('skipped     2 assets: open-copy: run first\n');
    const despite = await dryJson(...targets, '--despite-open-copies');
    expect(despite.plan).toMatchObject({ skipped: {}, warnings: [expect.stringContaining('may still be running on 3 asset(s)')] });
    expect(despite.plan['digest']).not.toBe(asked.plan['digest']);
    expect((await dry(...targets, '--despite-open-copies')).stdout).toContain('warning     targets.despiteOpenCopies: an earlier copy');
  });

  test('says which assets another run has just now, who asked for it, and how to look', async () => {
    const { ledger, env: ofLedger } = await emptyLedger();
    await accepted(ledger, 'patch-ssl', await openRun(ledger, 'patch-ssl', ['20452611', '20452612'], { requestedBy: 'kim' }));
    await ledger.close();
    env = { ...env, ...ofLedger };
    const warning =
      '2 assets in an open execution of another run now; they wait until it has ended: 2 for run patch-ssl (requested by kim): overhaul show patch-ssl';
    expect((await dryJson('--assets', '20452611,20452612,20452613')).plan).toMatchObject({ warnings: [warning] });
    expect((await dry('--assets', '20452611,20452612')).stdout).toContain(`warning     ${warning}\n`);
    expect((await dryJson('--assets', '20452613')).plan).not.toHaveProperty('warnings');
  });

  test('says for people what would be sent, skipped and asked', async () => {
    await writeFile(
      env['OVERHAUL_CONFIG'] as string,
      'policy: { approval: { aboveAssets: 10 }, neverTouch: { hostnames: [host-000001.example.com] }, scripts: { allow: [72648] } }\n',
    );
    const ran = await dry('--query', 'car:name:host-00000', '--max-assets', '50');
    expect(ran).toMatchObject({ exitCode: 0, stderr: '' });
    expect(ran.stdout).toMatch(
      /^script {6}Patch OpenSSL \(72648\), LINUX, APPROVED\nhint {8}no path of it exits .*\ncohort {6}9 assets\ndigest {6}[0-9a-f]{64}\n/,
    );
    expect(ran.stdout).toContain('            20452610  host-000001.example.com  skipped: never-touch\n');
    expect(ran.stdout).toContain('skipped     1 asset: never-touch\n');
    expect(ran.stdout).toContain('policy      no approval needed; 1 script allowed; 1 never-touch entry; at most 50 assets\n');
    expect(ran.stdout).toMatch(
      /cost {8}1 execution, about \d+ to \d+ Qualys calls, 5 of them to find script and assets\nNothing was sent.\n$/,
    );
    expect((await dry('--query', 'car:name:host-0000')).stdout).toContain('approval needed (above 10 assets)');
  });

  test.each([
    [['--query', 'gav-v1:asset.name:nobody'], 'NoTargets: The targets match no assets'],
    [['--assets', '20452610,20452611', '--max-assets', '1'], 'PolicyViolation: The cohort has 2 assets, more than maxAssets (1).'],
    [['--assets', '20452610', '--script-sha256', 'a'.repeat(64)], 'ScriptNotRunnable: Script 72648'],
  ])('%j shows why the run would be refused, and exits as it would', async (targets, refusal) => {
    const ran = await dry(...targets);
    expect(ran.exitCode).toBe(1);
    expect(ran.stdout).toContain(`refused     ${refusal}`);
    expect(ran.stdout).toMatch(/cost {8}0 executions/);
  });

  test('refuses a query that finds all that the inventory holds, unless that is what is meant', async () => {
    const refused = await dry('--query', 'car:name:host-');
    expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
    expect(refused.stderr).toMatch(
      /^PolicyViolation: targets\.query: the filter finds 300 assets, all assets of car\. .* Nothing was sent\.\n$/,
    );
    expect((await dry('--query', 'car:name:host-', '--everything')).stdout).toContain('cohort      300 assets\n');
  });

  test('says how many agents were last seen too long ago, of which host, and where nobody can tell', async () => {
    const ran = await dry('--query', `gav:${LINUX}`, '--seen-within', '7d');
    expect(ran.stdout).toContain('skipped     2 assets: stale-agent\n');
    const { plan } = await dryJson('--query', `gav:${LINUX}`, '--seen-within', '30d');
    expect(plan['skipped']).toEqual({ 'stale-agent': 1 });
    expect(plan.assets.filter(({ assetId }) => assetId === '20452613')).toMatchObject([{ reason: 'stale-agent' }]);
    expect((await dry('--assets', '20452613,20452614', '--seen-within', '7d')).stdout).toContain(
      'of 2 of 2 assets no inventory tells when their agent was last seen',
    );
  });

  test('takes first labels where that is asked for, and says which', async () => {
    const ran = await dry('--hosts', 'HOST-000001,host-000002.corp.example.com,host-000003.example.com', '--match', 'label');
    expect(ran.stdout).toContain('cohort      3 assets\n');
    expect(ran.stdout.replace(/\s+/g, ' ')).toContain(
      'targets.match: 2 of 3 host names are taken by their first label: HOST-000001 → host-000001.example.com (20452610); ' +
        'host-000002.corp.example.com → host-000002.example.com (20452611, of another domain)',
    );
    const exact = await dry('--hosts', 'HOST-000001,host-000002.corp.example.com');
    expect(exact).toMatchObject({ exitCode: 2, stdout: '' });
    expect(exact.stderr).toContain('targets.hostnames[0]: HOST-000001 is unknown to Qualys CAR');
    expect(exact.stderr).toContain('targets.hostnames[1]: host-000002.corp.example.com is unknown to Qualys CAR');
  });

  describe('goes by the policy that the workers have', () => {
    const KEEPS = { ...defaultPolicy(), neverTouch: { assetIds: ['20452611'], tags: [], hostnames: [] } };
    let workers: SampleLedger;
    let with_: Record<string, string>;

    beforeEach(async () => {
      workers = await emptyLedger();
      with_ = { ...env, ...workers.env };
      await workers.ledger.policies.offer({ policy: KEEPS, source: '/srv/overhaul.yaml', isChange: true });
    });
    afterEach(() => workers.ledger.close());

    const asked = ['run', '--script', '72648', '--assets', '20452610,20452611', '--dry-run'];

    test('and says that the file here says something else', async () => {
      const { stdout } = await overhaul(asked, { env: with_ });
      expect(stdout).toContain('skipped     1 asset: never-touch\n');
      expect(stdout).toMatch(
        /policy {6}no approval needed; any approved script; 1 never-touch entry\n {12}the workers use version 1 \([0-9a-f]{12}\), read \S+Z from \/srv\/overhaul\.yaml; the configuration here differs and is not in force\n/,
      );
      const { policy } = JSON.parse((await overhaul([...asked, '--json'], { env: with_ })).stdout) as { policy: object };
      expect(policy).toMatchObject({
        neverTouch: KEEPS.neverTouch,
        inForce: { version: 1, source: '/srv/overhaul.yaml', differs: true },
      });
    });

    test('and says no more where the file here is the same', async () => {
      await writeFile(env['OVERHAUL_CONFIG'] as string, 'policy: { neverTouch: { assetIds: [20452611] } }\n');
      const { stdout } = await overhaul(asked, { env: with_ });
      expect(stdout).toMatch(/\n {12}the workers use version 1 \([0-9a-f]{12}\), read \S+Z from \/srv\/overhaul\.yaml\n/);
    });
  });

  test.each([
    ['with Qualys', {}],
    ['without it', { QUALYS_URL: '', QUALYS_USERNAME: '', QUALYS_PASSWORD: '' }],
  ])('refuses a follow-up that can never come, as the run would: %s', async (_, settings) => {
    const request = {
      ...{ script: 72648, targets: { assetIds: [20452610] } },
      followUp: { kind: 'schedule', on: 'always', scheduleType: 'DAILY', endDate: '2026-01-04' },
    };
    const file = join(await mkdtemp(join(tmpdir(), 'dry-run-')), 'request.json');
    await writeFile(file, JSON.stringify(request));
    const ran = await overhaul(['run', '--request', file, '--dry-run'], { env: { ...env, ...settings } });
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
    expect(ran.stderr).toMatch(/^followUp\.endDate: 2026-01-04 .*\. The run would be refused\. Nothing was sent\.\n$/);
  });

  test('refuses a schedule to follow while nobody knows whose it would be, as the run would, and says so no more once that is known', async () => {
    const followUp = { kind: 'schedule', on: 'always', scheduleType: 'ONE_TIME', after: '1d' };
    const file = join(await mkdtemp(join(tmpdir(), 'dry-run-')), 'request.json');
    await writeFile(file, JSON.stringify({ script: 72648, targets: { assetIds: [20452610] }, followUp }));
    const asked = (more: Record<string, string>) => overhaul(['run', '--request', file, '--dry-run'], { env: { ...env, ...more } });
    const ran = await asked({});
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
    expect(ran.stderr).toMatch(
      /^followUp: the scheduler needs the id of the API user, .* set QUALYS_USER_ID .*\. The run would be refused\. Nothing was sent\.\n$/,
    );
    expect(await asked({ QUALYS_USER_ID: '317df02c-4ad1-55e2-83a3-5646a34fceec' })).toMatchObject({ exitCode: 0, stderr: '' });
    const { ledger, env: ofLedger } = await emptyLedger();
    const votes = ['1', '2', '3'].map((correlationUuid) => ({ correlationUuid, name: 'FIM', uuid: '4711' }));
    await ledger.trailVotes.add(`demo at ${simulator.url}`, votes);
    await ledger.close();
    expect(await asked(ofLedger)).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('names every target that cannot be resolved', async () => {
    const ran = await dry('--hosts', 'nobody,noone');
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
    expect(ran.stderr).toBe(
      '2 targets cannot be resolved. Nothing was started.\n  targets.hostnames[0]: nobody is unknown to Qualys CAR\n  targets.hostnames[1]: noone is unknown to Qualys CAR\n',
    );
  });

  test('plans by tags as the run would', async () => {
    const byIds = await dryJson('--tags', '7002');
    const byTags = await dryJson('--tags', '7002', '--strategy', 'tags');
    expect(byTags.plan['cohort']).toEqual(byIds.plan['cohort']);
    expect(byTags.plan).toMatchObject({ executions: 1, byTags: { executions: 1, assets: 150 } });
    expect(byIds.plan['executions']).toBe(6);
  });

  test('of a request that waits for EASM says where the sync stands', async () => {
    expect((await dryJson('--assets', '20452610', '--wait-for-easm')).plan['waitsFor']).toEqual({ easm: '3101 IN_PROGRESS' });
    const ran = await dry('--assets', '20452610', '--wait-for-easm', '9');
    expect([ran.exitCode, ran.stderr]).toEqual([2, 'waitFor.easm: profile 9 is not active: active are 3101\n']);
  });

  test('exits 3 when Qualys is not there, and 2 where it is not configured', async () => {
    const away = await overhaul(['run', '--script', '1', '--assets', '1', '--dry-run'], {
      env: { ...env, QUALYS_URL: 'http://127.0.0.1:9' },
    });
    expect(away).toMatchObject({ exitCode: 3, stdout: '' });
    const unset = await overhaul(['run', '--script', '1', '--hosts', 'web-1', '--dry-run']);
    expect(unset).toMatchObject({ exitCode: 2, stdout: '' });
    expect(unset.stderr).toContain('QUALYS_URL');
  });
});
