import { openingProblem } from '../domain/schedule-plan.js';
import { weekdayOf } from '../domain/schedule-trigger.js';
import type { FollowUp, Problem } from '../schema/request.js';
import type { ActivityDependencies } from './dependencies.js';
import { never } from './outcome-of-attempt.js';

/** Why the follow-up schedule is impossible already: its dates are past, or none of them can come. `now` is Qualys' time, epoch milliseconds. */
export function impossibleFollowUp(followUp: FollowUp | undefined, at: { now: number; timezone: string }): Problem | undefined {
  if (followUp?.kind !== 'schedule') return undefined;
  const asked = { ...followUp, daysOfWeek: followUp.daysOfWeek?.flatMap((day) => weekdayOf(day) ?? []) };
  const found = openingProblem(asked, at);
  return found && { path: `followUp.${found.field}`, problem: found.problem };
}

/**
 * Fails a run, before anything is sent, whose follow-up schedule is impossible. The request alone does not show it, and the workflow has no
 * zones: Qualys' time is known here, once the script was read.
 */
export async function refuseImpossibleFollowUp(
  { ledger, schedules }: Pick<ActivityDependencies, 'ledger' | 'schedules'>,
  { followUp }: { followUp?: FollowUp | undefined },
): Promise<void> {
  if (followUp?.kind !== 'schedule') return;
  const found = impossibleFollowUp(followUp, { now: await ledger.serverClock.now(), timezone: schedules.timezone });
  if (found) throw never('InvalidRequest', `${found.path}: ${found.problem}. Nothing was sent.`, [found]);
}
