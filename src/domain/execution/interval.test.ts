import { describe, expect, test } from '@jest/globals';
import type { ExecuteRefusal } from './answer.js';
import { afterAcceptance, afterRefusal, type IntervalMemory, type IntervalPlan } from './interval.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('the execution interval of a script', () => {
  test.each<[ExecuteRefusal, number[]]>([
    ['interval', [1, 2, 4, 8, 15, 15]],
    ['unexplained', [1, 2, 4, 8, 15, 15]],
    ['day', [15, 15, 15, 15, 15, 15]],
  ])('refused for %s it is asked for again after so many minutes', (reason, minutes) => {
    let memory: IntervalMemory = {};
    const waits: number[] = [];
    for (let refusal = 0; refusal < 6; refusal += 1) {
      const plan = afterRefusal(memory, 1_000, { reason });
      waits.push(plan.nextExecuteAt - 1_000);
      memory = plan;
    }
    expect(waits).toEqual(minutes.map((count) => count * MINUTE));
  });

  test('begins again when the reason is another', () => {
    const memory: IntervalMemory = { backoffMs: 8 * MINUTE, reason: 'unexplained' };
    expect(afterRefusal(memory, 100, { reason: 'interval' }).nextExecuteAt).toBe(100 + MINUTE);
  });

  test.each<ExecuteRefusal>(['interval', 'day', 'unexplained'])('%s: a wait that is told is neither shortened nor stretched', (reason) => {
    for (const requestedMs of [3_000, 3 * HOUR])
      expect(afterRefusal({ backoffMs: MINUTE, reason }, 100, { reason, requestedMs, configuredMs: 5_000 }).nextExecuteAt).toBe(
        100 + requestedMs,
      );
  });

  test.each([
    ['as configured', { backoffMs: undefined }, 5_000, 5_000],
    ['doubling what is configured', { backoffMs: 5_000, reason: 'interval' as const }, 5_000, 10_000],
    ['a minute when none is configured and yet it was refused', { backoffMs: undefined }, 0, MINUTE],
    ['never less than configured', { backoffMs: 1_000, reason: 'interval' as const }, 5_000, 5_000],
  ])('waits %s', (_, memory, configuredMs, waitMs) => {
    expect(afterRefusal(memory, 100, { reason: 'interval', configuredMs })).toMatchObject({
      backoffMs: waitMs,
      nextExecuteAt: 100 + waitMs,
    });
  });

  test.each<[string, IntervalMemory, number | undefined, { intervalMs: number | undefined; nextExecuteAt: number }]>([
    ['nothing was refused', {}, undefined, { intervalMs: undefined, nextExecuteAt: 100 }],
    [
      'the wait worked',
      { backoffMs: 2 * MINUTE, reason: 'interval' },
      undefined,
      { intervalMs: 2 * MINUTE, nextExecuteAt: 100 + 1.5 * MINUTE },
    ],
    [
      'a longer one is known',
      { backoffMs: MINUTE, reason: 'interval', intervalMs: 4 * MINUTE },
      undefined,
      { intervalMs: 4 * MINUTE, nextExecuteAt: 100 + 3 * MINUTE },
    ],
    ['it is remembered, and tried shorter', { intervalMs: MINUTE }, undefined, { intervalMs: MINUTE, nextExecuteAt: 100 + 45_000 }],
    [
      'less than nearly that was refused lately',
      { intervalMs: MINUTE, tooSoonMs: 56_000, tooSoonAt: 99 },
      undefined,
      { intervalMs: MINUTE, nextExecuteAt: 100 + MINUTE },
    ],
    [
      'half of it was refused lately',
      { intervalMs: MINUTE, tooSoonMs: 40_000, tooSoonAt: 99 },
      undefined,
      { intervalMs: MINUTE, nextExecuteAt: 100 + 50_000 },
    ],
    ['one is configured', { intervalMs: MINUTE }, 500, { intervalMs: MINUTE, nextExecuteAt: 600 }],
    ['none is configured', {}, 0, { intervalMs: undefined, nextExecuteAt: 100 }],
    ['the day was used up', { backoffMs: 15 * MINUTE, reason: 'day' }, undefined, { intervalMs: undefined, nextExecuteAt: 100 }],
    ['no reason was given', { backoffMs: 8 * MINUTE, reason: 'unexplained' }, undefined, { intervalMs: undefined, nextExecuteAt: 100 }],
  ])('after an acceptance when %s', (_, memory, configuredMs, expected) => {
    expect(afterAcceptance(memory, 100, configuredMs)).toMatchObject({
      ...expected,
      backoffMs: undefined,
      reason: undefined,
      lastAcceptedAt: 100,
    });
  });

  test('accepted sooner than is known to be enough, it shrinks', () => {
    expect(afterAcceptance({ intervalMs: 15 * MINUTE, lastAcceptedAt: 0 }, 2 * MINUTE, undefined).intervalMs).toBe(2 * MINUTE);
  });

  test('after a rest, or a clock set back, the time since the last one says nothing', () => {
    for (const now of [3 * HOUR, -HOUR])
      expect(afterAcceptance({ intervalMs: MINUTE, lastAcceptedAt: 0 }, now, undefined).intervalMs).toBe(MINUTE);
    expect(afterRefusal({ lastAcceptedAt: 0 }, 3 * HOUR, { reason: 'interval', requestedMs: 40_000 })).toMatchObject({
      intervalMs: undefined,
    });
  });
});

/** Sends as soon as it may; the gateway refuses what `refuses` says. How long it takes, and how many calls. */
function executed(
  count: number,
  refuses: (now: number, gapMs: number) => { reason: ExecuteRefusal; requestedMs?: number } | undefined,
  from: IntervalMemory = {},
) {
  let plan: IntervalPlan = { ...from, nextExecuteAt: 0 };
  let accepted = 0;
  let calls = 0;
  let lastAt = -Infinity;
  let now = 0;
  while (accepted < count) {
    now = Math.max(now + 1_000, plan.nextExecuteAt);
    calls += 1;
    const refusal = refuses(now, now - lastAt);
    plan = refusal ? afterRefusal(plan, now, refusal) : afterAcceptance(plan, now, undefined);
    if (refusal) continue;
    accepted += 1;
    lastAt = now;
  }
  return { ms: now, calls };
}

describe('a hundred executions', () => {
  const every = (intervalMs: number) => (_: number, gapMs: number) => (gapMs < intervalMs ? { reason: 'interval' as const } : undefined);

  test.each([1, 3, 5, 10])('of a script with an interval of %i minutes take hardly longer than it asks, in few calls', (minutes) => {
    const { ms, calls } = executed(100, every(minutes * MINUTE));
    expect(ms).toBeLessThan(100 * minutes * MINUTE * 1.25);
    expect(calls).toBeLessThan(200);
  });

  test('are not slowed for good by two hours of refusals without a reason', () => {
    const outage = (now: number) => (now > 10 * MINUTE && now < 2 * HOUR ? { reason: 'unexplained' as const } : undefined);
    expect(executed(100, outage).ms).toBeLessThan(2.5 * HOUR);
  });

  test('are not slowed for good by a day that was used up', () => {
    const spent = (now: number, gapMs: number) => (now > MINUTE && now < 5 * HOUR ? { reason: 'day' as const } : every(MINUTE)(now, gapMs));
    expect(executed(100, spent).ms).toBeLessThan(5 * HOUR + 130 * MINUTE);
  });

  test('shrink an interval of a quarter of an hour that is not one any more', () => {
    expect(executed(100, every(MINUTE), { intervalMs: 15 * MINUTE }).ms).toBeLessThan(4 * HOUR);
    expect(executed(100, () => undefined, { intervalMs: 15 * MINUTE, lastAcceptedAt: 0 }).ms).toBeLessThan(2 * HOUR);
  });

  test('wait as they are told', () => {
    const told = (_: number, gapMs: number) => (gapMs < MINUTE ? { reason: 'interval' as const, requestedMs: MINUTE - gapMs } : undefined);
    const { ms, calls } = executed(100, told);
    expect(ms).toBeLessThan(100 * MINUTE * 1.05);
    expect(calls).toBeLessThan(115);
  });
});
