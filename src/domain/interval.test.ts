import { describe, expect, test } from '@jest/globals';
import { afterAcceptance, afterRefusal, type IntervalMemory } from './interval.js';

const MINUTE = 60_000;

describe('the execution interval of a script', () => {
  test('is asked for after one minute, doubling to fifteen', () => {
    let memory: IntervalMemory = {};
    const waits: number[] = [];
    for (let refusal = 0; refusal < 6; refusal += 1) {
      const plan = afterRefusal(memory, 1_000, undefined);
      waits.push(plan.nextExecuteAt - 1_000);
      memory = plan;
    }
    expect(waits).toEqual([1, 2, 4, 8, 15, 15].map((minutes) => minutes * MINUTE));
  });

  test.each([
    ['as configured', { backoffMs: undefined }, 5_000, 5_000],
    ['doubling what is configured', { backoffMs: 5_000 }, 5_000, 10_000],
    ['a minute when none is configured and yet it was refused', { backoffMs: undefined }, 0, MINUTE],
    ['never less than configured', { backoffMs: 1_000 }, 5_000, 5_000],
  ])('waits %s', (_, memory, configuredMs, waitMs) => {
    expect(afterRefusal(memory, 100, configuredMs)).toEqual({ backoffMs: waitMs, nextExecuteAt: 100 + waitMs });
  });

  test.each<[string, IntervalMemory, number | undefined, { intervalMs: number | undefined; nextExecuteAt: number }]>([
    ['nothing was refused', {}, undefined, { intervalMs: undefined, nextExecuteAt: 100 }],
    ['the wait worked', { backoffMs: 2 * MINUTE }, undefined, { intervalMs: 2 * MINUTE, nextExecuteAt: 100 + 2 * MINUTE }],
    [
      'a longer one is known',
      { backoffMs: MINUTE, intervalMs: 4 * MINUTE },
      undefined,
      { intervalMs: 4 * MINUTE, nextExecuteAt: 100 + 4 * MINUTE },
    ],
    ['it is remembered', { intervalMs: MINUTE }, undefined, { intervalMs: MINUTE, nextExecuteAt: 100 + MINUTE }],
    ['one is configured', { intervalMs: MINUTE }, 500, { intervalMs: MINUTE, nextExecuteAt: 600 }],
    ['none is configured', {}, 0, { intervalMs: undefined, nextExecuteAt: 100 }],
  ])('after an acceptance when %s', (_, memory, configuredMs, expected) => {
    expect(afterAcceptance(memory, 100, configuredMs)).toEqual({ ...expected, backoffMs: undefined, lastAcceptedAt: 100 });
  });
});
