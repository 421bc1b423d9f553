// Windows and blackouts as an operator writes them (docs/plans.md), and what their words mean. No zone data here: see zone.ts.

export const WEEKDAYS = ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** Weekly hours by the clock of a place. `to` at or before `from` is a time of the next day; `24:00` is the end of the day. */
export interface MaintenanceWindow {
  days: readonly Weekday[];
  /** `HH:MM` */
  from: string;
  /** `HH:MM`, up to `24:00` */
  to: string;
  /** IANA name */
  timezone: string;
}

/** A span in which nothing starts. Without an offset of their own, `from` and `to` are read by the clock of `timezone`. */
export interface Blackout {
  from: string;
  to: string;
  /** IANA name; UTC when not given */
  timezone?: string | undefined;
}

/** Without windows it is always open; blackouts close it anyway. */
export interface WindowCalendar {
  windows?: readonly MaintenanceWindow[] | undefined;
  blackouts?: readonly Blackout[] | undefined;
}

export const MINUTE_MS = 60_000;
export const DAY_MS = 1_440 * MINUTE_MS;

const DAY_NAMES = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

/** `MON`, `Mon`, `mon`, `Tues`, `Monday`: at least three letters of an English day's name. */
export function weekdayOf(word: string): Weekday | undefined {
  const asked = word.trim().toLowerCase();
  return asked.length < 3 ? undefined : WEEKDAYS[DAY_NAMES.findIndex((name) => name.startsWith(asked))];
}

/** Minutes since midnight, 0 to 1,440, of `HH:MM` or `H:MM`. */
export function minuteOfDay(text: string): number | undefined {
  const match = /^(\d{1,2}):([0-5]\d)$/.exec(text.trim());
  if (!match) return undefined;
  const minute = Number(match[1]) * 60 + Number(match[2]);
  return minute <= 1_440 ? minute : undefined;
}

/** A date, or a date and time, as epoch ms of the same reading in UTC. */
export interface Moment {
  readingMs: number;
  /** Its own offset from UTC; absent when it is read by the clock of a zone. */
  offsetMs?: number;
  /** `2026-12-24`, without a time of day. */
  wholeDay: boolean;
}

const MOMENT = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):([0-5]\d)(?::([0-5]\d)(?:[.,]\d+)?)?(Z|[+-]\d\d(?::?[0-5]\d)?)?)?$/i;
const FARTHEST_OFFSET_MS = 18 * 60 * MINUTE_MS;

/** ISO 8601: `2026-12-24`, `2026-12-24T18:00`, `2026-12-24T18:00:00+01:00`, `2026-12-24 17:00Z`. Fractions of a second are dropped. */
export function momentOf(text: string): Moment | undefined {
  const match = MOMENT.exec(text.trim());
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, offset] = match;
  const midnight = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  const secondOfDay = Number(hour ?? 0) * 3_600 + Number(minute ?? 0) * 60 + Number(second ?? 0);
  // Date.UTC turns 30 February into 2 March, month 13 into January, and the year 26 into 1926.
  const exists =
    midnight.getUTCDate() === Number(day) && midnight.getUTCMonth() === Number(month) - 1 && midnight.getUTCFullYear() === Number(year);
  if (!exists || secondOfDay > 86_400) return undefined;
  const moment = { readingMs: midnight.getTime() + secondOfDay * 1_000, wholeDay: hour === undefined };
  if (offset === undefined) return moment;
  const offsetMs = offsetOf(offset);
  return Math.abs(offsetMs) > FARTHEST_OFFSET_MS ? undefined : { ...moment, offsetMs };
}

/** The reading at which a blackout ends: a `to` without a time of day includes that day. */
export function endReadingMs(to: Moment): number {
  return to.wholeDay ? to.readingMs + DAY_MS : to.readingMs;
}

/** Whether this machine's zone data know an IANA name, in any case; offsets such as `+02:00` have no daylight saving and are none. */
export function isTimeZone(name: string): boolean {
  if (!/^[a-z]/i.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone.length > 0;
  } catch {
    return false;
  }
}

function offsetOf(text: string): number {
  if (/^z$/i.test(text)) return 0;
  const digits = text.slice(1).replace(':', '').padEnd(4, '0');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return (text.startsWith('-') ? -minutes : minutes) * MINUTE_MS;
}
