// When to look again at all executions in flight. A call is the scarce thing (300 an hour by default), so a look is made when it likely has
// enough to tell: by the learned curve of what this script's executions take (likely-over.ts), and by what the calls that are left have to
// be enough for.
import { type Curve, type InFlight, isOverdue, whenLikelyOver } from './likely-over.js';

export interface CadenceFacts {
  /** `poll.interval`: never more often than this. */
  floorMs: number;
  /** Executions that are watched. Those with a slot where any has one: stragglers alone bring nobody a look. */
  inFlight: readonly InFlight[];
  /** Local milliseconds since the last look, or since the first acceptance where there was none. */
  sinceLookMs: number;
  /** True while assets wait for a slot. */
  assetsWait: boolean;
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
  /** Executions in flight that hold a slot, over all runs of the ledger. */
  slots: number;
  /** Runs that watch executions, this one among them. */
  watchers: number;
  /** How long this run is likely to go on; undefined while nothing is learned. */
  remainingMs?: number | undefined;
}

/** No script is done and indexed sooner than this, by Qualys' clock. */
const FIRST_LOOK_MS = 15_000;
const LONGEST_MS = 15 * 60_000;

/** While none waits: a look when this share has likely ended, less a part of one: a third of a lone one. */
const SHARE_WHILE_NONE_WAITS = 0.45;
const PART_OF_ONE = 0.12;
/** … and, of n in flight, not within this share of the usual time times ∜n of the last: a sixth for one, two fifths for forty. */
const GAP_WHILE_NONE_WAITS = 1 / 6;
const GAP_OVERDUE = 1 / 3;
/** While assets wait and calls last: of n in flight this many times √n, where n slots that idle cost about as much as the call. */
const WHILE_ASSETS_WAIT = 0.8;
/** Where calls do not last: all but those that take longest. */
const NEARLY_ALL = 0.95;

/** Milliseconds from now until the next look; 0 when it is due. */
export function pollDelayMs(facts: CadenceFacts): number {
  const { floorMs, sinceLookMs, budget, assetsWait } = facts;
  const learned = facts.inFlight.length === 0 ? 0 : assetsWait ? whileAssetsWait(facts) : whileNoneWaits(facts);
  const stretched = assetsWait ? learned : Math.max(learned, lastingMs(budget) - sinceLookMs);
  const delayMs = Math.max(floorMs - sinceLookMs, stretched);
  return Math.max(0, Math.round(Math.min(delayMs, Math.max(LONGEST_MS, floorMs) - sinceLookMs)));
}

/** As {@link pollDelayMs}, where nothing is known but how long it has been waited for: half of that again. */
export function ageingDelayMs({
  floorMs,
  ageMs,
  clockRate,
  budget,
}: Pick<CadenceFacts, 'floorMs' | 'clockRate' | 'budget'> & { ageMs: number }): number {
  const delayMs = Math.max(floorMs, FIRST_LOOK_MS / clockRate, ageMs / 2, lastingMs(budget));
  return Math.round(Math.min(delayMs, Math.max(LONGEST_MS, floorMs)));
}

function whileNoneWaits(facts: CadenceFacts): number {
  const { durationsMs, sinceLookMs, inFlight } = facts;
  const curve = curveOf(facts);
  const gapMs = (mean(durationsMs) ?? 0) * GAP_WHILE_NONE_WAITS * inFlight.length ** 0.25;
  const whenMs = whenLikelyOver(curve, inFlight, { count: enoughOf(inFlight.length), longestMs: LONGEST_MS });
  return Math.max(Math.min(whenMs, ifOverdueMs(curve, inFlight)), gapMs - sinceLookMs);
}

/** Where all that is left has taken longer than any before: a third of its age after the look that found it open. */
function ifOverdueMs(curve: Curve, inFlight: readonly InFlight[]): number {
  if (!inFlight.every((one) => isOverdue(curve, one))) return Number.POSITIVE_INFINITY;
  return Math.min(...inFlight.map(({ ageMs, openAtMs }) => openAtMs * (1 + GAP_OVERDUE) - ageMs));
}

/**
 * A slot whose execution is over idles until the look that finds it. The share of those in flight that is waited for is the smallest with
 * which the calls last as long as the slots have work: where calls are plenty a call for few, where they are what the work waits for as
 * few looks as there can be.
 */
function whileAssetsWait(facts: CadenceFacts): number {
  const curve = curveOf(facts);
  const punctual = facts.inFlight.filter((one) => !isOverdue(curve, one));
  const counted = punctual.length > 0 ? punctual : facts.inFlight;
  const count = shareWorthALook(facts) * counted.length;
  return Math.min(whenLikelyOver(curve, counted, { count, longestMs: LONGEST_MS }), ifOverdueMs(curve, counted));
}

/** The share of those in flight that is to be likely over before a look is worth a call, while assets wait. */
export function shareWorthALook({ inFlight, durationsMs, budget }: Pick<CadenceFacts, 'inFlight' | 'durationsMs' | 'budget'>): number {
  const least = Math.min(NEARLY_ALL, WHILE_ASSETS_WAIT / Math.sqrt(Math.max(1, inFlight.length)));
  const usual = mean(durationsMs);
  if (usual === undefined || budget.unsentExecutions === 0) return least;
  const slots = Math.max(1, budget.slots, inFlight.length);
  for (let share = least; share < NEARLY_ALL; share += 0.05) {
    // A slot idles for half of the time in which the others end, on average.
    const neededMs = (budget.unsentExecutions / slots) * usual * (1 + share / 2);
    const calls = budget.unsentExecutions * (1 + 1 / Math.max(1, share * slots));
    if (calls <= callsWithin(budget, neededMs)) return share;
  }
  return NEARLY_ALL;
}

/** What is left, and what comes back of the calls of the last window and of those made meanwhile. */
export function callsWithin({ left, perWindow, windowMs }: CallBudget, ms: number): number {
  const windows = ms / windowMs;
  return left + (perWindow - left) * Math.min(1, windows) + perWindow * Math.max(0, windows - 1);
}

/** The interval at which this run's share of the calls lasts until it is done. */
function lastingMs({ left, perWindow, windowMs, unsentExecutions, watchers, remainingMs }: CallBudget): number {
  if (remainingMs === undefined) return 0;
  const comingBack = (perWindow * Math.max(0, remainingMs - windowMs)) / windowMs;
  const polls = (left + comingBack - unsentExecutions) / Math.max(1, watchers);
  return polls > 0 ? remainingMs / polls : LONGEST_MS;
}

function enoughOf(inFlight: number): number {
  return SHARE_WHILE_NONE_WAITS * inFlight - PART_OF_ONE;
}

/** The more are in flight of which nothing is known, the more one look at all of them is to tell: the first comes after 15 s × √n. */
function curveOf({ durationsMs, clockRate, inFlight }: CadenceFacts): Curve {
  const n = Math.max(1, inFlight.length);
  const scaleMs = ((1 - enoughOf(n) / n) * FIRST_LOOK_MS * Math.sqrt(n)) / clockRate;
  return { sortedMs: durationsMs.toSorted((one, other) => one - other), scaleMs };
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
