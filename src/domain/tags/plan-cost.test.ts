import { describe, expect, test } from '@jest/globals';
import { executionsFor, leastExecutions, readCalls, readingCanPay } from './plan-cost.js';

const PRICE = { callsPerExecution: 1, membersPerCall: 1_000, planningCalls: 0 };

test.each([
  [0, 0, 0],
  [0, 26, 2],
  [1, 25, 1],
  [1, 26, 2],
  [2, 30, 2],
])('%d executions with tags and %d assets by id are %d executions', (withTags, byId, executions) => {
  expect(executionsFor(withTags, byId)).toBe(executions);
});

test.each([
  [0, 1],
  [1_000, 1],
  [1_001, 2],
])('%d members are read in %d calls', (members, calls) => {
  expect(readCalls(members, PRICE)).toBe(calls);
});

describe('whether reading memberships can pay', () => {
  test.each([
    [50, 0, false],
    [51, 0, true],
    [10_000, 398, false],
    [10_000, 397, true],
  ])('%d assets and %d calls for planning: %s', (assets, planningCalls, pays) => {
    expect(readingCanPay(assets, { ...PRICE, planningCalls })).toBe(pays);
  });
});

describe('what no plan can undercut', () => {
  test.each([
    [0, [], 0],
    [25, [], 1],
    [26, [], 2],
    [26, [1], 1],
    [1_000, [400, 575], 1],
    [1_000, [400, 574], 2],
  ])('%d assets with tags of sizes %j need at least %d executions', (assets, sizes, least) => {
    expect(leastExecutions(assets, sizes)).toBe(least);
  });
});
