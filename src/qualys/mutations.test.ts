// Samples damaged ten thousand times each: nothing crashes, and no failure becomes a success.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type MutationKind, mutated, type Path, pathsOf } from '../../test/support/mutations.js';
import { all } from '../../test/support/qualys-client.js';
import { type Ask, EFFECTS, READS, readerOf, sampleOf } from '../../test/support/sample-asks.js';
import type { Reader } from './call.js';
import { assetSearch } from './endpoints.js';
import { QualysError } from './errors.js';
import { walk } from './paging.js';
import { exportScripts } from './script-export.js';

const RUNS = 10_000;
/** For each failure under each of the 37 questions: more than 10,000 a failure. */
const FAILED_RUNS = 300;

const DONE = ['created', 'accepted'];

const KINDS: MutationKind[] = ['missing', 'null', 'other-type', 'extra'];

/** One to three damages of a document. */
function damagedCopies(json: unknown) {
  const place = fc.tuple(fc.constantFrom<Path>(...pathsOf(json)), fc.constantFrom(...KINDS));
  return fc
    .array(place, { minLength: 1, maxLength: 3 })
    .map((damages) => damages.reduce((copy, [path, kind]) => mutated(copy, path, kind), json));
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
        { numRuns: RUNS },
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
    const { scripts, refused } = await exportScripts(readerOf(404, { errorCode: '404', message: 'no such script' }), ['1', '2']);
    expect([scripts, refused.map(({ id }) => id)]).toEqual([[], ['1', '2']]);
    expect(await all(walk(readerOf(204, ''), assetSearch, {}))).toEqual([]);
  });
});
