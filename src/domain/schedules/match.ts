// Is the schedule that Qualys has under our title the one we asked for? After a lost 201 a 409 is our own success; otherwise it is somebody
// else's (docs/qualys-api.md#schedules).
import type { ScheduleType } from './trigger.js';

export interface ScheduleContent {
  scriptIds: readonly string[];
  assetIds: readonly string[];
  /** `RECURRING` too: the later endpoints tell only the two kinds apart (docs/qualys-api.md#schedules). */
  scheduleType: ScheduleType | 'RECURRING' | (string & {});
  startDate: string;
  /** `HH:mm:ss`. */
  startTime: string;
  endDate: string;
  hourlyInterval?: number | undefined;
  /** As the scheduler numbers them. */
  daysOfWeek?: readonly string[] | undefined;
  recurrenceDate?: number | undefined;
  recurrenceMonth?: number | undefined;
}

/** What was found, as far as Qualys shows it; undefined is not shown. */
export type FoundContent = { [Field in keyof ScheduleContent]?: ScheduleContent[Field] | undefined } & {
  /** Tags and exclusions, which no schedule of ours has. */
  otherTargets?: number | undefined;
};

export type ScheduleMatch = { kind: 'identical' } | { kind: 'differs'; field: string } | { kind: 'unverified'; field: string };

/**
 * Identical needs all that decides what runs where and when to be shown and equal; one thing that is shown and is not equal makes it
 * another schedule.
 */
export function matchSchedule(asked: ScheduleContent, found: FoundContent): ScheduleMatch {
  const verdicts = FIELDS.map((field) => [field, compared(asked, found, field)] as const);
  const different = verdicts.find(([, verdict]) => verdict === 'differs');
  if (different) return { kind: 'differs', field: different[0] };
  if ((found.otherTargets ?? 0) > 0) return { kind: 'differs', field: 'assetTags' };
  const unknown = verdicts.find(([, verdict]) => verdict === 'unknown');
  return unknown ? { kind: 'unverified', field: unknown[0] } : { kind: 'identical' };
}

const FIELDS = [
  'scriptIds',
  'assetIds',
  'scheduleType',
  'startDate',
  'startTime',
  'endDate',
  'hourlyInterval',
  'daysOfWeek',
  'recurrenceDate',
  'recurrenceMonth',
] as const satisfies readonly (keyof ScheduleContent)[];

/** The field by which a recurring schedule of one type is known. */
const OWN_FIELD: Readonly<Record<string, (typeof FIELDS)[number]>> = {
  HOURLY: 'hourlyInterval',
  WEEKLY: 'daysOfWeek',
  MONTHLY: 'recurrenceDate',
};

function compared(asked: ScheduleContent, found: FoundContent, field: (typeof FIELDS)[number]): 'same' | 'differs' | 'unknown' {
  const [wanted, shown] = [asked[field], found[field]];
  // What was not asked for needs not be shown; a service may show its own default there.
  if (wanted === undefined) return 'same';
  if (shown === undefined) return 'unknown';
  if (field === 'scheduleType' && shown === 'RECURRING') {
    if (wanted === 'ONE_TIME') return 'differs';
    const own = OWN_FIELD[asked.scheduleType];
    return own !== undefined && found[own] !== undefined ? 'same' : 'unknown';
  }
  return textOf(wanted) === textOf(shown) ? 'same' : 'differs';
}

/** Lists are sets here: their order says nothing. */
function textOf(value: string | number | readonly string[]): string {
  return typeof value === 'object' ? JSON.stringify([...new Set(value)].sort()) : String(value);
}
