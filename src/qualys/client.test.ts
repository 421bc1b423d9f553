import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { all, type ClientHarness, clientHarness } from '../../test/support/gateway/client-harness.js';

// Answers rebuilt from the documents' samples as valid JSON, with ids in place of their `<PLACES>`.
const sample = (name: string) => ({ body: readFileSync(new URL(`samples/${name}.json`, import.meta.url), 'utf8') });

let it: ClientHarness;
beforeEach(async () => {
  it = await clientHarness();
});
afterEach(() => it.close());

describe('the documented samples', () => {
  test('scripts', async () => {
    it.gateway.reply(sample('scripts-search'));
    expect(await all(it.qualys.searchScripts({ filter: 'status:REJECTED' }))).toEqual([
      { id: '72524', title: 'Sanity check', status: 'REJECTED', platform: 'WINDOWS' },
    ]);
  });

  test('assets: numeric ids become strings, the platform comes from the operating system', async () => {
    it.gateway.reply(sample('assets-search'));
    expect(await all(it.qualys.searchAssets({}))).toEqual([
      {
        assetId: '20452610',
        name: 'web-1',
        agentUuid: '2a44cadf-beea-4ef7-9c5e-05639851018f',
        platform: 'LINUX',
        tags: ['12047163', '11516586'],
        aliases: ['web-1'],
      },
      {
        assetId: '20452611',
        name: 'win-1',
        agentUuid: '322ff7aa-cc5a-4674-8201-bfb06bbf2c1f',
        platform: 'WINDOWS',
        tags: ['8543820'],
      },
    ]);
    expect(it.gateway.calls()[0]?.json).toEqual({ sort: '[{"id":"asc"}]', pageSize: 1_000 });
  });

  test('asset tags', async () => {
    it.gateway.reply(sample('assettags-search'));
    expect(await all(it.qualys.searchTags({}))).toEqual([
      { tagId: '119082623', tagUuid: '0479cf1f-46a8-47ac-af52-3984e60f825b', name: 'Internet Facing Assets' },
      { tagId: '122379045', tagUuid: '7b5a90b4-6f0a-4ed8-8a1b-8d4d6a4c5f10', name: 'SM 1.1 Tag Test' },
    ]);
    expect(it.gateway.calls()[0]?.json).toEqual({ pageNumber: 0, pageSize: 909 });
  });

  test('jobs, flat as in 2022 and wrapped as in 2023', async () => {
    it.gateway.reply(sample('jobs-search-2022-flat'), sample('jobs-search-2023-wrapped'));
    expect(await all(it.qualys.searchJobs({}))).toEqual([
      {
        id: '79097',
        scriptId: '72653',
        correlationUuid: '9bde85fb-010e-45fe-8bc0-4b55cc6c3a2a',
        createdAt: 1651847969380,
        isTest: true,
        executionType: 'Manual',
      },
    ]);
    expect(await all(it.qualys.searchJobs({}))).toEqual([
      {
        id: '25309',
        scriptId: '19218',
        correlationUuid: '71a6f25b-f0cf-4807-8456-de3d6d913367',
        createdAt: 1673222405175,
        isTest: false,
        schedulerId: 'd1a22786-2ddb-4942-8dda-6a03034162f0',
        executionType: 'Automated',
      },
    ]);
  });

  test('asset jobs of 2022, with a line break in their base64', async () => {
    it.gateway.reply(sample('assetjobs-search-2022-flat'));
    const [row] = await all(it.qualys.searchAssetJobs({ includeOutput: true }));
    expect(row).toEqual({
      id: '80541',
      jobId: '80014',
      correlationUuid: '9bde85fb-010e-45fe-8bc0-4b55cc6c3a2a',
      assetId: '20452610',
      assetName: 'sm-pc-test-Linux-vm2',
      agentUuid: '2a44cadf-beea-4ef7-9c5e-05639851018f',
      status: 'SUCCESS',
      exitCode: 0,
      createdAt: 1652251134952,
      endedAt: Date.parse('2022-05-11T06:42:13.692Z'),
      output: Buffer.from('Shell Script Output printed!!\n'),
    });
    expect(it.gateway.calls()[0]?.json).toEqual({
      sort: '[{"created.dateTime":"asc"},{"id":"asc"}]',
      includeScriptResult: true,
      pageSize: 25,
    });
  });

  test('asset jobs of 2023, wrapped and without output', async () => {
    it.gateway.reply(sample('assetjobs-search-2023-wrapped'));
    const [row] = await all(it.qualys.searchAssetJobs({ filter: 'job.id:25389' }));
    expect(row).toMatchObject({
      id: '87671',
      jobId: '25389',
      assetId: '86635460',
      status: 'EXECUTION PASSED',
      startedAt: 1673366415000,
      finishedAt: 1673366418141,
    });
    expect(row && 'output' in row).toBe(false);
    expect(row && 'disconnected' in row).toBe(false);
    expect(it.gateway.calls()[0]?.json).toEqual({
      filter: 'job.id:25389',
      sort: '[{"created.dateTime":"asc"},{"id":"asc"}]',
      pageSize: 1_000,
    });
  });

  test('asset jobs of 2026, flat with nine more fields', async () => {
    it.gateway.reply(sample('assetjobs-search-2026-flat'));
    const [row] = await all(it.qualys.searchAssetJobs({ includeOutput: true }));
    expect(row).toMatchObject({
      exitCode: 0,
      disconnected: false,
      createdAt: 1777291233235,
      startedAt: 1777292498000,
      finishedAt: 1777292498375,
    });
    expect(row?.output?.toString()).toBe('Sum of 20 and 20 is 40\n');
  });

  test('the audit trail', async () => {
    it.gateway.reply(sample('activities'));
    expect(await all(it.qualys.activities({ filter: 'activity: CREATE ' }))).toEqual([
      {
        id: 'a563f016-8a1e-46ca-9d5f-f30a5df7f860',
        at: 1651206222012,
        user: 'author',
        userUuid: 'u-1',
        action: 'CREATE',
        targetName: 'testFor',
        targetId: '16016',
      },
    ]);
  });

  test('counts, under data and under body', async () => {
    it.gateway.reply(sample('assetjobs-count-by-status'), sample('scheduler-count'));
    expect(await it.qualys.countAssetJobs({ groupBy: 'status' })).toEqual({
      'EXECUTION PASSED': 189,
      'SCRIPT RESULT UPLOAD FAILED': 2,
      'SCRIPT RESULT UPLOAD SUCCESS': 4,
      'EXECUTION FAILED': 6,
      'MANIFEST ASSIGNED': 1,
    });
    expect(await it.qualys.countSchedules({ filter: 'name: "Weekly Schedule"' })).toBe(17);
    expect(it.gateway.calls()[1]).toMatchObject({ url: '/sm/v1/scheduler/count', json: { filter: 'name: "Weekly Schedule"' } });
  });
});

describe('tolerance', () => {
  const asset = (change: object) => ({ body: { body: { totalCount: 1, list: [{ assetId: 1, name: 'a', ...change }] } } });
  const assetJob = (change: object) => ({
    body: { body: { totalCount: 1, list: [{ id: 1, status: 'X', job: { id: 2 }, asset: { id: 3 }, ...change }] } },
  });

  test('an empty output is not a missing one', async () => {
    it.gateway.reply(assetJob({ scriptResult: '' }), assetJob({ scriptResult: null }));
    expect((await all(it.qualys.searchAssetJobs({ includeOutput: true })))[0]?.output).toEqual(Buffer.alloc(0));
    expect((await all(it.qualys.searchAssetJobs({ includeOutput: true })))[0]?.output).toBeUndefined();
  });

  test.each([
    ['plain text', 'VULNERABLE'],
    ['text between blanks', 'host is not vulnerable'],
    ['base64 that was cut', 'VlVMTkVSQUJMRQ'],
    ['a number', 5],
  ])('an output that is no base64 is a missing one: %s', async (_, scriptResult) => {
    it.gateway.reply(assetJob({ scriptResult }));
    expect((await all(it.qualys.searchAssetJobs({ includeOutput: true })))[0]?.output).toBeUndefined();
  });

  test('an exit code is the number that was meant, and none but 0 is read as 0 or as missing', async () => {
    const told = ['1337', ' 1337 ', '1337.0', '+1', '-1', '0x80070005', 4_294_967_295, 0.5, '0.5', '00', '', 'none', null, true];
    it.gateway.reply(...told.map((code) => assetJob({ output: { code } })));
    const read: (number | undefined)[] = [];
    for (const _ of told) read.push((await all(it.qualys.searchAssetJobs({})))[0]?.exitCode);
    const none = undefined;
    expect(read).toEqual([1337, 1337, 1337, 1, -1, 2_147_942_405, 4_294_967_295, 1, 1, 0, none, none, none, none]);
    it.gateway.reply({ body: JSON.stringify(assetJob({ output: { code: 7 } }).body).replace('"code":7', '"code":1e999') });
    expect((await all(it.qualys.searchAssetJobs({})))[0]?.exitCode).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('fields of a foreign type are as good as missing', async () => {
    const odd = {
      output: 'none',
      created: 5,
      executionStartTime: 'later',
      enddate: '',
      isAssetDisconnected: 'true',
      status: null,
      asset: { id: 3, name: ['x'] },
    };
    it.gateway.reply(assetJob(odd));
    expect(await all(it.qualys.searchAssetJobs({}))).toEqual([{ id: '1', jobId: '2', assetId: '3', status: '', disconnected: true }]);
  });

  test('an id beyond what a number holds exactly is refused, because it names another asset', async () => {
    it.gateway.reply({ body: '{"body":{"totalCount":2,"list":[{"assetId":9007199254740993},{"assetId":"9007199254740993","name":"b"}]}}' });
    expect(await all(it.qualys.searchAssets({}))).toEqual([{ assetId: '9007199254740993', name: 'b', tags: [] }]);
    expect(it.warnings).toMatchObject([{ dropped: 1 }]);
  });

  test.each([
    ['Ubuntu Linux 22.04', 'LINUX'],
    ['Red Hat Enterprise Linux 9', 'LINUX'],
    ['Microsoft Windows Server 2022', 'WINDOWS'],
    ['macOS 14.1', 'MAC'],
    ['AIX 7.2', 'UNIX'],
    ['', undefined],
  ])('the platform of %p is %p', async (operatingSystem, platform) => {
    it.gateway.reply(asset({ operatingSystem }));
    expect((await all(it.qualys.searchAssets({})))[0]?.platform).toBe(platform);
  });

  test.each([
    ['under body', { body: { totalCount: 0, list: [] } }],
    ['at the top', { totalCount: 0, list: [] }],
    ['null', { body: { totalCount: 0, list: null } }],
  ])('an empty list %s is empty', async (_, body) => {
    it.gateway.reply({ body });
    expect(await all(it.qualys.searchAssets({}))).toEqual([]);
  });
});
