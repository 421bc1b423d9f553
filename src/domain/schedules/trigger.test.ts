import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  isCivilDate,
  isTimeOfDay,
  type ScheduleType,
  type Trigger,
  triggerProblem,
  WEEKDAYS,
  type Weekday,
  weekdayNumber,
  weekdayOf,
} from './trigger.js';

function trigger(scheduleType: ScheduleType, times: string, own: Partial<Trigger> = {}): Trigger {
  const [startDate = '', startTime = '', endDate = ''] = times.split(' ');
  return { scheduleType, startDate, startTime, endDate, ...own };
}

describe('a trigger that can fire', () => {
  test.each<[string, Trigger]>([
    ['once, on its day', trigger('ONE_TIME', '2026-05-11 07:25:00 2026-05-11')],
    ['daily, on its only day', trigger('DAILY', '2026-05-11 23:59:59 2026-05-11')],
    ['hourly, a second time in the last second', trigger('HOURLY', '2026-05-11 17:59:59 2026-05-11', { hourlyInterval: 6 })],
    ['hourly, over midnight', trigger('HOURLY', '2026-05-11 18:00 2026-05-12', { hourlyInterval: 12 })],
    ['weekly, on the first day', trigger('WEEKLY', '2026-05-11 08:00 2026-05-11', { daysOfWeek: ['MON'] })],
    ['weekly, on the last day', trigger('WEEKLY', '2026-05-11 08:00 2026-05-17', { daysOfWeek: ['SUN'] })],
    ['weekly, one of its days', trigger('WEEKLY', '2026-05-11 08:00 2026-05-12', { daysOfWeek: ['FRI', 'TUE'] })],
    ["monthly, as the document's sample", trigger('MONTHLY', '2022-05-12 07:25:00 2022-12-31', { recurrenceDate: 7, recurrenceMonth: 1 })],
    ['monthly, the 31st behind months that lack it', trigger('MONTHLY', '2026-02-01 08:00 2026-03-31', { recurrenceDate: 31 })],
    ['monthly, a leap day', trigger('MONTHLY', '2027-03-01 08:00 2028-02-29', { recurrenceDate: 29, recurrenceMonth: 12 })],
    [
      'every third month, counted from the start',
      trigger('MONTHLY', '2026-02-01 08:00 2026-03-31', { recurrenceDate: 1, recurrenceMonth: 3 }),
    ],
    [
      'every third month, counted from January',
      trigger('MONTHLY', '2026-02-10 08:00 2026-04-30', { recurrenceDate: 5, recurrenceMonth: 3 }),
    ],
  ])('%s', (_what, it) => {
    expect(triggerProblem(it)).toBeUndefined();
  });
});

describe('a trigger that cannot', () => {
  test.each<[string, Trigger, string, string]>([
    ['ends before it starts', trigger('ONE_TIME', '2026-05-11 07:25 2026-05-10'), 'endDate', '2026-05-10 is before the start, 2026-05-11'],
    [
      'ends before it starts, whatever its type',
      trigger('WEEKLY', '2026-05-11 07:25 2025-05-12', { daysOfWeek: ['MON'] }),
      'endDate',
      '2025-05-12 is before the start, 2026-05-11',
    ],
    [
      'names no day between start and end',
      trigger('WEEKLY', '2026-05-11 08:00 2026-05-14', { daysOfWeek: ['FRI', 'SUN'] }),
      'daysOfWeek',
      'no FRI or SUN between 2026-05-11 and 2026-05-14: it would never run',
    ],
    [
      'names the 31st in months that lack it',
      trigger('MONTHLY', '2026-04-01 08:00 2026-05-30', { recurrenceDate: 31 }),
      'recurrenceDate',
      'no month has its day 31 between 2026-04-01 and 2026-05-30: it would never run',
    ],
    [
      'names a leap day in a common year',
      trigger('MONTHLY', '2026-02-01 08:00 2026-02-28', { recurrenceDate: 29 }),
      'recurrenceDate',
      'no month has its day 29 between 2026-02-01 and 2026-02-28: it would never run',
    ],
    [
      'starts behind the day of the month and ends before the next',
      trigger('MONTHLY', '2026-05-08 08:00 2026-06-06', { recurrenceDate: 7 }),
      'recurrenceDate',
      'no month has its day 7 between 2026-05-08 and 2026-06-06: it would never run',
    ],
    [
      'leaves out the month, however it is counted',
      trigger('MONTHLY', '2026-02-10 08:00 2026-04-04', { recurrenceDate: 5, recurrenceMonth: 3 }),
      'recurrenceDate',
      'no month of every 3 has its day 5 between 2026-02-10 and 2026-04-04: it would never run',
    ],
    [
      'repeats beyond its end',
      trigger('HOURLY', '2026-05-11 18:00:00 2026-05-11', { hourlyInterval: 6 }),
      'hourlyInterval',
      '6 hours after 2026-05-11 18:00:00 is after the end, 2026-05-11: it would never repeat. Use a later endDate, or ONE_TIME',
    ],
  ])('%s', (_what, it, field, problem) => {
    expect(triggerProblem(it)).toEqual({ field, problem });
  });

  test('is one of which no day of its time is a firing, and no other', () => {
    const day = fc.integer({ min: 0, max: 900 }).map((days) => Date.UTC(2026, 0, 1) + days * 86_400_000);
    const weekly = fc.record({ daysOfWeek: fc.subarray([...WEEKDAYS], { minLength: 1 }) });
    const monthly = fc.record({ recurrenceDate: fc.integer({ min: 1, max: 31 }) });
    fc.assert(
      fc.property(day, fc.integer({ min: 0, max: 70 }), fc.oneof(weekly, monthly), (start, span, own) => {
        const days = Array.from({ length: span + 1 }, (_, index) => new Date(start + index * 86_400_000));
        const isFiring = (at: Date) =>
          'daysOfWeek' in own ? own.daysOfWeek.includes(SUNDAY_FIRST[at.getUTCDay()] ?? 'SUN') : at.getUTCDate() === own.recurrenceDate;
        const [first, last] = [days[0], days.at(-1)].map((at) => at?.toISOString().slice(0, 10));
        const it = trigger('daysOfWeek' in own ? 'WEEKLY' : 'MONTHLY', `${first} 08:00 ${last}`, own);
        expect(triggerProblem(it) === undefined).toBe(days.some(isFiring));
      }),
    );
  });
});

const SUNDAY_FIRST: readonly Weekday[] = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

test('days go by their names, or by the numbers that the documents count from Sunday', () => {
  expect(['mon', 'Tuesday', ' WED ', 1, '2', '7', 0, 8, 'Mo', 'soon', null].map(weekdayOf)).toEqual([
    ...['MON', 'TUE', 'WED', 'SUN', 'MON', 'SAT'],
    ...[undefined, undefined, undefined, undefined, undefined],
  ]);
  expect(WEEKDAYS.map((day) => weekdayNumber(day))).toEqual(['2', '3', '4', '5', '6', '7', '1']);
  expect(WEEKDAYS.map((day) => weekdayNumber(day, 'monday'))).toEqual(['1', '2', '3', '4', '5', '6', '7']);
});

test('dates and times are checked against the calendar and the clock', () => {
  expect(['2026-02-28', '2028-02-29', '2026-02-29', '2026-13-01', '2026-1-1', '20260101', 7].filter(isCivilDate)).toEqual([
    '2026-02-28',
    '2028-02-29',
  ]);
  expect(['00:00', '23:59:59', '24:00', '12:60', '12:00:60', '9:00', 7].filter(isTimeOfDay)).toEqual(['00:00', '23:59:59']);
});
