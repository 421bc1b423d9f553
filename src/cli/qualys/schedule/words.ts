import { spanText } from '../../../domain/clock/span.js';
import type { Trigger } from '../../../domain/schedules/trigger.js';
import type { Script } from '../../../qualys/types.js';
import { EXIT, type ExitCode, type Invocation, writeLine } from '../../invocation/context.js';
import { safeLine } from '../../terminal/text.js';
import { writeOne } from '../output/write-one.js';
import type { ScheduledAsset } from './assets.js';
import type { ScheduleFate } from './once.js';

export interface Scheduled {
  fate: ScheduleFate;
  title: string;
  trigger: Trigger;
  timezone: string;
  script: Script;
  assets: readonly ScheduledAsset[];
}

export async function writeScheduleFate(
  invocation: Invocation,
  scheduled: Scheduled,
  options: { out?: string | undefined },
): Promise<void> {
  const { fate, title, trigger, timezone, script, assets } = scheduled;
  const [exitCode, text] = wordsFor(scheduled);
  if (invocation.json || options.out !== undefined) {
    const { scheduleType, startDate, startTime, endDate, hourlyInterval, daysOfWeek, recurrenceDate, recurrenceMonth } = trigger;
    const when = { scheduleType, startDate, startTime, endDate, timezone, hourlyInterval, daysOfWeek, recurrenceDate, recurrenceMonth };
    const value = {
      ...fate,
      title,
      ...when,
      script: { id: script.id, title: script.title },
      assetIds: assets.map(({ assetId }) => assetId),
    };
    await writeOne(invocation, { value, lines: [], options });
  }
  if (exitCode !== EXIT.done) await writeLine(invocation.stderr, safeLine(text));
  else if (!invocation.json) await writeLine(invocation.stdout, safeLine(text));
  invocation.exitCode = exitCode;
}

function wordsFor({ fate, title, trigger, timezone, script, assets }: Scheduled): [ExitCode, string] {
  const { scheduleType, startDate, startTime, endDate } = trigger;
  const until = endDate === startDate ? '' : ` until ${endDate}`;
  const what = `script ${script.id} on ${assets.length === 1 ? '1 asset' : `${assets.length} assets`}, ${scheduleType} from ${startDate} ${startTime}${until} (${timezone})`;
  switch (fate.kind) {
    case 'created':
      return [
        EXIT.done,
        `Created schedule ${fate.scheduleId}: ${what}.${fate.foundBy === 'search' ? ' The response was lost; the search shows it.' : ''}`,
      ];
    case 'exists':
      return existsWords(fate, title);
    case 'unverified':
      return [EXIT.notSucceeded, fate.message];
    case 'rejected':
      return [EXIT.usage, fate.message];
    case 'refused':
      return [
        EXIT.unreachable,
        `Not sent: ${fate.message}. Try again${fate.waitMs === undefined ? ' later' : ` in ${spanText(fate.waitMs)}`}.`,
      ];
  }
}

function existsWords({ match, scheduleId, message }: Extract<Scheduled['fate'], { kind: 'exists' }>, title: string): [ExitCode, string] {
  const which = `${JSON.stringify(title)}${scheduleId === undefined ? '' : ` (${scheduleId})`}`;
  switch (match.kind) {
    case 'identical':
      return [EXIT.done, `Already exists. ${message}: schedule ${which} is identical.`];
    case 'differs':
      return [
        EXIT.notSucceeded,
        `${message}: another schedule is titled ${which}, with a different ${match.field}. Choose another --title.`,
      ];
    case 'unverified':
      return [
        EXIT.notSucceeded,
        `${message}: a schedule is titled ${which}, and it cannot be compared. Check it at Qualys, or choose another --title.`,
      ];
  }
}
