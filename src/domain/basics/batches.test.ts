import { expect, test } from '@jest/globals';
import { batches, batchesOf } from './batches.js';

test.each([
  [[], 2, []],
  [[1], 2, [[1]]],
  [[1, 2], 2, [[1, 2]]],
  [[1, 2, 3], 2, [[1, 2], [3]]],
])('%j in parts of %d is %j', (items, size, parts) => {
  expect(batches(items as number[], size)).toEqual(parts);
});

test.each([
  [[], []],
  [
    [4, 4, 4],
    [[4, 4], [4]],
  ],
  [
    [30, 1, 9, 1],
    [[30], [1, 9], [1]],
  ],
])('%j in parts of weight 10 is %j', (weights, parts) => {
  expect(batchesOf(weights as number[], 10, (weight) => weight)).toEqual(parts);
});
