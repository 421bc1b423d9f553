// The clock on the wall of a place: from what it reads to the instant, also where readings are skipped or come twice.
import { Temporal } from 'temporal-polyfill';
import { DAY_MS } from './text.js';

/** A time of one offset from UTC. It ends where the next one starts. */
interface OffsetSpan {
  startsAt: number;
  offsetMs: number;
}

/** The offsets of a zone, in order; the first is taken to have been since ever, the last to stay. */
export type WallClock = readonly OffsetSpan[];

/**
 * The first instant at which the clock has reached a reading (both epoch ms, the reading as if it were UTC). Of a reading that comes twice
 * this is the first; for a skipped one it is the instant of the leap, which reads the next existing minute.
 */
export function firstReaching(clock: WallClock, readingMs: number): number {
  for (let index = 0; index < clock.length; index += 1) {
    const span = clock[index];
    if (span && readingMs < endOf(clock, index) + span.offsetMs) return Math.max(span.startsAt, readingMs - span.offsetMs);
  }
  return Number.POSITIVE_INFINITY;
}

/** The last instant up to which the clock can be before a reading: the second, of a reading that comes twice. */
export function lastBefore(clock: WallClock, readingMs: number): number {
  for (let index = clock.length - 1; index >= 0; index -= 1) {
    const span = clock[index];
    if (span && span.startsAt + span.offsetMs < readingMs) return Math.min(endOf(clock, index), readingMs - span.offsetMs);
  }
  return Number.NEGATIVE_INFINITY;
}

/** How far a remembered clock reaches beyond what was asked, so that time passing does not make it be read again. */
const MARGIN_MS = 60 * DAY_MS;
const MOST_ZONES = 1_000;
/** Reading one change of a zone takes some 0.3 ms; a permit asks for ten zones of four. The zone data of a process do not change. */
const remembered = new Map<string, { fromMs: number; untilMs: number; clock: WallClock }>();

/** The clock of a zone, right from `fromMs` to `untilMs` at least. Throws a RangeError for a name that is no zone. */
export function wallClock(timezone: string, fromMs: number, untilMs: number): WallClock {
  const known = remembered.get(timezone);
  if (known && known.fromMs <= fromMs && untilMs <= known.untilMs) return known.clock;
  const wide = { fromMs: fromMs - MARGIN_MS, untilMs: untilMs + MARGIN_MS };
  const clock = readClock(timezone, wide.fromMs, wide.untilMs);
  if (remembered.size >= MOST_ZONES) remembered.clear();
  remembered.set(timezone, { ...wide, clock });
  return clock;
}

function readClock(timezone: string, fromMs: number, untilMs: number): WallClock {
  let at: Temporal.ZonedDateTime | null = Temporal.Instant.fromEpochMilliseconds(fromMs).toZonedDateTimeISO(timezone);
  const spans: OffsetSpan[] = [{ startsAt: Number.NEGATIVE_INFINITY, offsetMs: at.offsetNanoseconds / 1e6 }];
  for (at = at.getTimeZoneTransition('next'); at && at.epochMilliseconds <= untilMs; at = at.getTimeZoneTransition('next')) {
    spans.push({ startsAt: at.epochMilliseconds, offsetMs: at.offsetNanoseconds / 1e6 });
  }
  return spans;
}

function endOf(clock: WallClock, index: number): number {
  return clock[index + 1]?.startsAt ?? Number.POSITIVE_INFINITY;
}
