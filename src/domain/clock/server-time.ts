// Qualys' clock, estimated from the `Date` of its answers. Any one of them may be wrong (a machine behind the gateway whose clock is
// off, a cache, a proxy), so no single one counts: the estimate is the median over the latest, and goes on by our own clock.
// In earnest server time passes as ours does; a simulator may run faster, so the rate is measured where it is plainly not one.

/** One answer: when it came by the ledger's clock, and what its `Date` said. */
export interface ClockSample {
  local: number;
  server: number;
}

export interface ClockMemory {
  /** Oldest first, one at least. */
  samples: readonly ClockSample[];
  /** How often the estimate has moved further than a clock drifts. */
  jumps: number;
  /** The ledger's clock when it last did, or when the first answer came. */
  jumpedAt: number;
}

export interface ClockReading {
  /** Server time now. */
  now: number;
  /** Server milliseconds in a local one: 1 in earnest. */
  rate: number;
  jumps: number;
  /** Server time that has passed since the estimate last jumped. */
  steadyMs: number;
  /** The same by the latest answer alone. */
  latest: number;
  /** Not later than the true server time, though several of the latest answers were ahead; at most an hour before the estimate. */
  earliest: number;
}

/**
 * Odd, so that the median is one of them; many enough that a fifth of lies cannot reach it, few enough that a set clock is followed soon.
 */
const SAMPLES_KEPT = 31;
/** Once that many are kept, one a second is enough: a burst of answers would leave no span to tell a rate from. */
const APART_MS = 1_000;
/** As many answers in a row that agree with each other and not with the estimate are no liars: the clock was set. */
const AGREEING = 5;
/** Answers this far from the estimate are lies, or a clock that was set; by the local clock, which is how they come to be late. */
const TOLERANCE_MS = 30_000;
/** Two machines behind one gateway may disagree by seconds: only what exceeds this is passing time. */
const SKEW_MS = 10_000;
/** Clocks that drift are not faster clocks. */
const PLAINLY_FASTER = 2;
/** With fewer answers our own clock has a say in what is the earliest. */
const FEW = 3;
const LONGEST_BACK_MS = 3_600_000;
/** What was stamped this much later than now was stamped before a jump. */
const ANOTHER_TIME_MS = 600_000;

export function observed(memory: ClockMemory | undefined, sample: ClockSample): ClockMemory {
  const [first] = memory?.samples ?? [];
  if (!memory || !first) return { samples: [sample], jumps: memory?.jumps ?? 0, jumpedAt: sample.local };
  const all = [...memory.samples, sample];
  const recent = all.slice(-AGREEING);
  const isSet =
    recent.length === AGREEING && recent.every((one) => isFar(one, memory.samples)) && !recent.some((one) => isFar(one, recent));
  const samples = isSet ? recent : all.slice(-SAMPLES_KEPT);
  const movedMs = Math.abs(estimate(samples, sample.local) - estimate(memory.samples, sample.local));
  const hasJumped = movedMs > toleranceOf(Math.max(rateOf(samples), rateOf(memory.samples)));
  return { samples, jumps: memory.jumps + Number(hasJumped), jumpedAt: hasJumped ? sample.local : memory.jumpedAt };
}

/** False for an answer that would add nothing: there are enough, and the last is less than a second old. */
export function isWorthKeeping({ samples }: ClockMemory, local: number): boolean {
  const last = samples.at(-1)?.local ?? 0;
  return samples.length < SAMPLES_KEPT || local < last || local - last >= APART_MS;
}

/** Before any answer Qualys' clock is taken to be ours. */
export function readClock(memory: ClockMemory | undefined, local: number): ClockReading {
  if (!memory || memory.samples.length === 0)
    return { now: local, rate: 1, jumps: memory?.jumps ?? 0, steadyMs: 0, latest: local, earliest: local };
  const { samples, jumps, jumpedAt } = memory;
  const rate = rateOf(samples);
  const now = Math.round(estimate(samples, local));
  const recent = samples.slice(-AGREEING).map((sample) => sample.server + (local - sample.local) * rate);
  const lowest = Math.min(now, ...recent, ...(samples.length < FEW ? [local] : []));
  const earliest = Math.round(Math.max(lowest, now - LONGEST_BACK_MS));
  return { now, rate, jumps, steadyMs: Math.max(0, (local - jumpedAt) * rate), latest: Math.round(recent.at(-1) ?? now), earliest };
}

/**
 * How old is what was read between two readings of the clock: at least this much time had passed. The first reading alone may be ahead,
 * had the machine's clock been set while nobody was there to notice; what was read came with a `Date` of its own.
 */
export function between(before: ClockReading, after: ClockReading): Pick<ClockReading, 'now' | 'steadyMs'> {
  return { now: Math.min(before.now, after.latest), steadyMs: Math.min(before.steadyMs, after.steadyMs) };
}

/**
 * Server time that has passed since an instant of Qualys' clock: both by the estimate and since it last jumped. So nothing ends across
 * a jump that only seems to have lasted. An instant far ahead was stamped before a jump, and is as old as that.
 */
export function elapsedMs({ now, steadyMs }: Pick<ClockReading, 'now' | 'steadyMs'>, since: number): number {
  return since > now + ANOTHER_TIME_MS ? steadyMs : Math.min(now - since, steadyMs);
}

function estimate(samples: readonly ClockSample[], local: number): number {
  const rate = rateOf(samples);
  return local * rate + lowerMedian(samples.map((sample) => sample.server - sample.local * rate));
}

/** The median over pairs half of the samples apart: a lie spoils its own pair, or two of them in opposite directions. */
function rateOf(samples: readonly ClockSample[]): number {
  const half = Math.floor(samples.length / 2);
  const pairs = samples.slice(half).flatMap((later, index) => {
    const earlier = samples[index];
    return earlier && later.local > earlier.local ? [{ passedMs: later.server - earlier.server, spanMs: later.local - earlier.local }] : [];
  });
  if (samples.length < AGREEING || pairs.length < FEW) return 1;
  const plainly = lowerMedian(pairs.map(({ passedMs, spanMs }) => (passedMs - SKEW_MS) / spanMs));
  return plainly >= PLAINLY_FASTER ? lowerMedian(pairs.map(({ passedMs, spanMs }) => passedMs / spanMs)) : 1;
}

function isFar({ local, server }: ClockSample, samples: readonly ClockSample[]): boolean {
  return Math.abs(server - estimate(samples, local)) > toleranceOf(rateOf(samples));
}

function toleranceOf(rate: number): number {
  return TOLERANCE_MS * rate;
}

/** Of an even number the lower one: what is not known yet has not passed yet. */
function lowerMedian(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;
}
