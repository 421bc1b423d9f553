import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ledgerOf } from '../../../../test/support/ledger/inspector.js';
import { NO_CAPS, openRun } from '../../../../test/support/ledger/ledger.js';
import { ageCalls } from '../../../../test/support/ledger/scenario.js';
import type { LimitEvidence } from '../../../domain/limits/call-gate.js';
import type { Ledger } from '../../index.js';
import type { CallCaps } from '../../limits/call-log.js';
import type { Ledgers } from '../ledgers.js';

const HOUR = 3_600_000;
const enter = (ledger: Ledger, runId?: string) => ledger.calls.enter({ endpoint: 'jobs', runId, holdMs: 30_000 });
const answered = (changes: Partial<LimitEvidence> = {}): LimitEvidence => ({ refused: false, ...changes });

/** Enters and leaves with this answer. */
async function call(ledger: Ledger, evidence?: LimitEvidence): Promise<void> {
  const answer = await enter(ledger);
  if (answer.kind !== 'go') throw new Error(answer.why);
  await ledger.calls.leave(answer.callId, evidence);
}
async function waitOf(ledger: Ledger): Promise<{ seconds: number; why: string }> {
  const answer = await enter(ledger);
  if (answer.kind !== 'wait') throw new Error('a call went');
  return { seconds: Math.ceil(answer.waitMs / 1_000), why: answer.why };
}
const caps = (changes: Partial<CallCaps>): CallCaps => ({ ...NO_CAPS, ...changes });

export function callsSuite(ledgers: Ledgers): void {
  describe('the cap', () => {
    test('is a sliding hour: the next call goes when the oldest is an hour old', async () => {
      const ledger = await ledgers.open({ caps: caps({ callsPerHour: 3 }) });
      await call(ledger);
      await ageCalls(ledger, 60_000);
      await call(ledger);
      await call(ledger);
      expect(await waitOf(ledger)).toEqual({ seconds: 3_540, why: 'the cap of 3 calls per hour is used up' });
      await ageCalls(ledger, HOUR - 60_000);
      await call(ledger);
      expect(await waitOf(ledger)).toMatchObject({ seconds: 60 });
    });

    test('counts a call whose answer was lost, and not one of which no byte left', async () => {
      const ledger = await ledgers.open({ caps: caps({ callsPerHour: 2 }) });
      await openRun(ledger, 'r', ['a']);
      await call(ledger, undefined);
      const cancelled = await enter(ledger, 'r');
      if (cancelled.kind !== 'go') throw new Error('wait');
      expect((await ledger.runs.snapshot('r')).callsUsed).toBe(1);
      await ledger.calls.cancel(cancelled.callId);
      await ledger.calls.cancel(cancelled.callId);
      expect((await ledger.runs.snapshot('r')).callsUsed).toBe(0);
      expect(await enter(ledger, 'r')).toMatchObject({ kind: 'go' });
      expect(await enter(ledger)).toMatchObject({ kind: 'wait' });
    });

    test('holds over any log: never more in an hour, and what waited as told goes', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 3 }),
          fc.array(fc.integer({ min: 0, max: 2_400_000 }), { maxLength: 12 }),
          async (callsPerHour, gaps) => {
            const ledger = await ledgers.open({ caps: caps({ callsPerHour }) });
            for (const gapMs of gaps) {
              await ageCalls(ledger, gapMs);
              const first = await enter(ledger);
              if (first.kind === 'wait') {
                await ageCalls(ledger, first.waitMs);
                expect(await enter(ledger)).toMatchObject({ kind: 'go' });
              }
              const now = await ledger.database.now();
              const inHour = (await ledgerOf(ledger).rows('calls')).filter(({ at }) => at > now - HOUR);
              expect(inHour.length).toBeLessThanOrEqual(callsPerHour);
            }
          },
        ),
        { numRuns: 20 },
      );
    });
  });

  describe('the announced window', () => {
    test('with Remaining: 0 and ToWait opens at the millisecond told, whoever filled it', async () => {
      const ledger = await ledgers.open();
      await call(ledger, answered({ limit: 300, windowSec: 3_600, remaining: 0, toWaitSec: 90 }));
      expect(await waitOf(ledger)).toEqual({ seconds: 90, why: 'Qualys asked to wait 90 s' });
      await ageCalls(ledger, 90_000);
      await call(ledger, answered({ limit: 300, windowSec: 3_600, remaining: 0 }));
      expect(await waitOf(ledger)).toMatchObject({ why: 'Qualys reported no calls left in its window' });
    });

    test('that was refused with ToWait by a gateway that names no window is not taken for an hour', async () => {
      const ledger = await ledgers.open();
      await call(ledger, { remaining: 0, toWaitSec: 5, refused: true });
      expect(await waitOf(ledger)).toEqual({ seconds: 5, why: 'Qualys asked to wait 5 s' });
      await ageCalls(ledger, 5_000);
      await call(ledger, { refused: false });
      await call(ledger, { refused: false });
    });

    test('with Remaining: 0 alone opens when our oldest call has left it, a second late', async () => {
      const ledger = await ledgers.open();
      await call(ledger, answered({ windowSec: 600, remaining: 1 }));
      await ageCalls(ledger, 100_000);
      await call(ledger, answered({ windowSec: 600, remaining: 0 }));
      expect(await waitOf(ledger)).toEqual({ seconds: 501, why: 'Qualys reported no calls left in its window' });
      await ageCalls(ledger, 501_000);
      await call(ledger);
      expect(await waitOf(ledger)).toMatchObject({ seconds: 100 });
    });

    test('with Remaining: 0 after the calls of others opens a window later', async () => {
      const ledger = await ledgers.open();
      await call(ledger, answered({ windowSec: 600, remaining: 0 }));
      expect(await waitOf(ledger)).toMatchObject({ seconds: 601 });
      await ageCalls(ledger, 601_000);
      await call(ledger);
    });

    test('does not give a place back twice: a call that had left when it was announced is not counted as leaving', async () => {
      const ledger = await ledgers.open();
      await call(ledger);
      await ageCalls(ledger, 600_400);
      await call(ledger, answered({ windowSec: 600, remaining: 0 }));
      await ageCalls(ledger, 700);
      expect(await waitOf(ledger)).toMatchObject({ why: 'Qualys reported no calls left in its window' });
    });

    test('counts what is on its way: two remain, two go', async () => {
      const ledger = await ledgers.open();
      await call(ledger, answered({ windowSec: 600, remaining: 2 }));
      expect([(await enter(ledger)).kind, (await enter(ledger)).kind, (await enter(ledger)).kind]).toEqual(['go', 'go', 'wait']);
    });

    test('answers out of order: the lower word stands', async () => {
      const ledger = await ledgers.open();
      const first = await enter(ledger);
      const second = await enter(ledger);
      if (first.kind !== 'go' || second.kind !== 'go') throw new Error('wait');
      await ledger.calls.leave(second.callId, answered({ windowSec: 600, remaining: 1 }));
      await ledger.calls.leave(first.callId, answered({ windowSec: 600, remaining: 0 }));
      expect(await enter(ledger)).toMatchObject({ kind: 'wait' });
    });

    test('a later answer that has places again opens it', async () => {
      const ledger = await ledgers.open();
      await call(ledger, answered({ windowSec: 600, remaining: 1 }));
      await ageCalls(ledger, 1_000);
      await call(ledger, answered({ windowSec: 600, remaining: 50 }));
      await call(ledger);
      await call(ledger);
    });
  });

  describe('a refusal', () => {
    test('that names no time waits 10 seconds, doubling to 5 minutes, and starts over after an answer', async () => {
      const ledger = await ledgers.open();
      const waits: number[] = [];
      for (let refusal = 0; refusal < 7; refusal += 1) {
        await call(ledger, answered({ refused: true }));
        const { seconds } = await waitOf(ledger);
        waits.push(seconds);
        await ageCalls(ledger, seconds * 1_000);
      }
      expect(waits).toEqual([10, 20, 40, 80, 160, 300, 300]);
      await call(ledger, answered());
      await call(ledger, answered({ refused: true }));
      expect(await waitOf(ledger)).toMatchObject({ seconds: 10 });
    });

    test('that tells a time is not shortened by a later answer', async () => {
      const ledger = await ledgers.open();
      const slow = await enter(ledger);
      await call(ledger, answered({ refused: true, toWaitSec: 4_000 }));
      if (slow.kind !== 'go') throw new Error('wait');
      await ledger.calls.leave(slow.callId, answered({ toWaitSec: 1 }));
      expect(await waitOf(ledger)).toMatchObject({ seconds: 4_000 });
    });
  });

  describe('concurrent calls', () => {
    test('are at most the configured number, until one leaves or its hold expires', async () => {
      const ledger = await ledgers.open({ caps: caps({ concurrency: 2 }) });
      const first = await enter(ledger);
      await enter(ledger);
      expect(await enter(ledger)).toEqual({ kind: 'wait', waitMs: 100, why: '2 calls are already running' });
      if (first.kind !== 'go') throw new Error('wait');
      await ledger.calls.leave(first.callId, undefined);
      expect(await enter(ledger)).toMatchObject({ kind: 'go' });
      expect(await enter(ledger)).toMatchObject({ kind: 'wait' });
      await ageCalls(ledger, 30_000);
      expect(await enter(ledger)).toMatchObject({ kind: 'go' });
    });

    test('are as many as the API last said, for an hour', async () => {
      const ledger = await ledgers.open({ caps: caps({ concurrency: 5 }) });
      await call(ledger, answered({ concurrencyLimit: 1 }));
      await enter(ledger);
      expect(await enter(ledger)).toMatchObject({ kind: 'wait', why: '1 calls are already running' });
      await ageCalls(ledger, HOUR + 1_000);
      for (let running = 0; running < 5; running += 1) expect(await enter(ledger)).toMatchObject({ kind: 'go' });
      expect(await enter(ledger)).toMatchObject({ kind: 'wait', why: '5 calls are already running' });
    });
  });

  test('what is left is the tighter one of cap and announced window', async () => {
    const ledger = await ledgers.open({ caps: caps({ callsPerHour: 4 }) });
    expect(await ledger.calls.left()).toEqual({ left: 4, perWindow: 4, windowMs: HOUR });
    await call(ledger);
    expect(await ledger.calls.left()).toEqual({ left: 3, perWindow: 4, windowMs: HOUR });
    // What was sent in the millisecond of the announcement counts as sent after it.
    await ageCalls(ledger, 1_000);
    await call(ledger, answered({ limit: 10, remaining: 1, windowSec: 600 }));
    expect(await ledger.calls.left()).toEqual({ left: 1, perWindow: 10, windowMs: 600_000 });
  });

  test('the log forgets what is older than a day', async () => {
    const ledger = await ledgers.open();
    await call(ledger);
    await ageCalls(ledger, 26 * HOUR);
    await call(ledger);
    expect(await ledgerOf(ledger).count('calls')).toBe(1);
  });
}
