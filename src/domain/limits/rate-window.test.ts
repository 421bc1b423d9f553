import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mayCall, type WindowFacts, wholeCap } from './rate-window.js';

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;
const facts = (changes: Partial<WindowFacts> = {}): WindowFacts => ({
  now: NOW,
  callsPerHour: 300,
  sentInHour: 0,
  concurrency: 2,
  running: 0,
  ...changes,
});

describe('the next call', () => {
  test.each<[string, Partial<WindowFacts>]>([
    ['with nothing in its way', {}],
    ['as the last one of the hour', { sentInHour: 299 }],
    ['when the told wait has just passed', { blockedUntil: NOW }],
    ['with one announced call left', { announced: { remaining: 3, observedAt: NOW, sentSince: 2, opensAt: NOW + 1 } }],
    ['when the announced window has opened', { announced: { remaining: 0, observedAt: NOW - HOUR, sentSince: 0, opensAt: NOW } }],
    ['when nobody knows when the announced window opens', { announced: { remaining: 0, observedAt: NOW, sentSince: 0 } }],
    ['when only a limit was announced', { announced: { limit: 300, observedAt: NOW, sentSince: 9, opensAt: NOW + 1 } }],
    ['at half a call an hour when none was sent', { callsPerHour: 0.5 }],
  ])('goes %s', (_, changes) => {
    expect(mayCall(facts(changes))).toEqual({ kind: 'go' });
  });

  test.each<[string, Partial<WindowFacts>, number, string]>([
    ['for the told wait', { blockedUntil: NOW + 7_500, blockedWhy: 'Qualys asked to wait 8 s' }, 7_500, 'Qualys asked to wait 8 s'],
    ['for a told wait without a reason', { blockedUntil: NOW + 1 }, 1, 'Qualys asked to wait'],
    ['for the cap', { sentInHour: 300, hourOpensAt: NOW - HOUR + 60_000 }, 60_000, 'the cap of 300 calls per hour is used up'],
    ['an hour for a cap without an opener', { sentInHour: 300 }, HOUR, 'the cap of 300 calls per hour is used up'],
    ['for the third call at a cap of 2.5', { callsPerHour: 2.5, sentInHour: 2 }, HOUR, 'the cap of 2.5 calls per hour is used up'],
    [
      'for the announced window',
      { announced: { remaining: 2, observedAt: NOW - 1, sentSince: 2, opensAt: NOW + 30_000 } },
      30_000,
      'Qualys reported no calls left in its window',
    ],
    ['for a concurrent place', { running: 2 }, 100, '2 calls are already running'],
  ])('waits %s', (_, changes, waitMs, why) => {
    expect(mayCall(facts(changes))).toEqual({ kind: 'wait', waitMs, why });
  });
});

test.each([
  [300, 300],
  [2.5, 2],
  [1, 1],
  [0.2, 1],
])('a cap of %d is %d whole calls', (cap, whole) => {
  expect(wholeCap(cap)).toBe(whole);
});

test('over any log of sends the cap holds in every window of an hour, and a call that waits as told goes', () => {
  const steps = fc.array(fc.integer({ min: 0, max: 1_200_000 }), { maxLength: 60 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), steps, (callsPerHour, gaps) => {
      const sends: number[] = [];
      const ask = (now: number) => {
        const inHour = sends.filter((at) => at > now - HOUR);
        return mayCall(
          facts({ now, callsPerHour, sentInHour: inHour.length, hourOpensAt: inHour[inHour.length - callsPerHour], concurrency: 99 }),
        );
      };
      let now = NOW;
      for (const gapMs of gaps) {
        now += gapMs;
        const answer = ask(now);
        if (answer.kind === 'wait') {
          now += answer.waitMs;
          expect(ask(now)).toEqual({ kind: 'go' });
        }
        sends.push(now);
        expect(sends.filter((at) => at > now - HOUR).length).toBeLessThanOrEqual(callsPerHour);
      }
    }),
  );
});

test('no fact lets a call through that another forbids', () => {
  const anyFacts = fc.record({
    now: fc.constant(NOW),
    callsPerHour: fc.integer({ min: 1, max: 10 }),
    sentInHour: fc.integer({ min: 0, max: 12 }),
    blockedUntil: fc.option(fc.integer({ min: NOW - 5, max: NOW + 5 }), { nil: undefined }),
    announced: fc.option(
      fc.record({
        remaining: fc.integer({ min: 0, max: 3 }),
        observedAt: fc.constant(NOW - 10),
        sentSince: fc.integer({ min: 0, max: 4 }),
        opensAt: fc.integer({ min: NOW - 5, max: NOW + 5 }),
      }),
      { nil: undefined },
    ),
    concurrency: fc.integer({ min: 1, max: 3 }),
    running: fc.integer({ min: 0, max: 4 }),
  });
  fc.assert(
    fc.property(anyFacts, (seen) => {
      const { announced } = seen;
      const forbidden =
        (seen.blockedUntil ?? 0) > NOW ||
        seen.sentInHour >= seen.callsPerHour ||
        seen.running >= seen.concurrency ||
        (announced !== undefined && announced.sentSince >= announced.remaining && announced.opensAt > NOW);
      expect(mayCall(seen).kind).toBe(forbidden ? 'wait' : 'go');
    }),
    { numRuns: 3_000 },
  );
});
