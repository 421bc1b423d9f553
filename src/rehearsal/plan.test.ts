import { describe, expect, test } from '@jest/globals';
import { type CampaignPlanInput, parsePlan } from '../contracts/plan.js';
import { defaultPolicy } from '../contracts/policy.js';
import { USUAL_CURVES } from './assumptions.js';
import { rehearsedPlan } from './plan.js';

const ASSUMPTIONS = { ...USUAL_CURVES, assets: 1_000, seed: 1 };
const SHA = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';

describe('a plan that is rehearsed', () => {
  test('keeps gates and limits, and asks for the whole simulated fleet', () => {
    const { plan, simulator, notes } = rehearsed({ deadline: '2h', soak: '1d' });
    expect(plan).toMatchObject({ deadline: 7_200_000, soak: 86_400_000, targets: { assetTagIds: ['1'] } });
    expect(simulator).toMatchObject({ assets: 1_000, executionIntervalSec: 60, scripts: [{ id: 72648, title: 'Script 72648' }] });
    expect(notes).toEqual([]);
    expect(parsePlan(plan).ok).toBe(true);
  });

  test('says what is otherwise than in earnest', () => {
    const steps = { remediate: { script: 72648, sha256: SHA }, verify: 'Is it new?' };
    const { plan, simulator, notes } = rehearsed({ steps, followUp: { kind: 'recheck', on: 'always', after: '1d' } });
    expect(plan.steps).toEqual({ remediate: { script: '72648' }, verify: { script: 'Is it new?' } });
    expect(simulator.scripts?.map(({ title }) => title)).toEqual(['Script 72648', 'Is it new?']);
    expect(notes).toEqual(['Script hashes are not checked: the simulator has its own scripts.', 'The recheck is skipped.']);
  });

  test('needs to be told how many assets have the tag of a wave', () => {
    const waves = [{ name: 'lab', tag: 7588420 }, { name: 'rest' }];
    expect(() => rehearsed({ waves })).toThrow('Give the number of assets that have the tag of a wave: --tag 7588420=100.');
    expect(rehearsed({ waves }, new Map([['7588420', 40]])).tagSizes.get('7588420')).toBe(40);
  });
});

function rehearsed(more: Partial<CampaignPlanInput>, tagSizes?: ReadonlyMap<string, number>) {
  const plan = parsePlan({ name: 'openssl', targets: { assetIds: [20452610] }, steps: { remediate: 72648 }, ...more });
  if (!plan.ok) throw new Error(JSON.stringify(plan.problems));
  return rehearsedPlan({ plan: plan.value, policy: defaultPolicy() }, ASSUMPTIONS, tagSizes);
}
