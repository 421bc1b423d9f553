// From weekly hours to spans of time: windows unrolled, blackouts taken out, what touches joined. Epoch ms throughout, ends excluded.
import {
  type Blackout,
  DAY_MS,
  endReadingMs,
  type MaintenanceWindow,
  MINUTE_MS,
  type Moment,
  minuteOfDay,
  momentOf,
  WEEKDAYS,
  type WindowCalendar,
} from './text.js';
import { firstReaching, lastBefore, type WallClock, wallClock } from './zone.js';

export interface Opening {
  opensAt: number;
  /** Absent when it stays open beyond the end of the search. */
  closesAt?: number;
  /** The places in `windows` that make it up, ascending; empty when the calendar has no windows. */
  windowIndexes: number[];
}

interface Span {
  from: number;
  to: number;
  windowIndexes: number[];
}

/**
 * The farthest a reading is from the instant: no offset is beyond 16 h, an opening lasts 24 h of the clock, and zones have moved by a day.
 */
const SLACK_DAYS = 4;
/** Weeks repeat: most questions are answered by the first days, few by the first month. */
const FIRST_STEP_MS = 4 * DAY_MS;
/** What has been open for more than a week of weekly windows is not going to close. */
const OVERRUN_MS = 8 * DAY_MS;

/** The openings that begin before `untilMs`, in order, apart from each other. One that is under way at `fromMs` opens there. */
export function* openings(calendar: WindowCalendar, fromMs: number, untilMs: number): Generator<Opening, void> {
  const searchEnd = untilMs + OVERRUN_MS;
  const blackouts = blackoutSpans(calendar.blackouts ?? [], fromMs, searchEnd);
  const windows = unrolledBy(calendar.windows ?? [], fromMs, searchEnd);
  let held: Span | undefined;
  for (let at = fromMs, step = FIRST_STEP_MS; at < searchEnd; at += step, step *= 4) {
    const end = Math.min(at + step, searchEnd);
    const spans = joined([...(held ? [held] : []), ...without(windows(at, end), blackouts)]);
    // What touches the end of a step may go on in the next one.
    held = spans.at(-1)?.to === end ? spans.pop() : undefined;
    for (const { from, to, windowIndexes } of spans) {
      if (from >= untilMs) return;
      yield { opensAt: from, closesAt: to, windowIndexes: ascending(windowIndexes) };
    }
  }
  if (held && held.from < untilMs) yield { opensAt: held.from, windowIndexes: ascending(held.windowIndexes) };
}

/** The blackouts that touch a span, joined and in order. */
export function blackoutSpans(blackouts: readonly Blackout[], fromMs: number, untilMs: number): { from: number; to: number }[] {
  const spans = blackouts.flatMap(({ from, to, timezone = 'UTC' }) => {
    const [start, end] = [asMoment(from), asMoment(to)];
    const far = SLACK_DAYS * DAY_MS;
    if (endReadingMs(end) + far < fromMs || start.readingMs - far > untilMs) return [];
    // The clock is right around the search; how far before it a blackout began, or how long after it ends, changes nothing.
    const clock = (): WallClock => clockAround(timezone, fromMs, untilMs);
    // Of two readings alike the blackout takes both: where there is doubt, nothing starts.
    const startsAt = start.offsetMs === undefined ? firstReaching(clock(), start.readingMs) : start.readingMs - start.offsetMs;
    const endsAt = end.offsetMs === undefined ? lastBefore(clock(), endReadingMs(end)) : end.readingMs - end.offsetMs;
    return startsAt < endsAt && endsAt > fromMs && startsAt < untilMs ? [{ from: startsAt, to: endsAt, windowIndexes: [] }] : [];
  });
  return joined(spans);
}

function unrolledBy(windows: readonly MaintenanceWindow[], fromMs: number, untilMs: number): (from: number, to: number) => Span[] {
  const roundTheClock = windows.flatMap((window, index) => (isRoundTheClock(window) ? [index] : []));
  if (windows.length === 0 || roundTheClock.length > 0) return (from, to) => [{ from, to, windowIndexes: roundTheClock }];
  const hours = windows.map((window, index) => ({
    ...hoursOf(window),
    windowIndexes: [index],
    clock: clockAround(window.timezone, fromMs, untilMs),
  }));
  return (from, to) => hours.flatMap((window) => unrolled(window, from, to));
}

/** Its days touch each other, whatever the clock does: unrolled they would be followed to the end of the search. */
function isRoundTheClock({ days, from, to }: MaintenanceWindow): boolean {
  return WEEKDAYS.every((day) => days.includes(day)) && minuteOfDay(from) === 0 && minuteOfDay(to) === 1_440;
}

interface Hours {
  weekdays: readonly boolean[];
  fromMs: number;
  /** From the midnight at which the opening's day begins: more than a day when it is crossed. */
  toMs: number;
}

function hoursOf(window: MaintenanceWindow): Hours {
  const fromMs = (minuteOfDay(window.from) ?? 0) * MINUTE_MS;
  const toMs = (minuteOfDay(window.to) ?? 0) * MINUTE_MS;
  return { weekdays: WEEKDAYS.map((day) => window.days.includes(day)), fromMs, toMs: toMs > fromMs ? toMs : toMs + DAY_MS };
}

/**
 * The openings of one window that touch a span, cut to it. A window whose hours were all skipped has none that day, and a day that was
 * skipped whole (Pacific/Apia, 30 December 2011) has none at all: a night of that day would else open beside the next day's.
 */
function unrolled(window: Hours & { clock: WallClock; windowIndexes: number[] }, from: number, to: number): Span[] {
  const spans: Span[] = [];
  const last = Math.ceil(to / DAY_MS) + SLACK_DAYS;
  for (let day = Math.floor(from / DAY_MS) - SLACK_DAYS; day <= last; day += 1) {
    // 1 January 1970 was a Thursday.
    if (!window.weekdays[(((day + 3) % 7) + 7) % 7]) continue;
    const opensAt = Math.max(from, firstReaching(window.clock, day * DAY_MS + window.fromMs));
    const closesAt = Math.min(to, firstReaching(window.clock, day * DAY_MS + window.toMs));
    if (opensAt >= closesAt || firstReaching(window.clock, day * DAY_MS) === firstReaching(window.clock, (day + 1) * DAY_MS)) continue;
    spans.push({ from: opensAt, to: closesAt, windowIndexes: window.windowIndexes });
  }
  return spans;
}

function without(spans: readonly Span[], blackouts: readonly { from: number; to: number }[]): Span[] {
  return spans.flatMap((span) => {
    const left: Span[] = [];
    let from = span.from;
    for (const blackout of blackouts) {
      if (blackout.to <= from) continue;
      if (blackout.from >= span.to) break;
      if (blackout.from > from) left.push({ ...span, from, to: blackout.from });
      from = blackout.to;
    }
    if (from < span.to) left.push({ ...span, from });
    return left;
  });
}

/** Overlapping and touching spans made one, in order. */
function joined(spans: readonly Span[]): Span[] {
  const all: Span[] = [];
  for (const span of [...spans].sort((one, other) => one.from - other.from)) {
    const before = all.at(-1);
    if (!before || span.from > before.to) {
      all.push({ ...span, windowIndexes: [...span.windowIndexes] });
      continue;
    }
    before.to = Math.max(before.to, span.to);
    for (const index of span.windowIndexes) if (!before.windowIndexes.includes(index)) before.windowIndexes.push(index);
  }
  return all;
}

function clockAround(timezone: string, fromMs: number, untilMs: number): WallClock {
  return wallClock(timezone, fromMs - SLACK_DAYS * 2 * DAY_MS, untilMs + SLACK_DAYS * 2 * DAY_MS);
}

function ascending(indexes: readonly number[]): number[] {
  return [...indexes].sort((one, other) => one - other);
}

function asMoment(text: string): Moment {
  const moment = momentOf(text);
  if (!moment)
    throw new RangeError(`"${text}" is not a valid time of a blackout: use a date, or a date and time, such as 2026-12-24T18:00`);
  return moment;
}
