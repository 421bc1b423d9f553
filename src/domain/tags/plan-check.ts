// Looks at a plan again with the memberships of this minute, before one of its executions is sent.
//
// An execution whose hits are exactly its own cannot hit another's: the hits of the plan are disjoint, which is checked, and so exactness
// of each makes the whole exact. Therefore only the tags of the execution about to be sent have to be read; those not given are `unread`.
import { batches } from '../basics/batches.js';
import { Pace, runYielding, type YieldToLoop } from '../basics/yield-to-loop.js';
import type { PlannedExecution } from './plan.js';
import { ENTRIES_A_LIST } from './plan-cost.js';

/** Members by tag id, all of them, as read within the last minute. */
export type Memberships = ReadonlyMap<string, readonly string[]>;

export type ExecutionCheck =
  /** Send it as planned. */
  | { verdict: 'exact' }
  /** A tag's members are not given: read them, or send by ids. */
  | { verdict: 'unread'; tagIds: string[] }
  /** Send `byIds(execution)` in its place. */
  | { verdict: 'drifted'; drift: Drift; why: string };

/** Numbers of assets. */
export interface Drift {
  /** Of the cohort, meant for this execution, and no longer hit by it. */
  missing: number;
  /** Of the cohort, hit by this execution and meant for another: they would get the script twice. */
  elsewhere: number;
  /** Not of the cohort and hit anyway: after a send they are out of the cohort. */
  outOfCohort: number;
  /** Up to 20 of the three. */
  examples: string[];
}

export interface PlanCheck {
  /** What makes the plan unfit whatever the memberships are, in sentences, at most 20: send none of it, plan again. */
  problems: string[];
  /** In the order of the plan. */
  executions: ExecutionCheck[];
}

interface PlanUnderCheck {
  cohort: readonly string[];
  executions: readonly PlannedExecution[];
}

const EXAMPLES = 20;

/** Union, disjointness and limits of the plan; and of each execution whether it still hits exactly its own. Changes nothing. */
export function verifyPlan(plan: PlanUnderCheck, memberships: Memberships, yieldToLoop: YieldToLoop): Promise<PlanCheck> {
  return runYielding(check(plan, memberships), yieldToLoop);
}

/** The same hits by asset ids, 25 an execution. The rest of the plan stays as it is: nobody else's tags or exclusions depend on these. */
export function byIds({ hits }: PlannedExecution): PlannedExecution[] {
  return batches(hits, ENTRIES_A_LIST).map((assetIds) => ({ tagIds: [], assetIds, excludedAssetIds: [], hits: assetIds }));
}

function* check({ cohort, executions }: PlanUnderCheck, memberships: Memberships): Generator<void, PlanCheck> {
  const pace = new Pace();
  const owners = yield* ownersOf(cohort, executions, pace);
  const checks: ExecutionCheck[] = [];
  for (const [n, execution] of executions.entries()) {
    const unread = execution.tagIds.filter((tagId) => !memberships.has(tagId));
    checks.push(unread.length > 0 ? { verdict: 'unread', tagIds: unread } : yield* checkOne(execution, n, { owners, memberships, pace }));
  }
  const problems = [...executions.flatMap(limitProblems), ...owners.problems].slice(0, EXAMPLES);
  return { problems, executions: checks };
}

interface Owners {
  indexes: Map<string, number>;
  /** Per asset of the cohort: the execution meant to hit it, counted from 0, or -1. */
  ownerOf: Int32Array;
  /** Per asset of the cohort: the last execution seen to hit it, or -1. */
  hitBy: Int32Array;
  problems: string[];
}

function* ownersOf(cohort: readonly string[], executions: readonly PlannedExecution[], pace: Pace): Generator<void, Owners> {
  const indexes = new Map<string, number>();
  for (const assetId of cohort) {
    if (!indexes.has(assetId)) indexes.set(assetId, indexes.size);
    if (pace.spend(4)) yield;
  }
  const ownerOf = new Int32Array(indexes.size).fill(-1);
  const hitBy = ownerOf.slice();
  const problems: string[] = [];
  const complain = (problem: string): number => (problems.length < EXAMPLES ? problems.push(problem) : 0);
  for (const [n, { hits }] of executions.entries()) {
    for (const assetId of hits) {
      if (pace.spend(4)) yield;
      const asset = indexes.get(assetId);
      const owner = ownerOf[asset ?? -1];
      if (asset === undefined) complain(`Execution ${n + 1} is meant to hit asset ${assetId}, which is not of the cohort: plan again.`);
      else if (owner !== -1)
        complain(`Asset ${assetId} is meant to be hit twice, by executions ${(owner ?? 0) + 1} and ${n + 1}: plan again.`);
      else ownerOf[asset] = n;
    }
  }
  for (const [assetId, asset] of indexes) {
    if (pace.spend(2)) yield;
    if (ownerOf[asset] === -1) complain(`Asset ${assetId} of the cohort is in no execution: plan again.`);
  }
  return { indexes, ownerOf, hitBy, problems };
}

function* checkOne(
  execution: PlannedExecution,
  n: number,
  { owners, memberships, pace }: { owners: Owners; memberships: Memberships; pace: Pace },
): Generator<void, ExecutionCheck> {
  const { indexes, ownerOf, hitBy } = owners;
  const excluded = new Set(execution.excludedAssetIds);
  const [outOfCohort, elsewhere, missing] = [new Set<string>(), new Set<string>(), new Set<string>()];
  for (const members of [execution.assetIds, ...execution.tagIds.map((tagId) => memberships.get(tagId) ?? [])]) {
    for (const assetId of members) {
      if (pace.spend(4)) yield;
      if (excluded.has(assetId)) continue;
      const asset = indexes.get(assetId);
      if (asset === undefined) outOfCohort.add(assetId);
      else if (ownerOf[asset] !== n) elsewhere.add(assetId);
      else hitBy[asset] = n;
    }
  }
  for (const assetId of execution.hits) {
    if (pace.spend(4)) yield;
    if (hitBy[indexes.get(assetId) ?? -1] !== n) missing.add(assetId);
  }
  if (outOfCohort.size + elsewhere.size + missing.size === 0) return { verdict: 'exact' };
  const examples = [...outOfCohort, ...elsewhere, ...missing].slice(0, EXAMPLES);
  const drift = { missing: missing.size, elsewhere: elsewhere.size, outOfCohort: outOfCohort.size, examples };
  return { verdict: 'drifted', drift, why: inWords(drift, n) };
}

function inWords({ missing, elsewhere, outOfCohort, examples }: Drift, n: number): string {
  const found = `${outOfCohort} assets outside the cohort, ${elsewhere} of other executions, ${missing} of its own missing`;
  return `The tags of execution ${n + 1} have changed since the plan (${found}; for example asset ${examples[0]}): it goes by asset ids.`;
}

function limitProblems({ tagIds, assetIds, excludedAssetIds }: PlannedExecution, n: number): string[] {
  const lists = { tags: tagIds, 'asset ids': assetIds, exclusions: excludedAssetIds };
  const tooLong = Object.entries(lists)
    .filter(([, list]) => list.length > ENTRIES_A_LIST)
    .map(([name, list]) => `Execution ${n + 1} names ${list.length} ${name}, and Qualys takes ${ENTRIES_A_LIST}: plan again.`);
  const empty = tagIds.length + assetIds.length === 0 ? [`Execution ${n + 1} names neither tags nor asset ids: plan again.`] : [];
  return [...tooLong, ...empty];
}
