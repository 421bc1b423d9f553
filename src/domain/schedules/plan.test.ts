import { describe, expect, test } from '@jest/globals';
import { type AskedSchedule, expiredProblem, openingProblem, planSchedule } from './plan.js';

const clock = (now: string, timezone = 'UTC') => ({ now: Date.parse(now), timezone });
const ONCE = { scheduleType: 'ONE_TIME' } as const;

describe('a follow-up schedule starts', () => {
  test.each<[string, Omit<AskedSchedule, 'scheduleType'>, string, string, string]>([
    ['an hour from now', {}, '2026-03-01T10:00:00Z', 'UTC', '2026-03-01 11:00:00 2026-03-01'],
    ['at the next full minute', { after: 0 }, '2026-03-01T10:00:00.001Z', 'UTC', '2026-03-01 10:01:00 2026-03-01'],
    ['on the next day', {}, '2026-12-31T23:30:00Z', 'UTC', '2027-01-01 00:30:00 2027-01-01'],
    ['in the zone named', {}, '2026-07-01T22:30:00Z', 'Europe/Berlin', '2026-07-02 01:30:00 2026-07-02'],
    ['after the hour that summer time leaves out', {}, '2026-03-29T00:30:00Z', 'Europe/Berlin', '2026-03-29 03:30:00 2026-03-29'],
    ['at the time asked for, today', { startTime: '12:00' }, '2026-03-01T10:00:00Z', 'UTC', '2026-03-01 12:00:00 2026-03-01'],
    ['at the time asked for, tomorrow', { startTime: '10:30' }, '2026-03-01T10:00:00Z', 'UTC', '2026-03-02 10:30:00 2026-03-02'],
    [
      'as asked',
      { startDate: '2026-05-01', startTime: '08:15', endDate: '2026-06-01' },
      '2026-03-01T10:00:00Z',
      'UTC',
      '2026-05-01 08:15:00 2026-06-01',
    ],
    ['with the seconds asked for', { startTime: '18:15:30' }, '2026-03-01T10:00:00Z', 'UTC', '2026-03-01 18:15:30 2026-03-01'],
  ])('%s', (...[, asked, now, zone, times]) => {
    const { trigger, problem } = planSchedule({ ...ONCE, ...asked }, clock(now, zone));
    expect([`${trigger.startDate} ${trigger.startTime} ${trigger.endDate}`, problem]).toEqual([times, undefined]);
  });
});

describe('a schedule cannot be asked for any more', () => {
  test.each<[string, AskedSchedule, string, string, string, string]>([
    [
      'when its start is past, in the zone of the scheduler',
      { ...ONCE, startDate: '2026-03-01', startTime: '10:30' },
      '2026-03-01T10:00:00Z',
      'Europe/Berlin',
      'startDate',
      'the start, 2026-03-01 10:30:00, is in the past: in Europe/Berlin it is 2026-03-01 11:00:00',
    ],
    [
      'when a recurring one would start in the past',
      { scheduleType: 'DAILY', startDate: '2026-02-01', startTime: '08:00', endDate: '2026-12-31' },
      '2026-03-01T10:00:00Z',
      'UTC',
      'startDate',
      'the start, 2026-02-01 08:00:00, is in the past: in UTC it is 2026-03-01 10:00:00',
    ],
    [
      'when its end is past',
      { ...ONCE, endDate: '2026-02-28' },
      '2026-03-01T10:00:00Z',
      'UTC',
      'endDate',
      '2026-02-28 is in the past: in UTC it is 2026-03-01 10:00:00',
    ],
    [
      'when it would start behind its end',
      { ...ONCE, after: 86_400_000, endDate: '2026-03-01' },
      '2026-03-01T10:00:00Z',
      'UTC',
      'endDate',
      '2026-03-01 is before the start, 2026-03-02',
    ],
    [
      'when none of its days is left',
      { scheduleType: 'WEEKLY', daysOfWeek: ['SAT'], endDate: '2026-03-06' },
      '2026-03-01T10:00:00Z',
      'UTC',
      'daysOfWeek',
      'no SAT between 2026-03-01 and 2026-03-06: it would never run',
    ],
  ])('%s', (...[, asked, now, zone, field, problem]) => {
    expect(planSchedule(asked, clock(now, zone)).problem).toEqual({ field, problem });
  });

  test.each([
    ['2026-03-29T01:00:00.000Z', undefined],
    ['2026-03-29T01:30:00.000Z', undefined],
    ['2026-03-29T01:30:00.001Z', 'startDate'],
  ])('an hour that summer time leaves out is the one after it: %s', (now, field) => {
    const trigger = { ...ONCE, startDate: '2026-03-29', startTime: '02:30:00', endDate: '2026-03-29' };
    expect(expiredProblem(trigger, clock(now, 'Europe/Berlin'))?.field).toBe(field);
  });
});

describe('when a run is opened, a schedule is impossible', () => {
  test.each<[string, AskedSchedule, { field: string; problem: string } | undefined]>([
    ['not yet, when it starts today at a time that is not told', { ...ONCE, startDate: '2026-03-01' }, undefined],
    [
      'when it started this morning',
      { ...ONCE, startDate: '2026-03-01', startTime: '09:59:59' },
      { field: 'startDate', problem: 'the start, 2026-03-01 09:59:59, is in the past: in UTC it is 2026-03-01 10:00:00' },
    ],
    [
      'when its end is past, though the start is open',
      { scheduleType: 'DAILY', endDate: '2026-02-28' },
      {
        field: 'endDate',
        problem: '2026-02-28 is too early: it can start on 2026-03-01 at the earliest, and in UTC it is 2026-03-01 10:00:00',
      },
    ],
    [
      'when it can only start behind its end',
      { scheduleType: 'DAILY', after: 7 * 86_400_000, endDate: '2026-03-07' },
      {
        field: 'endDate',
        problem: '2026-03-07 is too early: it can start on 2026-03-08 at the earliest, and in UTC it is 2026-03-01 10:00:00',
      },
    ],
    [
      'not, when another month may be the first',
      { scheduleType: 'MONTHLY', recurrenceDate: 5, recurrenceMonth: 12, endDate: '2026-04-06' },
      undefined,
    ],
  ])('%s', (_what, asked, expected) => {
    expect(openingProblem(asked, clock('2026-03-01T10:00:00Z'))).toEqual(expected);
  });
});
