// Every answer that the documents print, parsed to its values. README.md of the samples says what was corrected.
import { readdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { EFFECTS, READS, readerOf, SAMPLES, sampleOf } from '../../test/support/gateway/sample-asks.js';

/** Literal; script output as text, and without the rows as they came, which inventory rows carry beside. */
const VALUES: Record<string, unknown> = {
  'script-detail': {
    id: '16012',
    title: 'Remove SMBv1',
    status: 'APPROVED',
    platform: 'WINDOWS',
    content: 'cHJpbnQoMjAgKyAyMCkK',
    sha256: '176057be02bdfa494bd5b422db586526ed2cf6176d101225cec74ace3d184221',
  },
  'scripts-search': [{ id: '72524', title: 'Sanity check', status: 'REJECTED', platform: 'WINDOWS' }],
  'assets-search': [
    {
      assetId: '20452610',
      name: 'web-1',
      agentUuid: '2a44cadf-beea-4ef7-9c5e-05639851018f',
      platform: 'LINUX',
      tags: ['12047163', '11516586'],
      aliases: ['web-1'],
    },
    { assetId: '20452611', name: 'win-1', agentUuid: '322ff7aa-cc5a-4674-8201-bfb06bbf2c1f', platform: 'WINDOWS', tags: ['8543820'] },
  ],
  'assettags-search': [
    { tagId: '119082623', tagUuid: '0479cf1f-46a8-47ac-af52-3984e60f825b', name: 'Internet Facing Assets' },
    { tagId: '122379045', tagUuid: '7b5a90b4-6f0a-4ed8-8a1b-8d4d6a4c5f10', name: 'SM 1.1 Tag Test' },
  ],
  'jobs-search-2022-flat': [
    {
      id: '79097',
      scriptId: '72653',
      correlationUuid: '9bde85fb-010e-45fe-8bc0-4b55cc6c3a2a',
      createdAt: 1651847969380,
      isTest: true,
      executionType: 'Manual',
    },
  ],
  'jobs-search-2023-wrapped': [
    {
      id: '25309',
      scriptId: '19218',
      correlationUuid: '71a6f25b-f0cf-4807-8456-de3d6d913367',
      createdAt: 1673222405175,
      isTest: false,
      schedulerId: 'd1a22786-2ddb-4942-8dda-6a03034162f0',
      executionType: 'Automated',
    },
  ],
  'assetjobs-search-2022-flat': [
    {
      id: '80541',
      jobId: '80014',
      correlationUuid: '9bde85fb-010e-45fe-8bc0-4b55cc6c3a2a',
      assetId: '20452610',
      assetName: 'sm-pc-test-Linux-vm2',
      agentUuid: '2a44cadf-beea-4ef7-9c5e-05639851018f',
      status: 'SUCCESS',
      exitCode: 0,
      createdAt: 1652251134952,
      endedAt: 1652251333692,
      output: 'Shell Script Output printed!!\n',
    },
  ],
  'assetjobs-search-2023-wrapped': [
    {
      id: '87671',
      jobId: '25389',
      correlationUuid: '71a6f25b-f0cf-4807-8456-de3d6d913367',
      assetId: '86635460',
      assetName: 'win-1',
      agentUuid: 'b90bfeda-cf6b-486f-a64e-cb79f416b380',
      status: 'EXECUTION PASSED',
      exitCode: 0,
      createdAt: 1673366408141,
      startedAt: 1673366415000,
      finishedAt: 1673366418141,
      endedAt: 1673366464547,
    },
  ],
  'assetjobs-search-2026-flat': [
    {
      id: '829948',
      jobId: '711314',
      correlationUuid: '71a6f25b-f0cf-4807-8456-de3d6d913367',
      assetId: '86635460',
      assetName: 'win10-fim1',
      agentUuid: 'b90bfeda-cf6b-486f-a64e-cb79f416b380',
      status: 'EXECUTION PASSED',
      exitCode: 0,
      checkedInAt: 1777352192086,
      createdAt: 1777291233235,
      startedAt: 1777292498000,
      finishedAt: 1777292498375,
      endedAt: 1777292548761,
      disconnected: false,
      output: 'Sum of 20 and 20 is 40\n',
    },
  ],
  activities: [
    {
      id: 'a563f016-8a1e-46ca-9d5f-f30a5df7f860',
      at: 1651206222012,
      user: 'author',
      userUuid: 'u-1',
      action: 'CREATE',
      targetName: 'testFor',
      targetId: '16016',
    },
  ],
  'scripts-export': {
    scripts: [
      {
        id: '72652',
        title: 'Rotate logs',
        status: 'APPROVED',
        platform: 'WINDOWS',
        content: 'cHJpbnQoMjAgKyAyMCkK',
        sha256: '176057be02bdfa494bd5b422db586526ed2cf6176d101225cec74ace3d184221',
      },
      {
        id: '75508',
        title: 'Report disk',
        status: 'APPROVED',
        platform: 'WINDOWS',
        content: 'cHJpbnQoMSkK',
        sha256: 'cc42155088fca5730758db72b2a5bca33112a941dfaa2d43098ec422ce4ea213',
      },
    ],
    refused: [],
  },
  'script-count': 671,
  'script-count-by-severity': { '1': 27, '2': 10, '3': 45, '4': 3, '5': 11 },
  'jobs-count': 119,
  'jobs-count-by-category': { 'Data Backup': 86, Remediation: 58, 'Data Collection': 11, 'General Automation': 10 },
  'assetjobs-count': 202,
  'assetjobs-count-by-status': {
    'EXECUTION PASSED': 189,
    'SCRIPT RESULT UPLOAD FAILED': 2,
    'SCRIPT RESULT UPLOAD SUCCESS': 4,
    'EXECUTION FAILED': 6,
    'MANIFEST ASSIGNED': 1,
  },
  'scheduler-count': 17,
  'scheduler-count-by-status': { ACTIVE: 133, INACTIVE: 60 },
  'assets-count': 2,
  'assets-count-by-operating-system': { 'Microsoft Windows 10 Pro 10.0.19044 64-bit N/A Build 19044': 3, 'CentOS Linux 7.9.2009': 1 },
  'edr-first-page': [
    {
      id: '05XXfeXX-4XXb-4XX3-bXXe-XXd4X7fa2aXX',
      hostName: 'winXXqXX',
      operatingSystem: 'Windows Microsoft Windows 10 Pro 10.0.1XX44 Build XX044',
      platform: 'WINDOWS',
      seenAt: 1705405216147,
      functionalStatus: 'Disabled',
    },
    {
      id: '36XXbf9d-XX9a-4XX3-a0XX-3dXXe83XXd9X',
      hostName: 'DESKTOP-XX27GIXX',
      operatingSystem: 'Windows Microsoft Windows 10 Pro 10.0.XX393 Build XX393',
      platform: 'WINDOWS',
      seenAt: 1712231352160,
      functionalStatus: 'Disabled',
      isEdrEnabled: false,
    },
  ],
  'edr-follow-up': [
    {
      id: 'XXX8a87X-XXbb-4XX9-XX74-XXX08f6XX54',
      hostName: 'LvitXX00DREPP',
      operatingSystem: 'Microsoft Windows Server 2019 Standard 10.0.1XX63 64-bit N/A Build 1XX63 UBR XX46',
      platform: 'WINDOWS',
      seenAt: 1712231369042,
      reportedAt: 1712903845434,
      functionalStatus: 'Inactive',
      isEdrEnabled: true,
      lastLoggedOnUser: 'Administrator',
    },
    {
      id: 'XXX8a87X-XXbb-4XX9-XX74-XXX08f6XX55',
      hostName: 'EDRAuto-WIXXx86',
      operatingSystem: 'Microsoft Windows 7 Ultimate 6.1.XXXX 32-bit Service Pack 1 Build 7601 UBR 2XX46',
      platform: 'WINDOWS',
      seenAt: 1715681316464,
      reportedAt: 1715678248082,
      functionalStatus: 'Inactive',
      isEdrEnabled: true,
      isPendingRestart: false,
      lastLoggedOnUser: 'Administrator',
    },
  ],
  'gav-v2-page': [
    {
      assetId: '28975144',
      assetUuid: '01a98201-e5d6-4f23-8249-50b722805644',
      hostId: '67674454',
      customAttributes: [
        { key: 'Media State4', value: 'Media disconnected', connectorName: 'Qualys' },
        { key: 'Hostname', value: 'T-450', connectorName: 'Qualys' },
        { key: 'Department', value: 'Engineering', connectorName: 'Qualys' },
      ],
    },
    {
      assetId: '28975143',
      assetUuid: '01a98201-e5d6-4f23-8249-50b728975143',
      hostId: '67674453',
      customAttributes: [{ key: 'Department', value: 'Engineering', connectorName: 'Qualys' }],
    },
  ],
  'gav-v2-filtered': [
    {
      assetId: '28975144',
      assetUuid: '01a98201-e5d6-4f23-8249-50b722805644',
      hostId: '67674454',
      createdAt: 1666252076000,
      modifiedAt: 1670256659000,
      customAttributes: [
        { key: 'Media State4', value: 'Media disconnected', connectorName: 'Qualys' },
        { key: 'Default Gateway11', value: '192.168.1.1', connectorName: 'Qualys' },
        { key: 'Subnet Mask', value: '255.255.255.0', connectorName: 'Qualys' },
      ],
    },
  ],
  'gav-v2-asset': {
    assetId: '28975144',
    assetUuid: '01a98201-e5d6-4f23-8249-50b722805644',
    hostId: '67674454',
    customAttributes: [
      { key: 'Media State4', value: 'Media disconnected', connectorName: 'Qualys' },
      { key: 'Default Gateway15', value: '192.160.1.2', connectorName: 'Qualys' },
    ],
  },
  'gav-v2-asset-fields': {
    assetId: '28975144',
    assetUuid: '01a98201-e5d6-4f23-8249-50b722805644',
    customAttributes: [
      { key: 'Media State4', value: 'Media disconnected', connectorName: 'Qualys' },
      { key: 'Department', value: 'Engineering', connectorName: 'Qualys' },
    ],
  },
  'gav-count': 1,
  'gav-v1-list': [
    {
      assetId: '28977361',
      assetUuid: '01a98201-e5d6-4f23-8249-50b728977361',
      customAttributes: [
        { key: 'Media State4', value: 'Media disconnected', connectorName: 'Qualys' },
        { key: 'Default Gateway5', value: '250.250.250.0', connectorName: 'Qualys' },
        { key: 'Department', value: 'Design', connectorName: 'Qualys' },
      ],
    },
    {
      assetId: '28977360',
      assetUuid: '01a98201-e5d6-4f23-8249-50b728977360',
      customAttributes: [
        { key: 'Media State4', value: 'Media disconnected', connectorName: 'Qualys' },
        { key: 'Default Gateway5', value: '250.250.250.0', connectorName: 'Qualys' },
        { key: 'Department', value: 'Design', connectorName: 'Qualys' },
      ],
    },
    {
      assetId: '28977359',
      assetUuid: '01a98201-e5d6-4f23-8249-50b728977359',
      customAttributes: [
        { key: 'Media State4', value: 'Media disconnected', connectorName: 'Qualys' },
        { key: 'Default Gateway5', value: '250.250.250.0', connectorName: 'Qualys' },
        { key: 'Department', value: 'Design', connectorName: 'Qualys' },
      ],
    },
    {
      assetId: '28977358',
      assetUuid: '01a98201-e5d6-4f23-8249-50b728977358',
      customAttributes: [
        { key: 'Media State4', value: 'Media disconnected', connectorName: 'Qualys' },
        { key: 'Default Gateway5', value: '250.250.250.0', connectorName: 'Qualys' },
        { key: 'Department', value: 'Design', connectorName: 'Qualys' },
      ],
    },
    {
      assetId: '28977357',
      assetUuid: '01a98201-e5d6-4f23-8249-50b728977357',
      customAttributes: [
        { key: 'Media State4', value: 'Media disconnected', connectorName: 'Qualys' },
        { key: 'Default Gateway5', value: '250.250.250.0', connectorName: 'Qualys' },
        { key: 'Department', value: 'Design', connectorName: 'Qualys' },
      ],
    },
  ],
  'gav-v1-filter': [
    {
      assetId: '28975144',
      assetUuid: '01a98201-e5d6-4f23-8249-50b722805644',
      customAttributes: [
        { key: 'Media State4', value: 'Media disconnected', connectorName: 'Qualys' },
        { key: 'Media State1', value: 'Media disconnected', connectorName: 'Qualys' },
        { key: 'Hostname16', value: 'T-490', connectorName: 'Qualys' },
      ],
    },
  ],
  'gav-v1-asset': {
    assetId: '28975144',
    assetUuid: '01a98201-e5d6-4f23-8249-50b722805644',
    customAttributes: [
      { key: 'Media State4', value: 'Media disconnected', connectorName: 'Qualys' },
      { key: 'Department', value: 'Customer Support', connectorName: 'Qualys' },
      { key: 'Hostname64', value: '120.100.169.5', connectorName: 'Qualys' },
    ],
  },
  'easm-in-progress': [{ profileId: '5552', savedAt: 1671118038000, status: 'IN_PROGRESS', isCompleted: false }],
  'easm-completed': [{ profileId: '3101', savedAt: 1660922907000, status: 'COMPLETED', isCompleted: true }],
  'scripts-imported': { kind: 'created', scriptIds: ['16508'] },
  'script-cloned': { kind: 'created', scriptId: '16520' },
  'scheduler-created': { kind: 'created', id: 'd1a22786-2ddb-4942-8dda-6a03034162f0' },
  'execute-accepted': { kind: 'accepted', correlationUuid: '9bde85fb-010e-45fe-8bc0-4b55cc6c3a2a' },
};

function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('utf8');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, field]) => (key === 'raw' ? [] : [[key, plain(field)]])));
}

describe('the documented answers', () => {
  test.each([...READS, ...EFFECTS])('%s', async (name, ask) => {
    expect(plain(await ask(readerOf(200, sampleOf(name))))).toEqual(VALUES[name]);
  });

  test('each has its values here', () => {
    const samples = readdirSync(SAMPLES).flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -'.json'.length)] : []));
    expect(Object.keys(VALUES).sort()).toEqual(samples.sort());
    expect(samples).toHaveLength(37);
  });
});
