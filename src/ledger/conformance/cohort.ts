import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ledgerOf } from '../../../test/support/ledger/inspector.js';
import { assetIds, dump } from '../../../test/support/ledger/ledger.js';
import { parseRequest } from '../../contracts/request.js';
import type { Ledger } from '../index.js';
import type { Ledgers } from './ledgers.js';

const rows = (ids: readonly string[]) => ids.map((assetId) => ({ assetId, name: `host-${assetId}` }));

export function cohortSuite(ledgers: Ledgers): void {
  let ledger: Ledger;
  beforeEach(async () => {
    ledger = await ledgers.open();
  });

  async function opening(id: string): Promise<void> {
    const parsed = parseRequest({ script: 7, targets: { assetIds: [1] } });
    if (!parsed.ok) throw new Error('request');
    await ledger.runs.open({ id, firstExecutionId: 'f', namespace: 'default', request: parsed.value });
  }

  describe('a cohort', () => {
    test('holds each asset once, in the order in which it came, however often its page is added', async () => {
      await opening('r');
      await ledger.cohort.add('r', rows(['c', 'a']));
      await ledger.cohort.add('r', rows(['c', 'a']));
      await ledger.cohort.add('r', [{ assetId: 'a', name: 'another name' }, { assetId: 'b' }]);
      expect((await ledger.reader.assets('r')).items).toEqual([
        { assetId: 'c', name: 'host-c', outcome: 'pending', attempt: 1 },
        { assetId: 'a', name: 'host-a', outcome: 'pending', attempt: 1 },
        { assetId: 'b', outcome: 'pending', attempt: 1 },
      ]);
    });

    test('has a digest over its ids in ascending order', async () => {
      await opening('r');
      await ledger.cohort.add('r', rows(['3', '1', '2']));
      const digest = createHash('sha256').update('1\n2\n3\n').digest('hex');
      expect(await ledger.cohort.freeze('r')).toEqual({ size: 3, digest });
      expect(await ledger.cohort.freeze('r')).toEqual({ size: 3, digest });
      expect((await ledger.runs.get('r'))?.cohort).toEqual({ size: 3, digest });
    });

    test('has the same digest in whatever order and pages it came', async () => {
      const ids = assetIds(12);
      let run = 0;
      const expected = createHash('sha256')
        .update(ids.map((id) => `${id}\n`).join(''))
        .digest('hex');
      await fc.assert(
        fc.asyncProperty(fc.shuffledSubarray(ids, { minLength: 12 }), fc.integer({ min: 1, max: 12 }), async (shuffled, cut) => {
          run += 1;
          await opening(`r${run}`);
          await ledger.cohort.add(`r${run}`, rows(shuffled.slice(0, cut)));
          await ledger.cohort.add(`r${run}`, rows(shuffled));
          expect(await ledger.cohort.freeze(`r${run}`)).toEqual({ size: 12, digest: expected });
        }),
        { numRuns: 15 },
      );
    });

    test('takes nothing in and lets nothing go once it is frozen: a late attempt reads other targets', async () => {
      await opening('r');
      await ledger.cohort.add('r', rows(['a', 'b']));
      await ledger.cohort.freeze('r');
      const before = await dump(ledger);
      expect(await ledger.cohort.add('r', rows(['a', 'z']))).toBe(false);
      await ledger.cohort.freeze('r', { excluded: ['a'] });
      await ledger.runs.setScript('r', { id: '8', title: 'another script of that title' });
      expect(await dump(ledger)).toEqual(before);
    });

    test('knows no asset of a run that the ledger does not know', async () => {
      await ledger.cohort.add('nobody', rows(['a']));
      expect(await ledgerOf(ledger).rows('attempts')).toEqual([]);
    });

    test('leaves out what is excluded before it is frozen, and is written in parts of 1,000', async () => {
      await opening('r');
      await ledger.cohort.add('r', rows(assetIds(2_500)));
      expect((await ledger.cohort.freeze('r', { excluded: assetIds(2_498) }))?.size).toBe(2);
      expect((await ledger.reader.assets('r')).items.map(({ assetId }) => assetId)).toEqual(assetIds(2, 2_499));
    });

    test('skips what is left alone, with the reason', async () => {
      await opening('r');
      await ledger.cohort.add('r', rows(['a', 'b', 'c']));
      await ledger.cohort.freeze('r');
      await ledger.cohort.skip('r', ['a'], 'never-touch');
      expect((await ledger.reader.assets('r')).items.map(({ outcome, reason }) => [outcome, reason])).toEqual([
        ['skipped', 'never-touch'],
        ['pending', undefined],
        ['pending', undefined],
      ]);
    });

    test('takes in nothing of an attempt that another has taken over from, not even to be frozen', async () => {
      await opening('r');
      expect(await ledger.cohort.begin('r')).toEqual({ attempt: 1 });
      await ledger.cohort.add('r', rows(['a']), 1);
      expect(await ledger.cohort.begin('r')).toEqual({ attempt: 2 });
      expect(await ledger.cohort.add('r', rows(['excluded']), 1)).toBe(false);
      expect(await ledger.cohort.freeze('r', { attempt: 1 })).toBeUndefined();
      await ledger.cohort.add('r', rows(['a', 'b', 'c']), 2);
      const frozen = await ledger.cohort.freeze('r', {
        attempt: 2,
        excluded: ['b', 'excluded'],
        neverTouch: { assetIds: ['c'], hostnames: [] },
      });
      expect((await ledger.reader.assets('r')).items.map(({ assetId, outcome, reason }) => [assetId, outcome, reason])).toEqual([
        ['a', 'pending', undefined],
        ['c', 'skipped', 'never-touch'],
      ]);
      expect(frozen?.size).toBe(2);
      expect(await ledger.cohort.begin('r')).toEqual({ frozen });
    });

    test.each([
      ['stopped', () => ledger.runs.stop('r', 'stopped', 'interrupted')],
      ['abandoned', () => ledger.runs.abandon('r')],
    ])('takes in nothing when its run was %s: no row is left pending', async (_how, end) => {
      await opening('r');
      await ledger.cohort.begin('r');
      await end();
      expect(await ledger.cohort.add('r', rows(['a']), 1)).toBe(false);
      expect(await ledger.cohort.freeze('r', { attempt: 1 })).toBeUndefined();
      expect(await ledger.cohort.begin('r')).toBeUndefined();
      expect(await ledgerOf(ledger).rows('attempts')).toEqual([]);
    });

    test('of nothing is frozen with the digest of nothing', async () => {
      await opening('r');
      await ledger.cohort.add('r', []);
      expect(await ledger.cohort.freeze('r')).toEqual({
        size: 0,
        digest: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      });
    });

    test('that is added to while it is closed has all of what was taken in, and its digest is of all', async () => {
      await opening('r');
      await ledger.cohort.add('r', rows(['b']));
      const [frozen, isTaken] = await Promise.all([ledger.cohort.freeze('r'), ledger.cohort.add('r', rows(['a']))]);
      expect(isTaken).toBe(true);
      expect(frozen).toEqual({ size: 2, digest: createHash('sha256').update('a\nb\n').digest('hex') });
      expect(await ledger.cohort.add('r', rows(['c']))).toBe(false);
    });
  });
}
