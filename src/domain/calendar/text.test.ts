import { expect, test } from '@jest/globals';
import { isTimeZone, minuteOfDay, momentOf, weekdayOf } from './text.js';

test.each([
  ['MON', 'MON'],
  ['Mon', 'MON'],
  [' monday ', 'MON'],
  ['tues', 'TUE'],
  ['Thurs', 'THU'],
  ['SUNDAY', 'SUN'],
  ['su', undefined],
  ['mo', undefined],
  ['mondays', undefined],
  ['Montag', undefined],
  ['', undefined],
])('%j is the day %j', (word, day) => {
  expect(weekdayOf(word)).toBe(day);
});

test.each([
  ['00:00', 0],
  ['9:05', 545],
  ['23:59', 1_439],
  ['24:00', 1_440],
  ['24:01', undefined],
  ['12:60', undefined],
  ['12', undefined],
  ['12:00:00', undefined],
  ['-1:00', undefined],
])('%j is minute %j of the day', (text, minute) => {
  expect(minuteOfDay(text)).toBe(minute);
});

test.each([
  ['2026-12-24', { readingMs: Date.UTC(2026, 11, 24), wholeDay: true }],
  ['2026-12-24T18:00', { readingMs: Date.UTC(2026, 11, 24, 18), wholeDay: false }],
  ['2026-12-24 18:00:30.5', { readingMs: Date.UTC(2026, 11, 24, 18, 0, 30), wholeDay: false }],
  ['2026-12-24T24:00', { readingMs: Date.UTC(2026, 11, 25), wholeDay: false }],
  ['2026-12-24T18:00Z', { readingMs: Date.UTC(2026, 11, 24, 18), wholeDay: false, offsetMs: 0 }],
  ['2026-12-24T18:00:00+05:30', { readingMs: Date.UTC(2026, 11, 24, 18), wholeDay: false, offsetMs: 19_800_000 }],
  ['2026-12-24T18:00-08', { readingMs: Date.UTC(2026, 11, 24, 18), wholeDay: false, offsetMs: -28_800_000 }],
  ['2024-02-29', { readingMs: Date.UTC(2024, 1, 29), wholeDay: true }],
  ['2026-02-29', undefined],
  ['2026-13-01', undefined],
  ['2026-12-24T24:01', undefined],
  ['2026-12-24T18:00+19:00', undefined],
  ['2026-12-24Z', undefined],
  ['24.12.2026', undefined],
  ['tomorrow', undefined],
])('%j is the moment %j', (text, moment) => {
  expect(momentOf(text)).toEqual(moment);
});

test.each([
  ['Europe/Berlin', true],
  ['europe/berlin', true],
  ['Australia/Lord_Howe', true],
  ['UTC', true],
  ['CEST', false],
  ['+02:00', false],
  ['Mars/Olympus', false],
  ['', false],
])('%j is a time zone: %j', (name, known) => {
  expect(isTimeZone(name)).toBe(known);
});
