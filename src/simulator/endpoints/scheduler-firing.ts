// Whether a schedule would ever fire, found by looking at every day of its time: slow, plain, and no part of the product's own rules.
import { GatewayError } from '../error.js';

type Body = Readonly<Record<string, unknown>>;

const TYPES = ['ONE_TIME', 'HOURLY', 'DAILY', 'WEEKLY', 'MONTHLY'];
const DAY_MS = 86_400_000;
const DAYS_LOOKED_AT = 4_000;
/** A start that has just passed is taken. */
const LATE_MS = 60_000;

/** Dates are read as UTC. A missing or malformed field is a 400. */
export function neverFires(body: Body, now: number): boolean {
  const startDate = requiredText(body, 'startDate', /^\d{4}-\d{2}-\d{2}$/);
  const endDate = requiredText(body, 'endDate', /^\d{4}-\d{2}-\d{2}$/);
  const startTime = requiredText(body, 'startTime', /^\d{2}:\d{2}:\d{2}$/);
  const type = requiredText(body, 'scheduleType', /^[A-Z_]+$/);
  if (!TYPES.includes(type)) throw new GatewayError(400, `scheduleType must be one of ${TYPES.join(', ')}`);
  const startsAt = Date.parse(`${startDate}T${startTime}Z`);
  const endsAt = Date.parse(`${endDate}T23:59:59Z`);
  const isFiring = firingDays(body, type, startsAt);
  if (!(startsAt >= now - LATE_MS && startsAt <= endsAt)) return true;
  for (let day = 0; day < DAYS_LOOKED_AT && startsAt + day * DAY_MS <= endsAt; day += 1) {
    if (isFiring(new Date(startsAt + day * DAY_MS))) return false;
  }
  return true;
}

export function requiredText(body: Body, name: string, pattern: RegExp): string {
  const value = body[name];
  if (typeof value !== 'string' || !pattern.test(value)) throw new GatewayError(400, `${name} is missing or malformed`);
  return value;
}

function firingDays(body: Body, type: string, startsAt: number): (day: Date) => boolean {
  if (type === 'HOURLY') requiredCount(body, 'hourlyInterval');
  if (type === 'WEEKLY') {
    const { daysOfWeek } = body;
    if (!Array.isArray(daysOfWeek) || !daysOfWeek.every((day) => /^[1-7]$/.test(String(day))) || daysOfWeek.length === 0) {
      throw new GatewayError(400, 'daysOfWeek is missing or malformed');
    }
    // As Quartz counts: 1 is Sunday.
    return (day) => daysOfWeek.some((wanted) => Number(wanted) === day.getUTCDay() + 1);
  }
  if (type === 'MONTHLY') {
    const date = requiredCount(body, 'recurrenceDate');
    const every = requiredCount(body, 'recurrenceMonth');
    const first = new Date(startsAt).getUTCMonth();
    return (day) => day.getUTCDate() === date && (day.getUTCMonth() - first + 12) % every === 0;
  }
  return () => true;
}

function requiredCount(body: Body, name: string): number {
  const value = Number(body[name]);
  if (!Number.isInteger(value) || value < 1) throw new GatewayError(400, `${name} is missing or malformed`);
  return value;
}
