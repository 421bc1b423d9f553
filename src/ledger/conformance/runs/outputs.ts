import { beforeEach, describe, expect, test } from '@jest/globals';
import { ledgerOf } from '../../../../test/support/ledger/inspector.js';
import { accepted, dump, openRun, poll } from '../../../../test/support/ledger/ledger.js';
import type { Ledger } from '../../index.js';
import type { Ledgers } from '../ledgers.js';

export function outputsSuite(ledgers: Ledgers): void {
  let ledger: Ledger;
  beforeEach(async () => {
    ledger = await ledgers.open();
    const fence = await openRun(ledger, 'r', ['a', 'b', 'c']);
    await accepted(ledger, 'r', fence);
    await ledger.verdicts.record('r', poll(1, { a: 'succeeded', b: 'failed', c: 'missing' }), { failed: 0, afterMs: 0 });
  });

  describe('script output', () => {
    test('is owed for verdicts, with the job and the time of the verdict', async () => {
      const owed = { executionNo: 1, jobId: 'job-1', attempt: 1, verdictAt: 1_700_000_060_000 };
      expect(await ledger.outputs.owed('r', 10)).toEqual([
        { ...owed, assetId: 'a' },
        { ...owed, assetId: 'b' },
      ]);
      expect(await ledger.outputs.owed('r', 1)).toHaveLength(1);
    });

    test.each([
      ['text', Buffer.from('Grüße\nfrom the host 😀')],
      ['nothing at all', Buffer.alloc(0)],
      ['bytes that are no text', Buffer.from([0, 255, 0, 128])],
      ['as much as is compressed at once', Buffer.alloc(8_192, 'x')],
      ['a megabyte', Buffer.alloc(1_000_000, 'x')],
    ])('comes back byte by byte: %s', async (_, output) => {
      await ledger.outputs.store('r', [{ assetId: 'a', attempt: 1, output }]);
      expect(await ledger.outputs.read('r', 'a')).toEqual(output);
      expect((await ledger.reader.assets('r', { q: 'a', outcome: 'succeeded' })).items[0]).toMatchObject({ outputBytes: output.length });
      expect((await ledger.outputs.owed('r', 10)).map(({ assetId }) => assetId)).toEqual(['b']);
    });

    test('is stored compressed, and once', async () => {
      const output = Buffer.alloc(100_000, 'line of text\n');
      await ledger.outputs.store('r', [{ assetId: 'a', attempt: 1, output }]);
      const before = await dump(ledger);
      await ledger.outputs.store('r', [{ assetId: 'a', attempt: 1, output }]);
      expect(await dump(ledger)).toEqual(before);
      const [row] = await ledgerOf(ledger).rows('outputs');
      expect(row?.gzip.byteLength).toBeLessThan(1_000);
    });

    test('that Qualys does not have is no longer owed, and what is stored stays stored', async () => {
      await ledger.outputs.store('r', [{ assetId: 'a', attempt: 1, output: Buffer.from('x') }]);
      await ledger.outputs.markAbsent('r', [
        { assetId: 'a', attempt: 1 },
        { assetId: 'b', attempt: 1 },
      ]);
      expect(await ledgerOf(ledger).columns('attempts', ['output'])).toEqual([
        { output: 'stored' },
        { output: 'absent' },
        { output: 'none' },
      ]);
      expect(await ledger.outputs.owed('r', 10)).toEqual([]);
      expect(await ledger.outputs.read('r', 'b')).toBeUndefined();
    });

    test("is the last attempt's that has one", async () => {
      await ledger.outputs.store('r', [
        { assetId: 'b', attempt: 1, output: Buffer.from('first') },
        { assetId: 'b', attempt: 2, output: Buffer.from('second') },
      ]);
      expect((await ledger.outputs.read('r', 'b'))?.toString()).toBe('second');
    });
  });
}
