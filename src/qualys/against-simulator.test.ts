// Every operation beyond those of a run, from the client to the simulated gateway and back.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type HeldClock, heldClock } from '../../test/support/gateway/caller.js';
import { all, recordingGate, settableClock } from '../../test/support/gateway/client-harness.js';
import { GAV_OPERATORS, type GavFilter } from '../contracts/gav-filter.js';
import { type Simulator, startSimulator } from '../simulator/index.js';
import type { SimulatorOptions } from '../simulator/options.js';
import { createQualys, type QualysClient } from './client.js';
import { gavXmlFilter } from './inventory/gav-xml.js';

interface Parts {
  qualys: QualysClient;
  simulator: Simulator;
  clock: HeldClock;
}

async function withQualys(options: SimulatorOptions, body: (parts: Parts) => Promise<void>): Promise<void> {
  const clock = heldClock();
  const simulator = await startSimulator({ ...options, now: clock.now });
  const qualys = createQualys({
    baseUrl: simulator.url,
    username: 'demo',
    password: () => 'demo',
    gate: recordingGate(),
    clock: settableClock(clock.now()),
  });
  try {
    await body({ qualys, simulator, clock });
  } finally {
    await qualys.close();
    await simulator.close();
  }
}

async function withFile(content: unknown, body: (file: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'import-'));
  try {
    const file = join(folder, 'scripts.json');
    await writeFile(file, JSON.stringify(content));
    await body(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const bytes = Buffer.from([0, 255, 13, 10, 0xef, 0xbb, 0xbf]).toString('base64');

describe('scripts', () => {
  test('an export and an import of it round-trip the content, base64 intact', async () => {
    await withQualys({ scripts: [{ id: 1, title: 'Source', content: 'echo "ü"\r\n' }] }, async ({ qualys }) => {
      const { scripts } = await qualys.exportScripts(['1']);
      const files = [
        { ...scripts[0]?.raw, title: 'Copy' },
        { title: 'Binary', platform: 'WINDOWS', content: bytes },
      ];
      await withFile(files, async (file) => {
        const answer = await qualys.importScripts({ file });
        expect(answer).toEqual({ kind: 'created', scriptIds: ['16508', '16509'] });
      });
      const again = await qualys.exportScripts(['16508', '16509']);
      expect(again.scripts.map(({ title, platform, content }) => ({ title, platform, content }))).toEqual([
        { title: 'Copy', platform: 'LINUX', content: Buffer.from('echo "ü"\r\n').toString('base64') },
        { title: 'Binary', platform: 'WINDOWS', content: bytes },
      ]);
      expect(again.scripts[0]?.sha256).toBe(scripts[0]?.sha256);
    });
  });

  test('an import whose answer is lost has happened, and does not happen twice', async () => {
    await withQualys({ faults: { loseImports: [1] } }, async ({ qualys, clock }) => {
      await withFile([{ title: 'Once', content: 'YQ==' }], async (file) => {
        expect(await qualys.importScripts({ file })).toMatchObject({ kind: 'unknown' });
        clock.advance(2_000);
        expect(await all(qualys.searchScripts({ filter: 'name:"Once"' }))).toMatchObject([{ title: 'Once', status: 'PENDING_REVIEW' }]);
        expect(await qualys.importScripts({ file })).toMatchObject({ kind: 'exists' });
      });
      expect(await qualys.count('scripts', { filter: 'name:"Once"' })).toBe(1);
    });
  });

  test('a clone: created, its title taken, its answer lost, the quota reached, the source dead', async () => {
    await withQualys({ scriptQuota: 8, faults: { loseClones: [2], lostAs: 'status' } }, async ({ qualys, clock }) => {
      expect(await qualys.cloneScript({ script: 'Patch OpenSSL', title: 'Copy' })).toEqual({ kind: 'created', scriptId: '72654' });
      expect(await qualys.cloneScript({ script: '72648', title: 'Copy' })).toMatchObject({ kind: 'exists' });
      expect(await qualys.cloneScript({ script: '72648', title: 'Lost' })).toMatchObject({ kind: 'unknown' });
      expect(await qualys.cloneScript({ script: '72648', title: 'Too many' })).toMatchObject({ kind: 'quota' });
      expect(await qualys.cloneScript({ script: '72651', title: 'Dead' })).toMatchObject({ kind: 'rejected', status: 400 });
      clock.advance(2_000);
      expect((await qualys.script('Lost')).sha256).toBe((await qualys.script('72648')).sha256);
    });
  });

  test('deprecated and unknown ids are refused by name, the others exported', async () => {
    await withQualys({}, async ({ qualys }) => {
      const { scripts, refused } = await qualys.exportScripts(['72648', '72651', '5']);
      expect(scripts.map(({ id }) => id)).toEqual(['72648']);
      expect(refused.map(({ id }) => id)).toEqual(['72651', '5']);
    });
  });
});

test('jobs, asset jobs and the five counts', async () => {
  await withQualys({ executionMs: { min: 1_000, max: 1_000 } }, async ({ qualys, clock }) => {
    const answer = await qualys.execute({ scriptId: '72648', assetIds: ['20452610', '20452611'], mayStart: () => true });
    expect(answer.kind).toBe('accepted');
    clock.advance(60_000);
    expect(await all(qualys.searchJobsV1({ filter: 'scriptId: 72648' }))).toMatchObject([{ id: '80507', scriptId: '72648' }]);
    const rows = await all(qualys.searchAssetJobsV1({ filter: 'job.id:80507', includeOutput: true }));
    expect(rows.map(({ assetId, exitCode }) => [assetId, exitCode])).toEqual([
      ['20452610', 0],
      ['20452611', 0],
    ]);
    expect(rows.every(({ output }) => (output?.length ?? 0) >= 64)).toBe(true);
    expect(await qualys.count('scripts', { filter: 'platform:WINDOWS' })).toBe(1);
    expect(await qualys.count('jobs', { startAt: clock.now() - 3_600_000 })).toBe(1);
    expect(await qualys.countBy('asset-jobs', 'status', { filter: 'job.id:80507' })).toEqual({ 'EXECUTION PASSED': 2 });
    expect(await qualys.count('schedules')).toBe(0);
    expect(await qualys.countBy('assets', 'agentVersion')).toEqual({ '5.0.0.17': 225, '4.8.0.31': 25 });
  });
});

describe('EDR assets', () => {
  test.each([
    [{}],
    [{ edrV1: false, edrEnd: 204 as const }],
    [{ edrCursorHeader: 'X-SEARCH-AFTER', edrCursorForm: 'json' as const }],
    [{ edrCursorHeader: 'none' }],
  ])('are walked whole and once, %j', async (options) => {
    await withQualys({ assets: 100, ...options }, async ({ qualys }) => {
      const rows = await all(qualys.edrAssets({ pageSize: 7 }));
      expect(new Set(rows.map(({ id }) => id)).size).toBe(100);
      expect(rows).toHaveLength(100);
      const names = new Set(rows.map(({ hostName }) => hostName));
      expect(names.has('host-000001.example.com') && names.has('host-000100.example.com')).toBe(true);
    });
  });

  test('are filtered by time, and told from none', async () => {
    await withQualys({ assets: 12 }, async ({ qualys }) => {
      const filter = 'asset.timestamp: ["2026-01-01T00:01:00.000+0000" .. "2026-01-01T00:02:00.000+0000"]';
      expect(await all(qualys.edrAssets({ filter }))).toHaveLength(6);
      expect(await all(qualys.edrAssets({ filter: 'asset.hostName:"nobody"' }))).toEqual([]);
    });
  });
});

describe('GAV assets', () => {
  test('are walked whole and once, v1 and v2, and their agents are those of CAR', async () => {
    await withQualys({ assets: 500, ids: 'mixed' }, async ({ qualys }) => {
      const v2 = await all(qualys.gavAssets({ pageSize: 77 }));
      const v1 = await all(qualys.gavV1Assets({}));
      const car = await all(qualys.searchAssets({}));
      const agents = (rows: { assetId: string; agentUuid?: string }[]) =>
        new Map(rows.map(({ assetId, agentUuid }) => [assetId, agentUuid]));
      expect(v2).toHaveLength(500);
      expect(agents(v2)).toEqual(agents(car));
      expect(agents(v1)).toEqual(agents(car));
    });
  });

  test('are filtered alike by JSON, XML and QQL, and counted', async () => {
    await withQualys({ assets: 60 }, async ({ qualys }) => {
      const json = { filters: [{ field: 'customAttributes.key', operator: 'EQUALS' as const, value: 'Media State4' }] };
      const xml = '<filters><Criteria field="customAttributes.key" operator="EQUALS"><value>Media State4</value></Criteria></filters>';
      const qql = "customAttributes:(key:'Media State4' and value:'Media disconnected')";
      const ids = (rows: { assetId: string }[]) => rows.map(({ assetId }) => assetId);
      const found = ids(await all(qualys.gavAssets({ filter: json, pageSize: 2 })));
      expect(found).toEqual(['20452619', '20452629', '20452639', '20452649', '20452659', '20452669']);
      expect(ids(await all(qualys.gavAssets({ filter: { xml } })))).toEqual(found);
      expect(ids(await all(qualys.gavV1Assets({ filter: qql, pageSize: 4 })))).toEqual(found);
      expect(await qualys.countGavAssets({ filter: json })).toBe(6);
      expect(await qualys.countGavAssets()).toBe(60);
      expect(await qualys.countGavV1Assets({ filter: qql })).toBe(6);
      expect(await all(qualys.gavV1Assets({ filter: "asset.name:'nobody'" }))).toEqual([]);
    });
  });

  test('are filtered by every operator, in JSON and in XML, each as its word says', async () => {
    await withQualys({ assets: 40 }, async ({ qualys }) => {
      const FIRST = 20_452_610;
      const [newest, middle] = (await all(qualys.gavAssets({}))).flatMap(({ modifiedAt }) =>
        modifiedAt === undefined ? [] : [modifiedAt],
      );
      const at = new Date(middle ?? 0).toISOString();
      expect(newest).toBeGreaterThan(middle ?? 0);
      const isNewest = (place: number) => place % 30 === 0;
      const isSecond = (place: number) => place % 30 === 1;
      const cases: [string, (typeof GAV_OPERATORS)[number], string, (place: number) => boolean][] = [
        ['asset.name', 'EQUALS', 'HOST-000003.example.com', (place) => place === 2],
        ['asset.name', 'NOT_EQUALS', 'host-000003.example.com', (place) => place !== 2],
        ['asset.name', 'CONTAINS', '-00003', (place) => place >= 29 && place <= 38],
        ['asset.name', 'IN', 'host-000003.example.com, host-000001.example.com', (place) => place === 0 || place === 2],
        ['asset.assetID', 'IN', `${FIRST},${FIRST + 9}`, (place) => place === 0 || place === 9],
        ['asset.assetID', 'GREATER', String(FIRST + 9), (place) => place > 9],
        ['asset.assetID', 'LESSER', String(FIRST + 9), (place) => place < 9],
        ['asset.assetID', 'GREATER_THAN_EQUAL', String(FIRST + 9), (place) => place >= 9],
        ['asset.assetID', 'LESS_THAN_EQUAL', String(FIRST + 9), (place) => place <= 9],
        ['asset.lastUpdated', 'GREATER', at, isNewest],
        ['asset.lastUpdated', 'GREATER_THAN_EQUAL', at, (place) => isNewest(place) || isSecond(place)],
        ['asset.lastUpdated', 'LESSER', at, (place) => !isNewest(place) && !isSecond(place)],
        ['asset.lastUpdated', 'LESS_THAN_EQUAL', at, (place) => !isNewest(place)],
      ];
      expect(new Set(cases.map(([, operator]) => operator))).toEqual(new Set(GAV_OPERATORS));
      for (const [field, operator, value, belongs] of cases) {
        const filter = { filters: [{ field, operator, value }] };
        const expected = Array.from({ length: 40 }, (_, place) => place).filter(belongs);
        for (const form of [filter, { xml: gavXmlFilter(filter) }]) {
          const places = (await all(qualys.gavAssets({ filter: form }))).map(({ assetId }) => Number(assetId) - FIRST);
          expect([field, operator, places]).toEqual([field, operator, expected]);
        }
        expect(await qualys.countGavAssets({ filter })).toBe(expected.length);
      }
    });
  });

  test('come all under an empty filter; an operator that the field does not take is refused by the service, and one that it has not, by us', async () => {
    await withQualys({ assets: 4 }, async ({ qualys }) => {
      expect(await all(qualys.gavAssets({ filter: { filters: [] } }))).toHaveLength(4);
      expect(await all(qualys.gavAssets({ filter: { xml: gavXmlFilter({ filters: [] }) } }))).toHaveLength(4);
      const asked = (field: string, operator: string) =>
        all(qualys.gavAssets({ filter: { filters: [{ field, operator, value: '1' }] } as GavFilter }));
      await expect(asked('asset.name', 'GREATER')).rejects.toThrow('the field asset.name takes CONTAINS, IN, EQUALS, NOT_EQUALS');
      await expect(asked('asset.assetID', 'CONTAINS')).rejects.toThrow('asset.assetID takes');
      await expect((async () => asked('asset.name', 'LIKE'))()).rejects.toThrow('"LIKE" is not a GAV operator');
    });
  });

  test('one by one, with projections, and none for an unknown id', async () => {
    await withQualys({ assets: 3 }, async ({ qualys }) => {
      const expected = {
        assetId: '20452611',
        name: 'host-000002.example.com',
        customAttributes: [{ key: 'Department', value: 'Design', connectorName: 'Qualys' }],
      };
      expect(await qualys.gavAsset('20452611')).toMatchObject(expected);
      expect(await qualys.gavV1Asset('20452611')).toMatchObject(expected);
      const projected = await qualys.gavAsset('20452611', { includeFields: ['customAttributes'] });
      expect(Object.keys(projected ?? {}).sort()).toEqual(['assetId', 'assetUuid', 'customAttributes', 'raw']);
      expect(await qualys.gavAsset('7')).toBeUndefined();
      expect(await qualys.gavV1Asset('7')).toBeUndefined();
      await expect(qualys.countGavV1Assets({ filter: 'nosuch:1' })).rejects.toMatchObject({ kind: 'invalid' });
    });
  });
});

test('EASM: waits on the gateway’s clock until the sync is completed', async () => {
  await withQualys({ easmProfiles: [{ profileId: 5552, completedAfterMs: 150_000 }] }, async ({ qualys, clock, simulator }) => {
    const waited = await qualys.untilEasmCompleted({ sleep: async (ms) => clock.advance(ms) });
    expect(waited).toMatchObject({ kind: 'completed', profiles: [{ profileId: '5552', status: 'COMPLETED' }] });
    expect(simulator.stats().callsByPath['/easm/v1/profile/status']).toBe(4);
  });
});
