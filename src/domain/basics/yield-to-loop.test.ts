import { expect, test } from '@jest/globals';
import { Pace, runYielding } from './yield-to-loop.js';

function* counted(steps: number): Generator<void, number> {
  const pace = new Pace();
  for (let step = 0; step < steps; step += 1) if (pace.spend(1)) yield;
  return steps;
}

test.each([
  [8_191, 0],
  [8_192, 1],
  [100_000, 12],
])('%d steps of work pause %d times and come to their result', async (steps, pauses) => {
  let yields = 0;
  const result = await runYielding(counted(steps), async () => {
    yields += 1;
  });
  expect([result, yields]).toEqual([steps, pauses]);
});
