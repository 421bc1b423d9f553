import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { admits, type ErrorBudgetRule, isBreached } from '../run/error-budget.js';
import { emptyCounts, type FinalOutcome, type LiveCounts, OUTCOMES } from '../run/outcome.js';
import { decideWave, type WaveFacts } from './wave-gate.js';

const counts = (changes: Partial<LiveCounts>): LiveCounts => ({ ...emptyCounts(), targeted: 50, ...changes });

describe('a wave', () => {
  test.each<[string, WaveFacts, string, string]>([
    ['with everything done', { counts: counts({ succeeded: 50 }) }, 'go', '50 of 50 succeeded.'],
    [
      'at its budget',
      { counts: counts({ succeeded: 48, failed: 2 }), budget: { max: '5%' } },
      'go',
      '48 of 50 succeeded; error budget: 2 of 2 used.',
    ],
    [
      'over its budget',
      { counts: counts({ succeeded: 47, failed: 2, unverified: 1 }), budget: { max: '5%' } },
      'breach',
      '3 of 50 ended failed or unverified; the error budget allows 2.',
    ],
    [
      'over its budget before it is done',
      { counts: counts({ failed: 1, running: 25, pending: 24 }), budget: { max: 0 } },
      'breach',
      '1 of 50 ended failed or unverified; the error budget allows 0.',
    ],
    [
      'under way',
      { counts: counts({ failed: 1, running: 25, pending: 24 }), budget: { max: 1 } },
      'running',
      '49 of 50 assets have no outcome yet.',
    ],
    [
      'over its budget before the minimum is finished',
      { counts: counts({ failed: 4, running: 46 }), budget: { max: 1, minimum: 5 } },
      'running',
      '46 of 50 assets have no outcome yet.',
    ],
    ['with as many offline as may be', { counts: counts({ succeeded: 40, unreachable: 10 }) }, 'go', '40 of 50 succeeded.'],
    [
      'with more without a verdict than may be',
      { counts: counts({ succeeded: 39, unreachable: 8, unverified: 3 }) },
      'inconclusive',
      '3 unverified and 8 unreachable of 50 assets have no verdict; 10 are allowed. A person must decide.',
    ],
    ['that a person has accepted', { counts: counts({ succeeded: 39, unreachable: 11 }), accepted: 11 }, 'go', '39 of 50 succeeded.'],
    [
      'that has grown worse than a person has accepted',
      { counts: counts({ succeeded: 38, unreachable: 12 }), accepted: 11 },
      'inconclusive',
      '0 unverified and 12 unreachable of 50 assets have no verdict; 10 are allowed. A person must decide.',
    ],
    [
      'whose plan lets none end without a verdict',
      { counts: counts({ succeeded: 49, unreachable: 1 }), inconclusive: 0 },
      'inconclusive',
      '0 unverified and 1 unreachable of 50 assets have no verdict; 0 are allowed. A person must decide.',
    ],
    [
      'that was compliant altogether',
      { counts: counts({ skipped: 50 }), budget: { max: 0 } },
      'go',
      '0 of 50 succeeded; error budget: 0 of 0 used.',
    ],
    [
      'too small for the minimum of its budget, exceeded',
      { counts: counts({ targeted: 4, failed: 4 }), budget: { max: 1, minimum: 10 } },
      'inconclusive',
      "4 of 4 ended failed or unverified; the error budget allows 1. The wave is smaller than the budget's minimum of 10 finished assets. A person must decide.",
    ],
    [
      'of which a person has accepted that',
      { counts: counts({ targeted: 4, failed: 4 }), budget: { max: 1, minimum: 10 }, accepted: 4 },
      'go',
      '0 of 4 succeeded; error budget: 4 of 1 used.',
    ],
    ['without assets', { counts: counts({ targeted: 0 }), budget: { max: 0 }, inconclusive: 0 }, 'go', 'The wave has no assets.'],
  ])('%s', (_, facts, verdict, why) => {
    const judgement = decideWave(facts);
    expect([judgement.verdict, judgement.why]).toEqual([verdict, why]);
  });

  test('moves with late verdicts as long as its gate is open', () => {
    const budget = { max: 1 };
    const verdicts = [
      counts({ succeeded: 38, failed: 1, unreachable: 11 }),
      counts({ succeeded: 39, failed: 1, unreachable: 10 }),
      counts({ succeeded: 39, failed: 2, unreachable: 9 }),
    ].map((seen) => decideWave({ counts: seen, budget }).verdict);
    expect(verdicts).toEqual(['inconclusive', 'go', 'breach']);
  });

  test('says what a person would have to accept', () => {
    expect(decideWave({ counts: counts({ succeeded: 39, unreachable: 8, unverified: 3 }) }).inDoubt).toBe(11);
  });
});

interface Campaign {
  waves: { size: number; fates: FinalOutcome[] }[];
  budget: ErrorBudgetRule;
  maxInFlight: number;
  /** Which of the possible steps comes next, over and over. */
  dice: number[];
}

/** Sends and finishes assets in random order, admitting as the ledger does. Counted outcomes that came after the breach. */
function overshootOf({ waves, budget, maxInFlight, dice }: Campaign): { overshoot: number; breached: boolean; stuck: boolean } {
  let rolled = 0;
  const roll = (sides: number): number => {
    rolled += 1;
    return ((dice[rolled % dice.length] ?? 0) + rolled * 7_919) % sides;
  };
  for (const { size, fates } of waves) {
    const seen: LiveCounts = { ...emptyCounts(), targeted: size, pending: size };
    const executions: number[] = [];
    let next = 0;
    let after = 0;
    let isOver = false;
    while (seen.pending + seen.running > 0) {
      const batch = isOver || executions.length >= maxInFlight ? 0 : Math.min(25, seen.pending, admits(budget, seen, seen.running));
      if (batch === 0 && executions.length === 0) {
        if (isOver) break;
        return { overshoot: 0, breached: false, stuck: true };
      }
      if (batch > 0 && (executions.length === 0 || roll(3) === 0)) {
        executions.push(batch);
        seen.pending -= batch;
        seen.running += batch;
        continue;
      }
      const which = roll(executions.length);
      executions[which] = (executions[which] ?? 0) - 1;
      if (executions[which] === 0) executions.splice(which, 1);
      const fate = fates[next++ % fates.length] ?? 'succeeded';
      seen.running -= 1;
      seen[fate] += 1;
      if (isOver && (budget.counts ?? ['failed', 'unverified']).includes(fate)) after += 1;
      isOver ||= isBreached(budget, seen);
    }
    if (isOver) return { overshoot: after, breached: true, stuck: false };
  }
  return { overshoot: 0, breached: false, stuck: false };
}

test('1,000 campaigns with strict budgets: nothing fails beyond the asset that broke the budget, and none stands still', () => {
  const fate = fc.oneof({ weight: 3, arbitrary: fc.constant<FinalOutcome>('succeeded') }, fc.constantFrom(...OUTCOMES));
  const wave = fc.record({ size: fc.integer({ min: 1, max: 300 }), fates: fc.array(fate, { minLength: 1, maxLength: 60 }) });
  const budget = fc.record(
    {
      max: fc.oneof(
        fc.nat(40),
        fc.nat(40).map((percent) => `${percent}%`),
      ),
      strict: fc.constant(true),
      counts: fc.subarray([...OUTCOMES], { minLength: 1 }),
      minimum: fc.nat(60),
    },
    { requiredKeys: ['max', 'strict'] },
  );
  const campaign = fc.record<Campaign>({
    waves: fc.array(wave, { minLength: 1, maxLength: 4 }),
    budget,
    maxInFlight: fc.integer({ min: 1, max: 10 }),
    dice: fc.array(fc.nat(1_000), { minLength: 1, maxLength: 50 }),
  });
  let breached = 0;
  fc.assert(
    fc.property(campaign, (drawn) => {
      const result = overshootOf(drawn);
      expect(result).toMatchObject({ overshoot: 0, stuck: false });
      if (result.breached) breached += 1;
    }),
    { numRuns: 1_000 },
  );
  expect(breached).toBeGreaterThan(100);
});

test('the same campaigns without strict do overshoot, so the simulation can tell', () => {
  const campaign: Campaign = { waves: [{ size: 100, fates: ['failed'] }], budget: { max: 2 }, maxInFlight: 4, dice: [1] };
  expect(overshootOf(campaign).overshoot).toBeGreaterThan(10);
});
