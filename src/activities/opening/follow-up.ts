import type { Policy } from '../../contracts/policy.js';
import type { FollowUp, Problem } from '../../contracts/request.js';
import type { ServerClock } from '../../domain/limits/call-gate.js';
import { openingProblem } from '../../domain/schedules/plan.js';
import { weekdayOf } from '../../domain/schedules/trigger.js';
import type { Qualys, Script } from '../../qualys/types.js';
import { nonRetryable } from '../failures.js';
import { type Asking, askWhoWeAre, whoWeAre } from '../in-doubt/audit-trail.js';
import { refusedScript } from '../policy/refused-script.js';

export type AskingOfFollowUp = Asking & { ledger: { serverClock: Pick<ServerClock, 'now'> } };

interface AskedFollowUp {
  runId: string;
  followUp?: FollowUp | undefined;
}

/**
 * Why the follow-up schedule is impossible already: its dates are past, or none of them can come. `now` is Qualys' time, epoch
 * milliseconds.
 */
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
export async function refuseImpossibleFollowUp(dependencies: AskingOfFollowUp, asked: AskedFollowUp): Promise<void> {
  const found = await followUpProblem(dependencies, asked);
  if (found) throw nonRetryable('InvalidRequest', `${found.path}: ${found.problem}. Nothing was sent.`, [found]);
}

/** Why a follow-up schedule could not be made after the run: by its dates, or because nobody knows whose it would be. */
export async function followUpProblem(dependencies: AskingOfFollowUp, { runId, followUp }: AskedFollowUp): Promise<Problem | undefined> {
  if (followUp?.kind !== 'schedule') return undefined;
  const { ledger, schedules } = dependencies;
  return (
    impossibleFollowUp(followUp, { now: await ledger.serverClock.now(), timezone: schedules.timezone }) ??
    (await nobodysSchedule(dependencies, runId))
  );
}

/** The scheduler wants to know whose the schedule is. After the run it would be too late to learn that nobody has said so. */
async function nobodysSchedule(dependencies: Asking, runId: string): Promise<Problem | undefined> {
  const user = await whoWeAre(dependencies);
  if (user?.uuid !== undefined || (await askWhoWeAre(dependencies, runId))?.uuid !== undefined) return undefined;
  return {
    path: 'followUp',
    problem:
      'the scheduler needs the id of the API user, which the audit trail has not shown so far: set QUALYS_USER_ID (a UUID or a number)',
  };
}

/** The script of a follow-up that has one of its own: read when what is approved is frozen, because it is part of that. */
export async function readFollowUpScript(
  { qualys, policy }: { qualys: Pick<Qualys, 'script'>; policy: Policy },
  runId: string,
  { followUp }: { followUp?: FollowUp | undefined },
): Promise<{ script: Script; refusal: ReturnType<typeof refusedScript> } | undefined> {
  if (followUp?.script === undefined) return undefined;
  const script = await qualys.script(followUp.script, { runId });
  const refusal = refusedScript(script, policy.scripts?.allow);
  return { script, refusal: refusal && { ...refusal, message: `Follow-up: ${refusal.message}` } };
}
