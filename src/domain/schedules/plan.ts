// When a follow-up schedule starts and ends, at a given moment. Qualys reads dates in a zone it does not name
// (docs/qualys-api.md#schedules): the operator names it.
import { Temporal } from 'temporal-polyfill';
import { type ScheduleProblem, type Trigger, triggerProblem } from './trigger.js';

export type AskedSchedule = Omit<Trigger, 'startDate' | 'startTime' | 'endDate'> & {
  startDate?: string | undefined;
  startTime?: string | undefined;
  endDate?: string | undefined;
  /** Milliseconds from now until it starts, where no date says so. */
  after?: number | undefined;
};

/** `now` is Qualys' time, epoch ms; `timezone` an IANA name. */
export interface ScheduleClock {
  now: number;
  timezone: string;
}

/** A schedule without a date starts this long from now. */
const DEFAULT_AFTER_MS = 3_600_000;
/** The scheduler's dates have four digits for the year. */
const LAST_MS = Date.UTC(9_999, 11, 30);

/** The trigger of a schedule that is asked for now, or why it cannot be asked for any more. */
export function planSchedule(asked: AskedSchedule, clock: ScheduleClock): { trigger: Trigger; problem?: ScheduleProblem | undefined } {
  const everyMonth = asked.scheduleType === 'MONTHLY' ? { recurrenceMonth: asked.recurrenceMonth ?? 1 } : {};
  const trigger = { ...asked, ...everyMonth, ...scheduleTimes(asked, clock) };
  return { trigger, problem: expiredProblem(trigger, clock) ?? triggerProblem(trigger) };
}

/**
 * Why an order that was written down some time ago cannot be sent any more: its start has passed. A start in the past is answered with 400
 * (docs/qualys-api.md#schedules).
 */
export function expiredProblem({ startDate, startTime, endDate }: Trigger, clock: ScheduleClock): ScheduleProblem | undefined {
  if (clock.now >= instantOf(endDate, '23:59:59', clock)) return { field: 'endDate', problem: `${endDate} is in the past: ${itIs(clock)}` };
  if (clock.now <= instantOf(startDate, startTime, clock)) return undefined;
  return { field: 'startDate', problem: `the start, ${startDate} ${startTime}, is in the past: ${itIs(clock)}` };
}

/**
 * What is impossible already when the run is opened, before its end is known: a start or an end in the past, or no firing between the
 * earliest start and the end. A start that the request leaves open comes no earlier than `after` from now.
 */
export function openingProblem(asked: AskedSchedule, clock: ScheduleClock): ScheduleProblem | undefined {
  const { startDate, startTime } = asked;
  if (startDate === undefined) {
    // Months may be counted from the start's, which is not known yet: any month will do.
    const { trigger, problem } = planSchedule({ ...asked, recurrenceMonth: undefined }, clock);
    return problem?.field === 'endDate' && asked.endDate !== undefined
      ? {
          field: 'endDate',
          problem: `${asked.endDate} is too early: it can start on ${trigger.startDate} at the earliest, and ${itIs(clock)}`,
        }
      : problem;
  }
  return expiredProblem({ ...asked, startDate, startTime: startTime ?? '23:59:59', endDate: asked.endDate ?? startDate }, clock);
}

/** Dates and time as the scheduler wants them, in its zone. Rounded up to the minute, so that the start is not past at once. */
function scheduleTimes(asked: AskedSchedule, { now, timezone }: ScheduleClock): Pick<Trigger, 'startDate' | 'startTime' | 'endDate'> {
  const startsAt = Math.min(Math.ceil((now + (asked.after ?? DEFAULT_AFTER_MS)) / 60_000) * 60_000, LAST_MS);
  const earliest = Temporal.Instant.fromEpochMilliseconds(startsAt).toZonedDateTimeISO(timezone).toPlainDateTime();
  const startTime = withSeconds(asked.startTime ?? earliest.toPlainTime().toString({ smallestUnit: 'second' }));
  // The next such time of day, where the time is told and the date is not.
  const isTooEarly = Temporal.PlainTime.compare(startTime, earliest.toPlainTime()) < 0;
  const startDate =
    asked.startDate ??
    earliest
      .toPlainDate()
      .add({ days: isTooEarly ? 1 : 0 })
      .toString();
  return { startDate, startTime, endDate: asked.endDate ?? startDate };
}

/** A time that the zone leaves out on that day, when its clocks go forward, is read as the one after the gap. */
function instantOf(date: string, time: string, { timezone }: ScheduleClock): number {
  return Temporal.PlainDateTime.from(`${date}T${time}`).toZonedDateTime(timezone).epochMilliseconds;
}

function itIs({ now, timezone }: ScheduleClock): string {
  const local = Temporal.Instant.fromEpochMilliseconds(Math.floor(now)).toZonedDateTimeISO(timezone).toPlainDateTime();
  return `in ${timezone} it is ${local.toString({ smallestUnit: 'second' }).replace('T', ' ')}`;
}

function withSeconds(time: string): string {
  return time.length === 5 ? `${time}:00` : time;
}
