import { beforeEach, describe, expect, test } from '@jest/globals';
import { accepted, allOf, NO_CAPS, openRun, permitted, poll, readScript, TERMS } from '../../../../test/support/ledger/ledger.js';
import { giveCalendar } from '../../../../test/support/ledger/scenario.js';
import type { WindowCalendar } from '../../../domain/calendar/windows.js';
import type { Ledger } from '../../index.js';
import type { Ledgers } from '../ledgers.js';

const W0 = 1_700_000_000_000;
const MINUTE = 60_000;

const gate = { endpoint: 'jobs/search', runId: undefined, holdMs: 1_000 };

export function clockSuite(ledgers: Ledgers): void {
  /** Real time, and how far the machine's clock was set. */
  let realMs: number;
  let setMs: number;

  let url: string | undefined;
  beforeEach(() => {
    url = undefined;
    [realMs, setMs] = [0, 0];
  });

  /** All that a test opens are processes on one ledger. */
  async function open(caps = NO_CAPS): Promise<Ledger> {
    const clocks = { wall: () => W0 + realMs + setMs, monotonic: () => realMs, uptime: () => 7_000 + realMs };
    const ledger = url === undefined ? await ledgers.open({ caps, clocks }) : await ledgers.again(url, { caps, clocks });
    url = ledger.url;
    return ledger;
  }

  describe('a machine whose clock is set forward ten minutes', () => {
    test('passes no deadline, and stamps what follows as if it had not been', async () => {
      const ledger = await open();
      const fence = await openRun(ledger, 'r', ['a'], { deadline: '5m' });
      await accepted(ledger, 'r', fence);
      const [execution] = await ledger.executions.inState('r', ['accepted']);
      setMs = 10 * MINUTE;
      realMs += 1_000;
      expect(await ledger.database.now()).toBeLessThan(execution?.deadlineAt ?? 0);
      expect((await ledger.runs.snapshot('r')).at - W0).toBeCloseTo(realMs, -2);
      expect(await ledger.database.wall()).toBe(W0 + realMs + setMs);
    });

    test('empties no sliding window, and ends no wait that was told', async () => {
      const ledger = await open({ callsPerHour: 1, concurrency: 5 });
      expect((await ledger.calls.enter(gate)).kind).toBe('go');
      setMs = 61 * MINUTE;
      expect(await ledger.calls.enter(gate)).toMatchObject({ kind: 'wait' });
      const told = await open();
      const call = await told.calls.enter(gate);
      if (call.kind === 'go') await told.calls.leave(call.callId, { toWaitSec: 120, refused: true });
      setMs += 10 * MINUTE;
      realMs += 1_000;
      const again = await told.calls.enter(gate);
      expect(again.kind === 'wait' && again.waitMs).toBeGreaterThan(118_000);
    });

    test('empties no cap of the day', async () => {
      const ledger = await open();
      const fence = await openRun(
        ledger,
        'r',
        Array.from({ length: 30 }, (_, index) => `a${index}`),
      );
      await permitted(ledger, 'r', fence);
      setMs = 25 * 60 * MINUTE;
      const next = await ledger.executions.claim('r', fence);
      const terms = { ...TERMS, executionsPerDay: 1 };
      expect(await ledger.executions.permit('r', next?.executionNo ?? 0, { fence, terms })).toMatchObject({ why: 'daily-quota' });
    });

    test('is the same for all processes, whenever they started', async () => {
      const first = await open();
      setMs = 10 * MINUTE;
      realMs += 2_000;
      await first.audit.add(undefined, { action: 'halt' });
      const second = await open();
      expect(Math.abs((await second.database.now()) - (await first.database.now()))).toBeLessThan(10);
    });

    test('is taken over by all once a process starts an hour later', async () => {
      const first = await open();
      setMs = 10 * MINUTE;
      realMs += 2_000;
      await first.audit.add(undefined, { action: 'halt' });
      realMs += 61 * MINUTE;
      const second = await open();
      await second.audit.add(undefined, { action: 'halt' });
      realMs += 2_000;
      await first.audit.add(undefined, { action: 'halt' });
      expect([await first.database.now(), await second.database.now()]).toEqual([W0 + realMs + setMs, W0 + realMs + setMs]);
    });
  });

  // W0 is a Tuesday, 22:13:20 UTC.
  describe('a window opens and closes by both clocks, where the machine’s was set', () => {
    const window = (from: string, to: string): WindowCalendar => ({ windows: [{ days: ['TUE'], from, to, timezone: 'UTC' }] });
    async function asked(calendar: WindowCalendar): Promise<string> {
      const ledger = await open();
      const fence = await openRun(ledger, 'r', ['a'], { deadline: '1m' });
      await giveCalendar(ledger, 'r', calendar);
      const execution = await ledger.executions.claim('r', fence);
      realMs += 1_000;
      setMs = minutes * MINUTE;
      await readScript(ledger, 'r');
      realMs += 1;
      const answer = await ledger.executions.permit('r', execution?.executionNo ?? 0, { fence, terms: TERMS });
      return answer.kind === 'refused' ? `${answer.why} ${Math.round(answer.waitMs / MINUTE)}` : answer.kind;
    }
    let minutes: number;

    test.each([
      ['not set, inside', 0, ['22:00', '23:00'], 'granted'],
      ['not set, before it opens', 0, ['22:20', '23:00'], 'window 7'],
      ['set forward into a window that is not open', 10, ['22:20', '23:00'], 'window 7'],
      ['set back into a window that is over', -10, ['21:00', '22:10'], 'window'],
      ['set forward out of a window that is open', 10, ['22:00', '22:20'], 'window'],
      ['set back out of a window that is open', -10, ['22:10', '23:00'], 'window 7'],
      ['set forward, inside by both', 10, ['22:00', '23:00'], 'granted'],
      ['set back, inside by both', -10, ['22:00', '23:00'], 'granted'],
      ['put right by more than an hour: by the machine’s', -120, ['20:00', '21:00'], 'granted'],
      ['put right by more than an hour, outside by the machine’s', -120, ['22:00', '23:00'], 'window 107'],
    ])('%s', async (_, byMinutes, [from = '', to = ''], expected) => {
      minutes = byMinutes;
      expect(await asked(window(from, to))).toMatch(new RegExp(`^${expected}`));
    });
  });

  describe('a machine whose clock is set back', () => {
    test('does not turn back the ledger, nor that of a process which starts afterwards', async () => {
      const first = await open();
      realMs += 10_000;
      await first.audit.add(undefined, { action: 'halt' });
      const before = await first.database.now();
      setMs = -10 * MINUTE;
      expect(await first.database.now()).toBeGreaterThanOrEqual(before);
      await first.close();
      const second = await open();
      expect(await second.database.now()).toBeGreaterThanOrEqual(before);
    });

    test('makes no news of what was told', async () => {
      const ledger = await open();
      const fence = await openRun(ledger, 'r', ['a', 'b']);
      await accepted(ledger, 'r', fence);
      await ledger.verdicts.record('r', poll(1, allOf(['a', 'b'], 'succeeded')), { failed: 0, afterMs: 0 });
      const { wakes } = await ledger.runs.snapshot('r');
      setMs = -MINUTE;
      expect(await ledger.verdicts.hasWakeSince('r', wakes)).toBe(false);
      expect(await ledger.verdicts.hasWakeSince('r', wakes - 1)).toBe(true);
    });
  });

  test('a transaction that is rolled back keeps no step from the others', async () => {
    const first = await open();
    setMs = 10 * MINUTE;
    realMs += 2_000;
    await expect(first.database.transaction(() => Promise.reject(new Error('rolled back')))).rejects.toThrow('rolled back');
    await first.audit.add(undefined, { action: 'halt' });
    const second = await open();
    expect((await second.database.now()) - W0).toBeLessThan(MINUTE);
  });
}
