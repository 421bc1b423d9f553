import { describe, expect, test } from '@jest/globals';
import type { PlannedExecution } from './plan.js';
import { byIds, verifyPlan } from './plan-check.js';

const atOnce = async (): Promise<void> => undefined;
const COHORT = ['1', '2', '3', '4', '5'];
/** Tag a is 1, 2, 3 and the foreign 9; tag b is 3, 4. */
const BY_A: PlannedExecution = { tagIds: ['a'], assetIds: ['5'], excludedAssetIds: ['9'], hits: ['1', '2', '3', '5'] };
const BY_B: PlannedExecution = { tagIds: ['b'], assetIds: [], excludedAssetIds: ['3'], hits: ['4'] };

function checked(members: Record<string, string[]>, executions: PlannedExecution[] = [BY_A, BY_B]) {
  return verifyPlan({ cohort: COHORT, executions }, new Map(Object.entries(members)), atOnce);
}

describe('drift', () => {
  test('a plan whose tags are as they were is exact', async () => {
    expect(await checked({ a: ['1', '2', '3', '9'], b: ['3', '4'] })).toEqual({
      problems: [],
      executions: [{ verdict: 'exact' }, { verdict: 'exact' }],
    });
  });

  test('a foreign asset that has joined a tag would be out of the cohort', async () => {
    const { executions } = await checked({ a: ['1', '2', '3', '9', '10'], b: ['3', '4'] });
    expect(executions).toEqual([
      {
        verdict: 'drifted',
        drift: { missing: 0, elsewhere: 0, outOfCohort: 1, examples: ['10'] },
        why: 'The tags of execution 1 have changed since the plan (1 assets outside the cohort, 0 of other executions, 0 of its own missing; for example asset 10): it goes by asset ids.',
      },
      { verdict: 'exact' },
    ]);
  });

  test('an asset of another execution that has joined a tag would be hit twice', async () => {
    const { executions } = await checked({ a: ['1', '2', '3', '9'], b: ['3', '4', '1'] });
    expect(executions[1]).toMatchObject({ verdict: 'drifted', drift: { missing: 0, elsewhere: 1, outOfCohort: 0, examples: ['1'] } });
  });

  test('an asset that has left a tag would be missed', async () => {
    const { executions } = await checked({ a: ['1', '3', '9'], b: ['3', '4'] });
    expect(executions[0]).toMatchObject({ verdict: 'drifted', drift: { missing: 1, elsewhere: 0, outOfCohort: 0, examples: ['2'] } });
  });

  test('an excluded asset may come and go', async () => {
    const { executions } = await checked({ a: ['1', '2', '3'], b: ['4'] });
    expect(executions).toEqual([{ verdict: 'exact' }, { verdict: 'exact' }]);
  });

  test('only the execution about to be sent has to be read', async () => {
    const { executions } = await checked({ b: ['3', '4'] });
    expect(executions).toEqual([{ verdict: 'unread', tagIds: ['a'] }, { verdict: 'exact' }]);
  });

  test('what drifted goes by ids, 25 an execution', () => {
    const hits = Array.from({ length: 30 }, (_, index) => String(index));
    expect(byIds({ tagIds: ['a'], assetIds: [], excludedAssetIds: ['x'], hits })).toEqual([
      { tagIds: [], assetIds: hits.slice(0, 25), excludedAssetIds: [], hits: hits.slice(0, 25) },
      { tagIds: [], assetIds: hits.slice(25), excludedAssetIds: [], hits: hits.slice(25) },
    ]);
  });
});

describe('a plan that is not one', () => {
  const many = (length: number): string[] => Array.from({ length }, (_, index) => String(100 + index));

  test.each([
    ['misses an asset', [BY_A], 'Asset 4 of the cohort is in no execution: plan again.'],
    ['hits an asset twice', [BY_A, { ...BY_B, hits: ['3', '4'] }], 'Asset 3 is meant to be hit twice, by executions 1 and 2: plan again.'],
    [
      'hits a foreign asset',
      [BY_A, { ...BY_B, hits: ['4', '77'] }],
      'Execution 2 is meant to hit asset 77, which is not of the cohort: plan again.',
    ],
    ['names 26 tags', [BY_A, { ...BY_B, tagIds: many(26) }], 'Execution 2 names 26 tags, and Qualys takes 25: plan again.'],
    ['names 26 asset ids', [BY_A, { ...BY_B, assetIds: many(26) }], 'Execution 2 names 26 asset ids, and Qualys takes 25: plan again.'],
    [
      'names 26 exclusions',
      [BY_A, { ...BY_B, excludedAssetIds: many(26) }],
      'Execution 2 names 26 exclusions, and Qualys takes 25: plan again.',
    ],
    [
      'has an empty execution',
      [BY_A, BY_B, { tagIds: [], assetIds: [], excludedAssetIds: [], hits: [] }],
      'Execution 3 names neither tags nor asset ids: plan again.',
    ],
  ])('%s', async (_what, executions, problem) => {
    const { problems } = await checked({ a: ['1', '2', '3', '9'], b: ['3', '4'] }, executions);
    expect(problems).toEqual([problem]);
  });
});
