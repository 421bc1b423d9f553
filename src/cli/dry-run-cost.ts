// What a run will cost, before it begins.
import { MAX_ASSETS_PER_EXECUTION } from '../domain/execution-state.js';

export interface CostFacts {
  /** Assets that will be sent: without those that are skipped. */
  assets: number;
  maxInFlight: number;
  output: 'all' | 'failed' | 'none';
  /** Calls that opening the run takes, as they were made just now. */
  openingCalls: number;
}

export interface Cost {
  executions: number;
  /** Calls to Qualys, `/auth` aside: a run in which nothing is retried and no answer is lost lies between the two. */
  calls: { opening: number; atLeast: number; atMost: number };
}

/** Looks at a lone execution: growing with its age, or a sixth of what the script has taken before (domain/cadence.ts). */
const LOOKS_AT_THE_LAST = 10;
const LOOKS_A_ROUND = 6;
const OUTPUTS_A_PAGE = 300;

/**
 * By asset ids: a call for each execution; looks, which see everything in flight at once; and outputs, some hundred rows a page. While
 * assets wait there is about one look for each execution that ends, six a round at most.
 */
export function costOf({ assets, maxInFlight, output, openingCalls }: CostFacts): Cost {
  const executions = Math.ceil(assets / MAX_ASSETS_PER_EXECUTION);
  if (executions === 0) return { executions, calls: { opening: openingCalls, atLeast: openingCalls, atMost: openingCalls } };
  const rounds = Math.ceil(executions / maxInFlight);
  const looks = { fewest: rounds, most: LOOKS_AT_THE_LAST + Math.ceil((rounds - 1) * Math.min(LOOKS_A_ROUND, maxInFlight) * 1.25) };
  const pages = Math.ceil(assets / OUTPUTS_A_PAGE);
  const outputs = { fewest: output === 'all' ? pages : 0, most: output === 'none' ? 0 : pages + Math.min(looks.most, executions) };
  return {
    executions,
    calls: {
      opening: openingCalls,
      atLeast: openingCalls + executions + looks.fewest + outputs.fewest,
      atMost: openingCalls + executions + looks.most + outputs.most,
    },
  };
}
