// Which executions of a run go by tags (docs/tag-planner.md). Everything that is in no planned execution goes by ids.
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { type PlannedExecution, planTags, type TagPlan } from '../../domain/tags/plan.js';
import { ENTRIES_A_LIST, executionsByIds, readingCanPay, type TagPrice } from '../../domain/tags/plan-cost.js';
import type { TagMembership } from '../../domain/tags/plan-index.js';
import type { ActivityDependencies } from '../dependencies.js';
import { membersOf } from './read.js';
import { readersFor, readSeveral } from './several.js';

/** Members that one call reads: the page of the asset search. */
const MEMBERS_A_CALL = 1_000;
/** A send, and its share of the watch: measured, 1.2 to 2.4 calls an execution (docs/benchmarks.md). */
const CALLS_AN_EXECUTION = 2;
/** Tags whose members are read for a plan at most. */
const MOST_CANDIDATES = 500;
/**
 * Pages that are read again before a send: within the minute, with time to spare, and so that no execution has more than 10,000 assets,
 * whose rows are written in one transaction when it is accepted, and at every poll.
 */
const MOST_PAGES_AN_EXECUTION = 10;
const PRICE = { callsPerExecution: CALLS_AN_EXECUTION, membersPerCall: MEMBERS_A_CALL, rereadCallsAnExecution: MOST_PAGES_AN_EXECUTION };
const MOST_MEMBERS = MOST_PAGES_AN_EXECUTION * MEMBERS_A_CALL;

type PlanningWith = Pick<ActivityDependencies, 'ledger' | 'qualys'>;

export interface Planning {
  runId: string;
  strategy: 'assets' | 'tags' | 'auto';
  /** By tag: how many assets of the cohort were seen to have it. */
  tagsSeen: ReadonlyMap<string, number>;
  /** Told after every page; throws when the run is cancelled. */
  onPage: (found: { source: string; rows: number }) => void;
}

/** Plans once; a run that is planned stays as it is. Throws `QualysError` when memberships cannot be read: it may be repeated. */
export async function planExecutions(dependencies: PlanningWith, planning: Planning): Promise<void> {
  const { planned, audit, runs } = dependencies.ledger;
  const { runId, strategy } = planning;
  if (strategy === 'assets') return;
  const attempt = await planned.begin(runId);
  if (attempt === undefined) return;
  const say = (detail: string): Promise<void> => audit.add(runId, { action: 'planned', detail });
  if ((await runs.get(runId))?.errorBudget?.strict) {
    if (await planned.store(runId, attempt, [])) await say('by asset ids: a strict error budget admits only a few assets at a time');
    return;
  }
  const { cohort, tags } = await readCohortAndTags(dependencies, planning);
  const plan = await planTags({ cohort, tags, strategy, price: { ...PRICE, planningCalls: 0 } }, () => yieldToLoop());
  // Executions by ids alone need no plan: they are made of what is due.
  const executions = plan.executions.filter(({ tagIds }) => tagIds.length > 0);
  if (await planned.store(runId, attempt, executions))
    await say(inWords({ plan, executions, cohortSize: cohort.length, tags: tags.length }));
}

/** The set of a million ids ends with this function: the planner makes its own of them. */
async function readCohortAndTags(dependencies: PlanningWith, planning: Planning): Promise<{ cohort: string[]; tags: TagMembership[] }> {
  const cohort = await readCohort(dependencies, planning.runId);
  const candidates = candidatesFor(planning, cohort.size, PRICE);
  const tags = candidates.length === 0 ? [] : await readMemberships(dependencies, { planning, cohort, candidates });
  return { cohort: [...cohort], tags };
}

async function readCohort({ ledger }: PlanningWith, runId: string): Promise<Set<string>> {
  const cohort = new Set<string>();
  for await (const assetIds of ledger.planned.pending(runId)) for (const assetId of assetIds) cohort.add(assetId);
  return cohort;
}

/** The tags worth reading, those of the most assets first. `auto` reads only what can come back. */
function candidatesFor({ strategy, tagsSeen }: Planning, cohortSize: number, price: Omit<TagPrice, 'planningCalls'>): string[] {
  if (executionsByIds(cohortSize) <= 1) return [];
  // Of a larger cohort, as a campaign's: a tag with too many of its assets elsewhere cannot be used, nor one that takes too long to
  // read again. Neither need be read.
  const worth = [...tagsSeen]
    .filter(([tagId, seen]) => /^\d{1,19}$/.test(tagId) && seen > 1 && seen <= Math.min(cohortSize + ENTRIES_A_LIST, MOST_MEMBERS))
    .sort(([, one], [, other]) => other - one);
  const chosen = worth.slice(0, MOST_CANDIDATES);
  if (strategy === 'tags') return chosen.map(([tagId]) => tagId);
  // Twice: for the plan, and again before the send.
  const pays = ([, seen]: [string, number]): boolean =>
    2 * Math.ceil(seen / price.membersPerCall) * ENTRIES_A_LIST < seen * price.callsPerExecution;
  const paying = chosen.filter(pays);
  const planningCalls = paying.reduce((sum, [, seen]) => sum + Math.ceil(seen / price.membersPerCall), 0);
  return readingCanPay(cohortSize, { ...price, planningCalls }) ? paying.map(([tagId]) => tagId) : [];
}

interface ReadingAll {
  planning: Planning;
  cohort: ReadonlySet<string>;
  candidates: readonly string[];
}

/** A tag with more than 25 members outside the cohort can be used by no execution: it is read no further than that. */
async function readMemberships({ ledger, qualys }: PlanningWith, { planning, cohort, candidates }: ReadingAll): Promise<TagMembership[]> {
  const memberships = await readSeveral({
    tagIds: candidates,
    readers: readersFor(await ledger.calls.concurrency()),
    read: (tagId, signal) => {
      let foreign = 0;
      return membersOf(qualys, {
        ...{ runId: planning.runId, tagId, signal },
        onPage: (rows) => planning.onPage({ source: `tag ${tagId}`, rows }),
        isTooMuch: (page) => {
          foreign += page.filter((assetId) => !cohort.has(assetId)).length;
          return foreign > ENTRIES_A_LIST ? 'more of its members are outside the cohort than can be excluded' : undefined;
        },
      });
    },
    // What does not filter by one tag filters by none: each would be a look at strangers.
    ends: ({ isFilterDead }) => isFilterDead === true,
  });
  return 'why' in memberships ? [] : [...memberships].map(([tagId, assetIds]) => ({ tagId, assetIds }));
}

function inWords(of: { plan: TagPlan; executions: readonly PlannedExecution[]; cohortSize: number; tags: number }): string {
  const byTags = of.executions.reduce((sum, { hits }) => sum + hits.length, 0);
  const rest = executionsByIds(of.cohortSize - byTags);
  return (
    `${of.executions.length} execution(s) by tags for ${byTags} assets and ${rest} by ids for ${of.cohortSize - byTags}, ` +
    `instead of ${of.plan.byIds.executions} by ids; ${of.tags} tag(s) could be used; no plan has fewer than ${of.plan.atLeast}`
  );
}
