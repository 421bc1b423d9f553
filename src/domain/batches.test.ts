import { expect, test } from '@jest/globals';
import { batches } from './batches.js';

test.each([
  [[], 2, []],
  [[1], 2, [[1]]],
  [[1, 2], 2, [[1, 2]]],
  [[1, 2, 3], 2, [[1, 2], [3]]],
])('%j in parts of %d is %j', (items, size, parts) => {
  expect(batches(items as number[], size)).toEqual(parts);
});
