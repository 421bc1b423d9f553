// The commands against the simulated gateway, over loopback.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { overhaul, type Ran } from '../../../test/support/command-line.js';
import { recordingGate, settableClock } from '../../../test/support/gateway/client-harness.js';
import { createQualys } from '../../qualys/client.js';
import { type Simulator, startSimulator } from '../../simulator/index.js';

let simulator: Simulator;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qualys-commands-'));
  simulator = await startSimulator({ assets: 2_500, speed: 10_000, indexLagMs: 0, outputBytes: { min: 12, max: 12 } });
  const client = createQualys({
    baseUrl: simulator.url,
    username: 'demo',
    password: () => 'demo',
    gate: recordingGate(),
    clock: settableClock(),
  });
  const assetIds = Array.from({ length: 25 }, (_, index) => String(20_452_610 + index));
  expect(await client.execute({ scriptId: '72648', assetIds, mayStart: () => true })).toMatchObject({ kind: 'accepted' });
  await client.close();
});

afterAll(async () => {
  await simulator.close();
  await rm(folder, { recursive: true });
});

function qualys(args: readonly string[], world: { terminal?: number; url?: string } = {}): Promise<Ran> {
  const env = {
    QUALYS_URL: world.url ?? simulator.url,
    QUALYS_USERNAME: 'demo',
    QUALYS_PASSWORD: 'demo',
    OVERHAUL_DATABASE_URL: `sqlite:${join(folder, 'none.db')}`,
    OVERHAUL_CONFIG: join(folder, 'overhaul.yaml'),
    LANG: 'C.UTF-8',
    NO_COLOR: '1',
  };
  return overhaul(['qualys', ...args], { env, ...(world.terminal === undefined ? {} : { terminal: world.terminal }) });
}

beforeAll(() =>
  writeFile(join(folder, 'overhaul.yaml'), 'policy: { caps: { callsPerHour: 100000, executionsPerDay: 1000, concurrency: 8 } }\n'),
);

async function documentOf(args: readonly string[]): Promise<{ items: Record<string, unknown>[]; total?: number; more: boolean }> {
  const { exitCode, stdout, stderr } = await qualys([...args, '--json']);
  if (exitCode !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Awaited<ReturnType<typeof documentOf>>;
}

const idOf = (line: string) => (JSON.parse(line) as { assetId: string }).assetId;

describe('overhaul qualys scripts', () => {
  test('list is a table', async () => {
    const { exitCode, stdout, stderr } = await qualys(['scripts', 'list', '--filter', 'status:APPROVED']);
    expect(stdout).toBe(
      [
        '   ID  TITLE          STATUS    PLATFORM',
        '72648  Patch OpenSSL  APPROVED  LINUX',
        '72649  Restart agent  APPROVED  LINUX',
        '72650  Disable SMBv1  APPROVED  WINDOWS',
        '',
      ].join('\n'),
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  test('list with --json is one document that says whether there are more', async () => {
    expect(await documentOf(['scripts', 'list', '--limit', '1'])).toEqual({
      items: [{ id: '72648', title: 'Patch OpenSSL', status: 'APPROVED', platform: 'LINUX' }],
      total: 6,
      more: true,
    });
  });

  test('list with --raw has what Qualys sent, under its own names', async () => {
    const { stdout } = await qualys(['scripts', 'list', '--limit', '1', '--raw']);
    const { items } = JSON.parse(stdout) as { items: object[] };
    expect(items).toMatchObject([{ id: '72648', severity: 3, category: { name: 'Remediation' }, subscribedModules: ['PC'] }]);
  });

  test('get takes an exact title, and tells the hash that a run can be pinned to', async () => {
    const { stdout } = await qualys(['scripts', 'get', 'Restart agent']);
    expect(stdout).toMatch(/^id +72649\ntitle +Restart agent\nstatus +APPROVED\nplatform +LINUX\nsize +36 bytes\nsha256 +[0-9a-f]{64}\n$/);
  });

  test('get --content prints the script itself', async () => {
    expect((await qualys(['scripts', 'get', '72649', '--content'])).stdout).toBe('#!/bin/sh\n# Restart agent\necho done\n');
  });

  test('get of a script that does not exist is a usage error in words', async () => {
    expect(await qualys(['scripts', 'get', 'Restart'])).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: 'Qualys shows this API user no script titled "Restart": check the id or exact title, and the tags in the user\'s scope.\n',
    });
  });

  test('an export is a file that an import takes back, content in base64 untouched', async () => {
    const out = join(folder, 'scripts.json');
    const ran = await qualys(['scripts', 'export', '72648', 'Disable SMBv1', '--out', out]);
    expect(ran).toEqual({ exitCode: 0, stdout: '', stderr: `Wrote 2 scripts to ${out}\n` });
    const elsewhere = await startSimulator({ scripts: [], indexLagMs: 0 });
    const client = createQualys({
      baseUrl: elsewhere.url,
      username: 'demo',
      password: () => 'demo',
      gate: recordingGate(),
      clock: settableClock(),
    });
    try {
      const answer = await client.importScripts({ file: out });
      if (answer.kind !== 'created') throw new Error(JSON.stringify(answer));
      const again = await qualys(['scripts', 'export', ...answer.scriptIds], { url: elsewhere.url });
      const contents = (text: string) =>
        (JSON.parse(text) as Record<string, unknown>[]).map(({ title, platform, content }) => ({ title, platform, content }));
      expect(contents(again.stdout)).toEqual(contents(await readFile(out, 'utf8')));
      expect(contents(again.stdout)[1]).toEqual({
        title: 'Disable SMBv1',
        platform: 'WINDOWS',
        content: Buffer.from('#!/bin/sh\n# Disable SMBv1\necho done\n').toString('base64'),
      });
    } finally {
      await client.close();
      await elsewhere.close();
    }
  });

  test('an export of which a part was refused names that part, and exits 1', async () => {
    const { exitCode, stdout, stderr } = await qualys(['scripts', 'export', '72649', '72651']);
    expect(exitCode).toBe(1);
    expect((JSON.parse(stdout) as { id: number }[]).map(({ id }) => id)).toEqual([72649]);
    expect(stderr).toContain('Script 72651 was not exported: ');
    expect(stderr).toContain('its status is DEPRECATED');
  });

  test('an export of nothing writes no file', async () => {
    const out = join(folder, 'nothing.json');
    const { exitCode, stderr } = await qualys(['scripts', 'export', '72651', '--out', out]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('Nothing was exported.');
    expect(await readdir(folder)).not.toContain('nothing.json');
  });
});

describe('overhaul qualys assets', () => {
  test('gives the first page unless asked for more, and says so', async () => {
    const { stdout, stderr } = await qualys(['assets']);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1 + 100);
    expect(stderr).toBe('100 of 2,500 assets. Use --all for all, --limit <n> for the first n.\n');
  });

  test('--all --jsonl walks every page, each asset once', async () => {
    const { stdout, stderr, exitCode } = await qualys(['assets', '--all', '--jsonl', '--page-size', '400']);
    const ids = stdout.trimEnd().split('\n').map(idOf);
    expect({ lines: ids.length, different: new Set(ids).size, stderr, exitCode }).toEqual({
      lines: 2_500,
      different: 2_500,
      stderr: '',
      exitCode: 0,
    });
  });

  test('--limit goes over as many pages as it takes, and not one row further', async () => {
    const { stdout } = await qualys(['assets', '--limit', '950', '--page-size', '400', '--jsonl']);
    expect(stdout.trimEnd().split('\n')).toHaveLength(950);
  });

  test('--all and --limit together are a usage error', async () => {
    expect(await qualys(['assets', '--all', '--limit', '3'])).toMatchObject({ exitCode: 2, stdout: '' });
  });

  test.each([
    ['all.json', (text: string) => (JSON.parse(text) as { items: unknown[] }).items.length],
    ['all.jsonl', (text: string) => text.trimEnd().split('\n').length],
  ])('--out %s has the whole walk', async (name, rowsIn) => {
    const out = join(folder, name);
    const ran = await qualys(['assets', '--all', '--out', out]);
    expect(ran).toEqual({ exitCode: 0, stdout: '', stderr: `Wrote 2,500 assets to ${out}\n` });
    expect(rowsIn(await readFile(out, 'utf8'))).toBe(2_500);
  });

  test('--out where nothing can be written is a usage error', async () => {
    const out = join(folder, 'missing', 'assets.json');
    const { exitCode, stderr } = await qualys(['assets', '--out', out]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`Cannot write ${out}: there is no such folder`);
  });

  test('a filter that Qualys refuses is a usage error with its words', async () => {
    const { exitCode, stderr } = await qualys(['assets', '--filter', 'nope:1']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('the token nope is not known here');
  });

  test('nothing found is no failure', async () => {
    expect(await qualys(['assets', '--filter', 'name:`nobody`'])).toEqual({ exitCode: 0, stdout: '', stderr: 'No assets.\n' });
  });

  test('a bar stands under the table on a terminal, and is gone at the end', async () => {
    const { stdout, stderr } = await qualys(['assets', '--all', '--page-size', '1000'], { terminal: 60 });
    expect(stdout.split('\n').every((line) => line.length < 60)).toBe(true);
    expect(stderr).toContain('█░░░░░░░░░░░░░░░░░░░░░░░░ 1,000/2,500 assets');
    expect(stderr).toContain('██ 2,500/2,500 assets');
    expect(stderr.endsWith('\r\x1b[K')).toBe(true);
  });
});

describe('overhaul qualys tags', () => {
  test('lists ids that runs take, with their names', async () => {
    const { items } = await documentOf(['tags']);
    expect(items[1]).toMatchObject({ tagId: '7002', name: 'Production' });
  });
});

describe.each([['v2'], ['v1']])('overhaul qualys jobs, %s', (version) => {
  const flags = version === 'v1' ? ['--v1'] : [];
  const path = (what: string) => `/sm/${version}/${what}/search`;

  test('jobs, with ISO times, by that version of the API', async () => {
    const { items } = await documentOf(['jobs', '--filter', 'scriptId:72648', ...flags]);
    expect(items).toEqual([
      {
        id: '80507',
        scriptId: '72648',
        correlationUuid: expect.any(String),
        isTest: false,
        executionType: 'Manual',
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      },
    ]);
    expect(simulator.state.calls.at(-1)).toMatchObject({ path: path('jobs') });
  });

  test('asset jobs without output, and with it when asked for', async () => {
    const bare = await documentOf(['asset-jobs', '--filter', 'job.id:80507', ...flags]);
    expect(bare.items).toHaveLength(25);
    expect(bare.items.every((item) => item['output'] === undefined)).toBe(true);
    const full = await documentOf(['asset-jobs', '--filter', 'job.id:80507', '--output-content', '--all', ...flags]);
    expect(full.items.every(({ output, outputBytes }) => typeof output === 'string' && outputBytes === 12)).toBe(true);
    expect(simulator.state.calls.at(-1)).toMatchObject({ path: path('assetjobs') });
  });

  test('a time span goes to Qualys', async () => {
    expect((await documentOf(['jobs', '--end', '2020-01-01', ...flags])).items).toEqual([]);
    expect((await documentOf(['jobs', '--start', '2020-01-01T00:00:00Z', ...flags])).items).toHaveLength(1);
  });
});

describe('overhaul qualys activities', () => {
  test('says who did what to which script, when', async () => {
    const { items } = await documentOf(['activities', '--filter', 'activity:EXECUTE']);
    expect(items).toMatchObject([{ user: 'demo', action: 'EXECUTE', targetId: '72648', at: expect.stringMatching(/Z$/) }]);
  });
});

describe('overhaul qualys count', () => {
  test.each([
    ['scripts', 6],
    ['jobs', 1],
    ['asset-jobs', 25],
    ['schedules', 0],
    ['assets', 2_500],
  ])('%s, from either envelope', async (what, count) => {
    expect((await qualys(['count', what])).stdout).toBe(`${count.toLocaleString('en-US')}\n`);
    expect(JSON.parse((await qualys(['count', what, '--json'])).stdout)).toEqual({ count });
  });

  test('by the values of a field, the largest first', async () => {
    const { stdout } = await qualys(['count', 'scripts', '--group-by', 'platform']);
    expect(stdout).toBe('COUNT  VALUE\n    5  LINUX\n    1  WINDOWS\n');
    expect(JSON.parse((await qualys(['count', 'scripts', '--group-by', 'platform', '--json'])).stdout)).toEqual({
      groupBy: 'platform',
      counts: { LINUX: 5, WINDOWS: 1 },
    });
  });

  test('by the values of a field of nothing is no empty table', async () => {
    const ran = await qualys(['count', 'asset-jobs', '--group-by', 'status', '--filter', 'job.id:1']);
    expect(ran).toEqual({ exitCode: 0, stdout: '', stderr: 'No asset jobs to count.\n' });
  });

  test('refuses what no document has: a time span of assets, a sixth thing', async () => {
    expect((await qualys(['count', 'assets', '--start', '2026-01-01'])).exitCode).toBe(2);
    expect((await qualys(['count', 'tags'])).exitCode).toBe(2);
  });
});
