import { describe, expect, test } from '@jest/globals';
import { parseRequest } from './request.js';

const SCHEDULE = { kind: 'schedule', on: 'unresolved' };

function parsed(followUp: object) {
  return parseRequest({ script: 72648, targets: { assetIds: [1] }, followUp: { ...SCHEDULE, ...followUp } });
}

function problems(followUp: object): Record<string, string> {
  const result = parsed(followUp);
  return result.ok ? {} : Object.fromEntries(result.problems.map(({ path, problem }) => [path, problem]));
}

describe('a follow-up schedule in a request', () => {
  test.each<[object]>([
    [{ scheduleType: 'ONE_TIME' }],
    [{ scheduleType: 'ONE_TIME', after: '7d', title: 'Second try' }],
    [{ scheduleType: 'ONE_TIME', startDate: '2026-05-11', startTime: '07:25:00', endDate: '2026-05-11' }],
    [{ scheduleType: 'HOURLY', hourlyInterval: 6 }],
    [{ scheduleType: 'DAILY', startDate: '2026-05-11', startTime: '07:25', endDate: '2026-05-16' }],
    [{ scheduleType: 'WEEKLY', daysOfWeek: ['1', '2'], startDate: '2022-05-11', endDate: '2022-05-16' }],
    [{ scheduleType: 'MONTHLY', recurrenceDate: 7, recurrenceMonth: 1, startDate: '2022-05-12', endDate: '2022-12-31' }],
  ])('of each type, as the documents have them: %j', (followUp) => {
    expect(problems(followUp)).toEqual({});
  });

  test('has its days by name, once they are parsed', () => {
    const result = parsed({ scheduleType: 'WEEKLY', daysOfWeek: ['1', 'tuesday', 'WED'], endDate: '2026-12-31' });
    expect(result.ok && result.value.followUp).toMatchObject({ daysOfWeek: ['SUN', 'TUE', 'WED'] });
  });

  test('is told every problem at once, malformed fields and impossible ones alike', () => {
    expect(
      problems({
        scheduleType: 'WEEKLY',
        title: 'x'.repeat(81),
        startDate: '2026-02-30',
        startTime: '25:00',
        endDate: 'soon',
        daysOfWeek: ['MON', 'someday'],
        hourlyInterval: 0,
        recurrenceDate: 32,
        after: '1d',
        every: 1,
      }),
    ).toEqual({
      'followUp.title': 'must have at most 80 characters',
      'followUp.startDate': 'must be a calendar date, YYYY-MM-DD',
      'followUp.startTime': 'must be a time of day, HH:MM or HH:MM:SS',
      'followUp.endDate': 'must be a calendar date, YYYY-MM-DD',
      'followUp.daysOfWeek[1]': expect.stringContaining('"Monday"'),
      'followUp.hourlyInterval': 'is for HOURLY, not for WEEKLY',
      'followUp.recurrenceDate': 'is for MONTHLY, not for WEEKLY',
      'followUp.after': 'conflicts with startDate: both set the start',
      'followUp.every': 'unknown key',
    });
  });

  test.each(['soon', '2026-02-30'])('has one problem for one wrong date: %s', (startDate) => {
    const result = parsed({ scheduleType: 'ONE_TIME', startDate });
    expect(result.ok ? [] : result.problems).toEqual([{ path: 'followUp.startDate', problem: 'must be a calendar date, YYYY-MM-DD' }]);
  });

  test.each<[object, Record<string, string>]>([
    [
      { scheduleType: 'WEEKLY', daysOfWeek: ['FRI'], startDate: '2026-05-11', endDate: '2026-05-14' },
      { 'followUp.daysOfWeek': 'no FRI between 2026-05-11 and 2026-05-14: it would never run' },
    ],
    [
      { scheduleType: 'MONTHLY', recurrenceDate: 31, startDate: '2026-06-01', endDate: '2026-06-30' },
      { 'followUp.recurrenceDate': 'no month has its day 31 between 2026-06-01 and 2026-06-30: it would never run' },
    ],
    [
      { scheduleType: 'DAILY', startDate: '2026-06-02', endDate: '2026-06-01' },
      { 'followUp.endDate': '2026-06-01 is before the start, 2026-06-02' },
    ],
    [{ scheduleType: 'DAILY', title: 'back\\slash' }, { 'followUp.title': expect.stringContaining('backslash') as unknown as string }],
  ])('that cannot be is refused: %j', (followUp, expected) => {
    expect(problems(followUp)).toEqual(expected);
  });
});
