// What a plan costs: executions, and calls to Qualys. The arithmetic by which the planner compares.

/** Entries in each list of one execution. Qualys answers 400 above it (CAR API guide 2022, "Execute a Script"). */
export const ENTRIES_A_LIST = 25;

/** What calls cost. Counts of calls, no units of time. */
export interface TagPrice {
  /** Calls of one execution: 1 for the send, more when the caller counts watching and results. */
  callsPerExecution: number;
  /** Members that one call reads: the page size of the membership search. */
  membersPerCall: number;
  /** Calls that reading every candidate's membership for this plan costs; 0 when it has been read anyhow. */
  planningCalls: number;
  /** Calls that may be spent on reading one execution's tags again: they have to be read within a minute. Default: any number. */
  rereadCallsAnExecution?: number;
}

export interface PlanCost {
  executions: number;
  /** Sends, and whatever else `callsPerExecution` counts. */
  executionCalls: number;
  /** Every used tag is read once more, within the minute before its execution is sent. */
  rereadCalls: number;
  planningCalls: number;
  calls: number;
}

/** Executions for `assets` by asset ids alone. */
export function executionsByIds(assets: number): number {
  return Math.ceil(assets / ENTRIES_A_LIST);
}

/** Executions in all, when `withTags` of them carry tags and `byId` assets must go by id: each has room for 25 ids. */
export function executionsFor(withTags: number, byId: number): number {
  return withTags + executionsByIds(Math.max(0, byId - withTags * ENTRIES_A_LIST));
}

/** Calls that read one tag's members: an empty tag takes one call, too. */
export function readCalls(members: number, price: TagPrice): number {
  return Math.max(1, Math.ceil(members / price.membersPerCall));
}

/** Tags that are not used cost nothing: a plan by ids alone has `rereadCalls` 0, but what planning cost was spent. */
export function planCost(executions: number, rereadCalls: number, price: TagPrice): PlanCost {
  const executionCalls = executions * price.callsPerExecution;
  const { planningCalls } = price;
  return { executions, executionCalls, rereadCalls, planningCalls, calls: executionCalls + rereadCalls + planningCalls };
}

/**
 * Whether reading the memberships can pay at all: false when even the best thinkable plan (one execution, one tag read again) would need as
 * many calls as asset ids do. Asked before `planningCalls` are spent.
 */
export function readingCanPay(assets: number, price: TagPrice): boolean {
  return planCost(1, 1, price).calls < executionsByIds(assets) * price.callsPerExecution;
}

/**
 * A number of executions that no plan can undercut: k executions hold at most 25k tags and 25k ids, so they hit at most the 25k largest
 * tags and 25k assets more. `tagSizes` are the cohort's members of each usable tag.
 */
export function leastExecutions(assets: number, tagSizes: readonly number[]): number {
  const largestFirst = Int32Array.from(tagSizes).sort().reverse();
  let [least, hit, taken] = [0, 0, 0];
  while (hit < assets) {
    least += 1;
    hit += ENTRIES_A_LIST;
    for (; taken < least * ENTRIES_A_LIST; taken += 1) hit += largestFirst[taken] ?? 0;
  }
  return least;
}
