import { describe, expect, test } from '@jest/globals';
import { problemsOf } from './request.js';
import { BlackoutSchema, WindowSchema } from './windows.js';

function problems(schema: typeof WindowSchema | typeof BlackoutSchema, input: unknown): string[] {
  const result = schema.safeParse(input);
  return result.success ? [] : problemsOf(result.error).map(({ path, problem }) => `${path}: ${problem}`);
}

describe('a window', () => {
  test('is normalised: days in the order of the week, each once, times as HH:MM', () => {
    expect(WindowSchema.parse({ days: ['sunday', 'Sat', 'SAT', 'Tues'], from: '9:00', to: '24:00', timezone: ' Europe/Berlin ' })).toEqual({
      days: ['TUE', 'SAT', 'SUN'],
      from: '09:00',
      to: '24:00',
      timezone: 'Europe/Berlin',
    });
  });

  test('may cross midnight, and may last the whole day', () => {
    expect(problems(WindowSchema, { days: ['SAT'], from: '22:00', to: '06:00', timezone: 'UTC' })).toEqual([]);
    expect(problems(WindowSchema, { days: ['SAT'], from: '00:00', to: '24:00', timezone: 'UTC' })).toEqual([]);
  });

  test('is refused with every problem at once', () => {
    expect(problems(WindowSchema, { days: ['Sat', 'someday'], from: '22:00', to: '22:00', timezone: 'CEST' })).toEqual([
      'days[1]: "someday" is not a day of the week: use MON, TUE, WED, THU, FRI, SAT, SUN, or English names',
      'timezone: "CEST" is not an IANA time zone: use a name such as "Europe/Berlin", "America/New_York" or "UTC"',
      'to: equals `from`: for a whole day use 00:00 to 24:00',
    ]);
    expect(problems(WindowSchema, { days: [], from: '24:00', to: 6 })).toEqual([
      'days: name at least one day of the week',
      'from: "24:00" is not a time of day: use HH:MM, such as "22:00"',
      'to: must be a time of day, HH:MM, such as "06:00"',
      'timezone: must be an IANA time zone, such as "Europe/Berlin" or "UTC"',
    ]);
  });

  test('an empty span is found beside a missing zone', () => {
    expect(problems(WindowSchema, { days: 'SAT', from: '00:00', to: '0:00' })).toEqual([
      'days: must be a list of days of the week, such as [SAT, SUN]',
      'timezone: must be an IANA time zone, such as "Europe/Berlin" or "UTC"',
      'to: equals `from`: for a whole day use 00:00 to 24:00',
    ]);
  });
});

describe('a blackout', () => {
  test('is in UTC unless a zone is given', () => {
    expect(BlackoutSchema.parse({ from: ' 2026-12-24', to: '2026-12-24' })).toEqual({
      from: '2026-12-24',
      to: '2026-12-24',
      timezone: 'UTC',
    });
    expect(problems(BlackoutSchema, { from: '2026-12-24T18:00+01:00', to: '2026-12-24T17:00:01Z', timezone: 'Asia/Tokyo' })).toEqual([]);
  });

  test('is refused with every problem at once', () => {
    expect(problems(BlackoutSchema, { from: '2026-02-30', to: 'Easter', timezone: '+02:00' })).toEqual([
      'from: "2026-02-30" must be a date, or a date and time in ISO 8601, such as "2026-12-24T18:00" or "2026-12-24T17:00Z"',
      'to: "Easter" must be a date, or a date and time in ISO 8601, such as "2026-12-24T18:00" or "2026-12-24T17:00Z"',
      'timezone: "+02:00" is not an IANA time zone: use a name such as "Europe/Berlin", "America/New_York" or "UTC"',
    ]);
    expect(problems(BlackoutSchema, { from: '2026-12-24', to: '2026-12-23', timezone: 7, why: 'x' })).toEqual([
      'timezone: must be an IANA time zone, such as "Europe/Berlin" or "UTC"',
      'why: unknown key',
      'to: 2026-12-23 must be after 2026-12-24',
    ]);
  });

  test.each([
    ['2026-12-24T18:00+01:00', '2026-12-24T17:00Z', 'to: 2026-12-24T17:00Z must be after 2026-12-24T18:00+01:00'],
    [
      '2026-12-24T18:00',
      '2026-12-24T19:00Z',
      'to: 2026-12-24T19:00Z cannot be compared with 2026-12-24T18:00: write both with a UTC offset, or both without',
    ],
  ])('from %s to %s is refused', (from, to, problem) => {
    expect(problems(BlackoutSchema, { from, to })).toEqual([problem]);
  });
});
