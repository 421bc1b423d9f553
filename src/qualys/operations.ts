// Every documented operation of section 1 of the API reference, as data: the client takes method and path from here, docs/api-coverage.md is made of it.
import type { EndpointKind } from '../domain/answer.js';
import type { QualysClient } from './client.js';

export type PagingEngine = 'none' | 'page-number' | 'search-after' | 'header-cursor' | 'last-seen-id';

export interface Operation {
  /** `#1` to `#30` of the reference. */
  number: number;
  method: 'GET' | 'POST';
  /** `{name}` stands for one segment. */
  path: string;
  /** A second documented or plausible spelling, asked where the first is unknown to the gateway. */
  alsoAt?: string;
  kind: EndpointKind;
  paging: PagingEngine;
  /** The client's method; `#1` is behind all of them. */
  client: keyof QualysClient | 'createQualys';
  /** The command that reaches it, behind `overhaul`, with the option or argument that chooses it among several. */
  command: string;
  /** What the activities of a run call it for; absent where none does. */
  usedFor?: string;
  /** Test of the documented sample: file in src/qualys and title. */
  sample: readonly [file: string, title: string];
}

const CLIENT = 'client.test.ts';
const SAMPLES = 'operations.test.ts';

export const operations = {
  auth: operation(1, 'POST /auth', {
    kind: 'auth',
    client: 'createQualys',
    command: 'doctor',
    sample: ['token.test.ts', 'is asked for with a form and read from plain text'],
  }),
  script: operation(2, 'GET /sm/v1/scripts/{id}', {
    client: 'script',
    command: 'qualys scripts get',
    usedFor: 'the script of a run and of its follow-up',
    sample: ['script.test.ts', 'by id, with the hash of its decoded content'],
  }),
  searchScripts: operation(3, 'POST /sm/v1/scripts/search', {
    paging: 'page-number',
    client: 'searchScripts',
    command: 'qualys scripts list',
    sample: [CLIENT, 'scripts'],
  }),
  searchAssets: operation(4, 'POST /sm/v1/assets/search', {
    paging: 'search-after',
    client: 'searchAssets',
    command: 'qualys assets',
    usedFor: 'the cohort, and which of its assets still exist',
    sample: [CLIENT, 'assets: numeric ids become strings, the platform comes from the operating system'],
  }),
  searchTags: operation(5, 'POST /sm/v1/assettags/search', {
    paging: 'page-number',
    client: 'searchTags',
    command: 'qualys tags',
    usedFor: 'ids of tags given by name',
    sample: [CLIENT, 'asset tags'],
  }),
  searchJobsV1: operation(6, 'POST /sm/v1/jobs/search', {
    paging: 'page-number',
    client: 'searchJobsV1',
    command: 'qualys jobs --v1',
    sample: [SAMPLES, '#6 script jobs of 2022'],
  }),
  searchAssetJobsV1: operation(7, 'POST /sm/v1/assetjobs/search', {
    paging: 'page-number',
    client: 'searchAssetJobsV1',
    command: 'qualys asset-jobs --v1',
    sample: [SAMPLES, '#7 asset jobs of 2022'],
  }),
  activities: operation(8, 'POST /sm/v1/scripts/activities', {
    paging: 'page-number',
    client: 'activities',
    command: 'qualys activities',
    usedFor: 'whose execution it was, after a lost answer',
    sample: [CLIENT, 'the audit trail'],
  }),
  exportScripts: operation(9, 'GET /sm/v1/scripts/export', {
    client: 'exportScripts',
    command: 'qualys scripts export',
    sample: [SAMPLES, '#9 exported scripts'],
  }),
  importScripts: operation(10, 'POST /sm/v1/scripts/import', {
    kind: 'import',
    client: 'importScripts',
    command: 'qualys scripts import',
    sample: [SAMPLES, '#10 the ids of an import'],
  }),
  cloneScript: operation(11, 'POST /sm/v1/scripts/{scriptId}/clone', {
    kind: 'clone',
    client: 'cloneScript',
    command: 'qualys scripts clone',
    sample: [SAMPLES, '#11 the id of a clone'],
  }),
  execute: operation(12, 'POST /sm/v1/scripts/{scriptId}/execute', {
    kind: 'execute',
    client: 'execute',
    command: 'run',
    usedFor: 'an execution',
    sample: ['execute.test.ts', 'sends ids as strings in the documented body and takes the correlation UUID'],
  }),
  createSchedule: operation(13, 'POST /sm/v1/scripts/scheduler', {
    kind: 'schedule',
    client: 'createSchedule',
    command: 'qualys schedule',
    usedFor: 'the follow-up',
    sample: ['schedule.test.ts', 'sends the documented body and takes the id'],
  }),
  countScripts: operation(14, 'GET /sm/v1/script/count', {
    alsoAt: '/sm/v1/scripts/count',
    client: 'count',
    command: 'qualys count scripts',
    sample: [SAMPLES, '#14 counts of scripts'],
  }),
  countJobs: operation(15, 'GET /sm/v1/jobs/count', {
    client: 'count',
    command: 'qualys count jobs',
    sample: [SAMPLES, '#15 counts of jobs'],
  }),
  countAssetJobs: operation(16, 'GET /sm/v1/assetjobs/count', {
    client: 'count',
    command: 'qualys count asset-jobs',
    sample: [SAMPLES, '#16 counts of asset jobs'],
  }),
  countSchedules: operation(17, 'POST /sm/v1/scheduler/count', {
    client: 'countSchedules',
    command: 'qualys count schedules',
    usedFor: 'whether a follow-up exists, after a lost answer',
    sample: [SAMPLES, '#17 counts of schedules'],
  }),
  countAssets: operation(18, 'GET /sm/v1/assets/count', {
    client: 'count',
    command: 'qualys count assets',
    usedFor: 'whether a query finds all that its inventory holds',
    sample: [SAMPLES, '#18 counts of assets'],
  }),
  searchJobs: operation(19, 'POST /sm/v2/jobs/search', {
    paging: 'search-after',
    client: 'searchJobs',
    command: 'qualys jobs',
    usedFor: 'jobs of executions in flight and of lost answers',
    sample: [CLIENT, 'jobs, flat as in 2022 and wrapped as in 2023'],
  }),
  searchAssetJobs: operation(20, 'POST /sm/v2/assetjobs/search', {
    paging: 'search-after',
    client: 'searchAssetJobs',
    command: 'qualys asset-jobs',
    usedFor: 'the watch, results and output',
    sample: [CLIENT, 'asset jobs of 2026, flat with nine more fields'],
  }),
  edrAssets: operation(21, 'GET /ioc/asset/searchAfter', {
    paging: 'header-cursor',
    client: 'edrAssets',
    command: 'qualys edr assets',
    usedFor: 'hosts of targets by an EDR query, where v1 is unknown',
    sample: [SAMPLES, '#21 EDR assets, the path without a version'],
  }),
  edrAssetsV1: operation(22, 'GET /ioc/v1/asset/searchAfter', {
    paging: 'header-cursor',
    client: 'edrAssets',
    command: 'qualys edr assets',
    usedFor: 'hosts of targets by an EDR query',
    sample: [SAMPLES, '#22 EDR assets, v1'],
  }),
  gavAssets: operation(23, 'POST /rest/2.0/search/am/asset', {
    paging: 'last-seen-id',
    client: 'gavAssets',
    command: 'qualys gav list',
    usedFor: 'hosts of targets by a GAV query',
    sample: [SAMPLES, '#23 GAV assets, v2'],
  }),
  gavAsset: operation(24, 'GET /rest/2.0/get/am/asset', {
    alsoAt: '/rest/2.0/search/am/asset',
    client: 'gavAsset',
    command: 'qualys gav get',
    sample: [SAMPLES, '#24 one GAV asset, v2'],
  }),
  countGavAssets: operation(25, 'POST /rest/2.0/count/am/asset', {
    client: 'countGavAssets',
    command: 'qualys gav count',
    usedFor: 'whether a query finds all that its inventory holds',
    sample: [SAMPLES, '#25 the count of GAV assets, v2'],
  }),
  gavV1Assets: operation(26, 'POST /am/v1/assets/host/list', {
    paging: 'last-seen-id',
    client: 'gavV1Assets',
    command: 'qualys gav list --v1',
    sample: [SAMPLES, '#26 GAV assets, v1'],
  }),
  gavV1FilteredAssets: operation(27, 'POST /am/v1/assets/host/filter/list', {
    paging: 'last-seen-id',
    client: 'gavV1Assets',
    command: 'qualys gav list --v1 --filter',
    usedFor: 'hosts of targets by a GAV v1 query',
    sample: [SAMPLES, '#27 GAV assets by filter, v1'],
  }),
  gavV1Asset: operation(28, 'POST /am/v1/asset/host/id', {
    client: 'gavV1Asset',
    command: 'qualys gav get --v1',
    sample: [SAMPLES, '#28 one GAV asset, v1'],
  }),
  countGavV1Assets: operation(29, 'POST /am/v1/assets/host/count', {
    client: 'countGavV1Assets',
    command: 'qualys gav count --v1',
    usedFor: 'whether a query finds all that its inventory holds',
    sample: [SAMPLES, '#29 the count of GAV assets, v1'],
  }),
  easmStatus: operation(30, 'GET /easm/v1/profile/status', {
    client: 'easmStatus',
    command: 'qualys easm status',
    usedFor: 'the wait for an EASM sync before a run',
    sample: [SAMPLES, '#30 EASM profiles'],
  }),
} as const satisfies Record<string, Operation>;

type Facts = Pick<Operation, 'client' | 'command' | 'sample'> & Partial<Pick<Operation, 'kind' | 'paging' | 'alsoAt' | 'usedFor'>>;

function operation(number: number, call: `${'GET' | 'POST'} /${string}`, facts: Facts): Operation {
  const [method, path] = call.split(' ') as ['GET' | 'POST', string];
  return { number, method, path, kind: 'read', paging: 'none', ...facts };
}

export type QueryValue = string | number | undefined;

/** Path and query. Segments and values are percent-encoded, spaces as `%20`: a plus sign is read as itself by some gateways (T-22). */
export function pathOf(pattern: string, segments: Readonly<Record<string, string>> = {}, query: Readonly<Record<string, QueryValue>> = {}) {
  const path = pattern.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(segments[name] ?? ''));
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const text = given.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&');
  return text === '' ? path : `${path}?${text}`;
}
