// Whole campaigns in virtual time, by the cadence and a log of calls: what it makes of the budget.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Played, play, type Subscription } from '../../../test/support/budget/subscription.js';

const MINUTE = 60_000;
/** One to five minutes, by a generator of its own. */
function evenly(seed: number): (n: number) => number {
  return (n) => MINUTE * (1 + (4 * ((Math.imul(n + 1, 2_654_435_761) ^ Math.imul(seed + 1, 40_503)) >>> 0)) / 2 ** 32);
}
const campaign = (changes: Partial<Subscription> = {}): Played =>
  play({ runs: 10, executions: 40, slots: 4, callsPerHour: 300, durationMs: evenly(1), ...changes });
const perExecution = ({ calls, executions }: Played): number => calls / executions;

describe('1,000 assets, where calls are plenty', () => {
  test.each([1, 2, 3, 4, 5])('take at most 1.2 calls an execution with all of them in flight, and 1.8 with four (%i)', (seed) => {
    const alone = { runs: 1, durationMs: evenly(seed), callsPerHour: 1_000 };
    expect(perExecution(campaign({ ...alone, slots: 40 }))).toBeLessThanOrEqual(1.2);
    expect(perExecution(campaign({ ...alone, slots: 4 }))).toBeLessThanOrEqual(1.8);
  });
});

test('a run alone that leaves its executions in flight to the budget is done in half the time, for no more calls', () => {
  const [four, auto] = [campaign({ runs: 1, slots: 4 }), campaign({ runs: 1, slots: 'auto' })];
  expect(auto.wallMs).toBeLessThan(four.wallMs / 2);
  expect(auto.calls).toBeLessThanOrEqual(four.calls);
});

/** Who knows when each execution ends and needs no look, with a budget that is smaller by what looks cost: what nobody does better than. */
function ideal(subscription: Subscription, played: Played): Played {
  const knowing = play({ ...subscription, knowing: true });
  return play({ ...subscription, knowing: true, callsPerHour: Math.floor((subscription.callsPerHour * knowing.calls) / played.calls) });
}

describe('while assets wait, the slots or the calls are at their limit', () => {
  test.each([
    [1, 1.3],
    [3, 1.3],
    [10, 1.15],
    [30, 1.1],
  ])('%i runs of 1,000 assets take at most %d times what nobody does better than', (runs, ratio) => {
    const subscription = { runs, executions: 40, slots: 4, callsPerHour: 300, durationMs: evenly(1) };
    const played = play(subscription);
    expect(played.wallMs / ideal(subscription, played).wallMs).toBeLessThanOrEqual(ratio);
  });

  test('whatever runs, slots, calls and durations there are: at most 1.6 times that, and a minute', () => {
    const subscriptions = fc.record({
      runs: fc.integer({ min: 1, max: 12 }),
      executions: fc.integer({ min: 2, max: 30 }),
      slots: fc.integer({ min: 1, max: 12 }),
      callsPerHour: fc.integer({ min: 100, max: 400 }),
      durationMs: fc.nat().map(evenly),
    });
    fc.assert(
      fc.property(subscriptions, (subscription) => {
        const played = play(subscription);
        expect(played.executions).toBe(subscription.runs * subscription.executions);
        expect(played.wallMs).toBeLessThan(1.6 * ideal(subscription, played).wallMs + MINUTE);
        expect(played.looks).toBeLessThan(2 * played.executions + 5 * subscription.runs);
      }),
      { numRuns: 50 },
    );
  });
});
