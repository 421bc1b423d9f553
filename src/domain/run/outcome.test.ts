import { expect, test } from '@jest/globals';
import { type Counts, emptyCounts, type RunStatus, runStatus } from './outcome.js';

test.each<[string, Partial<Counts>, { compliant?: number; outOfCohort?: number; stopped?: 'stopped' | 'cancelled' }, RunStatus]>([
  ['every asset succeeded', { targeted: 3, succeeded: 3 }, {}, 'succeeded'],
  ['the rest was compliant', { targeted: 3, succeeded: 1, skipped: 2 }, { compliant: 2 }, 'succeeded'],
  ['all were compliant', { targeted: 2, skipped: 2 }, { compliant: 2 }, 'succeeded'],
  ['one asset out of the cohort was hit', { targeted: 3, succeeded: 3 }, { outOfCohort: 1 }, 'partial'],
  ['one was skipped for another reason', { targeted: 3, succeeded: 2, skipped: 1 }, {}, 'partial'],
  ['none succeeded', { targeted: 3, failed: 1, unverified: 2 }, {}, 'failed'],
  ['it was stopped with everything done', { targeted: 1, succeeded: 1 }, { stopped: 'stopped' }, 'stopped'],
  ['it was cancelled', { targeted: 1, unverified: 1 }, { stopped: 'cancelled' }, 'cancelled'],
])('when %s', (_, counts, facts, status) => {
  expect(runStatus({ counts: { ...emptyCounts(), ...counts }, compliant: 0, outOfCohort: 0, ...facts })).toBe(status);
});
