// What a schedule's fields must be, as far as the request alone tells: everything that depends on the time of day is plan.ts.
import {
  isCivilDate,
  isTimeOfDay,
  SCHEDULE_TYPES,
  type ScheduleProblem,
  type ScheduleType,
  triggerProblem,
  WEEKDAYS,
  type Weekday,
} from './trigger.js';

/** Fields that only one type of schedule has. */
const OWNER: Readonly<Record<string, ScheduleType>> = {
  hourlyInterval: 'HOURLY',
  daysOfWeek: 'WEEKLY',
  recurrenceDate: 'MONTHLY',
  recurrenceMonth: 'MONTHLY',
};

const NEEDED: Readonly<Record<ScheduleType, readonly [field: string, what: string][]>> = {
  ONE_TIME: [],
  HOURLY: [['hourlyInterval', 'every how many hours']],
  DAILY: [],
  WEEKLY: [['daysOfWeek', 'on which days, such as ["MON", "THU"]']],
  MONTHLY: [['recurrenceDate', 'on which day of the month']],
};

/**
 * All problems of a schedule that the request asks for. Takes fields of any form: one that is malformed is the schema's to name, and no
 * reason to keep quiet about others.
 */
export function fieldProblems(asked: Readonly<Record<string, unknown>>): ScheduleProblem[] {
  const type = SCHEDULE_TYPES.find((word) => word === asked.scheduleType);
  if (!type) return [];
  const problems: ScheduleProblem[] = [];
  for (const [field, owner] of Object.entries(OWNER)) {
    if (asked[field] !== undefined && owner !== type) problems.push({ field, problem: `is for ${owner}, not for ${type}` });
  }
  for (const [field, what] of NEEDED[type]) {
    if (asked[field] === undefined) problems.push({ field, problem: `${type} needs it: ${what}` });
  }
  if (asked.startDate !== undefined && asked.after !== undefined) {
    problems.push({ field: 'after', problem: 'conflicts with startDate: both set the start' });
  }
  if ((type === 'WEEKLY' || type === 'MONTHLY') && asked.startDate === undefined && asked.endDate === undefined) {
    problems.push({ field: 'endDate', problem: `${type} needs it: without it the schedule ends on the day it starts` });
  }
  const trigger = knownTrigger(type, asked);
  const never = trigger && triggerProblem(trigger);
  if (never) problems.push(never);
  return problems;
}

/** Without a start date only an hourly schedule that must end on the day it starts can be judged. */
function knownTrigger(scheduleType: ScheduleType, asked: Readonly<Record<string, unknown>>) {
  const { startTime = '00:00:00', hourlyInterval, daysOfWeek, recurrenceDate, recurrenceMonth = 1 } = asked;
  const startDate = asked.startDate ?? (scheduleType === 'HOURLY' && asked.endDate === undefined ? '2000-01-01' : undefined);
  const endDate = asked.endDate ?? startDate;
  if (!isCivilDate(startDate) || !isCivilDate(endDate) || !isTimeOfDay(startTime)) return undefined;
  const times = { scheduleType, startDate, startTime, endDate };
  if (scheduleType === 'HOURLY') return isCount(hourlyInterval) ? { ...times, hourlyInterval } : undefined;
  if (scheduleType === 'WEEKLY') return isWeekdays(daysOfWeek) ? { ...times, daysOfWeek } : undefined;
  if (scheduleType === 'MONTHLY')
    return isCount(recurrenceDate) && isCount(recurrenceMonth) ? { ...times, recurrenceDate, recurrenceMonth } : undefined;
  return times;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

function isWeekdays(value: unknown): value is Weekday[] {
  return Array.isArray(value) && value.length > 0 && value.every((day) => WEEKDAYS.some((known) => known === day));
}
