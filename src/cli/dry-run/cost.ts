// What a run will cost, before it begins.
import { MAX_ASSETS_PER_EXECUTION } from '../../domain/execution/state.js';

export interface CostFacts {
  /** Assets that will be sent by id: without those that are skipped, or hit by tags. */
  assets: number;
  byTags?: PlannedByTags | undefined;
  /** By ids, where it is not as few as 25 assets each allow. */
  executions?: number | undefined;
  maxInFlight: number;
  output: 'all' | 'failed' | 'none';
  /** Calls that opening the run takes, as they were made just now. */
  openingCalls: number;
}

/** What the tag planner made of the cohort. */
export interface PlannedByTags {
  executions: number;
  assets: number;
  /** Calls that read the members of its tags again, within the minute before each send. */
  rereads: number;
}

export interface Cost {
  executions: number;
  /** Calls to Qualys, `/auth` aside: a run in which nothing is retried and no answer is lost lies between the two. */
  calls: { opening: number; atLeast: number; atMost: number };
}

/** Looks at a lone execution: as its age grows by half, or a third of it has likely ended (domain/polling/cadence.ts). */
const POLLS_AT_THE_LAST = 10;
const POLLS_A_ROUND = 6;
const OUTPUTS_A_PAGE = 300;

/**
 * A call for each execution, and before it those that read its tags again; polls, which see everything in flight at once; and outputs
 * that did not come with these, some hundred rows a page. While assets wait there is about one poll for each execution that ends, six a round at most.
 */
export function costOf({ assets: byId, byTags, executions: asked, maxInFlight, output, openingCalls }: CostFacts): Cost {
  const executions = (asked ?? Math.ceil(byId / MAX_ASSETS_PER_EXECUTION)) + (byTags?.executions ?? 0);
  const assets = byId + (byTags?.assets ?? 0);
  const sends = executions + (byTags?.rereads ?? 0);
  if (executions === 0) return { executions, calls: { opening: openingCalls, atLeast: openingCalls, atMost: openingCalls } };
  const rounds = Math.ceil(executions / maxInFlight);
  const polls = { fewest: rounds, most: POLLS_AT_THE_LAST + Math.ceil((rounds - 1) * Math.min(POLLS_A_ROUND, maxInFlight) * 1.25) };
  const pages = Math.ceil(assets / OUTPUTS_A_PAGE);
  // They come along with the polls where they fit.
  const outputs = { fewest: 0, most: output === 'none' ? 0 : pages + Math.min(polls.most, executions) };
  return {
    executions,
    calls: {
      opening: openingCalls,
      atLeast: openingCalls + sends + polls.fewest + outputs.fewest,
      atMost: openingCalls + sends + polls.most + outputs.most,
    },
  };
}
