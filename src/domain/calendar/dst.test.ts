// The table of docs/windows.md, as instants: what a change of the clock does to a window.
import { describe, expect, test } from '@jest/globals';
import type { Weekday } from './text.js';
import { nextOpenings } from './windows.js';

type Case = [hours: string, opensAt: string, closesAt: string, why: string];

/** The first opening after midnight UTC of a date, as instants. */
function firstOpening(timezone: string, hours: string, since: string): [string, string] {
  const [day, from, to] = hours.split(/ |–/) as [Weekday, string, string];
  const [opening] = nextOpenings({ windows: [{ days: [day], from, to, timezone }] }, Date.parse(`${since}T00:00Z`), 1);
  return [instant(opening?.opensAt), instant(opening?.closesAt)];
}

function instant(ms: number | undefined): string {
  return ms === undefined ? 'never' : new Date(ms).toISOString().replace(':00.000', '');
}

describe.each<[zone: string, since: string, cases: Case[]]>([
  [
    'Europe/Berlin',
    '2026-03-28',
    [
      ['SUN 02:30–04:30', '2026-03-29T01:00Z', '2026-03-29T02:30Z', 'opens at 03:00, the next minute there is'],
      ['SUN 01:00–02:30', '2026-03-29T00:00Z', '2026-03-29T01:00Z', 'closes when the clock leaps past 02:30'],
      ['SUN 02:00–03:00', '2026-04-05T00:00Z', '2026-04-05T01:00Z', 'is skipped whole, and opens a week later'],
      ['SUN 02:10–02:50', '2026-04-05T00:10Z', '2026-04-05T00:50Z', 'is skipped whole, and opens a week later'],
      ['SAT 22:00–06:00', '2026-03-28T21:00Z', '2026-03-29T04:00Z', 'lasts 7 hours'],
    ],
  ],
  [
    'Europe/Berlin',
    '2026-10-24',
    [
      ['SUN 02:00–03:00', '2026-10-25T00:00Z', '2026-10-25T02:00Z', 'lasts both hours'],
      ['SUN 01:30–02:30', '2026-10-24T23:30Z', '2026-10-25T00:30Z', 'closes at the first 02:30 and stays closed'],
      ['SUN 02:10–02:50', '2026-10-25T00:10Z', '2026-10-25T00:50Z', 'opens in the first of the two hours only'],
      ['SUN 02:30–04:00', '2026-10-25T00:30Z', '2026-10-25T03:00Z', 'opens at the first 02:30 and stays open'],
      ['SAT 22:00–06:00', '2026-10-24T20:00Z', '2026-10-25T05:00Z', 'lasts 9 hours'],
    ],
  ],
  ['America/New_York', '2026-03-07', [['SUN 02:30–04:00', '2026-03-08T07:00Z', '2026-03-08T08:00Z', 'opens at 03:00']]],
  [
    'America/New_York',
    '2026-10-31',
    [
      ['SUN 00:30–01:30', '2026-11-01T04:30Z', '2026-11-01T05:30Z', 'closes at the first 01:30'],
      ['SUN 01:30–02:30', '2026-11-01T05:30Z', '2026-11-01T07:30Z', 'lasts 2 hours, because 02:30 comes once'],
    ],
  ],
  [
    'Australia/Lord_Howe',
    '2026-10-03',
    [['SUN 02:15–04:00', '2026-10-03T15:30Z', '2026-10-03T17:00Z', 'opens at 02:30: half an hour is skipped']],
  ],
  [
    'Australia/Lord_Howe',
    '2026-04-04',
    [
      ['SUN 01:00–01:45', '2026-04-04T14:00Z', '2026-04-04T14:45Z', 'closes at the first 01:45'],
      ['SUN 01:45–03:00', '2026-04-04T14:45Z', '2026-04-04T16:30Z', 'lasts half an hour longer'],
    ],
  ],
  [
    'America/Sao_Paulo',
    '2018-11-03',
    [
      ['SUN 00:00–04:00', '2018-11-04T03:00Z', '2018-11-04T06:00Z', 'opens at 01:00: that day has no midnight'],
      ['SUN 00:30–00:50', '2018-11-11T02:30Z', '2018-11-11T02:50Z', 'is skipped whole, and opens a week later'],
      ['SAT 22:00–24:00', '2018-11-04T01:00Z', '2018-11-04T03:00Z', 'closes with the day'],
    ],
  ],
  [
    'America/Sao_Paulo',
    '2019-02-16',
    [
      ['SAT 22:00–24:00', '2019-02-17T00:00Z', '2019-02-17T03:00Z', 'lasts 3 hours: 23:00 comes twice'],
      ['SAT 23:15–23:45', '2019-02-17T01:15Z', '2019-02-17T01:45Z', 'opens once'],
    ],
  ],
  [
    'Pacific/Apia',
    '2011-12-28',
    [
      ['FRI 10:00–12:00', '2012-01-05T20:00Z', '2012-01-05T22:00Z', 'opens a week later: there was no 30 December'],
      ['THU 22:00–06:00', '2011-12-30T08:00Z', '2011-12-30T10:00Z', 'closes at midnight, where Friday is leapt over'],
      ['FRI 22:00–06:00', '2012-01-06T08:00Z', '2012-01-06T16:00Z', 'opens a week later, although Saturday had its 02:00'],
    ],
  ],
  [
    'Africa/Cairo',
    '2026-04-23',
    [
      ['FRI 00:00–03:00', '2026-04-23T22:00Z', '2026-04-24T00:00Z', 'opens at 01:00: that day has no midnight'],
      ['FRI 00:15–00:45', '2026-04-30T21:15Z', '2026-04-30T21:45Z', 'is skipped whole, and opens a week later'],
    ],
  ],
  ['Africa/Cairo', '2026-10-29', [['THU 23:00–24:00', '2026-10-29T20:00Z', '2026-10-29T22:00Z', 'lasts both hours']]],
  ['UTC', '2026-03-28', [['SUN 02:30–03:30', '2026-03-29T02:30Z', '2026-03-29T03:30Z', 'knows no change']]],
])('in %s, from %s', (zone, since, cases) => {
  test.each(cases)('%s opens at %s and closes at %s: it %s', (hours, opensAt, closesAt) => {
    expect(firstOpening(zone, hours, since)).toEqual([opensAt, closesAt]);
  });
});
