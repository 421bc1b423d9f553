// `maxInFlight: auto`: what is stored of it, and what orders make of it.
import { beforeEach, describe, expect, test } from '@jest/globals';
import { assetIds, openRun } from '../../../../test/support/ledger/ledger.js';
import { adjustedLimits } from '../../../domain/run/plan-digest.js';
import type { Ledger } from '../../index.js';
import type { Ledgers } from '../ledgers.js';

export function inFlightSuite(ledgers: Ledgers): void {
  let ledger: Ledger;
  beforeEach(async () => {
    ledger = await ledgers.open();
  });
  const adjust = (terms: Parameters<Ledger['runs']['adjust']>[1]) => ledger.runs.adjust('r', terms);

  describe('a run that leaves its executions in flight to the call budget', () => {
    test('begins with the default, takes what the budget feeds, and claims as many', async () => {
      const fence = await openRun(ledger, 'r', assetIds(60), { maxInFlight: 'auto' });
      expect(await ledger.runs.get('r')).toMatchObject({ maxInFlight: 4, autoInFlight: true });
      await ledger.runs.setInFlight('r', 1);
      expect(await ledger.runs.snapshot('r')).toMatchObject({ maxInFlight: 1 });
      await ledger.executions.claim('r', fence);
      expect(await ledger.executions.claim('r', fence)).toBeUndefined();
      await ledger.runs.setInFlight('r', 2);
      expect(await ledger.executions.claim('r', fence)).toBeDefined();
    });

    test('is what was approved, whatever it comes to', async () => {
      await openRun(ledger, 'r', assetIds(2), { maxInFlight: 'auto' });
      await ledger.runs.setInFlight('r', 9);
      const run = await ledger.runs.get('r');
      if (!run) throw new Error('no run');
      expect(adjustedLimits(run.request, run)).toBeUndefined();
    });

    test('keeps a number that is ordered, until the budget is ordered to decide again', async () => {
      await openRun(ledger, 'r', assetIds(2), { maxInFlight: 'auto' });
      await adjust({ maxInFlight: 7 });
      await ledger.runs.setInFlight('r', 30);
      expect(await ledger.runs.get('r')).toMatchObject({ maxInFlight: 7, autoInFlight: false });
      await adjust({ maxInFlight: 'auto' });
      await ledger.runs.setInFlight('r', 30);
      expect(await ledger.runs.get('r')).toMatchObject({ maxInFlight: 30, autoInFlight: true });
    });

    test('an adjustment of something else leaves it as it is', async () => {
      await openRun(ledger, 'r', assetIds(2), { maxInFlight: 'auto' });
      await ledger.runs.setInFlight('r', 30);
      await adjust({ deadlineMs: 60_000 });
      expect(await ledger.runs.get('r')).toMatchObject({ maxInFlight: 30, autoInFlight: true });
    });
  });
}
