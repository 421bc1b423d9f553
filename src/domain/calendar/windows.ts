// When executions may start: inside a window, outside every blackout, and only if they can be expected to end there. docs/windows.md has
// the rules.
import { spanText } from '../clock/span.js';
import { blackoutSpans, type Opening, openings } from './openings.js';
import { DAY_MS, type WindowCalendar } from './text.js';

export type { Opening } from './openings.js';
export type { Blackout, MaintenanceWindow, WindowCalendar } from './text.js';

/** How far ahead an opening is searched for: a year with its changes of the clock, and a month. */
const SEARCH_DAYS = 400;

/** Epoch ms. `closesAt` and `opensAt` are absent when there is none within 400 days. */
export type WindowState = { open: true; closesAt?: number } | { open: false; opensAt?: number; why: string };

export function windowState(calendar: WindowCalendar, atMs: number): WindowState {
  const [next] = nextOpenings(calendar, atMs, 1);
  if (next?.opensAt === atMs) return { open: true, ...closing(next) };
  return { open: false, ...(next ? { opensAt: next.opensAt } : {}), why: whyClosed(calendar, atMs, next) };
}

/** The next `count` openings within 400 days, in order; the first may be under way, and then opens at `fromMs`. */
export function nextOpenings(calendar: WindowCalendar, fromMs: number, count: number): Opening[] {
  const found: Opening[] = [];
  if (count < 1) return found;
  for (const opening of openings(calendar, fromMs, searchEnd(fromMs))) {
    found.push(opening);
    if (found.length >= count) break;
  }
  return found;
}

/** `opensAt` is the next opening that is long enough; absent when none is, within 400 days. */
export type StartVerdict = { ok: true; closesAt?: number } | { ok: false; opensAt?: number; why: string };

/** Whether an execution that is expected to take `expectedMs` may start at `atMs`. */
export function mayStart(calendar: WindowCalendar, atMs: number, expectedMs: number): StartVerdict {
  let first: Opening | undefined;
  let longest: Opening | undefined;
  for (const opening of openings(calendar, atMs, searchEnd(atMs))) {
    first ??= opening;
    if (lengthMs(opening) >= expectedMs) {
      if (opening.opensAt === atMs) return { ok: true, ...closing(opening) };
      return { ok: false, opensAt: opening.opensAt, why: whyLater(calendar, atMs, { first, fitting: opening, expectedMs }) };
    }
    if (!longest || lengthMs(opening) > lengthMs(longest)) longest = opening;
  }
  return { ok: false, why: longest ? whyTooLong(longest, expectedMs) : whyClosed(calendar, atMs, undefined) };
}

function whyClosed(calendar: WindowCalendar, atMs: number, next: Opening | undefined): string {
  const blackout = blackoutSpans(calendar.blackouts ?? [], atMs, searchEnd(atMs)).find(({ from, to }) => from <= atMs && atMs < to);
  const now = blackout ? `A blackout lasts until ${minuteText(blackout.to)}` : 'No window is open';
  if (next) return `${now}; the next opening is at ${minuteText(next.opensAt)}.`;
  return `${now}, and none opens within ${SEARCH_DAYS} days: blackouts cover all windows. Shorten the blackouts or add a window.`;
}

function whyLater(
  calendar: WindowCalendar,
  atMs: number,
  { first, fitting, expectedMs }: { first: Opening; fitting: Opening; expectedMs: number },
): string {
  if (first === fitting) return whyClosed(calendar, atMs, fitting);
  const left = `only ${spanText(lengthMs(first))}`;
  const short =
    first.opensAt === atMs
      ? `${left} are left until the window closes at ${minuteText(atMs + lengthMs(first))}`
      : `the next opening, at ${minuteText(first.opensAt)}, lasts ${left}`;
  return `An execution is expected to take ${spanText(expectedMs)}, but ${short}; the next opening that is long enough is at ${minuteText(fitting.opensAt)}.`;
}

function whyTooLong(longest: Opening, expectedMs: number): string {
  const most = `the longest, at ${minuteText(longest.opensAt)}, lasts ${spanText(lengthMs(longest))}`;
  return `An execution is expected to take ${spanText(expectedMs)}, and no opening within ${SEARCH_DAYS} days is that long: ${most}. Lengthen a window, or send less in one execution.`;
}

function closing({ closesAt }: Opening): { closesAt?: number } {
  return closesAt === undefined ? {} : { closesAt };
}

function lengthMs({ opensAt, closesAt }: Opening): number {
  return closesAt === undefined ? Number.POSITIVE_INFINITY : closesAt - opensAt;
}

function searchEnd(fromMs: number): number {
  return fromMs + SEARCH_DAYS * DAY_MS;
}

/** `2026-03-28 21:00 UTC` */
function minuteText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
