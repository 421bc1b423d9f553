import { expect, test } from '@jest/globals';
import { Attempts } from './attempts.js';

test('a worker that cannot begin is not told as a Temporal that is away, and failures are counted until it serves', () => {
  const attempts = new Attempts();
  const told: unknown[] = [];
  for (const stages of [[], ['beginning'], ['beginning'], ['beginning', 'serving'], []] as const) {
    attempts.begin();
    for (const stage of stages) attempts.reached(stage);
    told.push(attempts.failed());
  }
  expect(told).toEqual([
    { failures: 1, why: 'Temporal cannot be reached' },
    { failures: 2, why: 'Temporal answers, but the worker cannot begin: it does no work' },
    { failures: 3, why: 'Temporal answers, but the worker cannot begin: it does no work' },
    { failures: 1, why: 'the worker has failed' },
    { failures: 2, why: 'Temporal cannot be reached' },
  ]);
});
