// The next openings of a campaign's windows, by the clock of their place and in UTC.
import { nextOpenings, type Opening, type WindowCalendar } from '../../domain/calendar/windows.js';

export interface ShownOpening {
  /** ISO 8601 UTC. */
  opensAt: string;
  /** Absent when it stays open. */
  closesAt?: string;
  /** IANA name: the zone of the first window that makes the opening up. */
  timezone: string;
  /** By the clock of that zone: `Sat 2026-08-22 00:00`. */
  local: { opens: string; closes?: string };
}

const OPENINGS_SHOWN = 10;

export function shownOpenings({ windows, blackouts }: WindowCalendar, now: number): ShownOpening[] {
  if (!windows && !blackouts) return [];
  const calendar = { ...(windows ? { windows } : {}), ...(blackouts ? { blackouts } : {}) };
  return nextOpenings(calendar, now, OPENINGS_SHOWN).map((opening) => shown(opening, zoneOf(opening, calendar)));
}

function zoneOf({ windowIndexes: [first] }: Opening, { windows, blackouts }: WindowCalendar): string {
  return (first === undefined ? blackouts?.[0]?.timezone : windows?.[first]?.timezone) ?? 'UTC';
}

function shown({ opensAt, closesAt }: Opening, timezone: string): ShownOpening {
  return {
    opensAt: new Date(opensAt).toISOString(),
    ...(closesAt === undefined ? {} : { closesAt: new Date(closesAt).toISOString() }),
    timezone,
    local: { opens: localText(opensAt, timezone), ...(closesAt === undefined ? {} : { closes: localText(closesAt, timezone) }) },
  };
}

/** `Sat 2026-08-22 00:00`; of the two hours of a clock that is put back, UTC beside it tells which. */
function localText(at: number, timezone: string): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    ...{ weekday: 'short', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' },
    hourCycle: 'h23',
  });
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return `${parts['weekday'] ?? ''} ${parts['year'] ?? ''}-${parts['month'] ?? ''}-${parts['day'] ?? ''} ${parts['hour'] ?? ''}:${parts['minute'] ?? ''}`;
}
