import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { accepted, assetIds, openRun, poll, useLedgers } from '../../../test/support/ledger/ledger.js';
import { find, makeCampaign, makeStep, tryAgain } from '../../../test/support/ledger/scenario.js';
import type { OpenedLedger } from '../conformance/ledgers.js';
import { type AssetPageOptions, readAssetPage } from '../reads/asset-page.js';
import type { RunKind } from '../rows/run.js';
import type { Database } from '../sql/database.js';
import { createNameIndex, SqliteNameIndex } from './name-index.js';

const ledgers = useLedgers();
let ledger: OpenedLedger;
/** Of runs of any size. */
let names: SqliteNameIndex;
beforeEach(async () => {
  ledger = await ledgers.open({ durable: false });
  names = new SqliteNameIndex(ledger.database, 0);
});

async function fillAll(index = names): Promise<void> {
  while (await index.fill());
}

const name = (seq: number, host: string | null, runId = 'r') => find(ledger, { name: host }, { runId, seq });
const rangesOf = (text: string, after = 0) => names.rangesHolding('r', text, after);
const page = (options: AssetPageOptions, kind: RunKind = 'run', id = 'r') =>
  readAssetPage(ledger.database, { id, kind }, options, names).then(({ items }) => items.map(({ assetId }) => assetId));

describe('where a text may be', () => {
  test('is told in blocks of 32 places, once all of a frozen run is in', async () => {
    await openRun(ledger, 'r', assetIds(100));
    await name(70, 'Database.example.com');
    expect(await rangesOf('base')).toBeUndefined();
    await fillAll();
    expect(await rangesOf('base')).toEqual([[64, 95]]);
    expect(await rangesOf('DATABASE.EXAMPLE')).toEqual([[64, 95]]);
    expect(await rangesOf('asset-0033')).toEqual([[32, 63]]);
    expect(await rangesOf('asset')).toHaveLength(4);
    expect(await rangesOf('asset', 63)).toEqual([
      [64, 95],
      [96, 127],
    ]);
    expect(await rangesOf('no such')).toEqual([]);
    expect(await rangesOf('base', Number.MAX_SAFE_INTEGER)).toEqual([]);
  });

  test('is not told of a text without a trigram, and where most blocks would be named', async () => {
    await openRun(ledger, 'r', assetIds(16_100));
    await fillAll();
    expect(await rangesOf('as')).toBeUndefined();
    expect(await rangesOf('asset')).toBeUndefined();
    expect(await rangesOf('asset-16', 15_000)).toHaveLength(4);
  });

  test('is told of each run by itself, and of small runs not at all: they are read', async () => {
    await openRun(ledger, 'small', assetIds(40));
    await openRun(ledger, 'r', assetIds(60, 100));
    const large = new SqliteNameIndex(ledger.database, 50);
    await fillAll(large);
    expect(await large.rangesHolding('small', 'asset', 0)).toBeUndefined();
    expect(await large.rangesHolding('r', 'asset', 0)).toHaveLength(2);
    await fillAll();
    expect(await names.rangesHolding('small', 'asset-0150', 0)).toEqual([]);
    expect(await rangesOf('asset-0150')).toEqual([[32, 63]]);
  });

  test('a cohort that is being opened is not taken in', async () => {
    await openRun(ledger, 'r', assetIds(40));
    await ledger.database.run('UPDATE runs SET cohort_digest = NULL');
    expect(await names.fill()).toBe(false);
  });
});

describe('a name that a verdict brings', () => {
  test('is found at once, and taken in with the next turn', async () => {
    const fence = await openRun(ledger, 'r', assetIds(40));
    await fillAll();
    const { assetIds: sent } = await accepted(ledger, 'r', fence);
    await ledger.verdicts.record('r', poll(1, Object.fromEntries(sent.map((id) => [id, 'failed' as const]))), { failed: 1, afterMs: 0 });
    expect(await rangesOf('host of')).toEqual([[0, 31]]);
    expect(await page({ q: 'of asset-0003' })).toEqual(['asset-0003']);
    await fillAll();
    expect(await ledger.database.all('SELECT * FROM name_index_behind')).toEqual([]);
    expect(await rangesOf('host of')).toEqual([[0, 31]]);
    expect(await rangesOf('no host')).toEqual([]);
    expect(await page({ q: 'of asset-0003', outcome: 'pending' })).toEqual(['asset-0003']);
  });

  test('does not hide the name of the attempt before', async () => {
    await openRun(ledger, 'r', assetIds(3));
    await name(2, 'earlier');
    await tryAgain(ledger, 'r', 'asset-0002');
    await find(ledger, { name: 'later' }, { runId: 'r', seq: 2, attempt: 2 });
    await fillAll();
    await ledger.database.run('DELETE FROM attempts WHERE attempt = 2');
    await ledger.database.run('UPDATE attempts SET last = 1');
    expect(await page({ q: 'EARLIER' })).toEqual(['asset-0002']);
  });
});

test('campaigns and steps are searched as runs are', async () => {
  await openRun(ledger, 'r', assetIds(70));
  await name(66, 'needle');
  await makeCampaign(ledger, 'r');
  await openRun(ledger, 'step', assetIds(70));
  await name(3, 'needle', 'step');
  await makeStep(ledger, 'step', { campaignId: 'r', step: 'remediate' });
  await fillAll();
  expect(await rangesOf('needle')).toEqual([[64, 95]]);
  expect(await page({ q: 'needle' }, 'campaign')).toEqual(['asset-0066']);
  expect(await page({ q: 'needle' }, 'step', 'step')).toEqual(['asset-0003']);
});

const piece = fc.constantFrom(
  'web',
  'WEB',
  'é',
  'É',
  '%',
  '_',
  '\\',
  '"',
  "'",
  '-',
  '.',
  '00',
  '17',
  ' ',
  'ß',
  '\u212a',
  'k',
  '\0',
  '💾',
  '\n',
  'AND',
);
const text = (most: number) => fc.array(piece, { maxLength: most }).map((pieces) => pieces.join(''));
const change = fc.oneof(
  fc.record({ kind: fc.constant('name' as const), seq: fc.integer({ min: 1, max: 80 }), host: fc.option(text(6)) }),
  fc.record({ kind: fc.constant('again' as const), seq: fc.integer({ min: 1, max: 80 }) }),
  fc.record({ kind: fc.constant('fill' as const) }),
);

test('a page is the same with the index as without it, whatever is sought, and however much is in', async () => {
  let [asked, told, found] = [0, 0, 0];
  await fc.assert(
    fc.asyncProperty(
      fc.array(text(6), { minLength: 80, maxLength: 80 }),
      fc.array(change, { maxLength: 12 }),
      fc.array(fc.record({ q: text(4), outcome: fc.option(fc.constant('pending' as const)), after: fc.integer({ min: -1, max: 90 }) }), {
        minLength: 6,
        maxLength: 6,
      }),
      async (hosts, changes, searches) => {
        const id = `run ${asked}`;
        await openRun(ledger, id, assetIds(80));
        for (const [index, host] of hosts.entries()) await name(index + 1, host, id);
        for (const one of changes) {
          if (one.kind === 'name') await name(one.seq, one.host, id);
          else if (one.kind === 'fill') await fillAll();
          else await tryAgain(ledger, id, `asset-${String(one.seq).padStart(4, '0')}`);
        }
        for (const { q, outcome, after } of searches) {
          const options = { q, cursor: String(after), limit: 7, ...(outcome ? { outcome } : {}) };
          const [run, { database }] = [{ id, kind: 'run' as const }, ledger];
          const indexed = await readAssetPage(database, run, options, names);
          expect(indexed).toEqual(await readAssetPage(database, run, options));
          asked += 1;
          told += (await names.rangesHolding(id, q, after)) ? 1 : 0;
          found += indexed.items.length;
        }
      },
    ),
    { numRuns: 60 },
  );
  expect(told).toBeGreaterThan(asked / 10);
  expect(found).toBeGreaterThan(asked);
}, 60_000);

describe('a library without it', () => {
  const without = (told: string): Database => {
    const fails = async (): Promise<never> => Promise.reject(new Error(told));
    const sql = { ...ledger.database, now: fails, wall: fails, all: fails, first: fails, run: fails };
    return { ...sql, transaction: (work) => work(sql), isInPlace: () => true, close: fails };
  };

  test.each(['no such module: fts5', 'error in tokenizer constructor', 'unrecognized option: "contentless_delete"'])(
    '%p: reads all rows, as before',
    async (told) => {
      await createNameIndex(without(told));
      const missing = new SqliteNameIndex(without(told), 0);
      expect(await missing.fill()).toBe(false);
      await expect(createNameIndex(without('disk full'))).rejects.toThrow('disk full');
      await expect(new SqliteNameIndex(without('disk full'), 0).fill()).rejects.toThrow('disk full');
    },
  );

  test('finds by reading where the table is gone', async () => {
    await openRun(ledger, 'r', assetIds(40));
    await fillAll();
    await ledger.database.run('DROP TABLE name_index');
    expect(await rangesOf('asset')).toBeUndefined();
    expect(await page({ q: 'asset-0033' })).toEqual(['asset-0033']);
    expect(await names.fill()).toBe(false);
  });
});

test('a ledger opened again makes the index that it lacks, and fills it from the start', async () => {
  await openRun(ledger, 'r', assetIds(40));
  await fillAll();
  await ledger.database.run('DROP TABLE name_index');
  await ledger.close();
  ledger = await ledgers.again(ledger.url);
  names = new SqliteNameIndex(ledger.database, 0);
  expect(await rangesOf('asset')).toBeUndefined();
  await fillAll();
  expect(await rangesOf('asset-0033')).toEqual([[32, 63]]);
});
