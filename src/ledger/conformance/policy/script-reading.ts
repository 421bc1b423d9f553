import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { throwSwitchByHand } from '../../../../test/support/ledger/damage.js';
import { assetIds, openRun, readScript, TERMS } from '../../../../test/support/ledger/ledger.js';
import { age, giveCalendar, keepScriptWaiting, letIntervalsEnd, makeStep } from '../../../../test/support/ledger/scenario.js';
import type { WindowCalendar } from '../../../domain/calendar/windows.js';
import type { Command } from '../../../domain/run/command.js';
import type { Ledger } from '../../index.js';
import { digestOf } from '../../policy/approved-plan.js';
import { whyUnread } from '../../policy/script-reading.js';
import type { RunRow } from '../../rows/run.js';
import type { Ledgers } from '../ledgers.js';

const MINUTE = 60_000;

/** What the next permit of the run is refused for, or `granted`, which is taken back. */
async function asked(ledger: Ledger, runId: string, fence: number): Promise<string> {
  const [claimed] = await ledger.executions.inState(runId, ['claimed']);
  const { executionNo } = claimed ?? (await ledger.executions.claim(runId, fence)) ?? { executionNo: 0 };
  const answer = await ledger.executions.permit(runId, executionNo, { fence, terms: TERMS });
  if (answer.kind === 'refused') return answer.why;
  await ledger.executions.notSent(runId, executionNo, { permit: answer.permit, why: 'not-sent', detail: 'for the test' });
  return 'granted';
}

const NEVER_OPEN: WindowCalendar = { blackouts: [{ from: '2000-01-01', to: '2999-01-01' }] };

export function scriptReadingSuite(ledgers: Ledgers): void {
  let orders = 0;
  const order = (ledger: Ledger, runId: string, command: Command<never>) => {
    orders += 1;
    return ledger.orders.carryOut(runId, { id: `o${orders}`, number: orders, command });
  };

  describe('the first send behind a wait needs a reading of the script', () => {
    test.each<[string, (ledger: Ledger, fence: number) => Promise<unknown>]>([
      [
        'a pause',
        async (ledger) => {
          await order(ledger, 'r', { kind: 'pause' });
          await order(ledger, 'r', { kind: 'resume' });
        },
      ],
      ['a resume of what was not paused', (ledger) => order(ledger, 'r', { kind: 'resume' })],
      [
        'an approval',
        async (ledger) => {
          const digest = (await digestOf(ledger.database, 'r')) ?? '';
          await order(ledger, 'r', { kind: 'await-approval', digest });
          await order(ledger, 'r', { kind: 'start', digest });
        },
      ],
      [
        'a halt',
        async (ledger) => {
          await ledger.killSwitch.halt({ by: 'ada' });
          await ledger.killSwitch.unhalt({ by: 'ada' });
        },
      ],
      [
        'a halt that was thrown and lifted by hand',
        async (ledger, fence) => {
          await throwSwitchByHand(ledger, { halted: 1 });
          expect(await asked(ledger, 'r', fence)).toBe('halted');
          await throwSwitchByHand(ledger, { halted: 0 });
        },
      ],
      [
        'a window that was closed',
        async (ledger, fence) => {
          await giveCalendar(ledger, 'r', NEVER_OPEN);
          expect(await asked(ledger, 'r', fence)).toBe('window');
          await giveCalendar(ledger, 'r', undefined);
        },
      ],
      [
        'its interval',
        async (ledger, fence) => {
          await keepScriptWaiting(ledger, '7', (await ledger.database.now()) + MINUTE);
          expect(await asked(ledger, 'r', fence)).toBe('interval');
          await letIntervalsEnd(ledger);
        },
      ],
      ['a quarter of an hour', (ledger) => age(ledger, 15 * MINUTE, { of: ['scriptCheckedAt'] })],
      ['a clock that was set back', (ledger) => age(ledger, -15 * MINUTE, { of: ['scriptCheckedAt'] })],
    ])('%s', async (_, waits) => {
      const ledger = await ledgers.open();
      const fence = await openRun(ledger, 'r', assetIds(2));
      expect(await asked(ledger, 'r', fence)).toBe('granted');
      await waits(ledger, fence);
      expect(await asked(ledger, 'r', fence)).toBe('script');
      await readScript(ledger, 'r');
      expect([await asked(ledger, 'r', fence), await asked(ledger, 'r', fence)]).toEqual(['granted', 'granted']);
    });

    test('and short waits for the interval, or orders that let nothing go on, do not', async () => {
      const ledger = await ledgers.open();
      const fence = await openRun(ledger, 'r', assetIds(2));
      await keepScriptWaiting(ledger, '7', (await ledger.database.now()) + 20_000);
      expect(await asked(ledger, 'r', fence)).toBe('interval');
      await letIntervalsEnd(ledger);
      await order(ledger, 'r', { kind: 'adjust', maxInFlight: 3 });
      await order(ledger, 'r', { kind: 'start' });
      expect(await asked(ledger, 'r', fence)).toBe('granted');
    });

    test('and one that was under way when it became necessary is not enough', async () => {
      const ledger = await ledgers.open();
      const fence = await openRun(ledger, 'r', assetIds(2));
      await order(ledger, 'r', { kind: 'pause' });
      const reading = await ledger.scriptReadings.begin('r');
      await order(ledger, 'r', { kind: 'resume' });
      await ledger.scriptReadings.end('r', reading);
      expect(await asked(ledger, 'r', fence)).toBe('script');
    });

    test('and an earlier one that ends late does not undo it', async () => {
      const ledger = await ledgers.open();
      const fence = await openRun(ledger, 'r', assetIds(2));
      await order(ledger, 'r', { kind: 'pause' });
      const early = await ledger.scriptReadings.begin('r');
      await order(ledger, 'r', { kind: 'resume' });
      await readScript(ledger, 'r');
      await ledger.scriptReadings.end('r', early);
      expect(await asked(ledger, 'r', fence)).toBe('granted');
    });

    test('for the steps of a campaign behind an order to the campaign, too', async () => {
      const ledger = await ledgers.open();
      await openRun(ledger, 'c', assetIds(2));
      const fence = await openRun(ledger, 'step', assetIds(2, 10));
      await makeStep(ledger, 'step', { campaignId: 'c', step: 'remediate' });
      expect(await asked(ledger, 'step', fence)).toBe('granted');
      await order(ledger, 'c', { kind: 'pause' });
      await order(ledger, 'c', { kind: 'resume' });
      expect(await asked(ledger, 'step', fence)).toBe('script');
    });
  });

  describe('a reading', () => {
    const row = (reading: RunRow['scriptReading'], calendar?: WindowCalendar) =>
      ({ scriptReading: reading, calendar }) as Pick<RunRow, 'scriptReading' | 'calendar'> as RunRow;
    // Thursday, 1 January 1970.
    const night: WindowCalendar = { windows: [{ days: ['THU'], from: '10:00', to: '10:05', timezone: 'UTC' }] };
    const day = (minutes: number) => (10 * 60 + minutes) * MINUTE;

    const unread = (reading: RunRow['scriptReading'], now: number, calendar?: WindowCalendar, wall = now) =>
      whyUnread(row(reading, calendar), { now, wall });

    test('of before a window opened is none, however short it was closed', () => {
      const gap: WindowCalendar = { windows: [...(night.windows ?? []), { days: ['THU'], from: '10:06', to: '11:00', timezone: 'UTC' }] };
      expect(unread({ at: day(4), read: 0, needed: 0 }, day(4.5), gap)).toBeUndefined();
      expect(unread({ at: day(4), read: 0, needed: 0 }, day(7), gap)).toContain('a window has opened');
      expect(unread({ at: day(-1), read: 0, needed: 0 }, day(1), night)).toContain('a window has opened');
    });

    test('of before a window opened by the machine’s clock is none; one of within it is good, though the ledger’s is hours off', () => {
      const reading = { at: day(1), read: 0, needed: 0 };
      expect(unread(reading, day(4), night, day(3.5))).toBeUndefined();
      expect(unread(reading, day(4), night, day(2))).toContain('a window has opened');
      const hoursOff = { at: day(240), read: 0, needed: 0 };
      expect(unread(hoursOff, day(241), night, day(4))).toBeUndefined();
      expect(unread(hoursOff, day(241), night, day(0.5))).toContain('a window has opened');
    });

    test('is good exactly while none was needed since, and for less than 15 minutes, whatever the clock does', () => {
      const some = fc.integer({ min: 0, max: 5 });
      fc.assert(
        fc.property(some, some, fc.integer({ min: -2_000_000, max: 2_000_000 }), (read, needed, age) => {
          const isGood = unread({ at: 10_000_000, read, needed }, 10_000_000 + age) === undefined;
          expect(isGood).toBe(read >= needed && age >= 0 && age < 15 * MINUTE);
        }),
      );
    });
  });
}
