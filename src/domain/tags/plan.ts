// Few executions by tags that are pairwise disjoint and together exactly the cohort.
//
// How far from the fewest it can be: never above ceil(assets / 25), which is asset ids alone, and that is the only bound that holds for
// every input. 25 tags that make up 2,500 assets in one execution can be hidden by one larger tag, and then it takes 48
// (docs/tag-planner.md, and the test of that name). It is the fewest where tags are whole and disjoint. For each single plan `atLeast` is a
// number that no plan undercuts.
import { Pace, runYielding, type YieldToLoop } from '../basics/yield-to-loop.js';
import { ENTRIES_A_LIST, executionsByIds, executionsFor, leastExecutions, type PlanCost, planCost, type TagPrice } from './plan-cost.js';
import { greedyPicks, type Pick, type Ranking } from './plan-greedy.js';
import { indexTags, type TagIndex, type TagMembership } from './plan-index.js';

/** One execution as it is sent, each list at most 25 entries, and the assets it is meant to hit. */
export interface PlannedExecution {
  tagIds: string[];
  assetIds: string[];
  excludedAssetIds: string[];
  /**
   * (Members of the tags and `assetIds`) without `excludedAssetIds`, as memberships were when the plan was made: assets of the cohort only.
   */
  hits: string[];
}

export interface TagPlanInput {
  cohort: readonly string[];
  /** Each tag once, with all its members. A tag that is not given is not used. */
  tags: readonly TagMembership[];
  /** `tags`: fewest executions, then fewest calls. `auto`: fewest calls, then fewest executions. */
  strategy: 'tags' | 'auto';
  price: TagPrice;
}

export interface TagPlan {
  executions: PlannedExecution[];
  cost: PlanCost;
  /** Asset ids alone, with no membership read: the plan that needs no planner. */
  byIds: PlanCost;
  /** No plan has fewer executions than this. */
  atLeast: number;
}

/** Never more executions than by asset ids alone. Yields every few milliseconds. Throws when a tag is listed twice. */
export function planTags(input: TagPlanInput, yieldToLoop: YieldToLoop): Promise<TagPlan> {
  return runYielding(plan(input), yieldToLoop);
}

const RANKINGS: readonly Ranking[] = ['widest', 'sparing'];

function* plan({ cohort, tags, strategy, price }: TagPlanInput): Generator<void, TagPlan> {
  const pace = new Pace();
  const index = yield* indexTags(cohort, tags, price, pace);
  // What planning has read is spent, whichever way the choice goes: it is in both costs, and decides nothing any more.
  let best: Choice = { picks: [], cost: planCost(executionsByIds(index.cohortSize), 0, price) };
  // An id's share of an execution's calls is 1/25: `auto` takes a tag only where the ids it stands for would cost more than reading it
  // again.
  const worthGain = (calls: number): number => (strategy === 'auto' ? (calls * ENTRIES_A_LIST) / price.callsPerExecution : 0);
  const mostReadCalls = price.rereadCallsAnExecution ?? Number.POSITIVE_INFINITY;
  for (const ranking of RANKINGS) {
    const picks = yield* greedyPicks(index, { ranking, worthGain, mostReadCalls }, pace);
    best = cheapestCut({ picks, index, strategy, price, best });
  }
  const executions = yield* executionsOf(best.picks, index, pace);
  const atLeast = leastExecutions(
    index.cohortSize,
    index.tags.map((tag) => tag.inside.length),
  );
  const byIds = planCost(executionsByIds(index.cohortSize), 0, { ...price, planningCalls: 0 });
  return { executions, cost: best.cost, byIds, atLeast };
}

interface Choice {
  picks: readonly Pick[];
  cost: PlanCost;
}

/**
 * Every beginning of the picks is a plan: the rest of the cohort goes by ids. The shortest of the cheapest beginnings wins, if it beats
 * `best`.
 */
function cheapestCut(of: { picks: readonly Pick[]; index: TagIndex; strategy: 'tags' | 'auto'; price: TagPrice; best: Choice }): Choice {
  let [best, byId, rereadCalls] = [of.best, of.index.cohortSize, 0];
  for (const [at, { tag, execution, gain }] of of.picks.entries()) {
    byId -= gain;
    rereadCalls += of.index.tags[tag]?.readCalls ?? 0;
    const cost = planCost(executionsFor(execution + 1, byId), rereadCalls, of.price);
    if (isCheaper(cost, best.cost, of.strategy)) best = { picks: of.picks.slice(0, at + 1), cost };
  }
  return best;
}

function isCheaper(one: PlanCost, other: PlanCost, strategy: 'tags' | 'auto'): boolean {
  const executions = one.executions - other.executions;
  const calls = one.calls - other.calls;
  return (strategy === 'tags' ? executions || calls : calls || executions) < 0;
}

function* executionsOf(picks: readonly Pick[], index: TagIndex, pace: Pace): Generator<void, PlannedExecution[]> {
  const executions: PlannedExecution[] = [];
  const hitBy = new Int32Array(index.cohortSize).fill(-1);
  const excluded = new Set<number>();
  for (const { tag, execution } of picks) {
    const { tagId, inside, foreign } = index.tags[tag] ?? { tagId: '', inside: [], foreign: [] };
    let target = executions[execution];
    if (!target) {
      target = emptyExecution();
      executions.push(target);
      excluded.clear();
    }
    target.tagIds.push(tagId);
    for (const asset of foreign) excluded.add(asset);
    for (const asset of inside) {
      if (pace.spend(2)) yield;
      const before = hitBy[asset] ?? -1;
      if (before === -1) {
        hitBy[asset] = execution;
        target.hits.push(index.assetIds[asset] ?? '');
      } else if (before !== execution) excluded.add(asset);
    }
    target.excludedAssetIds = Array.from(excluded, (asset) => index.assetIds[asset] ?? '');
  }
  yield* placeById(executions, hitBy, index, pace);
  return executions;
}

/** What no tag hits goes by id, into the executions there are and then into more. Nobody excludes such an asset. */
function* placeById(executions: PlannedExecution[], hitBy: Int32Array, index: TagIndex, pace: Pace): Generator<void, void> {
  let at = 0;
  for (let asset = 0; asset < index.cohortSize; asset += 1) {
    if (pace.spend(2)) yield;
    if (hitBy[asset] !== -1) continue;
    if (executions[at]?.assetIds.length === ENTRIES_A_LIST) at += 1;
    const target = executions[at] ?? emptyExecution();
    executions[at] = target;
    target.assetIds.push(index.assetIds[asset] ?? '');
    target.hits.push(index.assetIds[asset] ?? '');
  }
}

function emptyExecution(): PlannedExecution {
  return { tagIds: [], assetIds: [], excludedAssetIds: [], hits: [] };
}
