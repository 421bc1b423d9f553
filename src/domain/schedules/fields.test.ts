import { describe, expect, test } from '@jest/globals';
import { fieldProblems } from './fields.js';

describe('the fields of a schedule', () => {
  test.each<[string, Record<string, unknown>]>([
    ['ONE_TIME without any', { scheduleType: 'ONE_TIME' }],
    ['HOURLY with its interval', { scheduleType: 'HOURLY', hourlyInterval: 6 }],
    ['DAILY without any', { scheduleType: 'DAILY' }],
    ['WEEKLY with days and an end', { scheduleType: 'WEEKLY', daysOfWeek: ['MON'], endDate: '2026-12-31' }],
    ['WEEKLY on its only day', { scheduleType: 'WEEKLY', daysOfWeek: ['MON'], startDate: '2026-05-11' }],
    ['MONTHLY with a day and an end', { scheduleType: 'MONTHLY', recurrenceDate: 31, endDate: '2026-12-31' }],
    ['a type that is none, which the schema names', { scheduleType: 'ONCE', hourlyInterval: 1 }],
    ['a date that is none, which the schema names', { scheduleType: 'ONE_TIME', startDate: '2026-02-30', endDate: '2026-01-01' }],
  ])('%s have no problem', (_what, asked) => {
    expect(fieldProblems(asked)).toEqual([]);
  });

  test.each<[string, Record<string, unknown>, Record<string, string>]>([
    [
      'of another type',
      { scheduleType: 'ONE_TIME', hourlyInterval: 1, daysOfWeek: ['MON'], recurrenceDate: 1, recurrenceMonth: 1 },
      {
        hourlyInterval: 'is for HOURLY, not for ONE_TIME',
        daysOfWeek: 'is for WEEKLY, not for ONE_TIME',
        recurrenceDate: 'is for MONTHLY, not for ONE_TIME',
        recurrenceMonth: 'is for MONTHLY, not for ONE_TIME',
      },
    ],
    ['missing of HOURLY', { scheduleType: 'HOURLY' }, { hourlyInterval: 'HOURLY needs it: every how many hours' }],
    [
      'missing of WEEKLY',
      { scheduleType: 'WEEKLY' },
      {
        daysOfWeek: 'WEEKLY needs it: on which days, such as ["MON", "THU"]',
        endDate: 'WEEKLY needs it: without it the schedule ends on the day it starts',
      },
    ],
    [
      'missing of MONTHLY, beside two starts and an end before them',
      { scheduleType: 'MONTHLY', startDate: '2026-05-01', after: 1_000, endDate: '2026-04-01' },
      {
        recurrenceDate: 'MONTHLY needs it: on which day of the month',
        after: 'conflicts with startDate: both set the start',
      },
    ],
    [
      'that end before they start',
      { scheduleType: 'DAILY', startDate: '2026-05-01', endDate: '2026-04-01' },
      { endDate: '2026-04-01 is before the start, 2026-05-01' },
    ],
    [
      'that never repeat on the day they start',
      { scheduleType: 'HOURLY', hourlyInterval: 24 },
      { hourlyInterval: expect.stringContaining('it would never repeat') as unknown as string },
    ],
    [
      'that never fire',
      { scheduleType: 'WEEKLY', daysOfWeek: ['TUE'], startDate: '2026-05-11' },
      { daysOfWeek: 'no TUE between 2026-05-11 and 2026-05-11: it would never run' },
    ],
  ])('%s are told all at once', (_what, asked, expected) => {
    expect(Object.fromEntries(fieldProblems(asked).map(({ field, problem }) => [field, problem]))).toEqual(expected);
  });
});
