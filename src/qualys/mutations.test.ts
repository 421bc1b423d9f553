// Samples damaged ten thousand times each: nothing crashes, and no failure becomes a success.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type MutationKind, mutated, type Path, pathsOf } from '../../test/support/mutations.js';
import { all, recordingGate, settableClock } from '../../test/support/qualys-client.js';
import type { Reader } from './call.js';
import { count, countBy } from './counts.js';
import { easmStatus } from './easm.js';
import { edrAssets } from './edr.js';
import {
  activitySearch,
  assetJobSearch,
  assetJobSearchV1,
  assetSearch,
  jobSearch,
  jobSearchV1,
  scriptSearch,
  tagSearch,
} from './endpoints.js';
import { QualysError } from './errors.js';
import { execute } from './execute.js';
import { countGavAssets, countGavV1Assets, gavAsset, gavAssets, gavV1Asset, gavV1Assets } from './gav.js';
import { walk } from './paging.js';
import { createSchedule } from './schedule.js';
import { findScript } from './script.js';
import { cloneScript } from './script-clone.js';
import { exportScripts } from './script-export.js';
import { importScripts } from './script-import.js';

const RUNS = 10_000;
/** For failures, of which each operation has four; and for imports, which read a file each time. */
const FAILED_RUNS = 200;

type Ask = (reader: Reader) => Promise<unknown>;
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

const READS: [sample: string, ask: Ask][] = [
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

const EFFECTS: [sample: string, ask: (reader: Reader) => Promise<{ kind: string }>][] = [
  ['scripts-imported', (reader) => importScripts(reader, { file: 'src/qualys/samples/scripts-export.json' })],
  ['script-cloned', (reader) => cloneScript(reader, { script: '1', title: 't' })],
  ['scheduler-created', (reader) => createSchedule(reader, SCHEDULE)],
  ['execute-accepted', (reader) => execute(reader, { scriptId: '1', assetIds: ['1'], mayStart: () => true })],
];
const DONE = ['created', 'accepted'];

const KINDS: MutationKind[] = ['missing', 'null', 'other-type', 'extra'];
const sampleOf = (name: string): unknown => JSON.parse(readFileSync(`src/qualys/samples/${name}.json`, 'utf8'));

/** One to three damages of a document. */
function damagedCopies(json: unknown) {
  const place = fc.tuple(fc.constantFrom<Path>(...pathsOf(json)), fc.constantFrom(...KINDS));
  return fc
    .array(place, { minLength: 1, maxLength: 3 })
    .map((damages) => damages.reduce((copy, [path, kind]) => mutated(copy, path, kind), json));
}

function readerOf(status: number, json: unknown): Reader {
  const answer = async () => ({ status, headers: {}, body: Buffer.from(JSON.stringify(json)) });
  return {
    transport: { send: answer, sendOnce: answer, close: async () => undefined },
    tokens: { token: async () => 'token', replacementOf: async () => 'token' },
    gate: recordingGate(),
    clock: settableClock(),
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined },
    timeoutMs: 1_000,
    maxWaitInProcessMs: 0,
    maxHiccups: 0,
  };
}

async function outcomeOf(ask: Ask, reader: Reader): Promise<'success' | 'failure'> {
  try {
    await ask(reader);
    return 'success';
  } catch (error) {
    if (error instanceof QualysError) return 'failure';
    throw error;
  }
}

describe('samples damaged', () => {
  test.each(READS)(
    '%s: a value or a QualysError',
    async (name, ask) => {
      const json = sampleOf(name);
      expect(await outcomeOf(ask, readerOf(200, json))).toBe('success');
      await fc.assert(
        fc.asyncProperty(damagedCopies(json), async (copy) => void (await outcomeOf(ask, readerOf(200, copy)))),
        { numRuns: RUNS },
      );
    },
    60_000,
  );

  test.each(EFFECTS)(
    '%s: a word for its fate, and created only with an id',
    async (name, ask) => {
      const json = sampleOf(name);
      expect(DONE).toContain((await ask(readerOf(200, json))).kind);
      await fc.assert(
        fc.asyncProperty(damagedCopies(json), async (copy) => {
          const { kind, ...rest } = await ask(readerOf(200, copy));
          if (!DONE.includes(kind)) return expect(kind).toBe('unknown');
          const ids = Object.values(rest).flat();
          expect(ids.length).toBeGreaterThan(0);
          for (const id of ids) expect(JSON.stringify(copy)).toContain(String(id));
        }),
        { numRuns: name === 'scripts-imported' ? FAILED_RUNS : RUNS },
      );
    },
    60_000,
  );
});

const FAILURES: [name: string, status: number, json: unknown][] = [
  ['an error code under 200', 200, { errorCode: '4001', message: 'Something is wrong', body: null }],
  ['an error code as a number', 200, { errorCode: 500, message: 'Internal error' }],
  ["the gateway's own words under 200", 200, { status: 401, error: 'Unauthorized', message: 'JWT expired' }],
  [
    'GAV under 200',
    200,
    { responseCode: 'FAILED', responseMessage: 'Bad', count: 0, hasMore: 0, lastSeenAssetId: null, assetListData: null },
  ],
];

describe('failures damaged stay failures', () => {
  test.each(FAILURES)(
    '%s',
    async (_, status, json) => {
      for (const [name, ask] of READS) {
        const property = fc.asyncProperty(damagedCopies(json), async (copy) => {
          expect([name, await outcomeOf(ask, readerOf(status, copy))]).toEqual([name, 'failure']);
        });
        if (name !== 'scripts-export') await fc.assert(property, { numRuns: FAILED_RUNS });
      }
      for (const [, ask] of EFFECTS.slice(1)) {
        const property = fc.asyncProperty(damagedCopies(json), async (copy) =>
          expect(DONE).not.toContain((await ask(readerOf(status, copy))).kind),
        );
        await fc.assert(property, { numRuns: FAILED_RUNS });
      }
    },
    60_000,
  );

  test.each([400, 401, 403, 404, 409, 429, 500, 502, 503])('HTTP %i with the body of a success', async (status) => {
    for (const [name, ask] of READS) {
      if (name === 'scripts-export') continue;
      expect([name, await outcomeOf(ask, readerOf(status, sampleOf(name)))]).toEqual([name, 'failure']);
    }
    for (const [name, ask] of EFFECTS) expect(DONE).not.toContain((await ask(readerOf(status, sampleOf(name)))).kind);
  });

  test('an export of which nothing came exports nothing', async () => {
    for (const [, status, json] of FAILURES) {
      await expect(exportScripts(readerOf(status, json), ['1'])).rejects.toThrow(QualysError);
    }
    const { scripts, refused } = await exportScripts(readerOf(404, {}), ['1', '2']);
    expect([scripts, refused.map(({ id }) => id)]).toEqual([[], ['1', '2']]);
    expect(await all(walk(readerOf(204, ''), assetSearch, {}))).toEqual([]);
  });
});
