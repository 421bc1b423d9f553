// The ledger's clock: the machine's, but for the steps in which that is set. Time never goes back, and a step forward passes no deadline,
// empties no sliding window and shortens no wait that was told: what has really passed is measured by a clock that nobody sets.

/** Milliseconds of three clocks, read together. */
export interface ClockTriple {
  /** Epoch milliseconds: may be set at any time. */
  wall: number;
  /** Never set; may stand still while the machine sleeps. */
  monotonic: number;
  /** Never set, and goes on while the machine sleeps: it tells a sleep from a step. */
  uptime: number;
}

/**
 * How far the ledger's clock is ahead of the machine's, and since when by the machine's: all processes of a ledger use the same.
 */
export interface ClockOffset {
  ms: number;
  since: number;
}

export interface SteadyClock {
  readonly base: ClockTriple;
  offset: ClockOffset;
  /** The latest instant that was read. */
  highest: number;
}

/** What a clock daemon corrects without setting the clock stays below. */
const STEP_MS = 2_000;
/** A clock that was set back is waited for at this share of the pace: longer waits do no harm. */
const SLOWER = 0.1;
/** A clock that was set forward is caught up with at this share: 3.6 s an hour, so that no requested wait is noticeably cut short. */
const FASTER = 0.001;
/** A process that starts this long after the clock was set forward takes it over, and with it all others. */
export const TAKEN_OVER_AFTER_MS = 3_600_000;
/** Apart by more, one of the clocks was plainly wrong, and the machine's is the one that people have put right. */
const PLAINLY_WRONG_MS = 3_600_000;

export const NO_OFFSET: ClockOffset = { ms: 0, since: 0 };

/** A process starts. `mark`: an instant that the ledger's clock has shown before; it was set back meanwhile if it shows less now. */
export function startClock(read: ClockTriple, { offset, mark }: { offset: ClockOffset; mark: number }): SteadyClock {
  const isOld = offset.ms < 0 && read.wall - offset.since >= TAKEN_OVER_AFTER_MS;
  const known = isOld ? { ms: 0, since: read.wall } : offset;
  const at = read.wall + offsetAt(known, read.wall);
  const missingMs = mark - at;
  const kept = missingMs > 0 ? { ms: offsetAt(known, read.wall) + missingMs, since: read.wall } : known;
  return { base: read, offset: kept, highest: Math.max(at, mark) };
}

/** The clock as of this reading. A step of the machine's clock moves the offset instead. */
export function afterReading(clock: SteadyClock, read: ClockTriple): SteadyClock {
  const { base } = clock;
  const shownMs = read.wall - base.wall;
  const awakeMs = read.monotonic - base.monotonic;
  const passedMs = Math.abs(shownMs - awakeMs) <= STEP_MS ? shownMs : nearer(shownMs, [awakeMs, read.uptime - base.uptime]);
  const stepMs = shownMs - passedMs;
  const offset = Math.abs(stepMs) <= STEP_MS ? clock.offset : { ms: offsetAt(clock.offset, read.wall - stepMs) - stepMs, since: read.wall };
  return { base: read, offset, highest: Math.max(clock.highest, read.wall + offsetAt(offset, read.wall)) };
}

/** How far ahead it is at this instant of the machine's clock. */
export function offsetAt({ ms, since }: ClockOffset, wall: number): number {
  const sinceMs = Math.max(0, wall - since);
  return ms > 0 ? Math.max(0, ms - sinceMs * SLOWER) : Math.min(0, ms + sinceMs * FASTER);
}

/** What may be the time by people's clocks, by which a window is told: it has to be open at each of these. */
export function peoplesInstants(now: number, wall: number): number[] {
  return Math.abs(wall - now) > PLAINLY_WRONG_MS ? [wall] : [now, wall];
}

export function isSameOffset(one: ClockOffset, other: ClockOffset): boolean {
  return one.ms === other.ms && one.since === other.since;
}

function nearer(value: number, candidates: readonly number[]): number {
  return candidates.reduce((best, candidate) => (Math.abs(candidate - value) < Math.abs(best - value) ? candidate : best));
}
