// When a schedule fires, by the civil calendar alone: no zone, no clock (docs/qualys-api.md#schedules). Part of the workflow's bundle, as
// the request's schema is.
import { Temporal } from 'temporal-polyfill';

export const SCHEDULE_TYPES = ['ONE_TIME', 'HOURLY', 'DAILY', 'WEEKLY', 'MONTHLY'] as const;
export type ScheduleType = (typeof SCHEDULE_TYPES)[number];

/** In the order of ISO 8601: Monday is the first. */
export const WEEKDAYS = ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** Dates are `YYYY-MM-DD`, times `HH:mm` or `HH:mm:ss`, both valid. */
export interface Trigger {
  scheduleType: ScheduleType;
  startDate: string;
  startTime: string;
  endDate: string;
  hourlyInterval?: number | undefined;
  daysOfWeek?: readonly Weekday[] | undefined;
  /** Day of the month. */
  recurrenceDate?: number | undefined;
  /** Every n-th month (docs/qualys-api.md#schedules). */
  recurrenceMonth?: number | undefined;
}

/** What is wrong with a schedule, and in which of its fields. */
export interface ScheduleProblem {
  field: string;
  problem: string;
}

/**
 * Why the trigger would not do what its type says: it ends before it starts, no firing lies in its time, or it never repeats. Qualys
 * answers such with 400.
 */
export function triggerProblem(trigger: Trigger): ScheduleProblem | undefined {
  const { startDate, endDate, scheduleType } = trigger;
  if (Temporal.PlainDate.compare(endDate, startDate) < 0) {
    return { field: 'endDate', problem: `${endDate} is before the start, ${startDate}` };
  }
  if (scheduleType === 'WEEKLY') return weeklyProblem(trigger);
  if (scheduleType === 'MONTHLY') return monthlyProblem(trigger);
  return scheduleType === 'HOURLY' ? hourlyProblem(trigger) : undefined;
}

export function isCivilDate(value: unknown): value is string {
  return typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) && parses(() => Temporal.PlainDate.from(value));
}

export function isTimeOfDay(value: unknown): value is string {
  return typeof value === 'string' && /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/.test(value);
}

/**
 * A weekday by its name in English, whole or its first three letters, or as the document counts: 1 is Sunday
 * (docs/qualys-api.md#schedules).
 */
export function weekdayOf(word: unknown): Weekday | undefined {
  const text = String(word).trim().toUpperCase();
  if (/^[1-7]$/.test(text)) return WEEKDAYS[(Number(text) + 5) % 7];
  const found = WEEKDAYS.findIndex((day, index) => text === day || text === LONG_NAMES[index]);
  return WEEKDAYS[found];
}

/**
 * The scheduler's number of a day, as text. Which day it calls the first is in no document; Quartz, whose words its errors are, begins on
 * Sunday.
 */
export function weekdayNumber(day: Weekday, first: 'sunday' | 'monday' = 'sunday'): string {
  const iso = WEEKDAYS.indexOf(day);
  return String(first === 'monday' ? iso + 1 : ((iso + 1) % 7) + 1);
}

const LONG_NAMES = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY'];

function weeklyProblem({ startDate, endDate, daysOfWeek = [] }: Trigger): ScheduleProblem | undefined {
  const start = Temporal.PlainDate.from(startDate);
  const first = (day: Weekday) => start.add({ days: (WEEKDAYS.indexOf(day) + 8 - start.dayOfWeek) % 7 });
  if (daysOfWeek.some((day) => Temporal.PlainDate.compare(first(day), endDate) <= 0)) return undefined;
  return { field: 'daysOfWeek', problem: `no ${daysOfWeek.join(' or ')} between ${startDate} and ${endDate}: it would never run` };
}

/** Where every n-th month begins to count, at the start's or at January, is in no document: refused is what fires by neither. */
function monthlyProblem({ startDate, endDate, recurrenceDate = 1, recurrenceMonth = 1 }: Trigger): ScheduleProblem | undefined {
  const start = Temporal.PlainDate.from(startDate);
  for (let months = 0; ; months += 1) {
    const month = start.toPlainYearMonth().add({ months });
    if (Temporal.PlainDate.compare(month.toPlainDate({ day: 1 }), endDate) > 0) break;
    if (months % recurrenceMonth !== 0 && (month.month - 1) % recurrenceMonth !== 0) continue;
    if (recurrenceDate > month.daysInMonth) continue;
    const day = month.toPlainDate({ day: recurrenceDate });
    if (Temporal.PlainDate.compare(day, start) >= 0 && Temporal.PlainDate.compare(day, endDate) <= 0) return undefined;
  }
  const which = recurrenceMonth === 1 ? 'no month' : `no month of every ${recurrenceMonth}`;
  return {
    field: 'recurrenceDate',
    problem: `${which} has its day ${recurrenceDate} between ${startDate} and ${endDate}: it would never run`,
  };
}

function hourlyProblem({ startDate, startTime, endDate, hourlyInterval = 1 }: Trigger): ScheduleProblem | undefined {
  const start = Temporal.PlainDateTime.from(`${startDate}T${startTime}`);
  const end = Temporal.PlainDateTime.from(`${endDate}T23:59:59`);
  if (hourlyInterval * 3_600 <= start.until(end, { largestUnit: 'second' }).seconds) return undefined;
  const problem = `${hourlyInterval} hours after ${startDate} ${startTime} is after the end, ${endDate}: it would never repeat. Use a later endDate, or ONE_TIME`;
  return { field: 'hourlyInterval', problem };
}

function parses(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}
