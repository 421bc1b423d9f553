// Who reaches each documented operation: the client's method, the command, the activities of a run, and the test that reads its documented
// sample. docs/api-coverage.md is made of it; api-coverage-markdown.test.ts holds every cell against the code.

import type { operations } from '../src/qualys/catalog.js';
import type { QualysClient } from '../src/qualys/client.js';

export interface Coverage {
  /** The client's method; `#1` is behind all of them. */
  client: keyof QualysClient | 'createQualys';
  /** The command that reaches it, behind `overhaul`, with the option or argument that chooses it among several. */
  command: string;
  /** What the activities of a run call it for; absent where none does. */
  usedFor?: string;
  /** Test of the documented sample: file and title. */
  sample: readonly [file: string, title: string];
}

export const coverage: Readonly<Record<keyof typeof operations, Coverage>> = {
  auth: {
    client: 'createQualys',
    command: 'doctor',
    sample: ['src/qualys/http/token.test.ts', 'is asked for with a form and read from plain text'],
  },
  script: {
    client: 'script',
    command: 'qualys scripts get',
    usedFor: 'the script of a run and of its follow-up',
    sample: ['src/qualys/car/script.test.ts', 'by id, with the hash of its decoded content'],
  },
  searchScripts: {
    client: 'searchScripts',
    command: 'qualys scripts list',
    sample: ['src/qualys/client.test.ts', 'scripts'],
  },
  searchAssets: {
    client: 'searchAssets',
    command: 'qualys assets',
    usedFor: 'the cohort, and which of its assets still exist',
    sample: ['src/qualys/client.test.ts', 'assets: numeric ids become strings, the platform comes from the operating system'],
  },
  searchTags: {
    client: 'searchTags',
    command: 'qualys tags',
    usedFor: 'ids of tags given by name',
    sample: ['src/qualys/client.test.ts', 'asset tags'],
  },
  searchJobsV1: {
    client: 'searchJobsV1',
    command: 'qualys jobs --v1',
    sample: ['src/qualys/catalog.test.ts', '#6 script jobs of 2022'],
  },
  searchAssetJobsV1: {
    client: 'searchAssetJobsV1',
    command: 'qualys asset-jobs --v1',
    sample: ['src/qualys/catalog.test.ts', '#7 asset jobs of 2022'],
  },
  activities: {
    client: 'activities',
    command: 'qualys activities',
    usedFor: 'whose execution it was, after a lost answer',
    sample: ['src/qualys/client.test.ts', 'the audit trail'],
  },
  exportScripts: {
    client: 'exportScripts',
    command: 'qualys scripts export',
    sample: ['src/qualys/catalog.test.ts', '#9 exported scripts'],
  },
  importScripts: {
    client: 'importScripts',
    command: 'qualys scripts import',
    sample: ['src/qualys/catalog.test.ts', '#10 the ids of an import'],
  },
  cloneScript: {
    client: 'cloneScript',
    command: 'qualys scripts clone',
    sample: ['src/qualys/catalog.test.ts', '#11 the id of a clone'],
  },
  execute: {
    client: 'execute',
    command: 'run',
    usedFor: 'an execution',
    sample: ['src/qualys/car/execute.test.ts', 'sends ids as strings in the documented body and takes the correlation UUID'],
  },
  createSchedule: {
    client: 'createSchedule',
    command: 'qualys schedule',
    usedFor: 'the follow-up',
    sample: ['src/qualys/car/schedule.test.ts', 'sends the documented body and takes the id'],
  },
  countScripts: {
    client: 'count',
    command: 'qualys count scripts',
    sample: ['src/qualys/catalog.test.ts', '#14 counts of scripts'],
  },
  countJobs: {
    client: 'count',
    command: 'qualys count jobs',
    sample: ['src/qualys/catalog.test.ts', '#15 counts of jobs'],
  },
  countAssetJobs: {
    client: 'count',
    command: 'qualys count asset-jobs',
    sample: ['src/qualys/catalog.test.ts', '#16 counts of asset jobs'],
  },
  countSchedules: {
    client: 'countSchedules',
    command: 'qualys count schedules',
    usedFor: 'whether a follow-up exists, after a lost answer',
    sample: ['src/qualys/catalog.test.ts', '#17 counts of schedules'],
  },
  countAssets: {
    client: 'count',
    command: 'qualys count assets',
    usedFor: 'whether a query finds all that its inventory holds',
    sample: ['src/qualys/catalog.test.ts', '#18 counts of assets'],
  },
  searchJobs: {
    client: 'searchJobs',
    command: 'qualys jobs',
    usedFor: 'jobs of executions in flight and of lost answers',
    sample: ['src/qualys/client.test.ts', 'jobs, flat as in 2022 and wrapped as in 2023'],
  },
  searchAssetJobs: {
    client: 'searchAssetJobs',
    command: 'qualys asset-jobs',
    usedFor: 'the watch, results and output',
    sample: ['src/qualys/client.test.ts', 'asset jobs of 2026, flat with nine more fields'],
  },
  edrAssets: {
    client: 'edrAssets',
    command: 'qualys edr assets',
    usedFor: 'hosts of targets by an EDR query, where v1 is unknown',
    sample: ['src/qualys/catalog.test.ts', '#21 EDR assets, the path without a version'],
  },
  edrAssetsV1: {
    client: 'edrAssets',
    command: 'qualys edr assets',
    usedFor: 'hosts of targets by an EDR query',
    sample: ['src/qualys/catalog.test.ts', '#22 EDR assets, v1'],
  },
  gavAssets: {
    client: 'gavAssets',
    command: 'qualys gav list',
    usedFor: 'hosts of targets by a GAV query',
    sample: ['src/qualys/catalog.test.ts', '#23 GAV assets, v2'],
  },
  gavAsset: {
    client: 'gavAsset',
    command: 'qualys gav get',
    sample: ['src/qualys/catalog.test.ts', '#24 one GAV asset, v2'],
  },
  countGavAssets: {
    client: 'countGavAssets',
    command: 'qualys gav count',
    usedFor: 'whether a query finds all that its inventory holds',
    sample: ['src/qualys/catalog.test.ts', '#25 the count of GAV assets, v2'],
  },
  gavV1Assets: {
    client: 'gavV1Assets',
    command: 'qualys gav list --v1',
    sample: ['src/qualys/catalog.test.ts', '#26 GAV assets, v1'],
  },
  gavV1FilteredAssets: {
    client: 'gavV1Assets',
    command: 'qualys gav list --v1 --filter',
    usedFor: 'hosts of targets by a GAV v1 query',
    sample: ['src/qualys/catalog.test.ts', '#27 GAV assets by filter, v1'],
  },
  gavV1Asset: {
    client: 'gavV1Asset',
    command: 'qualys gav get --v1',
    sample: ['src/qualys/catalog.test.ts', '#28 one GAV asset, v1'],
  },
  countGavV1Assets: {
    client: 'countGavV1Assets',
    command: 'qualys gav count --v1',
    usedFor: 'whether a query finds all that its inventory holds',
    sample: ['src/qualys/catalog.test.ts', '#29 the count of GAV assets, v1'],
  },
  easmStatus: {
    client: 'easmStatus',
    command: 'qualys easm status',
    usedFor: 'the wait for an EASM sync before a run',
    sample: ['src/qualys/catalog.test.ts', '#30 EASM profiles'],
  },
};
