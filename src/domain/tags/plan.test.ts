import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type PlannedExecution, planTags, type TagPlan, type TagPlanInput } from './plan.js';
import { byIds, verifyPlan } from './plan-check.js';
import type { TagPrice } from './plan-cost.js';
import type { TagMembership } from './plan-index.js';

const PRICE: TagPrice = { callsPerExecution: 1, membersPerCall: 10_000, planningCalls: 0 };
const atOnce = async (): Promise<void> => undefined;

function planned(input: Partial<TagPlanInput>): Promise<TagPlan> {
  return planTags({ cohort: [], tags: [], strategy: 'tags', price: PRICE, ...input }, atOnce);
}

/** Asset ids `from` to before `to`. */
function assets(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => String(from + index));
}

function tag(tagId: string, ...members: string[][]): TagMembership {
  return { tagId, assetIds: members.flat() };
}

/** What Qualys would hit: the definition, in sets of ids. */
function reached(execution: PlannedExecution, tags: readonly TagMembership[]): Set<string> {
  const members = execution.tagIds.flatMap((tagId) => tags.find((one) => one.tagId === tagId)?.assetIds ?? []);
  const excluded = new Set(execution.excludedAssetIds);
  return new Set([...members, ...execution.assetIds].filter((assetId) => !excluded.has(assetId)));
}

/** Every asset reached, as often as it is reached, in order. */
function reachedByAll(plan: TagPlan, tags: readonly TagMembership[]): string[] {
  return plan.executions.flatMap((execution) => [...reached(execution, tags)]).sort();
}

function longestList({ executions }: TagPlan): number {
  return Math.max(0, ...executions.flatMap((one) => [one.tagIds.length, one.assetIds.length, one.excludedAssetIds.length]));
}

describe('which executions a cohort needs', () => {
  test('10,000 assets made of 40 whole tags and 30 others need 2 executions instead of 400', async () => {
    const sizes = Array.from({ length: 40 }, (_, index) => (index < 39 ? 230 + index : 259));
    const ends = sizes.map((_, index) => sizes.slice(0, index + 1).reduce((sum, size) => sum + size, 0));
    const whole = sizes.map((size, index) => tag(`t${index}`, assets((ends[index] ?? 0) - size, ends[index] ?? 0)));
    expect(ends.at(-1)).toBe(9_970);
    const cohort = assets(0, 10_000);
    const plan = await planned({ cohort, tags: whole });
    expect(plan.executions.map(({ tagIds, assetIds }) => [tagIds.length, assetIds.length])).toEqual([
      [25, 25],
      [15, 5],
    ]);
    expect(reachedByAll(plan, whole)).toEqual([...cohort].sort());
    expect([plan.cost.executions, plan.byIds.executions, plan.atLeast]).toEqual([2, 400, 2]);
  });

  test('a cohort without tags goes by ids, 25 an execution', async () => {
    const plan = await planned({ cohort: assets(0, 60) });
    expect(plan.executions.map(({ assetIds }) => assetIds.length)).toEqual([25, 25, 10]);
  });

  test('an empty cohort needs no execution', async () => {
    expect((await planned({ tags: [tag('a', ['1'])] })).executions).toEqual([]);
  });

  test('members outside the cohort are excluded, up to 25', async () => {
    const cohort = assets(0, 100);
    const { executions } = await planned({ cohort, tags: [tag('a', cohort, assets(900, 925))] });
    expect(executions).toEqual([{ tagIds: ['a'], assetIds: [], excludedAssetIds: assets(900, 925), hits: cohort }]);
  });

  test('a tag with 26 members outside the cohort is not used', async () => {
    const cohort = assets(0, 100);
    const { executions } = await planned({ cohort, tags: [tag('a', cohort, assets(900, 926))] });
    expect(executions.map(({ tagIds }) => tagIds)).toEqual([[], [], [], []]);
  });

  test('tags that overlap by more than exclusions can carry share an execution, though larger ones must wait', async () => {
    const large = Array.from({ length: 24 }, (_, index) => tag(`large${index}`, assets(10_000 + index * 500, 10_500 + index * 500)));
    const tags = [...large, tag('left', assets(0, 600)), tag('right', assets(300, 700))];
    const cohort = [...assets(0, 700), ...assets(10_000, 22_000)];
    const plan = await planned({ cohort, tags });
    expect(plan.executions).toHaveLength(2);
    expect(plan.executions.filter(({ tagIds }) => tagIds.includes('left') && tagIds.includes('right'))).toHaveLength(1);
    expect(reachedByAll(plan, tags)).toEqual([...cohort].sort());
  });

  test('a small overlap with an earlier execution is excluded by id', async () => {
    const ring = Array.from({ length: 26 }, (_, index) => tag(`t${index}`, assets(index * 100, index * 100 + 101)));
    const cohort = assets(0, 2_601);
    const plan = await planned({ cohort, tags: ring });
    expect(plan.executions.map(({ tagIds }) => tagIds.length)).toEqual([25, 1]);
    expect(plan.executions[1]?.excludedAssetIds.length).toBeGreaterThan(0);
    expect(reachedByAll(plan, ring)).toEqual([...cohort].sort());
  });

  test('tags that save no execution are not used', async () => {
    const { executions } = await planned({ cohort: assets(0, 25), tags: [tag('a', assets(0, 20)), tag('b', assets(20, 25))] });
    expect(executions).toEqual([{ tagIds: [], assetIds: assets(0, 25), excludedAssetIds: [], hits: assets(0, 25) }]);
  });

  test('the worst case of the documentation: 48 executions where 1 would do', async () => {
    const blocks = Array.from({ length: 25 }, (_, index) => assets(index * 100, index * 100 + 100));
    const small = blocks.map((block, index) => tag(`b${index}`, block, [`outside-b${index}`]));
    const hiding = tag(
      'a',
      blocks.flatMap((block) => block.slice(0, 51)),
      Array.from({ length: 24 }, (_, index) => `outside-a${index}`),
    );
    const cohort = blocks.flat();
    const hidden = await planned({ cohort, tags: [hiding, ...small] });
    const alone = await planned({ cohort, tags: small });
    expect([hidden.cost.executions, alone.cost.executions, hidden.byIds.executions]).toEqual([48, 1, 100]);
    expect(reachedByAll(hidden, [hiding, ...small])).toEqual([...cohort].sort());
  });

  test('a tag listed twice is refused', async () => {
    await expect(planned({ cohort: ['1'], tags: [tag('a', ['1']), tag('a', ['2'])] })).rejects.toThrow('Tag a is listed twice');
  });
});

test('planning and checking pause at least every 2,000 memberships, inside one large tag, too', async () => {
  const cohort = assets(0, 50_000);
  const tags = Array.from({ length: 4 }, (_, index) => tag(`t${index}`, cohort.slice(index)));
  const yields = { plan: 0, check: 0 };
  const plan = await planTags({ cohort, tags, strategy: 'tags', price: PRICE }, async () => {
    yields.plan += 1;
  });
  await verifyPlan({ cohort, ...plan }, new Map(tags.map((one) => [one.tagId, one.assetIds])), async () => {
    yields.check += 1;
  });
  expect(plan.cost.executions).toBe(1);
  expect([yields.plan > 300, yields.check > 100]).toEqual([true, true]);
});

describe('auto counts calls', () => {
  const cohort = assets(0, 1_000);
  const half = [tag('a', assets(0, 500))];

  test('a tag is read again for its execution, and that is cheaper than 20 executions', async () => {
    const { cost, byIds: ids } = await planned({ cohort, tags: half, strategy: 'auto', price: { ...PRICE, planningCalls: 7 } });
    expect(cost).toEqual({ executions: 20, executionCalls: 20, rereadCalls: 1, planningCalls: 7, calls: 28 });
    expect(ids.calls).toBe(40);
  });

  test('ids are used where reading a page of members costs more than sending to them', async () => {
    const price = { ...PRICE, membersPerCall: 24 };
    const auto = await planned({ cohort, tags: half, strategy: 'auto', price });
    const byTags = await planned({ cohort, tags: half, strategy: 'tags', price });
    expect([auto.cost.executions, auto.cost.rereadCalls, auto.executions.flatMap(({ tagIds }) => tagIds)]).toEqual([40, 0, []]);
    expect([byTags.cost.executions, byTags.cost.rereadCalls]).toEqual([20, 21]);
  });

  test('an execution that costs more calls makes the same tags worth reading', async () => {
    const price = { ...PRICE, membersPerCall: 25, callsPerExecution: 3 };
    const { cost } = await planned({ cohort, tags: half, strategy: 'auto', price });
    expect([cost.executions, cost.calls]).toEqual([20, 80]);
  });
});

describe('random cohorts with overlapping tags', () => {
  const member = fc.nat({ max: 899 }).map(String);
  /** Runs of neighbours overlap by chance; single members add what has to be excluded. */
  const anyTag = fc
    .tuple(fc.nat({ max: 850 }), fc.nat({ max: 200 }), fc.array(member, { maxLength: 12 }))
    .map(([from, size, others]) => [...assets(from, Math.min(900, from + size)), ...others]);
  const cases = fc.record({
    lists: fc.array(anyTag, { maxLength: 60 }),
    size: fc.integer({ min: 1, max: 800 }),
    holes: fc.array(member, { maxLength: 30 }),
    strategy: fc.constantFrom<'tags' | 'auto'>('tags', 'auto'),
    membersPerCall: fc.constantFrom(20, 100, 10_000),
  });

  test('in 1,000 of them the union is exact, no asset is in two executions, limits hold, and ids alone never need fewer', async () => {
    let usedTags = 0;
    let excluded = 0;
    await fc.assert(
      fc.asyncProperty(cases, async ({ lists, size, holes, strategy, membersPerCall }) => {
        const cohort = assets(0, size).filter((assetId) => !holes.includes(assetId));
        const tags = lists.map((assetIds, index) => ({ tagId: `t${index}`, assetIds }));
        const plan = await planned({ cohort, tags, strategy, price: { ...PRICE, membersPerCall } });
        expect(reachedByAll(plan, tags)).toEqual([...cohort].sort());
        expect(longestList(plan)).toBeLessThanOrEqual(25);
        expect(plan.executions.length).toBe(plan.cost.executions);
        expect(plan.cost.executions).toBeLessThanOrEqual(plan.byIds.executions);
        expect(plan.cost.executions).toBeGreaterThanOrEqual(plan.atLeast);
        if (strategy === 'auto') expect(plan.cost.calls).toBeLessThanOrEqual(plan.byIds.calls);
        const check = await verifyPlan({ cohort, ...plan }, new Map(tags.map((one) => [one.tagId, one.assetIds])), atOnce);
        expect([check.problems, check.executions.every(({ verdict }) => verdict === 'exact')]).toEqual([[], true]);
        usedTags += plan.executions.flatMap(({ tagIds }) => tagIds).length;
        excluded += plan.executions.flatMap(({ excludedAssetIds }) => excludedAssetIds).length;
      }),
      // One seed: how often tags and exclusions are used at all is counted below.
      { numRuns: 1_000, seed: 20_261_122 },
    );
    expect([usedTags > 1_000, excluded > 1_000]).toEqual([true, true]);
  });

  test('whole tags that do not overlap are planned with the fewest executions there can be', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 80 }), fc.nat({ max: 200 }), async (sizes, byId) => {
        let next = 0;
        const tags = sizes.map((size, index) => {
          next += size;
          return tag(`t${index}`, assets(next - size, next));
        });
        const { cost, atLeast } = await planned({ cohort: assets(0, next + byId), tags });
        expect(cost.executions).toBe(atLeast);
      }),
    );
  });

  test('after any drift, ids in place of what drifted still make the cohort exactly', async () => {
    const drift = fc.array(fc.tuple(fc.nat({ max: 59 }), member, fc.boolean()), { maxLength: 40 });
    let drifted = 0;
    await fc.assert(
      fc.asyncProperty(cases, drift, async ({ lists, size }, changes) => {
        const cohort = assets(0, size);
        const tags = lists.map((assetIds, index) => ({ tagId: `t${index}`, assetIds: [...assetIds] }));
        const plan = await planned({ cohort, tags });
        for (const [at, assetId, joins] of changes) {
          const changed = tags[at % (tags.length || 1)];
          if (changed) changed.assetIds = joins ? [...changed.assetIds, assetId] : changed.assetIds.filter((one) => one !== assetId);
        }
        const check = await verifyPlan({ cohort, ...plan }, new Map(tags.map((one) => [one.tagId, one.assetIds])), atOnce);
        const sent = plan.executions.flatMap((one, n) => (check.executions[n]?.verdict === 'exact' ? [one] : byIds(one)));
        expect(sent.flatMap((execution) => [...reached(execution, tags)]).sort()).toEqual([...cohort].sort());
        drifted += check.executions.filter(({ verdict }) => verdict === 'drifted').length;
      }),
      { numRuns: 300 },
    );
    expect(drifted).toBeGreaterThan(50);
  });
});

describe('tags that have to be read again within a minute', () => {
  test('are spread over executions so that none needs more calls than that', async () => {
    const tags = Array.from({ length: 10 }, (_, index) => tag(`t${index}`, assets(index * 3_000, (index + 1) * 3_000)));
    const price = { ...PRICE, membersPerCall: 1_000, rereadCallsAnExecution: 7 };
    const plan = await planned({ cohort: assets(0, 30_000), tags, price });
    expect(plan.executions.map(({ tagIds }) => tagIds.length)).toEqual([2, 2, 2, 2, 2]);
    expect(reachedByAll(plan, tags)).toEqual(assets(0, 30_000).sort());
  });

  test('are not used where one alone needs more', async () => {
    const price = { ...PRICE, membersPerCall: 10, rereadCallsAnExecution: 7 };
    const plan = await planned({ cohort: assets(0, 100), tags: [tag('t', assets(0, 100))], price });
    expect(plan.executions.map(({ tagIds }) => tagIds.length)).toEqual([0, 0, 0, 0]);
  });
});
