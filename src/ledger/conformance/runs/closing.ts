import { beforeEach, describe, expect, test } from '@jest/globals';
import { ledgerOf } from '../../../../test/support/ledger/inspector.js';
import { accepted, assetIds, close, openRun, permitted } from '../../../../test/support/ledger/ledger.js';
import { closeOpen, freeLeases } from '../../cohort/closing.js';
import type { Ledger } from '../../index.js';
import type { Database, Sql } from '../../sql/database.js';
import type { Ledgers } from '../ledgers.js';

export function closingSuite(ledgers: Ledgers): void {
  let ledger: Ledger;
  let fence: number;
  beforeEach(async () => {
    ledger = await ledgers.open();
    fence = await openRun(ledger, 'r', assetIds(2_600));
  });

  /** The ledger's database, with the rows that each transaction changed; it fails in the middle of the transaction of that number. */
  function counting(failsAt = Number.POSITIVE_INFINITY): { database: Database; changes: number[] } {
    const changes: number[] = [];
    const { database } = ledger;
    const counted = (sql: Sql): Sql => ({
      all: (statement, parameters) => sql.all(statement, parameters),
      first: (statement, parameters) => sql.first(statement, parameters),
      now: () => sql.now(),
      wall: () => sql.wall(),
      async run(statement, parameters) {
        const changed = await sql.run(statement, parameters);
        changes[changes.length - 1] = (changes.at(-1) ?? 0) + changed;
        if (changes.length === failsAt) throw new Error('the worker died');
        return changed;
      },
    });
    const transaction: Database['transaction'] = (work) => {
      changes.push(0);
      return database.transaction((sql) => work(counted(sql)));
    };
    return { database: { ...counted(database), transaction, isInPlace: () => true, close: () => database.close() }, changes };
  }

  const ended = async () => {
    const tally = new Map<string, number>();
    for (const { state, settledAt } of await ledgerOf(ledger).rows('executions'))
      if (settledAt !== null) tally.set(state, (tally.get(state) ?? 0) + 1);
    return Object.fromEntries(tally);
  };
  const outcomes = () => ledgerOf(ledger).tally('attempts', ['outcome', 'reason', 'last', 'attempt']);

  describe('closing a large run', () => {
    beforeEach(async () => {
      for (let n = 1; n <= 50; n += 1) await accepted(ledger, 'r', fence);
      await permitted(ledger, 'r', fence);
      await ledger.executions.claim('r', fence);
    });

    test('writes no more than a thousand rows a transaction, and lets others work in between', async () => {
      const { database, changes } = counting();
      let turns = 0;
      const timer = setInterval(() => {
        turns += 1;
      }, 0);
      expect(await closeOpen(database, 'r', { reason: 'cancelled' })).toEqual({ unverified: 1_275, skipped: 1_325 });
      clearInterval(timer);
      expect(Math.max(...changes)).toBeLessThanOrEqual(1_000);
      expect(turns).toBeGreaterThan(2);
      const leases = counting();
      await freeLeases(leases.database, 'r');
      expect(leases.changes).toEqual([1_000, 275, 0]);
    });

    test.each([1, 2, 3, 4, 6, 8, 10])('comes to the same rows when it dies in its transaction %i and begins again', async (failsAt) => {
      await expect(closeOpen(counting(failsAt).database, 'r', { reason: 'cancelled' })).rejects.toThrow('died');
      await closeOpen(ledger.database, 'r', { reason: 'cancelled' });
      expect(await outcomes()).toEqual([
        { outcome: 'skipped', reason: 'cancelled', last: 1, attempt: 1, n: 1_325 },
        { outcome: 'unverified', reason: 'cancelled', last: 1, attempt: 1, n: 1_275 },
      ]);
      expect(await ended()).toEqual({ accepted: 50, released: 1, unverified: 1 });
      await close(ledger, 'r');
      expect(await ledgerOf(ledger).leased()).toEqual([]);
    });

    test('calls what an older ledger knows to be unsent unverified', async () => {
      expect(await closeOpen(ledger.database, 'r', { reason: 'interrupted', staleLedger: true })).toEqual({
        unverified: 2_600,
        skipped: 0,
      });
      expect(await outcomes()).toEqual([
        { outcome: 'unverified', reason: 'interrupted', last: 1, attempt: 1, n: 1_250 },
        { outcome: 'unverified', reason: 'ledger-restored', last: 1, attempt: 1, n: 1_350 },
      ]);
    });
  });
}
