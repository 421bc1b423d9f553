import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { afterReading, type ClockTriple, NO_OFFSET, type SteadyClock, startClock, TAKEN_OVER_AFTER_MS } from './steady.js';

const W0 = 1_700_000_000_000;
const MINUTE = 60_000;
const at = (realMs: number, setMs = 0, sleptMs = 0): ClockTriple => ({
  wall: W0 + realMs + sleptMs + setMs,
  monotonic: 5_000 + realMs,
  uptime: 9_000_000 + realMs + sleptMs,
});
const started = (): SteadyClock => startClock(at(0), { offset: NO_OFFSET, mark: W0 - 1_000 });
/** What it shows after these readings, from its start on. */
const shown = (...reads: ClockTriple[]): number => reads.reduce(afterReading, started()).highest - W0;

describe("the ledger's clock", () => {
  test('is the machine’s, and follows what a clock daemon corrects without setting it', () => {
    expect(shown(at(1_000))).toBe(1_000);
    expect(shown(at(60_000, 900))).toBe(60_900);
    expect(shown(at(60_000, 900), at(60_100, -900))).toBe(60_900);
  });

  test.each([
    ['ten minutes forward', 10 * MINUTE],
    ['ten minutes back', -10 * MINUTE],
    ['a year forward', 365 * 24 * 60 * MINUTE],
  ])('goes on as before when the machine’s is set %s', (_, byMs) => {
    expect(shown(at(1_000), at(2_000, byMs))).toBe(2_000);
    expect(Math.abs(shown(at(1_000), at(2_000, byMs), at(62_000, byMs)) - 62_000)).toBeLessThanOrEqual(6_000);
  });

  test('set forward it catches up so slowly that no wait of an hour is cut short by more than four seconds', () => {
    const after = shown(at(0), at(1_000, 10 * MINUTE), at(61 * MINUTE, 10 * MINUTE)) - 61 * MINUTE;
    expect(after).toBeGreaterThan(0);
    expect(after).toBeLessThan(4_000);
  });

  test('set back it is slower until the machine’s has caught up', () => {
    const set = [at(0), at(1_000, -10 * MINUTE)];
    expect(shown(...set, at(51 * MINUTE, -10 * MINUTE))).toBeCloseTo(51 * MINUTE - 0.1 * 51 * MINUTE, -3);
    expect(shown(...set, at(300 * MINUTE, -10 * MINUTE))).toBe(290 * MINUTE);
  });

  test('set and put right again it is as if nothing had been', () => {
    expect(shown(at(0), at(1_000, 10 * MINUTE), at(2_000))).toBeCloseTo(2_000, -1);
    expect(shown(at(0), at(1_000, -10 * MINUTE), at(2_000))).toBeCloseTo(2_000, -3);
  });

  test('goes on through the sleep of a machine: that time has passed', () => {
    expect(shown(at(1_000), at(2_000, 0, 8 * 60 * MINUTE))).toBe(8 * 60 * MINUTE + 2_000);
  });

  test('tells apart a step and a sleep that come together', () => {
    expect(shown(at(1_000), at(2_000, 10 * MINUTE, 60 * MINUTE))).toBe(60 * MINUTE + 2_000);
  });

  test('never goes back, and never passes faster than real time but for what a daemon corrects', () => {
    const steps = fc.array(fc.record({ passedMs: fc.integer({ min: 1, max: 600_000 }), setMs: fc.constantFrom(0, 0, 600_000, -600_000) }), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(steps, (readings) => {
        let clock = started();
        let [realMs, set] = [0, 0];
        for (const { passedMs, setMs } of readings) {
          realMs += passedMs;
          set += setMs;
          const before = clock.highest;
          clock = afterReading(clock, at(realMs, set));
          expect(clock.highest).toBeGreaterThanOrEqual(before);
          expect(clock.highest - before).toBeLessThanOrEqual(passedMs * 1.01 + 1);
        }
      }),
    );
  });
});

describe('a process that starts', () => {
  test('goes on from where the last one left off, had the clock been set back meanwhile', () => {
    const clock = startClock(at(0), { offset: NO_OFFSET, mark: W0 + 10 * MINUTE });
    expect(clock.highest).toBe(W0 + 10 * MINUTE);
    expect(afterReading(clock, at(10_000)).highest).toBeGreaterThan(W0 + 10 * MINUTE);
  });

  test('reckons with the step that another has seen', () => {
    const set = [at(1_000), at(2_000, 10 * MINUTE)].reduce(afterReading, started());
    expect(startClock(at(3_000, 10 * MINUTE), { offset: set.offset, mark: set.highest }).highest - W0).toBeCloseTo(3_000, -1);
  });

  test('an hour after a step forward takes the machine’s clock over', () => {
    const offset = { ms: -10 * MINUTE, since: W0 };
    const later = (ms: number) => startClock(at(ms, 0), { offset, mark: W0 }).highest - W0;
    expect(later(TAKEN_OVER_AFTER_MS - 1)).toBeLessThan(51 * MINUTE);
    expect(later(TAKEN_OVER_AFTER_MS)).toBe(TAKEN_OVER_AFTER_MS);
  });
});
