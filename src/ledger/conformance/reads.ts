import { beforeEach, describe, expect, test } from '@jest/globals';
import { accepted, assetIds, openRun, poll } from '../../../test/support/ledger/ledger.js';
import { age } from '../../../test/support/ledger/scenario.js';
import type { Ledger } from '../index.js';
import type { AssetPageOptions } from '../reads/reader.js';
import type { Ledgers } from './ledgers.js';

export function readsSuite(ledgers: Ledgers): void {
  let ledger: Ledger;
  beforeEach(async () => {
    ledger = await ledgers.open();
  });
  const ids = async (options: AssetPageOptions) => (await ledger.reader.assets('r', options)).items.map(({ assetId }) => assetId);

  describe('the assets of a run', () => {
    test('come in pages in cohort order, each once', async () => {
      await openRun(ledger, 'r', assetIds(5));
      const first = await ledger.reader.assets('r', { limit: 2 });
      expect(first.items.map(({ assetId }) => assetId)).toEqual(['asset-0001', 'asset-0002']);
      const second = await ledger.reader.assets('r', { limit: 2, cursor: first.next });
      const third = await ledger.reader.assets('r', { limit: 2, cursor: second.next });
      expect([...second.items, ...third.items].map(({ assetId }) => assetId)).toEqual(['asset-0003', 'asset-0004', 'asset-0005']);
      expect(third.next).toBeUndefined();
      expect((await ledger.reader.assets('r', { limit: 5 })).next).toBeUndefined();
    });

    test.each([
      [0, 1],
      [-5, 1],
      [3, 3],
      [99_999, 1_000],
      [undefined, 100],
    ])('a limit of %p gives %d', async (limit, size) => {
      await openRun(ledger, 'r', assetIds(1_001));
      expect(await ids({ limit })).toHaveLength(size);
    });

    test('a cursor that is none gives nothing', async () => {
      await openRun(ledger, 'r', ['a']);
      expect(await ids({ cursor: `1' OR '1'='1` })).toEqual([]);
    });

    test('are filtered by outcome and searched by id and name, together with paging', async () => {
      const fence = await openRun(ledger, 'r', ['a1', 'b2', 'a3', 'a4']);
      await accepted(ledger, 'r', fence);
      await ledger.verdicts.record('r', poll(1, { a1: 'failed', b2: 'failed', a3: 'succeeded', a4: 'failed' }), { failed: 0, afterMs: 0 });
      expect(await ids({ outcome: 'failed' })).toEqual(['a1', 'b2', 'a4']);
      expect(await ids({ outcome: 'missing' })).toEqual([]);
      expect(await ids({ q: 'HOST OF A' })).toEqual(['a1', 'a3', 'a4']);
      const page = await ledger.reader.assets('r', { outcome: 'failed', q: 'a', limit: 1 });
      expect(page.items.map(({ assetId }) => assetId)).toEqual(['a1']);
      expect(await ids({ outcome: 'failed', q: 'host of a', cursor: page.next })).toEqual(['a4']);
    });

    test.each([
      ['100%', ['100%']],
      ['%', ['100%']],
      ['_', ['a_b']],
      ["o'neill", ["o'neill"]],
      ['"', ['say "hi"']],
      ['\\', ['back\\slash']],
      [`' OR 1=1 --`, []],
      ['nothing', []],
    ])('a search for %j takes every character as itself', async (q, found) => {
      await openRun(ledger, 'r', ['100%', '1000', 'a_b', 'axb', "o'neill", 'say "hi"', 'back\\slash']);
      expect(await ids({ q })).toEqual(found);
    });

    test('show the last attempt only', async () => {
      const fence = await openRun(ledger, 'r', ['a']);
      await accepted(ledger, 'r', fence);
      await ledger.verdicts.record('r', poll(1, { a: 'failed' }), { failed: 1, afterMs: 0 });
      expect((await ledger.reader.assets('r')).items).toEqual([{ assetId: 'a', name: 'host of a', outcome: 'pending', attempt: 2 }]);
      await accepted(ledger, 'r', fence);
      await ledger.verdicts.record('r', poll(2, { a: 'succeeded' }), { failed: 1, afterMs: 0 });
      expect((await ledger.reader.assets('r')).items).toEqual([
        {
          assetId: 'a',
          name: 'host of a',
          outcome: 'succeeded',
          status: 'EXECUTION PASSED',
          exitCode: 0,
          attempt: 2,
          correlationUuid: 'uuid-r-2',
          jobId: 'job-2',
          startedAt: '2023-11-14T22:13:20.000Z',
          finishedAt: '2023-11-14T22:13:21.000Z',
        },
      ]);
    });

    test('stream whole, across pages', async () => {
      await openRun(ledger, 'r', assetIds(2_001));
      let count = 0;
      for await (const { assetId } of ledger.reader.allAssets('r')) {
        count += 1;
        expect(assetId).toBe(`asset-${String(count).padStart(4, '0')}`);
      }
      expect(count).toBe(2_001);
    });
  });

  describe('a run as it is shown', () => {
    test('has its counts, what is in flight, and what it spent', async () => {
      const fence = await openRun(ledger, 'r', assetIds(30));
      await accepted(ledger, 'r', fence);
      await ledger.executions.claim('r', fence);
      await ledger.calls.enter({ endpoint: 'jobs', runId: 'r', holdMs: 1 });
      await ledger.runs.setBlocked('r', 'waiting for the interval');
      await ledger.scripts.addDurations('7', [{ localMs: 1_500, serverMs: 90_000 }]);
      expect(await ledger.reader.run('r')).toMatchObject({
        run: { id: 'r', script: { id: '7', title: 'Patch' }, phase: 'running' },
        counts: { targeted: 30, running: 25, pending: 5 },
        inFlight: 1,
        callsUsed: 1,
        accepted: 1,
        blocked: 'waiting for the interval',
        durationsMs: [1_500],
        outputsOwed: 0,
      });
      expect(await ledger.reader.run('other')).toBeUndefined();
    });

    test('comes newest first in the list', async () => {
      await openRun(ledger, 'old', ['a']);
      await openRun(ledger, 'new', ['a']);
      await age(ledger, 1000, { where: { id: 'old' } });
      expect((await ledger.reader.runs()).map(({ run }) => run.id)).toEqual(['new', 'old']);
      expect((await ledger.reader.runs(1)).map(({ run }) => run.id)).toEqual(['new']);
    });
  });
}
