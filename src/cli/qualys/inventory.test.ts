// GAV, EDR and EASM commands against the simulated gateway, over loopback.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { overhaul, type World } from '../../../test/support/command-line.js';
import { heldClock } from '../../../test/support/gateway/caller.js';
import { type Simulator, startSimulator } from '../../simulator/index.js';

const clock = heldClock();
let simulator: Simulator;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inventory-'));
  const assetNames = { 20452611: 'r&d <lab> "7"' };
  simulator = await startSimulator({
    assets: 60,
    windowsEvery: 3,
    assetNames,
    easmProfiles: [{ profileId: 5552, completedAfterMs: 150_000 }],
    now: clock.now,
  });
});
afterAll(async () => {
  await simulator.close();
  await rm(folder, { recursive: true });
});

function qualys(argv: readonly string[], world: World & { url?: string } = {}) {
  const env = {
    QUALYS_URL: world.url ?? simulator.url,
    QUALYS_USERNAME: 'demo',
    QUALYS_PASSWORD: 'demo',
    OVERHAUL_DATABASE_URL: `sqlite:${join(folder, 'none.db')}`,
    NO_COLOR: '1',
    LANG: 'C.UTF-8',
  };
  return overhaul(['qualys', ...argv], { env, ...world });
}

async function documentOf(argv: readonly string[]) {
  const { exitCode, stdout, stderr } = await qualys([...argv, '--json']);
  if (exitCode !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as { items: Record<string, unknown>[]; more: boolean };
}
const idsOf = async (argv: readonly string[]) => (await documentOf(argv)).items.map(({ assetId }) => assetId);

const MEDIA = ['20452619', '20452629', '20452639', '20452649', '20452659', '20452669'];
const JSON_FILTER = '{"filters":[{"field":"customAttributes.key","operator":"EQUALS","value":"Media State4"}]}';
const XML_FILTER = '<filters><Criteria field="customAttributes.key" operator="EQUALS"><value>Media State4</value></Criteria></filters>';

describe('gav', () => {
  test.each([
    ['JSON', ['--filter', JSON_FILTER]],
    ['JSON, sent as XML', ['--filter', JSON_FILTER, '--xml']],
    ['XML', ['--filter', XML_FILTER]],
    ['QQL', ['--v1', '--filter', "customAttributes.key:'Media State4'"]],
  ])('list and count filter alike by %s', async (_, options) => {
    expect(await idsOf(['gav', 'list', ...options])).toEqual(MEDIA);
    expect(await qualys(['gav', 'count', ...options])).toEqual({ exitCode: 0, stdout: '6\n', stderr: '' });
  });

  test('a value with every character that means something in XML finds its asset', async () => {
    const filter = JSON.stringify({ filters: [{ field: 'asset.name', operator: 'EQUALS', value: 'r&d <lab> "7"' }] });
    expect(await idsOf(['gav', 'list', '--xml', '--filter', filter])).toEqual(['20452611']);
  });

  test('list walks every page, without --all the first', async () => {
    const all = await documentOf(['gav', 'list', '--all', '--page-size', '7']);
    expect(all).toMatchObject({ more: false });
    expect(all.items).toHaveLength(60);
    const first = await qualys(['gav', 'list', '--page-size', '7']);
    expect(first.stdout.trim().split('\n')).toHaveLength(8);
    expect(first.stderr).toBe('7 assets; more are available. Use --all for all, --limit <n> for the first n.\n');
  });

  test('is one asset of the inventory, by both versions, with the fields that were asked for', async () => {
    for (const version of [[], ['--v1']]) {
      const one = await qualys(['gav', 'get', '20452610', ...version, '--json']);
      expect(JSON.parse(one.stdout)).toMatchObject({ assetId: '20452610', name: 'host-000001.example.com' });
      const some = await qualys(['gav', 'get', '20452610', ...version, '--fields', 'customAttributes']);
      expect(JSON.parse(some.stdout)).toEqual({
        assetId: '20452610',
        assetUuid: expect.any(String),
        customAttributes: [{ key: 'Department', value: 'Engineering', connectorName: 'Qualys' }],
      });
    }
    const raw = await qualys(['gav', 'get', '20452610', '--raw']);
    expect(JSON.parse(raw.stdout)).toMatchObject({ assetId: 20452610, assetName: 'host-000001.example.com' });
    expect(await qualys(['gav', 'get', '7'])).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: 'No asset 7 visible to this API user in the inventory.\n',
    });
  });

  test.each([
    [['gav', 'list', '--filter', "asset.name:'web'"], 'QQL needs --v1'],
    [['gav', 'list', '--filter', '{"filters":[{"field":"a","operator":"LIKE","value":"b"}]}'], '"LIKE" is not a GAV operator'],
    [['gav', 'list', '--filter', '<filters><Criteria field="a" operator="NOT_IN"/></filters>'], '"NOT_IN" is not a GAV operator'],
    [['gav', 'count', '--v1', '--filter', JSON_FILTER], '--v1 takes QQL'],
    [['gav', 'list', '--page-size', '301'], 'at most 300 assets per call'],
    [['gav', 'list', '--fields', 'a;b'], 'comma-separated field names'],
  ])('%j is refused before anything is asked', async (argv, why) => {
    const before = simulator.stats().calls;
    const { exitCode, stderr } = await qualys(argv, { env: {} });
    expect([exitCode, simulator.stats().calls]).toEqual([2, before]);
    expect(stderr).toContain(why);
  });
});

describe('edr assets', () => {
  test('are walked whole, filtered, and cut to the fields asked for', async () => {
    const { items } = await documentOf(['edr', 'assets', '--all', '--page-size', '7']);
    expect(new Set(items.map(({ id }) => id)).size).toBe(60);
    const windows = await documentOf(['edr', 'assets', '--filter', "asset.platform:'WINDOWS'", '--fields', 'edrActivatedOnDate']);
    expect(windows.items).toHaveLength(20);
    expect(Object.keys(windows.items[0] ?? {}).sort()).toEqual(['edrActivatedOnDate', 'id', 'seenAt']);
  });

  test('go into a file, one line each', async () => {
    const out = join(folder, 'edr.jsonl');
    await qualys(['edr', 'assets', '--limit', '12', '--out', out]);
    const lines = (await readFile(out, 'utf8')).trim().split('\n');
    expect(lines.map((line) => typeof (JSON.parse(line) as { id: unknown }).id)).toEqual(Array.from({ length: 12 }, () => 'string'));
  });
});

describe('easm status', () => {
  test('shows the profiles, and --wait ends when they are completed, or when its time is up', async () => {
    expect(await qualys(['easm', 'status'])).toMatchObject({
      exitCode: 0,
      stdout: 'PROFILE  STATUS       SAVED (UTC)\n   5552  IN_PROGRESS  2026-01-05 08:00:00\n',
    });
    const tooShort = await qualys(['easm', 'status', '--wait', '30s', '--json']);
    expect(tooShort.exitCode).toBe(1);
    expect(JSON.parse(tooShort.stdout)).toMatchObject({ isCompleted: false, profiles: [{ profileId: '5552', status: 'IN_PROGRESS' }] });
    expect(tooShort.stderr).toBe('Not completed yet. Checking again in 30s.\nNot completed after 30s.\n');
    const waited = await qualys(['easm', 'status', '--wait', '--json'], { onPause: () => clock.advance(60_000) });
    expect(waited.exitCode).toBe(0);
    expect(JSON.parse(waited.stdout)).toMatchObject({ isCompleted: true, profiles: [{ status: 'COMPLETED' }] });
    expect(waited.stderr).toBe('Not completed yet. Checking again in 1m 00s.\n'.repeat(3));
  });

  test('of a profile that is not active names those that are', async () => {
    expect(await qualys(['easm', 'status', '--profile', '1'])).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: 'No active EASM profile 1. Active: 5552.\n',
    });
  });

  test('without any profile is no proof of a sync', async () => {
    const empty = await startSimulator({ easmProfiles: [] });
    try {
      expect(await qualys(['easm', 'status', '--wait'], { url: empty.url })).toEqual({
        exitCode: 1,
        stdout: '',
        stderr: 'No active EASM profile.\n',
      });
    } finally {
      await empty.close();
    }
  });

  test('ends at Ctrl-C', async () => {
    const never = await startSimulator({ easmProfiles: [{ profileId: 1 }] });
    try {
      const ran = await qualys(['easm', 'status', '--wait'], { url: never.url, onPause: (interrupt) => interrupt() });
      expect(ran).toMatchObject({ exitCode: 130, stderr: expect.stringContaining('Interrupted.') });
    } finally {
      await never.close();
    }
  });
});
