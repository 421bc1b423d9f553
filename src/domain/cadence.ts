// How long to wait before looking at all executions in flight again. A call is the scarce thing (300 an hour by default), so the
// cadence follows what this script's executions have taken: a verdict is seen at most a sixth of that late, and on average at
// least one execution finishes between two looks.

export interface CadenceFacts {
  /** `poll.interval`: never more often than this. */
  floorMs: number;
  inFlight: number;
  /** Local milliseconds since the newest of them was accepted. */
  youngestMs: number;
  /** Local milliseconds that recent executions of this script took to settle; empty when none was seen. */
  durationsMs: readonly number[];
  /** Share of the hour's calls that is spent, 0 to 1. */
  budgetSpent: number;
}

/** Below this share of spent budget the cadence is not stretched. */
const EASY_SHARE = 0.5;
const LONGEST_MS = 15 * 60_000;

export function pollDelayMs(facts: CadenceFacts): number {
  const usual = mean(facts.durationsMs);
  const learned = usual === undefined ? facts.youngestMs / 3 : Math.max(usual / 6, usual / Math.max(1, facts.inFlight));
  const stretch = 1 + 6 * Math.max(0, Math.min(1, facts.budgetSpent) - EASY_SHARE);
  return Math.round(Math.min(Math.max(facts.floorMs, learned * stretch), Math.max(LONGEST_MS, facts.floorMs)));
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
