import { describe, expect, test } from '@jest/globals';
import { scheduleTimes, scheduleTitle } from './schedule-plan.js';

const at = (text: string) => Date.parse(text);

describe('a follow-up schedule starts', () => {
  test.each<[string, Parameters<typeof scheduleTimes>[0], string, string, object]>([
    ['an hour from now', {}, '2026-03-01T10:00:00Z', 'UTC', { startDate: '2026-03-01', startTime: '11:00:00', endDate: '2026-03-01' }],
    [
      'at the next full minute',
      { after: 0 },
      '2026-03-01T10:00:00.001Z',
      'UTC',
      { startDate: '2026-03-01', startTime: '10:01:00', endDate: '2026-03-01' },
    ],
    ['on the next day', {}, '2026-12-31T23:30:00Z', 'UTC', { startDate: '2027-01-01', startTime: '00:30:00', endDate: '2027-01-01' }],
    [
      'in the zone named',
      {},
      '2026-07-01T22:30:00Z',
      'Europe/Berlin',
      { startDate: '2026-07-02', startTime: '01:30:00', endDate: '2026-07-02' },
    ],
    [
      'after the hour that summer time leaves out',
      {},
      '2026-03-29T00:30:00Z',
      'Europe/Berlin',
      { startDate: '2026-03-29', startTime: '03:30:00', endDate: '2026-03-29' },
    ],
    [
      'as asked',
      { startDate: '2026-05-01', startTime: '08:15', endDate: '2026-06-01' },
      '2026-03-01T10:00:00Z',
      'UTC',
      { startDate: '2026-05-01', startTime: '08:15:00', endDate: '2026-06-01' },
    ],
    [
      'with the seconds asked for',
      { startTime: '08:15:30' },
      '2026-03-01T10:00:00Z',
      'UTC',
      { startDate: '2026-03-01', startTime: '08:15:30', endDate: '2026-03-01' },
    ],
  ])('%s', (...[, asked, now, zone, times]) => {
    expect(scheduleTimes(asked, at(now), zone)).toEqual(times);
  });

  test.each([
    [undefined, 1, 1, 'Overhaul follow-up of run-7'],
    [undefined, 2, 3, 'Overhaul follow-up of run-7 (2 of 3)'],
    ['Nightly', 1, 1, 'Nightly'],
    ['Nightly', 1, 2, 'Nightly (1 of 2)'],
  ])('titled %s, %d of %d: %s', (asked, number, of, title) => {
    expect(scheduleTitle(asked, 'run-7', { number, of })).toBe(title);
  });
});
