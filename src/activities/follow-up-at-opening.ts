import { openingProblem } from '../domain/schedule-plan.js';
import { weekdayOf } from '../domain/schedule-trigger.js';
import type { FollowUp } from '../schema/request.js';
import type { ActivityDependencies } from './dependencies.js';
import { never } from './outcome-of-attempt.js';

/**
 * Fails a run, before anything is sent, whose follow-up schedule is impossible already: its dates are past, or none of them can come. The request alone
 * does not show it, and the workflow has no zones: Qualys' time is known here, once the script was read.
 */
export async function refuseImpossibleFollowUp(
  { ledger, schedules }: Pick<ActivityDependencies, 'ledger' | 'schedules'>,
  { followUp }: { followUp?: FollowUp | undefined },
): Promise<void> {
  if (followUp?.kind !== 'schedule') return;
  const asked = { ...followUp, daysOfWeek: followUp.daysOfWeek?.flatMap((day) => weekdayOf(day) ?? []) };
  const found = openingProblem(asked, { now: await ledger.serverClock.now(), timezone: schedules.timezone });
  if (!found) return;
  const { field, problem } = found;
  throw never('InvalidRequest', `followUp.${field}: ${problem}. Nothing was sent.`, [{ path: `followUp.${field}`, problem }]);
}
