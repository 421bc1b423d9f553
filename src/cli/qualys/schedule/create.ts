import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { describeProblems, FollowUpSchema, problemsOf } from '../../../contracts/request.js';
import type { ScheduleContent } from '../../../domain/schedules/match.js';
import { planSchedule } from '../../../domain/schedules/plan.js';
import { SCHEDULE_TYPES, type Trigger, weekdayNumber } from '../../../domain/schedules/trigger.js';
import type { ScheduleRequest, Script } from '../../../qualys/types.js';
import { CommandFailed, EXIT, type Invocation } from '../../invocation/context.js';
import { type QualysLink, withQualys } from '../output/connection.js';
import { count, oneCommand } from '../output/walk.js';
import { onceOptions } from '../scripts/creation.js';
import { type ScheduledAsset, scheduledAssets } from './assets.js';
import { createScheduleOnce } from './once.js';
import { type Scheduled, writeScheduleFate } from './words.js';

interface ScheduleOptions {
  script: string;
  title: string;
  type: string;
  assets?: string[] | undefined;
  hosts?: string[] | undefined;
  userId?: string | undefined;
  wait: number;
  out?: string | undefined;
}

/** The options by the names that the schedule has in a request, so that problems of either can be told in the words of the option. */
const OPTION_OF: Readonly<Record<string, string>> = {
  script: '--script',
  title: '--title',
  scheduleType: '--type',
  startDate: '--start-date',
  startTime: '--start-time',
  endDate: '--end-date',
  after: '--after',
  hourlyInterval: '--every-hours',
  daysOfWeek: '--days',
  recurrenceDate: '--day-of-month',
  recurrenceMonth: '--every-months',
};

export function scheduleCommand(invocation: Invocation) {
  return oneCommand('schedule', 'create a schedule at Qualys; repeating the command creates no second one')
    .requiredOption('--script <id|title>', 'what runs')
    .requiredOption('--title <text>', 'a title that no schedule has yet')
    .addOption(new Option('--type <word>', SCHEDULE_TYPES.join(', ')).makeOptionMandatory())
    .option('--assets <ids>', 'asset ids', commaSeparated)
    .option('--hosts <names>', 'exact asset names', commaSeparated)
    .option('--user-id <id>', 'owner of the schedule (default: QUALYS_USER_ID)')
    .optionsGroup('When (in QUALYS_SCHEDULE_TIMEZONE):')
    .option('--start-date <date>', 'default: next --start-time, or --after from now')
    .option('--start-time <time>', 'HH:MM')
    .option('--end-date <date>', 'default: the day it starts')
    .option('--after <duration>', 'delay until the start, instead of a date (default: 1h)')
    .option('--every-hours <n>', 'HOURLY', count)
    .option('--days <list>', 'WEEKLY: days such as MON,THU', commaSeparated)
    .option('--day-of-month <n>', 'MONTHLY', count)
    .option('--every-months <n>', 'MONTHLY: every nth month', count)
    .action(async (options) => {
      const asked = askedSchedule({
        script: options.script,
        title: options.title,
        scheduleType: options.type.toUpperCase(),
        startDate: options.startDate,
        startTime: options.startTime,
        endDate: options.endDate,
        after: options.after,
        hourlyInterval: options.everyHours,
        daysOfWeek: options.days,
        recurrenceDate: options.dayOfMonth,
        recurrenceMonth: options.everyMonths,
      });
      if (!options.assets && !options.hosts) throw new CommandFailed(EXIT.usage, 'Name the assets with --assets or --hosts.');
      const done = await withQualys(invocation, options, (link) => createdSchedule(invocation, link, { asked, options }));
      await writeScheduleFate(invocation, done, options);
    });
}

type Asked = ReturnType<typeof askedSchedule>;

async function createdSchedule(
  invocation: Invocation,
  { qualys, settings, signal }: QualysLink,
  { asked, options }: { asked: Asked; options: ScheduleOptions },
): Promise<Scheduled> {
  const userId = options.userId ?? settings.qualysUserId;
  if (userId === undefined) throw new CommandFailed(EXIT.usage, 'The scheduler needs an owner. Set QUALYS_USER_ID or use --user-id.');
  const script = await qualys.script(options.script);
  const { assets, serverAt = invocation.now() } = await scheduledAssets(qualys, {
    assetIds: options.assets ?? [],
    hostnames: options.hosts ?? [],
    signal,
  });
  const timezone = settings.scheduleTimeZone;
  const { trigger, problem } = planSchedule(asked, { now: serverAt, timezone });
  if (problem) throw new CommandFailed(EXIT.usage, `${OPTION_OF[problem.field] ?? problem.field}: ${problem.problem}`);
  const [title, user] = [options.title.trim(), { id: userId, name: settings.qualysUserName ?? qualys.username }];
  const request = requestFor({ trigger, weekStart: settings.scheduleWeekStart, script, assets, title, user });
  const once = onceOptions(invocation, { signal, maxWaitMs: options.wait });
  const fate = await createScheduleOnce(qualys, { request, content: contentOf(request) }, once);
  return { fate, title: request.title, trigger, timezone, script, assets };
}

/** The schema of follow-ups knows what a schedule may be; every problem is told at once, before anything is contacted. */
function askedSchedule(fields: Readonly<Record<string, unknown>>) {
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  const parsed = FollowUpSchema.safeParse({ kind: 'schedule', on: 'always', ...given });
  if (parsed.success && parsed.data.kind === 'schedule') return parsed.data;
  const problems = parsed.success ? [] : problemsOf(parsed.error);
  const named = problems.map(({ path, problem }) => ({ path: path.replace(/^\w+/, (field) => OPTION_OF[field] ?? field), problem }));
  throw new CommandFailed(EXIT.usage, describeProblems(named));
}

interface Parts {
  trigger: Trigger;
  weekStart: 'sunday' | 'monday' | undefined;
  script: Script;
  assets: readonly ScheduledAsset[];
  title: string;
  user: { id: string; name: string };
}

function requestFor({ trigger, weekStart, script, assets, title, user }: Parts): ScheduleRequest {
  const { scheduleType, startDate, startTime, endDate, hourlyInterval, daysOfWeek, recurrenceDate, recurrenceMonth } = trigger;
  return {
    title,
    description: `Created with overhaul by ${user.name}`.slice(0, 200),
    scripts: [{ id: script.id, title: script.title }],
    assets: assets.map(({ assetId, agentUuid }) => ({ UUId: agentUuid, id: assetId })),
    scheduleType,
    startDate,
    startTime,
    endDate,
    ...(hourlyInterval === undefined ? {} : { hourlyInterval }),
    ...(daysOfWeek === undefined ? {} : { daysOfWeek: daysOfWeek.map((day) => weekdayNumber(day, weekStart)) }),
    ...(recurrenceDate === undefined ? {} : { recurrenceDate }),
    ...(recurrenceMonth === undefined ? {} : { recurrenceMonth }),
    user,
  };
}

function contentOf({ scripts, assets, ...rest }: ScheduleRequest): ScheduleContent {
  return { ...rest, scriptIds: scripts.map(({ id }) => id), assetIds: assets.map(({ id }) => id) };
}

function commaSeparated(text: string, previous: string[] = []): string[] {
  const items = text.split(',').map((item) => item.trim());
  if (items.includes('')) throw new InvalidArgumentError('Use a comma-separated list, such as A,B.');
  return [...previous, ...items];
}
