// Openings against a judge that reads the clock minute by minute, and knows nothing of offsets.
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Blackout, WEEKDAYS } from './text.js';
import type { MaintenanceWindow } from './windows.js';
import { nextOpenings, windowState } from './windows.js';

const MINUTE = 60_000;
const DAYS = 9;
/** The judged days, after five that only lead up to them. */
const LEAD_DAYS = 5;

interface Stretch {
  timezone: string;
  fromMs: number;
}

/** Days with a change of the clock in the middle. */
const STRETCHES: Stretch[] = [
  ['Europe/Berlin', '2026-03-26'],
  ['Europe/Berlin', '2026-10-22'],
  ['America/New_York', '2026-10-29'],
  ['Australia/Lord_Howe', '2026-04-02'],
  ['Australia/Lord_Howe', '2026-10-01'],
  ['America/Sao_Paulo', '2018-11-01'],
  ['America/Sao_Paulo', '2019-02-14'],
  ['Pacific/Apia', '2011-12-27'],
  ['Africa/Cairo', '2026-04-21'],
  ['Africa/Cairo', '2026-10-26'],
  ['UTC', '2026-03-26'],
].map(([timezone = '', date = '']) => ({ timezone, fromMs: Date.parse(`${date}T00:00Z`) }));

/**
 * For each reading of the clock (in minutes since 1970, as if it were UTC) the first minute of the stretch, counted from its lead, that
 * reads this or more. Read from the clock minute by minute.
 */
const FIRST_MINUTES = new Map(STRETCHES.map((stretch) => [stretch, firstMinutes(stretch)]));

function firstMinutes({ timezone, fromMs }: Stretch): Map<number, number> {
  const clock = new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short', timeStyle: 'short' });
  const first = new Map<number, number>();
  let highest: number | undefined;
  for (let minute = 0; minute < (LEAD_DAYS + DAYS + 3) * 1_440; minute += 1) {
    const text = clock.format(fromMs - LEAD_DAYS * 86_400_000 + minute * MINUTE);
    const reading = Date.parse(`${text.replace(' ', 'T')}Z`) / MINUTE;
    for (let reached = (highest ?? reading - 1) + 1; reached <= reading; reached += 1) first.set(reached, minute);
    highest = Math.max(highest ?? reading, reading);
  }
  return first;
}

const hour = fc.integer({ min: 0, max: 1_439 }).map((minute) => (minute % 5 === 0 ? (minute % 24) * 60 : minute));
const blackout = fc
  .tuple(fc.integer({ min: 0, max: DAYS * 1_440 }), fc.integer({ min: 1, max: 3_000 }))
  .map(([from, length]): [number, number] => [from, from + length]);
const days = fc.subarray([...WEEKDAYS], { minLength: 1 });
const hours = fc.record({ days, from: hour, to: hour.map((minute) => minute || 1_440) }).filter(({ from, to }) => from !== to);
const scene = fc.record({
  stretch: fc.constantFrom(...STRETCHES),
  hours: fc.array(hours, { minLength: 1, maxLength: 4 }),
  blackouts: fc.array(blackout, { maxLength: 4 }),
});

test('each minute is inside an opening exactly when a minute-by-minute reading of the clock says so, and openings never touch', () => {
  fc.assert(
    fc.property(scene, ({ stretch, hours, blackouts }) => {
      const calendar = {
        windows: hours.map((one) => written(one, stretch.timezone)),
        blackouts: blackouts.map((one) => writtenSpan(stretch, one)),
      };
      const judged = openMinutes(stretch, hours, blackouts);
      const found = nextOpenings(calendar, stretch.fromMs, 100).filter(({ opensAt }) => opensAt < stretch.fromMs + DAYS * 1_440 * MINUTE);
      for (const [index, { opensAt, closesAt }] of found.entries()) {
        expect(opensAt).toBeLessThan(closesAt ?? Number.POSITIVE_INFINITY);
        expect(found[index - 1]?.closesAt ?? 0).toBeLessThan(opensAt);
      }
      const painted = judged.map(() => false);
      const minuteOf = (at: number): number => Math.min((at - stretch.fromMs) / MINUTE, painted.length);
      for (const { opensAt, closesAt = Number.POSITIVE_INFINITY } of found) painted.fill(true, minuteOf(opensAt), minuteOf(closesAt));
      expect(painted.findIndex((open, minute) => open !== judged[minute])).toBe(-1);
      const asked = judged.map((_, minute) => minute).filter((minute) => minute % 977 === 0);
      expect(asked.filter((minute) => windowState(calendar, stretch.fromMs + minute * MINUTE).open !== judged[minute])).toEqual([]);
    }),
    { numRuns: 120 },
  );
}, 60_000);

test('a window opens at most once for each of its days', () => {
  fc.assert(
    fc.property(fc.constantFrom(...STRETCHES), hours, ({ timezone, fromMs }, one) => {
      const found = nextOpenings({ windows: [written(one, timezone)] }, fromMs, 20);
      // The first may be under way, and then seems to open on the day that was asked about.
      const dates = found.slice(1).map(({ opensAt }) => new Intl.DateTimeFormat('sv-SE', { timeZone: timezone }).format(opensAt));
      expect(dates).toEqual([...new Set(dates)]);
    }),
    { numRuns: 300 },
  );
}, 60_000);

test('no instant of a blackout is open, whatever the windows', () => {
  fc.assert(
    fc.property(scene, fc.nat(), ({ stretch, hours, blackouts }, offset) => {
      const calendar = {
        windows: hours.map((one) => written(one, stretch.timezone)),
        blackouts: blackouts.map((one) => writtenSpan(stretch, one)),
      };
      for (const [from, to] of blackouts) {
        const at = stretch.fromMs + from * MINUTE + (offset % ((to - from) * MINUTE));
        expect(windowState(calendar, at).open).toBe(false);
      }
    }),
    { numRuns: 150 },
  );
}, 60_000);

interface Hours {
  days: (typeof WEEKDAYS)[number][];
  from: number;
  to: number;
}

/**
 * The rule, step by step: open from the first minute that reads the opening's day and time or later, to the first that reads its end or
 * later.
 */
function openMinutes(stretch: Stretch, hours: Hours[], blackouts: [number, number][]): boolean[] {
  const open = Array.from({ length: (LEAD_DAYS + DAYS + 3) * 1_440 }, () => false);
  const first = (reading: number): number => FIRST_MINUTES.get(stretch)?.get(reading) ?? Number.NaN;
  const firstDay = Math.floor(stretch.fromMs / 86_400_000) - LEAD_DAYS + 2;
  for (let day = firstDay; day < firstDay + LEAD_DAYS + DAYS; day += 1) {
    if (first(day * 1_440) === first((day + 1) * 1_440)) continue;
    const name = new Date(day * 86_400_000).toLocaleDateString('en', { weekday: 'short', timeZone: 'UTC' }).toUpperCase();
    for (const { from, to } of hours.filter(({ days }) => days.some((word) => word === name))) {
      open.fill(true, first(day * 1_440 + from), first((to > from ? day : day + 1) * 1_440 + to));
    }
  }
  const judged = open.slice(LEAD_DAYS * 1_440, (LEAD_DAYS + DAYS) * 1_440);
  for (const [from, to] of blackouts) judged.fill(false, from, to);
  return judged;
}

function written({ days, from, to }: Hours, timezone: string): MaintenanceWindow {
  const clock = (minute: number): string => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
  return { days, from: clock(from), to: clock(to), timezone };
}

function writtenSpan({ fromMs }: Stretch, [from, to]: [number, number]): Blackout {
  return { from: new Date(fromMs + from * MINUTE).toISOString(), to: new Date(fromMs + to * MINUTE).toISOString() };
}
