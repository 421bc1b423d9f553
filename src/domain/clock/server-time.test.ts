import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { between, type ClockMemory, type ClockSample, elapsedMs, isWorthKeeping, observed, readClock } from './server-time.js';

const L0 = 1_000_000;
const S0 = 1_700_000_000_000;

/** What Qualys' clock says at a local instant. */
const served = (local: number, rate = 1): number => S0 + (local - L0) * rate;
/** A `Date` header has whole seconds. */
const dated = (local: number, rate = 1): number => Math.floor(served(local, rate) / 1_000) * 1_000;
const remembered = (samples: readonly ClockSample[], before?: ClockMemory): ClockMemory | undefined =>
  samples.reduce<ClockMemory | undefined>(observed, before);
/** Answers every `everyMs` until the given local instant. */
const honest = (count: number, { everyMs = 2_000, rate = 1, from = L0 } = {}): ClockSample[] =>
  Array.from({ length: count }, (_, index) => ({ local: from + index * everyMs, server: dated(from + index * everyMs, rate) }));

describe("Qualys' clock", () => {
  test('is ours before any answer, and goes on from the answers at our pace', () => {
    expect(readClock(undefined, 1_234)).toMatchObject({ now: 1_234, rate: 1, earliest: 1_234 });
    expect(readClock(remembered(honest(1)), L0 + 5_000)).toMatchObject({ now: S0 + 5_000, rate: 1, jumps: 0 });
    expect(readClock(remembered(honest(40)), L0 + 3_600_000).now).toBe(S0 + 3_600_000);
  });

  test.each([
    ['two machines behind one gateway, ten seconds apart', (index: number) => (index % 2) * 10_000, 1],
    ['a drift of a minute an hour', (index: number) => index * 33, 1],
  ])('has our pace in spite of %s', (_, offset, rate) => {
    const samples = honest(31).map(({ local, server }, index) => ({ local, server: server + offset(index) }));
    expect(readClock(remembered(samples), L0 + 62_000)).toMatchObject({ rate, jumps: 0 });
  });

  test.each([
    ['sixty times as fast, a second apart', 60, 1_000],
    ['six hundred times as fast, a burst of answers', 600, 40],
  ])('of a simulator: %s', (_, rate, everyMs) => {
    const reading = readClock(remembered(honest(31, { everyMs, rate })), L0 + 60_000);
    expect(reading.rate / rate).toBeCloseTo(1, 1);
    expect(Math.abs(reading.now - served(L0 + 60_000, rate)) / rate).toBeLessThan(3_000);
  });

  test.each([
    ['four answers', 4, 1_000],
    ['a few in one burst', 8, 40],
  ])('has our pace while no other is plain: of a simulator sixty times as fast, by %s', (_, count, everyMs) => {
    expect(readClock(remembered(honest(count, { everyMs, rate: 60 })), L0 + count * everyMs).rate).toBe(1);
  });

  test('keeps its oldest answers only as long as newer ones do not say enough', () => {
    const few = remembered(honest(3)) as ClockMemory;
    expect(isWorthKeeping(few, L0 + 4_001)).toBe(true);
    const many = remembered(honest(40)) as ClockMemory;
    expect(many.samples).toHaveLength(31);
    expect([isWorthKeeping(many, L0 + 78_999), isWorthKeeping(many, L0 + 79_000), isWorthKeeping(many, L0)]).toEqual([false, true, true]);
  });
});

describe('no single answer decides', () => {
  const aheadOrBehind = fc.constantFrom(-600_000, 600_000);

  // A faster clock, a simulator's, needs answers enough and far enough apart to tell its pace from them.
  test.each([
    ['real time', { rate: 1, fewest: 5, closestMs: 50 }],
    ['a simulator', { rate: 60, fewest: 31, closestMs: 1_000 }],
  ])('up to a fifth of lies of ten minutes, wherever they are, move the estimate by less than two seconds: %s', (_, clock) => {
    const { rate, fewest, closestMs } = clock;
    const runs = fc.record({
      gaps: fc.array(fc.integer({ min: closestMs, max: 30_000 }), { minLength: fewest, maxLength: 60 }),
      lies: fc.infiniteStream(fc.record({ at: fc.nat(), byMs: aheadOrBehind })),
    });
    fc.assert(
      fc.property(runs, ({ gaps, lies }) => {
        let local = L0;
        const told = gaps.map((gap) => {
          local += gap;
          return { local, server: dated(local, rate) };
        });
        // One lie in each five answers, anywhere among them.
        for (let first = 0; first + 5 <= told.length; first += 5) {
          const lie = lies.next().value;
          const liar = told[first + (lie.at % 5)];
          if (liar) liar.server += lie.byMs;
        }
        expect(Math.abs(readClock(remembered(told), local).now - served(local, rate))).toBeLessThan(2_000 * rate);
      }),
      { numRuns: 300 },
    );
  });

  test('a run of answers of which a tenth lies never jumps, and is never a second off', () => {
    const lies = fc.sample(fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: aheadOrBehind }), {
      seed: 7,
      numRuns: 2_000,
    });
    let memory = remembered(honest(5));
    for (let index = 5; index < 2_000; index += 1) {
      const local = L0 + index * 2_000;
      memory = observed(memory, { local, server: dated(local) + (lies[index] ?? 0) });
      expect(Math.abs(readClock(memory, local).now - served(local))).toBeLessThanOrEqual(1_000);
    }
    expect(readClock(memory, L0)).toMatchObject({ rate: 1, jumps: 0 });
  });

  test.each([
    ['the very first', [600_000, 0, 0]],
    ['the second', [0, 600_000, 0]],
    ['the latest of a few', [0, 0, 600_000]],
    ['the first, far behind', [-600_000, 0, 0]],
  ])('nor does it when it is %s', (_, lies) => {
    const samples = honest(3).map(({ local, server }, index) => ({ local, server: server + (lies[index] ?? 0) }));
    expect(Math.abs(readClock(remembered(samples), L0 + 4_000).now - served(L0 + 4_000))).toBeLessThan(1_001);
  });

  test('a clock that is set is followed after five answers that agree, and counts as a jump', () => {
    const before = remembered(honest(31)) as ClockMemory;
    const since = L0 + 70_000;
    const set = honest(5, { from: since }).map(({ local, server }) => ({ local, server: server + 600_000 }));
    const now = since + 8_000;
    expect(readClock(remembered(set.slice(0, 4), before), now)).toMatchObject({ now: served(now), jumps: 0 });
    const reading = readClock(remembered(set, before), now);
    expect(reading).toMatchObject({ now: served(now) + 600_000, jumps: 1, steadyMs: 0 });
    expect(readClock(remembered(set, before), now + 90_000).steadyMs).toBe(90_000);
  });

  test('a simulator that is taken for the gateway is followed, too', () => {
    const before = remembered(honest(31)) as ClockMemory;
    const fast = honest(8, { from: L0 + 70_000, everyMs: 1_000, rate: 60 }).map(({ local, server }) => ({
      local,
      server: server + 7_000_000,
    }));
    const reading = readClock(remembered(fast, before), L0 + 77_000);
    expect(reading.rate).toBe(60);
    expect(reading.jumps).toBeGreaterThan(0);
  });
});

describe('the earliest that it may be', () => {
  test.each([
    ['is not moved by an answer that is ahead', [0, 0, 0, 0, 600_000], 0],
    ['is not moved by four of five that are ahead', [0, 600_000, 600_000, 600_000, 600_000], 0],
    ['follows one that is behind', [0, 0, -600_000, 0, 0], -600_000],
    ['but an hour at most', [0, 0, -86_400_000, 0, 0], -3_600_000],
  ])('%s', (_, lies, byMs) => {
    const before = honest(26);
    const latest = honest(5, { from: L0 + 60_000 }).map(({ local, server }, index) => ({ local, server: server + (lies[index] ?? 0) }));
    const now = L0 + 68_000;
    expect(readClock(remembered([...before, ...latest]), now).earliest).toBe(served(now) + byMs);
  });

  test('with hardly any answers is not later than by our own clock', () => {
    const ahead = { local: S0, server: S0 + 600_000 };
    expect(readClock(remembered([ahead]), S0 + 1_000).earliest).toBe(S0 + 1_000);
  });
});

describe('what was read', () => {
  test('is not older than its own Date says, had our clock been set forward while nobody looked', () => {
    const before = remembered(honest(31)) as ClockMemory;
    const local = L0 + 60_000 + 600_000;
    const began = readClock(before, local);
    const ended = readClock(observed(before, { local, server: dated(L0 + 61_000) }), local);
    expect([began.now, ended.now]).toEqual([served(local), served(local)]);
    expect(between(began, ended).now).toBe(dated(L0 + 61_000));
  });
});

describe('time that has passed', () => {
  test('has done so by the estimate, and since it last jumped', () => {
    expect(elapsedMs({ now: 1_000_000, steadyMs: 900_000 }, 400_000)).toBe(600_000);
    expect(elapsedMs({ now: 1_000_000, steadyMs: 5_000 }, 400_000)).toBe(5_000);
    expect(elapsedMs({ now: 1_000_000, steadyMs: 900_000 }, 1_003_000)).toBe(-3_000);
    expect(elapsedMs({ now: 1_000_000, steadyMs: 5_000 }, 90_000_000)).toBe(5_000);
  });
});
