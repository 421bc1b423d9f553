import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { all, type ClientHarness, clientHarness } from '../../test/support/gateway/client-harness.js';
import { refusal } from '../../test/support/gateway/scripted.js';

const sample = (name: string) => ({ body: readFileSync(new URL(`samples/${name}.json`, import.meta.url), 'utf8') });
const MEDIA = { key: 'Media State4', value: 'Media disconnected', connectorName: 'Qualys' };

let it: ClientHarness;
beforeEach(async () => {
  it = await clientHarness();
});
afterEach(() => it.close());

const urls = () => it.gateway.calls().map(({ method, url }) => `${method} ${url}`);

describe('the documented samples of CAR', () => {
  test('#6 script jobs of 2022', async () => {
    it.gateway.reply(sample('jobs-search-2022-flat'));
    expect(await all(it.qualys.searchJobsV1({ filter: 'scriptId: 72653' }))).toMatchObject([
      { id: '79097', scriptId: '72653', createdAt: 1651847969380, isTest: true, executionType: 'Manual' },
    ]);
    expect(it.gateway.calls()[0]).toMatchObject({
      url: '/sm/v1/jobs/search',
      json: { filter: 'scriptId: 72653', pageNumber: 0, pageSize: 909 },
    });
  });

  test('#7 asset jobs of 2022', async () => {
    it.gateway.reply(sample('assetjobs-search-2022-flat'));
    const [row] = await all(it.qualys.searchAssetJobsV1({ filter: 'job.id:80507', includeOutput: true }));
    expect(row).toMatchObject({ id: '80541', jobId: '80014', status: 'SUCCESS', exitCode: 0 });
    expect(row?.output?.toString()).toBe('Shell Script Output printed!!\n');
    expect(it.gateway.calls()[0]).toMatchObject({
      url: '/sm/v1/assetjobs/search',
      json: { filter: 'job.id:80507', includeScriptResult: true, pageNumber: 0, pageSize: 25 },
    });
  });

  test('#9 exported scripts', async () => {
    it.gateway.reply(sample('scripts-export'));
    const { scripts, refused } = await it.qualys.exportScripts(['72652', '75508', '72652']);
    expect(refused).toEqual([]);
    expect(scripts).toMatchObject([
      { id: '72652', title: 'Rotate logs', status: 'APPROVED', platform: 'WINDOWS', content: 'cHJpbnQoMjAgKyAyMCkK' },
      { id: '75508', title: 'Report disk', sha256: 'cc42155088fca5730758db72b2a5bca33112a941dfaa2d43098ec422ce4ea213' },
    ]);
    expect(scripts.map(({ raw }) => raw)).toEqual(JSON.parse(sample('scripts-export').body));
    expect(urls()).toEqual(['GET /sm/v1/scripts/export?ids=72652,75508']);
  });

  test('#10 the ids of an import', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'import-'));
    try {
      const file = join(folder, 'ExportedScripts_202205050712.json');
      await writeFile(file, sample('scripts-export').body);
      it.gateway.reply(sample('scripts-imported'));
      expect(await it.qualys.importScripts({ file })).toEqual({ kind: 'created', scriptIds: ['16508'] });
    } finally {
      await rm(folder, { recursive: true });
    }
    const { method, url, headers, text } = it.gateway.calls()[0] ?? { headers: {}, text: '' };
    expect(`${method} ${url}`).toBe('POST /sm/v1/scripts/import');
    const boundary = /^multipart\/form-data; boundary=(.+)$/.exec(headers['content-type'] ?? '')?.[1];
    expect(text).toBe(
      `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="ExportedScripts_202205050712.json"\r\ncontent-type: application/json\r\n\r\n${sample('scripts-export').body}\r\n--${boundary}--\r\n`,
    );
    expect(headers['content-length']).toBe(String(Buffer.byteLength(text)));
  });

  test('#11 the id of a clone', async () => {
    it.gateway.reply({ status: 201, ...sample('script-cloned') });
    expect(await it.qualys.cloneScript({ script: 'Patch / now', title: 'Copy' })).toEqual({ kind: 'created', scriptId: '16520' });
    expect(it.gateway.calls()[0]).toMatchObject({ url: '/sm/v1/scripts/Patch%20%2F%20now/clone', json: { scriptTitle: 'Copy' } });
  });

  test('#14 counts of scripts', async () => {
    it.gateway.reply(sample('script-count'), sample('script-count-by-severity'));
    expect(await it.qualys.count('scripts', { filter: 'platform:LINUX' })).toBe(671);
    const times = { startAt: Date.parse('2022-11-01T00:00:01Z'), endAt: Date.parse('2023-01-08T23:59:59Z') };
    expect(await it.qualys.countBy('scripts', 'severity', times)).toEqual({ 1: 27, 2: 10, 3: 45, 4: 3, 5: 11 });
    expect(urls()).toEqual([
      'GET /sm/v1/script/count?query=platform%3ALINUX',
      'GET /sm/v1/script/count?groupBy=severity&startAt=2022-11-01T00%3A00%3A01.000Z&endAt=2023-01-08T23%3A59%3A59.000Z',
    ]);
  });

  test('#15 counts of jobs', async () => {
    it.gateway.reply(sample('jobs-count'), sample('jobs-count-by-category'));
    expect(await it.qualys.count('jobs')).toBe(119);
    expect(await it.qualys.countBy('jobs', 'script.category')).toEqual({
      'Data Backup': 86,
      Remediation: 58,
      'Data Collection': 11,
      'General Automation': 10,
    });
    expect(urls()).toEqual(['GET /sm/v1/jobs/count', 'GET /sm/v1/jobs/count?groupBy=script.category']);
  });

  test('#16 counts of asset jobs', async () => {
    it.gateway.reply(sample('assetjobs-count'), sample('assetjobs-count-by-status'));
    expect(await it.qualys.count('asset-jobs', { filter: 'asset.operatingSystem:WINDOWS' })).toBe(202);
    expect(await it.qualys.countBy('asset-jobs', 'status')).toMatchObject({ 'EXECUTION PASSED': 189, 'MANIFEST ASSIGNED': 1 });
    expect(urls()).toEqual([
      'GET /sm/v1/assetjobs/count?query=asset.operatingSystem%3AWINDOWS',
      'GET /sm/v1/assetjobs/count?groupBy=status',
    ]);
  });

  test('#17 counts of schedules', async () => {
    it.gateway.reply(sample('scheduler-count'), sample('scheduler-count-by-status'));
    expect(await it.qualys.count('schedules', { startAt: 1667260801000 })).toBe(17);
    expect(await it.qualys.countBy('schedules', 'status')).toEqual({ ACTIVE: 133, INACTIVE: 60 });
    expect(it.gateway.calls()).toMatchObject([
      { method: 'POST', url: '/sm/v1/scheduler/count', json: { startAt: '2022-11-01T00:00:01.000Z' } },
      { json: { groupBy: ['status'] } },
    ]);
  });

  test('#18 counts of assets', async () => {
    it.gateway.reply(sample('assets-count'), sample('assets-count-by-operating-system'));
    expect(await it.qualys.count('assets', { filter: 'agentVersion:5.0.0.17' })).toBe(2);
    expect(await it.qualys.countBy('assets', 'operatingSystem')).toEqual({
      'Microsoft Windows 10 Pro 10.0.19044 64-bit N/A Build 19044': 3,
      'CentOS Linux 7.9.2009': 1,
    });
    await expect(it.qualys.count('assets', { startAt: 0 })).rejects.toThrow('start and end are not documented');
    expect(it.gateway.calls()).toHaveLength(2);
  });
});

describe('the documented samples of EDR', () => {
  test('#22 EDR assets, v1', async () => {
    const cursor = '1712231352160,b2xxx2c4-xxx9-352f-8xx6-axxce3xx37ax';
    it.gateway.reply({ ...sample('edr-first-page'), headers: { searchAfterValue: cursor } }, sample('edr-follow-up'), { body: [] });
    const rows = await all(it.qualys.edrAssets({ pageSize: 2 }));
    expect(rows).toMatchObject([
      {
        id: '05XXfeXX-4XXb-4XX3-bXXe-XXd4X7fa2aXX',
        hostName: 'winXXqXX',
        platform: 'WINDOWS',
        seenAt: 1705405216147,
        functionalStatus: 'Disabled',
      },
      { hostName: 'DESKTOP-XX27GIXX', isEdrEnabled: false, seenAt: 1712231352160 },
      { hostName: 'LvitXX00DREPP', isEdrEnabled: true, reportedAt: 1712903845434, lastLoggedOnUser: 'Administrator' },
      { hostName: 'EDRAuto-WIXXx86', isPendingRestart: false, raw: { productUpdateErrorCode: '-1012', downloadPercent: 100 } },
    ]);
    expect(urls().slice(0, 2)).toEqual([
      'GET /ioc/v1/asset/searchAfter?pageSize=2',
      `GET /ioc/v1/asset/searchAfter?pageSize=2&searchAfterValues=${encodeURIComponent(cursor)}`,
    ]);
    // The second page came without the header: the cursor is made of its last row.
    expect(it.gateway.calls()[2]?.url).toContain(encodeURIComponent('1715681316464,XXX8a87X-XXbb-4XX9-XX74-XXX08f6XX55'));
  });

  test('#21 EDR assets, the path without a version', async () => {
    it.gateway.reply(refusal(404), sample('edr-first-page'));
    expect(await all(it.qualys.edrAssets({ filter: 'asset.timestamp: ["a+0000" .. "b"]' }))).toHaveLength(2);
    expect(urls()).toEqual([
      'GET /ioc/v1/asset/searchAfter?filter=asset.timestamp%3A%20%5B%22a%2B0000%22%20..%20%22b%22%5D&pageSize=100',
      'GET /ioc/asset/searchAfter?filter=asset.timestamp%3A%20%5B%22a%2B0000%22%20..%20%22b%22%5D&pageSize=100',
    ]);
  });
});

describe('the documented samples of GAV and EASM', () => {
  const asset = { assetId: '28975144', assetUuid: '01a98201-e5d6-4f23-8249-50b722805644' };

  test('#23 GAV assets, v2', async () => {
    it.gateway.reply(sample('gav-v2-page'), sample('gav-v2-filtered'));
    const rows = await all(it.qualys.gavAssets({ pageSize: 2, after: ['28975142'] }));
    // The print's second page repeats an asset of the first.
    expect(rows).toMatchObject([
      { ...asset, hostId: '67674454', customAttributes: [MEDIA, { key: 'Hostname', value: 'T-450' }, { key: 'Department' }] },
      { assetId: '28975143' },
    ]);
    expect(it.gateway.calls()[0]).toMatchObject({
      method: 'POST',
      url: '/rest/2.0/search/am/asset?lastSeenAssetId=28975142&pageSize=2',
      headers: { 'content-type': 'application/xml', accept: 'application/json' },
      text: '',
    });
    expect(it.gateway.calls()[1]?.url).toBe('/rest/2.0/search/am/asset?lastSeenAssetId=28975144&pageSize=2');
  });

  test('#24 one GAV asset, v2', async () => {
    it.gateway.reply(sample('gav-v2-asset'), refusal(404), sample('gav-v2-asset-fields'));
    expect(await it.qualys.gavAsset('28975144')).toMatchObject({
      ...asset,
      hostId: '67674454',
      customAttributes: [MEDIA, { value: '192.160.1.2' }],
    });
    const projected = await it.qualys.gavAsset('28975144', { includeFields: ['customAttributes'] });
    expect(projected).toMatchObject({ ...asset, customAttributes: [MEDIA, { value: 'Engineering' }] });
    expect(projected && 'hostId' in projected).toBe(false);
    expect(urls()).toEqual([
      'GET /rest/2.0/get/am/asset?assetId=28975144',
      'GET /rest/2.0/get/am/asset?assetId=28975144&includeFields=customAttributes',
      'GET /rest/2.0/search/am/asset?assetId=28975144&includeFields=customAttributes',
    ]);
  });

  test('#25 the count of GAV assets, v2', async () => {
    it.gateway.reply(sample('gav-count'), sample('gav-count'));
    const filters = [{ field: 'customAttributes.key', operator: 'EQUALS' as const, value: 'Media State4' }];
    expect(await it.qualys.countGavAssets({ filter: { filters } })).toBe(1);
    const xml = '<filters><Criteria field="customAttributes.key" operator="EQUALS"><value>Media State4</value></Criteria></filters>';
    expect(await it.qualys.countGavAssets({ filter: { xml } })).toBe(1);
    expect(it.gateway.calls()).toMatchObject([
      { url: '/rest/2.0/count/am/asset', json: { filters }, headers: { 'content-type': 'application/json' } },
      { text: xml, headers: { 'content-type': 'application/xml' } },
    ]);
  });

  test('#26 GAV assets, v1', async () => {
    it.gateway.reply(sample('gav-v1-list'));
    const [page] = await firstOf(it.qualys.gavV1Assets({ pageSize: 5, includeFields: ['customAttributes'] }));
    expect(page?.cursor).toEqual(['28977361']);
    expect(page?.rows).toHaveLength(5);
    expect(page?.rows[0]).toMatchObject({
      assetId: '28977361',
      customAttributes: [MEDIA, { key: 'Default Gateway5' }, { value: 'Design' }],
    });
    expect(urls()).toEqual(['POST /am/v1/assets/host/list?includeFields=customAttributes&pageSize=5']);
    expect(it.gateway.calls()[0]?.text).toBe('');
  });

  test('#27 GAV assets by filter, v1', async () => {
    it.gateway.reply(sample('gav-v1-filter'), { status: 200 });
    const filter = "customAttributes:(key:'Media State4' and value:'Media disconnected')";
    expect(await all(it.qualys.gavV1Assets({ filter }))).toMatchObject([
      { ...asset, customAttributes: [MEDIA, { key: 'Media State1' }, { value: 'T-490' }] },
    ]);
    expect(await all(it.qualys.gavV1Assets({ filter: "customAttributes.key:'x'" }))).toEqual([]);
    expect(urls()[0]).toBe(`POST /am/v1/assets/host/filter/list?filter=${encodeURIComponent(filter)}&pageSize=300`);
  });

  test('#28 one GAV asset, v1', async () => {
    it.gateway.reply(sample('gav-v1-asset'), { status: 204 });
    expect(await it.qualys.gavV1Asset('28975144', { includeFields: ['customAttributes'] })).toMatchObject({
      ...asset,
      customAttributes: [MEDIA, { value: 'Customer Support' }, { value: '120.100.169.5' }],
    });
    expect(await it.qualys.gavV1Asset('1')).toBeUndefined();
    expect(urls()[0]).toBe('POST /am/v1/asset/host/id?assetId=28975144&includeFields=customAttributes');
  });

  test('#29 the count of GAV assets, v1', async () => {
    it.gateway.reply(sample('gav-count'));
    expect(await it.qualys.countGavV1Assets({ filter: "customAttributes.key:'Media State4'" })).toBe(1);
    expect(urls()).toEqual([`POST /am/v1/assets/host/count?filter=${encodeURIComponent("customAttributes.key:'Media State4'")}`]);
  });

  test('#30 EASM profiles', async () => {
    it.gateway.reply(sample('easm-in-progress'), sample('easm-completed'));
    expect(await it.qualys.easmStatus()).toEqual([
      { profileId: '5552', savedAt: 1671118038000, status: 'IN_PROGRESS', isCompleted: false },
    ]);
    expect(await it.qualys.easmStatus()).toMatchObject([{ profileId: '3101', isCompleted: true }]);
    expect(urls()).toEqual(['GET /easm/v1/profile/status', 'GET /easm/v1/profile/status']);
  });
});

async function firstOf<T>(pages: AsyncIterable<T>): Promise<T[]> {
  for await (const page of pages) return [page];
  return [];
}
