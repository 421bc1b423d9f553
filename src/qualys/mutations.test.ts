// Samples damaged in every place, and in thousands of combinations: nothing crashes, and no failure becomes a success.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { all } from '../../test/support/gateway/client-harness.js';
import { type Ask, EFFECTS, READS, readerOf, sampleOf } from '../../test/support/gateway/sample-asks.js';
import { type MutationKind, mutated, type Path, pathsOf } from '../../test/support/mutations.js';
import { exportScripts } from './car/script-export.js';
import { QualysError } from './errors.js';
import type { Reader } from './http/read.js';
import { assetSearch } from './walks/endpoints.js';
import { walk } from './walks/paging.js';

/** Combinations of two or three damages, beside every single one: what they find is found by some hundreds of them. */
const COMBINATIONS = 2_000;
/** For each failure under each of the 37 questions: more than 10,000 a failure. */
const FAILED_COMBINATIONS = 300;

const DONE = ['created', 'accepted'];

const KINDS: MutationKind[] = ['missing', 'null', 'other-type', 'extra'];

/** `ask` gets copies of a document: with each single damage, and with two or three that are drawn. */
async function eachDamaged(json: unknown, combinations: number, ask: (copy: unknown) => Promise<void>): Promise<void> {
  const paths = pathsOf(json);
  for (const path of paths) for (const kind of KINDS) await ask(mutated(json, path, kind));
  const place = fc.tuple(fc.constantFrom<Path>(...paths), fc.constantFrom(...KINDS));
  const property = fc.asyncProperty(fc.array(place, { minLength: 2, maxLength: 3 }), (damages) =>
    ask(damages.reduce<unknown>((copy, [path, kind]) => mutated(copy, path, kind), json)),
  );
  await fc.assert(property, { numRuns: combinations });
}

/** In place of `expect`, whose own work would be most of a hundred thousand looks. */
function must(holds: boolean, what: () => string): void {
  if (!holds) throw new Error(what());
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
      await eachDamaged(json, COMBINATIONS, async (copy) => void (await outcomeOf(ask, readerOf(200, copy))));
    },
    60_000,
  );

  test.each(EFFECTS)(
    '%s: a word for its fate, and created only with an id',
    async (name, ask) => {
      const json = sampleOf(name);
      expect(DONE).toContain((await ask(readerOf(200, json))).kind);
      await eachDamaged(json, COMBINATIONS, async (copy) => {
        const { kind, ...rest } = await ask(readerOf(200, copy));
        if (!DONE.includes(kind)) return must(kind === 'unknown', () => `the fate is ${kind}`);
        const ids = Object.values(rest).flat();
        const text = JSON.stringify(copy);
        must(ids.length > 0 && ids.every((id) => text.includes(String(id))), () => `made ${JSON.stringify(ids)} of ${text}`);
      });
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
        if (name === 'scripts-export') continue;
        await eachDamaged(json, FAILED_COMBINATIONS, async (copy) =>
          must((await outcomeOf(ask, readerOf(status, copy))) === 'failure', () => `${name} takes it for a success`),
        );
      }
      for (const [name, ask] of EFFECTS.slice(1)) {
        await eachDamaged(json, FAILED_COMBINATIONS, async (copy) =>
          must(!DONE.includes((await ask(readerOf(status, copy))).kind), () => `${name} takes it for done`),
        );
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
