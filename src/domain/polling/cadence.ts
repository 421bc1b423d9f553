// How long to wait before looking at all executions in flight again. A call is the scarce thing (300 an hour by default), so the
// cadence follows what this script's executions have taken: a verdict is seen at most a sixth of that late, and while assets wait
// for a slot at least one execution finishes between two polls on average. Where the calls that are left would not last, it stretches.

export interface CadenceFacts {
  /** `poll.interval`: never more often than this. */
  floorMs: number;
  inFlight: number;
  /** True while assets wait for a slot. */
  assetsWait: boolean;
  /** Local milliseconds since the newest of them was accepted. */
  youngestMs: number;
  /** Local milliseconds that recent executions of this script took to settle; empty when none was seen. */
  durationsMs: readonly number[];
  /** Milliseconds of Qualys' clock in a local one: 1 but for a simulator. */
  clockRate: number;
  budget: CallBudget;
}

/** What the calls that are left have to be enough for. */
export interface CallBudget {
  /** Calls that the tighter one of cap and announced window still gives. */
  left: number;
  perWindow: number;
  windowMs: number;
  /** Executions that still have to be sent, over all runs of the ledger. */
  unsentExecutions: number;
  /** Runs that watch executions, this one among them. */
  watchers: number;
  /** How long this run is likely to go on; undefined while nothing is learned. */
  remainingMs?: number | undefined;
}

/** No script is done and indexed sooner than this, by Qualys' clock. */
const FIRST_POLL_MS = 15_000;
const LONGEST_MS = 15 * 60_000;

export function pollDelayMs(facts: CadenceFacts): number {
  const delayMs = Math.max(facts.floorMs, learnedMs(facts), affordableMs(facts));
  return Math.round(Math.min(delayMs, Math.max(LONGEST_MS, facts.floorMs)));
}

function learnedMs({ durationsMs, youngestMs, inFlight, assetsWait, clockRate }: CadenceFacts): number {
  const usual = mean(durationsMs);
  // Growing with the age: the first poll that finds something is at most half as late as the execution was long.
  if (usual === undefined) return Math.max(FIRST_POLL_MS / clockRate, youngestMs / 2);
  // What is still running takes longer than what has finished: early finishers alone would make the cadence too quick.
  const likely = assetsWait ? usual : Math.max(usual, youngestMs);
  return Math.max(likely / 6, assetsWait ? usual / Math.max(1, inFlight) : 0);
}

/**
 * The interval at which this run's share of the calls lasts until it is done. Where they do not last while executions wait, calls are what
 * the work waits for: then a poll is worth one when most slots are likely free, and a round of a poll and a send for each of them is not
 * begun faster than its calls come back. Waiting longer would leave calls unused.
 */
function affordableMs({ durationsMs, inFlight, budget }: CadenceFacts): number {
  const { left, perWindow, windowMs, unsentExecutions, watchers, remainingMs } = budget;
  if (remainingMs === undefined) return 0;
  const runs = Math.max(1, watchers);
  const comingBack = (perWindow * Math.max(0, remainingMs - windowMs)) / windowMs;
  const polls = (left + comingBack - unsentExecutions) / runs;
  const lastingMs = polls > 0 ? remainingMs / polls : LONGEST_MS;
  if (unsentExecutions === 0) return lastingMs;
  const round = runs * (1 + inFlight);
  const usual = mean(durationsMs) ?? 0;
  return Math.min(lastingMs, left >= round ? usual : Math.max(usual, (round * windowMs) / perWindow));
}

export function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

/** When the run is likely to be done: rounds that are left, each as long as an execution usually takes. */
export function etaMs(facts: {
  waitingAssets: number;
  inFlight: number;
  maxInFlight: number;
  durationsMs: readonly number[];
  batchSize: number;
}): number | undefined {
  const usual = mean(facts.durationsMs);
  if (usual === undefined) return undefined;
  const executions = Math.ceil(facts.waitingAssets / facts.batchSize);
  const rounds = Math.ceil(executions / facts.maxInFlight) + (facts.inFlight > 0 ? 0.5 : 0);
  return Math.round(rounds * usual);
}
