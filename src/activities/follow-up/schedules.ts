// The schedules of a follow-up, 25 assets each. The title is the only key that the scheduler knows: written down first, asked for once,
// looked up when in doubt.
import { createHash } from 'node:crypto';
import { CancelledFailure, Context } from '@temporalio/activity';
import { MAX_EXPLICIT_TARGETS } from '../../contracts/request.js';
import { batches } from '../../domain/basics/batches.js';
import { openCopyReason } from '../../domain/execution/may-still-run.js';
import { expiredProblem, planSchedule } from '../../domain/schedules/plan.js';
import { scheduleTitle } from '../../domain/schedules/title.js';
import { weekdayNumber, weekdayOf } from '../../domain/schedules/trigger.js';
import { QualysError } from '../../qualys/errors.js';
import type { ScheduleRequest } from '../../qualys/types.js';
import type { ActivityDependencies } from '../dependencies.js';
import { whoWeAre } from '../in-doubt/audit-trail.js';
import { lookUpSchedule, type ScheduleEvidence } from './evidence.js';
import { FollowUpRefused } from './script.js';
import type { Following, FollowUpTarget } from './terms.js';

/** No document limits the lists of a schedule; 25 is what `execute` takes, and what is known to work. */
const ASSETS_A_SCHEDULE = 25;

/** Of a schedule whose answer was lost, or that was never asked for, when it is too late to ask for it again. */
const MAYBE_THERE = 'an earlier attempt may have created it; this gateway does not show it';

type Scheduling = Following<'schedule'>;

export async function createSchedules(dependencies: ActivityDependencies, scheduling: Scheduling): Promise<void> {
  const { ledger } = dependencies;
  const { run, followUp } = scheduling;
  const parts = batches(await schedulable(dependencies, scheduling), ASSETS_A_SCHEDULE);
  const digest = createHash('sha256').update(`${ledger.id}\n${run.id}`).digest('hex').slice(0, 16);
  for (const [index, part] of parts.entries()) {
    goOn(scheduling);
    // Behind the cut into parts, which another attempt has to make in the same way: a title stands for its part.
    const targets = part.filter(({ assetId }) => !scheduling.kept.has(assetId));
    if (targets.length === 0) continue;
    const facts = { asked: followUp.title, runId: run.id, digest, part: { number: index + 1, of: parts.length } };
    const title = scheduleTitle(facts);
    if ((await settle(dependencies, scheduling, { title, targets })) === 'settled') continue;
    // Once, under a title that names run and ledger: whoever has that one too is not to be argued with.
    const marked = scheduleTitle({ ...facts, marked: true });
    await ledger.audit.addOnce(run.id, { action: 'schedule-retitled', detail: `"${title}" belongs to somebody else; using "${marked}"` });
    if ((await settle(dependencies, scheduling, { title: marked, targets })) === 'settled') continue;
    await reject(dependencies, run.id, { title: marked, why: `this title and "${title}" both belong to somebody else` });
  }
}

/**
 * The scheduler wants the agent's UUID of each asset, which one that never reported has not. The report lists every schedule, so there is
 * an end to them.
 */
async function schedulable({ ledger }: ActivityDependencies, { run, targets }: Scheduling): Promise<FollowUpTarget[]> {
  const known = targets.filter(({ agentUuid }) => agentUuid !== null);
  const cut = async (count: number, why: string) =>
    count > 0 &&
    (await ledger.audit.addOnce(run.id, {
      action: 'follow-up-cut',
      detail: `${count} of ${targets.length} assets are in no schedule: ${why}`,
    }));
  await cut(targets.length - known.length, 'Qualys shows no agent UUID for them');
  await cut(known.length - MAX_EXPLICIT_TARGETS, `a follow-up schedules at most ${MAX_EXPLICIT_TARGETS}`);
  return known.slice(0, MAX_EXPLICIT_TARGETS);
}

/** A run that is cancelled schedules nothing more. */
function goOn({ reporting }: Scheduling): void {
  reporting.beat();
  if (Context.current().cancellationSignal.aborted) throw new CancelledFailure('The run was cancelled while its follow-up was scheduled.');
}

interface OneSchedule {
  title: string;
  targets: readonly FollowUpTarget[];
}

/** Brings one title to its end: `settled` is written down for good, `taken` is somebody else's. */
async function settle(dependencies: ActivityDependencies, scheduling: Scheduling, one: OneSchedule): Promise<'settled' | 'taken'> {
  const { ledger, qualys } = dependencies;
  const { run } = scheduling;
  const { title } = one;
  const row = await ledger.schedules.get(run.id, title);
  if (row?.state === 'taken') return 'taken';
  if (row && row.state !== 'planned' && row.state !== 'intended') return 'settled';
  // Of one that was planned only, nothing was made: what policy keeps from scripts by now is left out of it.
  const stored = row?.order === undefined ? undefined : (JSON.parse(row.order) as ScheduleRequest);
  const isOutdated = row?.state === 'planned' && stored?.assets.some(({ id }) => scheduling.kept.has(String(id)));
  const order = stored === undefined || isOutdated ? await firstOrder(dependencies, scheduling, one) : stored;
  if (order === undefined)
    return reject(dependencies, run.id, { title, why: 'an earlier copy of the script may still be running on each of its assets' });
  // An earlier attempt may have made it, and its answer was lost.
  const mayBeOurs = row?.state === 'intended';
  const found = mayBeOurs ? await lookUpSchedule(qualys, order) : undefined;
  // A count is by a contains match: it may be that of a longer title, and nothing was ever sent under this one. Asked for again, Qualys
  // says by a 409 whether the title is there.
  const isMaybeThere = found?.kind === 'unverified' && found.isCountOnly === true;
  if (found && found.kind !== 'absent' && !isMaybeThere) return conclude(dependencies, order, { found, mayBeOurs });
  if (order.assets.some(({ id }) => scheduling.kept.has(String(id)))) {
    const why = 'it contains an asset that policy now excludes from all scripts';
    return reject(dependencies, run.id, { title, why: isMaybeThere ? `${why}; ${MAYBE_THERE}` : why });
  }
  const expired = row && (await whyExpired(dependencies, order));
  if (expired !== undefined) return reject(dependencies, run.id, { title, why: isMaybeThere ? `${expired}; ${MAYBE_THERE}` : expired });
  await ledger.schedules.set(run.id, { title, state: 'intended', order: JSON.stringify(order) });
  try {
    await scheduling.reporting.report();
  } catch (error) {
    if (!mayBeOurs) await notMade(dependencies, order);
    throw error;
  }
  return send(dependencies, order, mayBeOurs);
}

async function send(dependencies: ActivityDependencies, order: ScheduleRequest, mayBeOurs: boolean): Promise<'settled' | 'taken'> {
  const { ledger, qualys } = dependencies;
  const { title, runId = '' } = order;
  const answer = await qualys.createSchedule(order);
  switch (answer.kind) {
    case 'created':
      await ledger.schedules.set(runId, { title, state: 'created', scheduleId: answer.id });
      return 'settled';
    case 'exists':
      if (!mayBeOurs) await notMade(dependencies, order);
      // Another attempt of this activity has made it meanwhile: one that was given up may still be at work.
      if (await isThere(dependencies, order)) return 'settled';
      return conclude(dependencies, order, { found: await lookUpSchedule(qualys, order), mayBeOurs });
    case 'rejected':
      // Credentials and roles are for an operator to fix: the run waits and says so (docs/requests.md).
      if (answer.status === 401 || answer.status === 403) {
        if (!mayBeOurs) await notMade(dependencies, order);
        throw new QualysError(answer.status === 401 ? 'authentication' : 'permission', answer.message, { status: answer.status });
      }
      return reject(dependencies, runId, { title, why: answer.message });
    case 'refused':
      if (!mayBeOurs) await notMade(dependencies, order);
      throw new QualysError('limited', answer.message, answer.waitMs === undefined ? {} : { waitMs: answer.waitMs });
    case 'unknown':
      throw new QualysError('unavailable', `The response to the schedule "${title}" was lost: ${answer.message}`);
  }
}

/** Qualys has said that this request made nothing: whatever has the title later is not ours by a lost answer. */
async function notMade({ ledger }: ActivityDependencies, order: ScheduleRequest): Promise<void> {
  await ledger.schedules.set(order.runId ?? '', { title: order.title, state: 'planned', order: JSON.stringify(order) });
}

async function isThere({ ledger }: ActivityDependencies, { runId = '', title }: ScheduleRequest): Promise<boolean> {
  const state = (await ledger.schedules.get(runId, title))?.state;
  return state === 'created' || state === 'exists';
}

/** The title exists. Identical is as good as made, by whom ever; what cannot be compared is ours only after a lost answer, and marked. */
async function conclude(
  { ledger }: ActivityDependencies,
  { title, runId = '' }: ScheduleRequest,
  { found, mayBeOurs }: { found: ScheduleEvidence; mayBeOurs: boolean },
): Promise<'settled' | 'taken'> {
  if (found.kind === 'identical') {
    const detail = 'identical: a schedule of this title, script, assets and dates exists';
    await ledger.schedules.set(runId, { title, state: 'exists', scheduleId: found.scheduleId, detail });
    return 'settled';
  }
  const why = found.kind === 'absent' ? 'the search does not show it yet' : found.why;
  if (found.kind === 'differs' || !mayBeOurs) {
    await ledger.schedules.set(runId, { title, state: 'taken', detail: `${found.kind}: ${why}` });
    return 'taken';
  }
  const detail = `unverified: a schedule with this title exists after a response was lost, and ${why}`;
  await ledger.schedules.set(runId, { title, state: 'exists', detail });
  return 'settled';
}

/** Undefined where no asset is left for it. Kept from the first on, so that no asset moves to another schedule when a copy ends. */
async function firstOrder(
  dependencies: ActivityDependencies,
  scheduling: Scheduling,
  { title, targets }: OneSchedule,
): Promise<ScheduleRequest | undefined> {
  const { run, script } = scheduling;
  const copies = run.despiteOpenCopies
    ? []
    : await dependencies.ledger.copies.of(
        script.id,
        targets.map(({ assetId }) => assetId),
      );
  const open = new Map(copies.filter(({ copy }) => copy === 'open').map(({ assetId, runId }) => [assetId, runId]));
  const free = targets.filter(({ assetId }) => !open.has(assetId));
  if (open.size > 0) {
    const named = [...open].map(([assetId, runId]) => `${assetId} (${openCopyReason(runId)})`).join(', ');
    const detail = `${open.size} assets are left out of "${title}": an earlier copy of the script may still be running on ${named}`;
    await dependencies.ledger.audit.addOnce(run.id, { action: 'follow-up-cut', detail });
  }
  return free.length === 0 ? undefined : newOrder(dependencies, scheduling, { title, targets: free });
}

/** Its dates are counted from now, so it is made once and kept: another attempt would ask for another one. */
async function newOrder(
  dependencies: ActivityDependencies,
  scheduling: Scheduling,
  { title, targets }: OneSchedule,
): Promise<ScheduleRequest> {
  const { ledger, qualys, schedules } = dependencies;
  const { run, followUp, script } = scheduling;
  const asked = { ...followUp, daysOfWeek: followUp.daysOfWeek?.flatMap((day) => weekdayOf(day) ?? []) };
  const { trigger, problem } = planSchedule(asked, { now: await ledger.serverClock.now(), timezone: schedules.timezone });
  const user = await whoWeAre(dependencies);
  if (user?.uuid === undefined) throw new FollowUpRefused(`"${title}" is not scheduled: its owner is unknown. Set QUALYS_USER_ID.`);
  // What comes after it has the same dates.
  if (problem) throw new FollowUpRefused(`"${title}" and later parts are not scheduled. followUp.${problem.field}: ${problem.problem}`);
  const { startDate, startTime, endDate, scheduleType, hourlyInterval, daysOfWeek, recurrenceDate, recurrenceMonth } = trigger;
  return {
    title,
    description: `Follow-up of ${run.id}`.slice(0, 200),
    scripts: [{ id: script.id, title: script.title }],
    assets: targets.map(({ assetId, agentUuid }) => ({ UUId: agentUuid ?? '', id: assetId })),
    scheduleType,
    ...{ startDate, startTime, endDate },
    ...(hourlyInterval === undefined ? {} : { hourlyInterval }),
    ...(daysOfWeek === undefined ? {} : { daysOfWeek: daysOfWeek.map((day) => weekdayNumber(day, schedules.weekStart)) }),
    ...(recurrenceDate === undefined ? {} : { recurrenceDate }),
    ...(recurrenceMonth === undefined ? {} : { recurrenceMonth }),
    user: { id: user.uuid, name: user.name ?? qualys.username },
    runId: run.id,
  };
}

async function whyExpired({ ledger, schedules }: ActivityDependencies, order: ScheduleRequest): Promise<string | undefined> {
  const { scheduleType, startDate, startTime, endDate } = order;
  const trigger = { scheduleType, startDate, startTime, endDate };
  return expiredProblem(trigger, { now: await ledger.serverClock.now(), timezone: schedules.timezone })?.problem;
}

async function reject({ ledger }: ActivityDependencies, runId: string, { title, why }: { title: string; why: string }): Promise<'settled'> {
  await ledger.audit.addOnce(runId, { action: 'schedule-rejected', detail: `${title}: ${why}` });
  await ledger.schedules.set(runId, { title, state: 'rejected', detail: why });
  return 'settled';
}
