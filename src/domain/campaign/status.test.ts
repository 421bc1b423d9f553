import { describe, expect, test } from '@jest/globals';
import { type Counts, emptyCounts, type RunStatus, type StopCause } from '../run/outcome.js';
import { campaignStatus, totalCounts, type WaveState, type WaveStatus, type WaveTally, waveStatus } from './status.js';

const counts = (changes: Partial<Counts>): Counts => {
  const { pending: _pending, running: _running, ...none } = emptyCounts();
  return { ...none, ...changes };
};
const tally = (changes: Partial<Counts>, compliant = 0): WaveTally => ({ counts: counts(changes), compliant });

describe('the status of a wave', () => {
  const closed = (changes: Partial<Counts>, more: Partial<WaveState> = {}): WaveState => ({
    ...tally(changes),
    phase: 'closed',
    begun: true,
    ...more,
  });

  test.each<[string, WaveState, WaveStatus]>([
    ['its phase while it is live', closed({ targeted: 5, succeeded: 2 }, { phase: 'running' }), 'running'],
    ['waiting before its turn', closed({ targeted: 5 }, { phase: 'waiting', begun: false }), 'waiting'],
    ['awaiting a decision after a breach', closed({ targeted: 5, failed: 5 }, { phase: 'awaiting-decision' }), 'awaiting-decision'],
    ['succeeded', closed({ targeted: 5, succeeded: 5 }), 'succeeded'],
    ['succeeded when the rest was compliant', closed({ targeted: 5, succeeded: 2, skipped: 3 }, { compliant: 3 }), 'succeeded'],
    ['partial', closed({ targeted: 5, succeeded: 4, unreachable: 1 }), 'partial'],
    ['failed', closed({ targeted: 5, failed: 5 }), 'failed'],
    ['stopped by its budget', closed({ targeted: 5, succeeded: 1, failed: 2, skipped: 2 }, { stopped: 'stopped' }), 'stopped'],
    ['cancelled', closed({ targeted: 5, succeeded: 1, skipped: 4 }, { stopped: 'cancelled' }), 'cancelled'],
    [
      'rolled back, also when it was stopped first',
      closed({ targeted: 5, failed: 5 }, { stopped: 'stopped', rolledBack: true }),
      'rolled-back',
    ],
    ['skipped when it was never begun', closed({ targeted: 5, skipped: 5 }, { begun: false, stopped: 'stopped' }), 'skipped'],
    ['empty without assets', closed({}), 'empty'],
  ])('is %s', (_, state, status) => {
    expect(waveStatus(state)).toBe(status);
  });
});

describe('the status of a campaign', () => {
  test.each<[string, WaveTally[], { outOfCohort?: number; stopped?: StopCause }, RunStatus]>([
    ['every asset of every wave succeeded', [tally({ targeted: 1, succeeded: 1 }), tally({ targeted: 4, succeeded: 4 })], {}, 'succeeded'],
    ['the rest was compliant', [tally({ targeted: 1, succeeded: 1 }), tally({ targeted: 4, skipped: 4 }, 4)], {}, 'succeeded'],
    ['a wave is empty', [tally({ targeted: 1, succeeded: 1 }), tally({})], {}, 'succeeded'],
    [
      'one asset of the last wave failed',
      [tally({ targeted: 1, succeeded: 1 }), tally({ targeted: 2, succeeded: 1, failed: 1 })],
      {},
      'partial',
    ],
    ['an asset out of the cohort was hit', [tally({ targeted: 1, succeeded: 1 })], { outOfCohort: 1 }, 'partial'],
    ['none succeeded', [tally({ targeted: 1, failed: 1 }), tally({ targeted: 2, skipped: 2 }, 2)], {}, 'failed'],
    ['a breach aborted it', [tally({ targeted: 2, failed: 2 }), tally({ targeted: 4, skipped: 4 })], { stopped: 'stopped' }, 'stopped'],
    ['it was cancelled', [tally({ targeted: 2, succeeded: 2 })], { stopped: 'cancelled' }, 'cancelled'],
  ])('when %s', (_, waves, facts, status) => {
    expect(campaignStatus({ waves, outOfCohort: 0, ...facts })).toBe(status);
  });

  test('its counts are those of the waves together', () => {
    const waves = [
      tally({ targeted: 3, succeeded: 2, failed: 1 }),
      tally({ targeted: 4, unverified: 1, unreachable: 1, missing: 1, skipped: 1 }),
    ];
    expect(totalCounts(waves)).toEqual({ targeted: 7, succeeded: 2, failed: 1, unverified: 1, unreachable: 1, missing: 1, skipped: 1 });
  });
});
