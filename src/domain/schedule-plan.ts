// When a follow-up schedule starts, and what it is called. Qualys reads dates in a zone it does not name (C30): the operator names it.

export interface ScheduleTimes {
  startDate: string;
  startTime: string;
  endDate: string;
}

/** A one-time schedule without a date starts this long from now. */
const DEFAULT_AFTER_MS = 3_600_000;

/** Dates as the scheduler wants them, in `timezone` (an IANA name). `now` is Qualys' time, epoch ms. */
export function scheduleTimes(
  asked: { startDate?: string | undefined; startTime?: string | undefined; endDate?: string | undefined; after?: number | undefined },
  now: number,
  timezone: string,
): ScheduleTimes {
  // Rounded up to the minute: a start in the past is refused with 400.
  const startsAt = Math.ceil((now + (asked.after ?? DEFAULT_AFTER_MS)) / 60_000) * 60_000;
  const [date, time] = zoned(startsAt, timezone);
  const startDate = asked.startDate ?? date;
  return { startDate, startTime: withSeconds(asked.startTime ?? time), endDate: asked.endDate ?? startDate };
}

/** Unique and derived from the run, so that a second attempt asks for the same one. */
export function scheduleTitle(asked: string | undefined, runId: string, part: { number: number; of: number }): string {
  const title = asked ?? `Overhaul follow-up of ${runId}`;
  return part.of === 1 ? title : `${title} (${part.number} of ${part.of})`;
}

function zoned(at: number, timezone: string): [date: string, time: string] {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: timezone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(at);
  const of = (type: Intl.DateTimeFormatPartTypes): string => parts.find((part) => part.type === type)?.value ?? '';
  return [`${of('year')}-${of('month')}-${of('day')}`, `${of('hour')}:${of('minute')}:${of('second')}`];
}

function withSeconds(time: string): string {
  return time.length === 5 ? `${time}:00` : time;
}
