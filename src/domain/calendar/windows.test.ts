import { describe, expect, test } from '@jest/globals';
import type { Weekday } from './text.js';
import { mayStart, nextOpenings, type WindowCalendar, windowState } from './windows.js';

const HOUR = 3_600_000;
const WEEKEND: Weekday[] = ['SAT', 'SUN'];
const NIGHTS = { days: WEEKEND, from: '22:00', to: '06:00', timezone: 'UTC' };

/** 2026-06-01 is a Monday. */
function at(text: string): number {
  return Date.parse(`${text}Z`);
}

function texts(calendar: WindowCalendar, from: string, count: number): string[] {
  return nextOpenings(calendar, at(from), count).map(
    ({ opensAt, closesAt, windowIndexes }) =>
      `${short(opensAt)} to ${closesAt === undefined ? 'ever' : short(closesAt)} by ${windowIndexes.join('+')}`,
  );
}

function short(ms: number): string {
  return new Date(ms).toISOString().slice(5, 16);
}

describe('whether a calendar is open', () => {
  test('without windows and blackouts it is open and does not close', () => {
    expect(windowState({}, at('2026-06-01T00:00'))).toEqual({ open: true });
    expect(windowState({ windows: [], blackouts: [] }, at('2026-06-01T00:00'))).toEqual({ open: true });
  });

  test('a window is open from its first instant to before its last', () => {
    const calendar = { windows: [NIGHTS] };
    expect(windowState(calendar, at('2026-06-06T21:59:59.999'))).toEqual({
      open: false,
      opensAt: at('2026-06-06T22:00'),
      why: 'No window is open; the next opening is at 2026-06-06 22:00 UTC.',
    });
    expect(windowState(calendar, at('2026-06-06T22:00'))).toEqual({ open: true, closesAt: at('2026-06-07T06:00') });
    expect(windowState(calendar, at('2026-06-07T05:59:59.999'))).toEqual({ open: true, closesAt: at('2026-06-07T06:00') });
    expect(windowState(calendar, at('2026-06-07T06:00')).open).toBe(false);
  });

  test('a window that crosses midnight belongs to the day on which it opens', () => {
    expect(texts({ windows: [{ ...NIGHTS, days: ['SUN'] }] }, '2026-06-01T06:00', 1)).toEqual(['06-07T22:00 to 06-08T06:00 by 0']);
  });

  test('it is under way although it opened the day before, and after the last of its days', () => {
    expect(windowState({ windows: [{ ...NIGHTS, days: ['SUN'] }] }, at('2026-06-08T05:00'))).toEqual({
      open: true,
      closesAt: at('2026-06-08T06:00'),
    });
  });

  test('windows around the clock do not close', () => {
    const always = {
      days: ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'] as Weekday[],
      from: '00:00',
      to: '24:00',
      timezone: 'Europe/Berlin',
    };
    expect(windowState({ windows: [always] }, at('2026-06-03T12:00'))).toEqual({ open: true });
    const parts = [
      { ...always, days: WEEKEND },
      { ...always, days: always.days.slice(0, 5) },
    ];
    expect(windowState({ windows: parts }, at('2026-06-03T12:00'))).toEqual({ open: true });
    const blackouts = [{ from: '2026-06-09', to: '2026-06-09' }];
    expect(windowState({ windows: parts, blackouts }, at('2026-06-03T12:00'))).toEqual({ open: true, closesAt: at('2026-06-09T00:00') });
  });
});

describe('which openings there are', () => {
  test('overlapping and touching windows are one opening, of several zones too', () => {
    const windows = [
      { days: ['SAT'] as Weekday[], from: '20:00', to: '22:00', timezone: 'UTC' },
      { days: ['SAT'] as Weekday[], from: '22:00', to: '24:00', timezone: 'UTC' },
      { days: ['SUN'] as Weekday[], from: '01:00', to: '05:00', timezone: 'Europe/Berlin' },
      { days: ['SUN'] as Weekday[], from: '12:00', to: '13:00', timezone: 'UTC' },
    ];
    expect(texts({ windows }, '2026-06-01T00:00', 3)).toEqual([
      '06-06T20:00 to 06-07T03:00 by 0+1+2',
      '06-07T12:00 to 06-07T13:00 by 3',
      '06-13T20:00 to 06-14T03:00 by 0+1+2',
    ]);
  });

  test('blackouts cut openings, also in two, and take the joint out of touching windows', () => {
    const blackouts = [
      { from: '2026-06-06T23:00', to: '2026-06-07T01:00' },
      { from: '2026-06-07T00:30', to: '2026-06-07T02:00' },
      { from: '2026-06-13', to: '2026-06-13' },
    ];
    expect(texts({ windows: [NIGHTS], blackouts }, '2026-06-01T06:00', 5)).toEqual([
      '06-06T22:00 to 06-06T23:00 by 0',
      '06-07T02:00 to 06-07T06:00 by 0',
      '06-07T22:00 to 06-08T06:00 by 0',
      '06-14T00:00 to 06-14T06:00 by 0',
      '06-14T22:00 to 06-15T06:00 by 0',
    ]);
  });

  test('one that is under way opens now, and no windows are one opening between blackouts', () => {
    expect(texts({ windows: [NIGHTS] }, '2026-06-07T03:00', 1)).toEqual(['06-07T03:00 to 06-07T06:00 by 0']);
    const blackouts = [{ from: '2026-12-24T12:00', to: '2026-12-27' }];
    expect(texts({ blackouts }, '2026-06-01T00:00', 5)).toEqual(['06-01T00:00 to 12-24T12:00 by ', '12-28T00:00 to ever by ']);
  });

  test('the search ends after 400 days, with the openings that were found by then', () => {
    const blackouts = [{ from: '2026-06-15T00:00Z', to: '2029-01-01T00:00Z' }];
    expect(texts({ windows: [NIGHTS], blackouts }, '2026-06-01T06:00', 100)).toHaveLength(4);
    expect(texts({ windows: [{ ...NIGHTS, days: ['SAT'] }] }, '2026-06-01T00:00', 100)).toHaveLength(57);
    expect(texts({ windows: [NIGHTS] }, '2026-06-01T00:00', 0)).toEqual([]);
  });
});

describe('what a blackout covers', () => {
  test('without an offset it is read by the clock of its zone, and without a zone in UTC', () => {
    const blackout = { from: '2026-06-01T08:00', to: '2026-06-01T18:00' };
    expect(windowState({ blackouts: [{ ...blackout, timezone: 'America/New_York' }] }, at('2026-06-01T12:00'))).toEqual({
      open: false,
      opensAt: at('2026-06-01T22:00'),
      why: 'A blackout lasts until 2026-06-01 22:00 UTC; the next opening is at 2026-06-01 22:00 UTC.',
    });
    expect(windowState({ blackouts: [blackout] }, at('2026-06-01T18:00')).open).toBe(true);
  });

  test('an offset of its own goes before the zone', () => {
    const blackout = { from: '2026-06-01T08:00+02:00', to: '2026-06-01T18:00-0330', timezone: 'Asia/Tokyo' };
    expect(nextOpenings({ blackouts: [blackout] }, at('2026-06-01T06:00'), 1)[0]?.opensAt).toBe(at('2026-06-01T21:30'));
    expect(windowState({ blackouts: [blackout] }, at('2026-06-01T05:59'))).toEqual({ open: true, closesAt: at('2026-06-01T06:00') });
  });

  test('of an hour that comes twice it takes all: from the first reading to the second', () => {
    const blackout = { from: '2026-10-25T02:30', to: '2026-10-25T02:45', timezone: 'Europe/Berlin' };
    expect(texts({ blackouts: [blackout] }, '2026-10-25T00:00', 2)).toEqual(['10-25T00:00 to 10-25T00:30 by ', '10-25T01:45 to ever by ']);
  });

  test('an hour that does not exist is no blackout', () => {
    const blackout = { from: '2026-03-29T02:10', to: '2026-03-29T02:50', timezone: 'Europe/Berlin' };
    expect(texts({ blackouts: [blackout] }, '2026-03-29T00:00', 2)).toEqual(['03-29T00:00 to ever by ']);
  });

  test('one that covers every opening is told as such', () => {
    const calendar = { windows: [NIGHTS], blackouts: [{ from: '2026-01-01', to: '2029-12-31' }] };
    const why =
      'A blackout lasts until 2030-01-01 00:00 UTC, and none opens within 400 days: blackouts cover all windows. Shorten the blackouts or add a window.';
    expect(windowState(calendar, at('2026-06-01T00:00'))).toEqual({ open: false, why });
    expect(mayStart(calendar, at('2026-06-01T00:00'), 0)).toEqual({ ok: false, why });
    expect(nextOpenings(calendar, at('2026-06-01T00:00'), 10)).toEqual([]);
  });
});

describe('whether an execution may start', () => {
  const calendar = { windows: [NIGHTS] };

  test('it may when it is expected to end by the time the window closes', () => {
    expect(mayStart(calendar, at('2026-06-06T22:00'), 8 * HOUR)).toEqual({ ok: true, closesAt: at('2026-06-07T06:00') });
    expect(mayStart({}, at('2026-06-06T22:00'), 800 * HOUR)).toEqual({ ok: true });
  });

  test('too late in a window it waits for the next', () => {
    expect(mayStart(calendar, at('2026-06-07T05:40'), 30 * 60_000)).toEqual({
      ok: false,
      opensAt: at('2026-06-07T22:00'),
      why: 'An execution is expected to take 30m 00s, but only 20m 00s are left until the window closes at 2026-06-07 06:00 UTC; the next opening that is long enough is at 2026-06-07 22:00 UTC.',
    });
  });

  test('outside it waits for the next window, or the next that is long enough', () => {
    const blackouts = [{ from: '2026-06-06T23:00Z', to: '2026-06-07T12:00Z' }];
    expect(mayStart({ ...calendar, blackouts }, at('2026-06-01T06:00'), HOUR)).toMatchObject({
      ok: false,
      opensAt: at('2026-06-06T22:00'),
    });
    expect(mayStart({ ...calendar, blackouts }, at('2026-06-01T06:00'), 2 * HOUR)).toEqual({
      ok: false,
      opensAt: at('2026-06-07T22:00'),
      why: 'An execution is expected to take 2h 00m, but the next opening, at 2026-06-06 22:00 UTC, lasts only 1h 00m; the next opening that is long enough is at 2026-06-07 22:00 UTC.',
    });
  });

  test('when no opening is ever long enough it says so, and how long the longest is', () => {
    expect(mayStart(calendar, at('2026-06-01T00:00'), 9 * HOUR)).toEqual({
      ok: false,
      why: 'An execution is expected to take 9h 00m, and no opening within 400 days is that long: the longest, at 2026-06-06 22:00 UTC, lasts 8h 00m. Lengthen a window, or send less in one execution.',
    });
  });

  test('an opening that the end of the search would cut counts with its whole length', () => {
    // 400 days after Saturday, 6 June 2026, 23:00 is a Sunday, 23:00: an hour into an opening.
    expect(mayStart(calendar, at('2026-06-06T23:00'), 9 * HOUR).ok).toBe(false);
    expect(mayStart(calendar, at('2026-06-06T23:00'), 9 * HOUR)).not.toHaveProperty('opensAt');
  });
});
