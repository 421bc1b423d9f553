// How each printed answer is asked for, and a reader that gets it: for the tests of samples, whole and damaged.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { count, countBy } from '../../../src/qualys/car/counts.js';
import { execute } from '../../../src/qualys/car/execute.js';
import { createSchedule } from '../../../src/qualys/car/schedule.js';
import { findScript } from '../../../src/qualys/car/script.js';
import { cloneScript } from '../../../src/qualys/car/script-clone.js';
import { exportScripts } from '../../../src/qualys/car/script-export.js';
import { importScripts } from '../../../src/qualys/car/script-import.js';
import type { Reader } from '../../../src/qualys/http/read.js';
import { easmStatus } from '../../../src/qualys/inventory/easm.js';
import { edrAssets } from '../../../src/qualys/inventory/edr.js';
import { countGavAssets, countGavV1Assets, gavAsset, gavAssets, gavV1Asset, gavV1Assets } from '../../../src/qualys/inventory/gav.js';
import {
  activitySearch,
  assetJobSearch,
  assetJobSearchV1,
  assetSearch,
  jobSearch,
  jobSearchV1,
  scriptSearch,
  tagSearch,
} from '../../../src/qualys/walks/endpoints.js';
import { walk } from '../../../src/qualys/walks/paging.js';

import { recordingGate, settableClock } from './client-harness.js';

export type Ask = (reader: Reader) => Promise<unknown>;
/** The first page: the same damaged answer would come for the second. */
const first = async <T>(pages: AsyncIterable<{ rows: T[] }>) => {
  for await (const { rows } of pages) return rows;
  return [];
};
const SCHEDULE = {
  title: 't',
  description: '',
  scripts: [{ id: '1', title: 's' }],
  assets: [],
  scheduleType: 'DAILY' as const,
  startDate: '2026-05-11',
  startTime: '07:25:00',
  endDate: '2026-05-12',
  user: { id: 'u', name: 'u' },
};

export const READS: [sample: string, ask: Ask][] = [
  ['script-detail', (reader) => findScript(reader, '16012', undefined)],
  ['scripts-search', (reader) => first(walk(reader, scriptSearch, {}))],
  ['assets-search', (reader) => first(walk(reader, assetSearch, {}))],
  ['assettags-search', (reader) => first(walk(reader, tagSearch, {}))],
  ['jobs-search-2022-flat', (reader) => first(walk(reader, jobSearchV1, {}))],
  ['jobs-search-2023-wrapped', (reader) => first(walk(reader, jobSearch, {}))],
  ['assetjobs-search-2022-flat', (reader) => first(walk(reader, assetJobSearchV1, {}))],
  ['assetjobs-search-2023-wrapped', (reader) => first(walk(reader, assetJobSearch, {}))],
  ['assetjobs-search-2026-flat', (reader) => first(walk(reader, assetJobSearch, {}))],
  ['activities', (reader) => first(walk(reader, activitySearch, {}))],
  ['scripts-export', (reader) => exportScripts(reader, ['72652', '75508'])],
  ['script-count', (reader) => count(reader, 'scripts')],
  ['script-count-by-severity', (reader) => countBy(reader, 'scripts', 'severity')],
  ['jobs-count', (reader) => count(reader, 'jobs')],
  ['jobs-count-by-category', (reader) => countBy(reader, 'jobs', 'script.category')],
  ['assetjobs-count', (reader) => count(reader, 'asset-jobs')],
  ['assetjobs-count-by-status', (reader) => countBy(reader, 'asset-jobs', 'status')],
  ['scheduler-count', (reader) => count(reader, 'schedules')],
  ['scheduler-count-by-status', (reader) => countBy(reader, 'schedules', 'status')],
  ['assets-count', (reader) => count(reader, 'assets')],
  ['assets-count-by-operating-system', (reader) => countBy(reader, 'assets', 'operatingSystem')],
  ['edr-first-page', (reader) => first(edrAssets(reader, {}))],
  ['edr-follow-up', (reader) => first(edrAssets(reader, { after: ['1,a'] }))],
  ['gav-v2-page', (reader) => first(gavAssets(reader, {}))],
  ['gav-v2-filtered', (reader) => first(gavAssets(reader, {}))],
  ['gav-v2-asset', (reader) => gavAsset(reader, '28975144')],
  ['gav-v2-asset-fields', (reader) => gavAsset(reader, '28975144')],
  ['gav-count', (reader) => countGavAssets(reader)],
  ['gav-count', (reader) => countGavV1Assets(reader)],
  ['gav-v1-list', (reader) => first(gavV1Assets(reader, {}))],
  ['gav-v1-filter', (reader) => first(gavV1Assets(reader, { filter: "customAttributes.key:'a'" }))],
  ['gav-v1-asset', (reader) => gavV1Asset(reader, '28975144')],
  ['easm-in-progress', (reader) => easmStatus(reader)],
  ['easm-completed', (reader) => easmStatus(reader)],
];

export const EFFECTS: [sample: string, ask: (reader: Reader) => Promise<{ kind: string }>][] = [
  ['scripts-imported', (reader) => importScripts(reader, { file: sampleFile('scripts-export') })],
  ['script-cloned', (reader) => cloneScript(reader, { script: '1', title: 't' })],
  ['scheduler-created', (reader) => createSchedule(reader, SCHEDULE)],
  ['execute-accepted', (reader) => execute(reader, { scriptId: '1', assetIds: ['1'], mayStart: () => true })],
];
export const SAMPLES = join(import.meta.dirname, '../../../src/qualys/samples');
export const sampleText = (name: string): string => readFileSync(sampleFile(name), 'utf8');
export const sampleOf = (name: string): unknown => JSON.parse(sampleText(name));

function sampleFile(name: string): string {
  return join(SAMPLES, `${name}.json`);
}

/** Answers everything with this. */
export function readerOf(status: number, json: unknown): Reader {
  const answer = async () => ({ status, headers: {}, body: Buffer.from(JSON.stringify(json)) });
  return {
    transport: { send: answer, sendOnce: answer, close: async () => undefined },
    tokens: { token: async () => 'token', identityHints: () => [], replacementOf: async () => 'token' },
    gate: recordingGate(),
    clock: settableClock(),
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined },
    timeoutMs: 1_000,
    maxWaitInProcessMs: 0,
    maxHiccups: 0,
  };
}
