// `windows` and `blackouts` of a campaign plan (docs/plans.md). Which instants they mean is computed in an activity:
// src/domain/calendar/windows.ts.
import { z } from 'zod';
import { clipped } from '../domain/basics/well-formed.js';
import { endReadingMs, isTimeZone, minuteOfDay, momentOf, WEEKDAYS, type Weekday, weekdayOf } from '../domain/calendar/text.js';
import { list } from './text.js';

/** What a user wrote, as a message quotes it. */
function quoted(value: unknown): string {
  return clipped(JSON.stringify(value) ?? String(value), 60);
}

const TimeZone = z
  .string('must be an IANA time zone, such as "Europe/Berlin" or "UTC"')
  .trim()
  .max(100)
  .refine(isTimeZone, {
    error: (issue) => `${quoted(issue.input)} is not an IANA time zone: use a name such as "Europe/Berlin", "America/New_York" or "UTC"`,
  });

const Day = z
  .string('must be a day of the week, such as "MON"')
  .max(20)
  .refine((word) => weekdayOf(word) !== undefined, {
    error: (issue) => `${quoted(issue.input)} is not a day of the week: use ${WEEKDAYS.join(', ')}, or English names`,
  })
  .transform((word) => weekdayOf(word) as Weekday);

/** A time of day up to `lastMinute` (minutes since midnight), normalised to `HH:MM`. */
function timeOfDay(lastMinute: number, example: string) {
  return z
    .string(`must be a time of day, HH:MM, such as "${example}"`)
    .max(20)
    .refine((text) => (minuteOfDay(text) ?? Number.POSITIVE_INFINITY) <= lastMinute, {
      error: (issue) => `${quoted(issue.input)} is not a time of day: use HH:MM, such as "${example}"`,
    })
    .transform((text) => text.trim().padStart(5, '0'));
}

const SAME_TIME = 'equals `from`: for a whole day use 00:00 to 24:00';

export const WindowSchema = z
  .strictObject({
    days: list(Day, 7, 'must be a list of days of the week, such as [SAT, SUN]')
      .min(1, 'name at least one day of the week')
      .transform((days) => WEEKDAYS.filter((day) => days.includes(day))),
    from: timeOfDay(1_439, '22:00'),
    to: timeOfDay(1_440, '06:00'),
    timezone: TimeZone,
  })
  .refine(({ from, to }) => minuteOfDay(from) !== minuteOfDay(to), {
    path: ['to'],
    error: SAME_TIME,
    when: ({ value }) => has(value, minuteOfDay),
  });

const MOMENT = 'must be a date, or a date and time in ISO 8601, such as "2026-12-24T18:00" or "2026-12-24T17:00Z"';
const MomentText = z
  .string(MOMENT)
  .trim()
  .max(40)
  .refine((text) => momentOf(text) !== undefined, { error: (issue) => `${quoted(issue.input)} ${MOMENT}` });

export const BlackoutSchema = z
  .strictObject({ from: MomentText, to: MomentText, timezone: TimeZone.default('UTC') })
  .refine((blackout) => blackoutProblem(blackout) === undefined, {
    path: ['to'],
    error: (issue) => blackoutProblem(issue.input as { from: string; to: string }) ?? MOMENT,
    when: ({ value }) => has(value, momentOf),
  });

/** Compared without zone data, so that a workflow's replay with newer ones decides alike. */
function blackoutProblem(blackout: { from: string; to: string }): string | undefined {
  const [from, to] = [momentOf(blackout.from), momentOf(blackout.to)];
  if (!from || !to) return undefined;
  if ((from.offsetMs === undefined) !== (to.offsetMs === undefined)) {
    return `${blackout.to} cannot be compared with ${blackout.from}: write both with a UTC offset, or both without`;
  }
  if (from.readingMs - (from.offsetMs ?? 0) < endReadingMs(to) - (to.offsetMs ?? 0)) return undefined;
  return `${blackout.to} must be after ${blackout.from}`;
}

/** Whether `from` and `to` can be read, so that they are compared even when something else of the object is wrong. */
function has(value: unknown, read: (text: string) => unknown): boolean {
  if (typeof value !== 'object' || value === null || !('from' in value) || !('to' in value)) return false;
  return [value.from, value.to].every((text) => typeof text === 'string' && read(text) !== undefined);
}
