import { activityInfo, CancelledFailure, Context, heartbeat } from '@temporalio/activity';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { batches } from '../domain/batches.js';
import type { Blocked } from '../domain/blocked.js';
import type { FinalOutcome } from '../domain/outcome.js';
import { QqlUnsafe, term } from '../domain/qql.js';
import { scheduleTimes, scheduleTitle } from '../domain/schedule-plan.js';
import type { RunRow } from '../ledger/runs.js';
import { QualysError } from '../qualys/errors.js';
import { type FollowUp, MAX_EXPLICIT_TARGETS } from '../schema/request.js';
import type { ActivityDependencies } from './dependencies.js';
import { refusedScript } from './open-run.js';
import { blockedBy, later, waitAfter } from './outcome-of-attempt.js';

export interface FollowUpInput {
  runId: string;
  shown?: Blocked | undefined;
}

export interface FollowUpResult {
  blocked?: Blocked | undefined;
}

/** No document limits the lists of a schedule; 25 is what `execute` takes, and what is known to work. */
const ASSETS_A_SCHEDULE = 25;
const EXISTS_AFTER_LOSS = 'unverified: a schedule of this title exists after an answer was lost';

interface Target {
  assetId: string;
  agentUuid: string | null;
}

/** Schedules what the request asks to follow the outcome. Each schedule is written down before it is asked for, and asked for once. */
export function createScheduleFollowUp(dependencies: ActivityDependencies) {
  return {
    async scheduleFollowUp({ runId, shown }: FollowUpInput): Promise<FollowUpResult> {
      const run = await dependencies.ledger.runs.get(runId);
      const followUp = run?.request.followUp;
      if (!run || !followUp) return {};
      try {
        const script = await scriptOf(dependencies, run, followUp);
        const targets = await targetsOf(dependencies, run, { followUp, script });
        if (targets.length === 0) return {};
        await (followUp.kind === 'schedule'
          ? createSchedules(dependencies, { run, followUp, script, targets })
          : startRecheck(dependencies, { run, followUp, script, targets }));
        return {};
      } catch (error) {
        if (isHopeless(error)) {
          await dependencies.ledger.audit.addOnce(runId, { action: 'follow-up-refused', detail: error.message });
          return {};
        }
        if (!(error instanceof QualysError)) throw error;
        const blocked = blockedBy(error);
        if (shown?.kind !== blocked.kind) return { blocked };
        throw later(waitAfter(error, activityInfo().attempt), error.message);
      }
    },
  };
}

/** Waiting does not make such a follow-up possible: the run ends without it. */
class FollowUpRefused extends Error {}

function isHopeless(error: unknown): error is Error {
  if (error instanceof FollowUpRefused || error instanceof QqlUnsafe) return true;
  return error instanceof QualysError && (error.kind === 'not-found' || error.kind === 'invalid');
}

/** The follow-up's script: the run's own, or what Qualys has under the name that the request gives it. */
async function scriptOf({ qualys, policy }: ActivityDependencies, run: RunRow, followUp: FollowUp): Promise<NamedScript> {
  if (!run.script) throw new FollowUpRefused('The run has no script.');
  if (followUp.script === undefined || followUp.script === run.script.id) return run.script;
  const script = await qualys.script(followUp.script, { runId: run.id });
  if (script.id === run.script.id) return run.script;
  const refusal = refusedScript(script, policy.scripts?.allow);
  if (refusal) throw new FollowUpRefused(refusal.message);
  return script;
}

interface NamedScript {
  id: string;
  title: string;
}

/** Everything, or what is unresolved: failed, and with another script than the run's also what may still be running. */
async function targetsOf(
  { ledger }: ActivityDependencies,
  run: RunRow,
  { followUp, script }: { followUp: FollowUp; script: NamedScript },
): Promise<Target[]> {
  // By id: the request may name the very same script by its title, or by digits that are written otherwise.
  const otherScript = script.id !== run.script?.id;
  const unresolved: FinalOutcome[] = otherScript ? ['failed', 'unverified', 'unreachable'] : ['failed'];
  const everyone: FinalOutcome[] = otherScript ? ['succeeded', 'missing', ...unresolved] : ['succeeded', 'missing', 'failed'];
  const rows = await ledger.database.all<{ asset_id: string; agent_uuid: string | null }>(
    'SELECT asset_id, agent_uuid FROM attempts WHERE run_id = ? AND last = 1 AND outcome IN (SELECT value FROM json_each(?)) ORDER BY seq',
    [run.id, JSON.stringify(followUp.on === 'always' ? everyone : unresolved)],
  );
  return rows.map((row) => ({ assetId: row.asset_id, agentUuid: row.agent_uuid }));
}

interface Following<Kind extends FollowUp['kind']> {
  run: RunRow;
  followUp: Extract<FollowUp, { kind: Kind }>;
  script: NamedScript;
  targets: readonly Target[];
}

async function createSchedules(
  dependencies: ActivityDependencies,
  { run, followUp, script, targets }: Following<'schedule'>,
): Promise<void> {
  const { ledger } = dependencies;
  // The scheduler wants the agent's UUID of each asset; one that never reported has none.
  const known = targets.filter(({ agentUuid }) => agentUuid !== null);
  if (known.length < targets.length) {
    const detail = `${targets.length - known.length} of ${targets.length} assets are in no schedule: Qualys has told no agent UUID of them`;
    await ledger.audit.addOnce(run.id, { action: 'follow-up-cut', detail });
  }
  const parts = batches(known, ASSETS_A_SCHEDULE);
  for (const [index, part] of parts.entries()) {
    goOn();
    const title = scheduleTitle(followUp.title, run.id, { number: index + 1, of: parts.length });
    const row = await ledger.schedules.get(run.id, title);
    if (row && row.state !== 'intended') continue;
    if (row && (await titleIsTaken(dependencies, run, title))) {
      // Our own request may have made it, and its answer was lost (T-09); without the schedule search that is all there is to know.
      await ledger.schedules.set(run.id, { title, state: 'exists', detail: EXISTS_AFTER_LOSS });
      continue;
    }
    await ledger.schedules.set(run.id, { title, state: 'intended' });
    await createOne(dependencies, { run, followUp, script, title, targets: part, asked: row !== undefined });
  }
}

/** A run that is cancelled schedules nothing more. */
function goOn(): void {
  heartbeat();
  if (Context.current().cancellationSignal.aborted) throw new CancelledFailure('The run was cancelled while its follow-up was scheduled.');
}

interface OneSchedule extends Following<'schedule'> {
  title: string;
  /** True when an earlier attempt may have asked for it. */
  asked: boolean;
}

async function createOne(dependencies: ActivityDependencies, { run, followUp, title, targets, script, asked }: OneSchedule): Promise<void> {
  const { ledger, qualys, schedules } = dependencies;
  const { hourlyInterval, daysOfWeek, recurrenceDate, recurrenceMonth } = followUp;
  const answer = await qualys.createSchedule({
    title,
    description: `Follow-up of ${run.id}`.slice(0, 200),
    scripts: [{ id: script.id, title: script.title }],
    assets: targets.map(({ assetId, agentUuid }) => ({ UUId: agentUuid ?? '', id: assetId })),
    scheduleType: followUp.scheduleType,
    ...scheduleTimes(followUp, await ledger.serverClock.now(), schedules.timezone),
    ...(hourlyInterval === undefined ? {} : { hourlyInterval }),
    ...(daysOfWeek === undefined ? {} : { daysOfWeek }),
    ...(recurrenceDate === undefined ? {} : { recurrenceDate }),
    ...(recurrenceMonth === undefined ? {} : { recurrenceMonth }),
    user: { id: schedules.userId ?? '', name: qualys.username },
    runId: run.id,
  });
  switch (answer.kind) {
    case 'created':
      return ledger.schedules.set(run.id, { title, state: 'created', scheduleId: answer.id });
    case 'exists':
      // The search may not list yet what an earlier attempt of ours has made (T-09): then it is ours that is in the way.
      if (asked) return ledger.schedules.set(run.id, { title, state: 'exists', detail: EXISTS_AFTER_LOSS });
      return reject(dependencies, run, { title, message: answer.message });
    case 'rejected':
      return reject(dependencies, run, { title, message: answer.message });
    case 'refused':
      throw new QualysError('limited', answer.message, answer.waitMs === undefined ? {} : { waitMs: answer.waitMs });
    case 'unknown':
      throw new QualysError('unavailable', `The answer to the schedule "${title}" was lost: ${answer.message}`);
  }
}

async function reject(
  { ledger }: ActivityDependencies,
  run: RunRow,
  { title, message }: { title: string; message: string },
): Promise<void> {
  await ledger.audit.addOnce(run.id, { action: 'schedule-rejected', detail: `${title}: ${message}` });
  await ledger.schedules.set(run.id, { title, state: 'rejected', detail: message });
}

/** `name` is a contains match, so a count of 0 proves absence and nothing else does. */
async function titleIsTaken({ qualys }: ActivityDependencies, run: RunRow, title: string): Promise<boolean> {
  return (await qualys.countSchedules({ filter: term('name', title), runId: run.id })) > 0;
}

/** A recheck is a run of its own, linked by its id; Temporal starts it when it is due. */
async function startRecheck(
  { client, ledger, taskQueue }: ActivityDependencies,
  { run, followUp, script, targets }: Following<'recheck'>,
): Promise<void> {
  const workflowId = `${run.id}/recheck`;
  if (targets.length > MAX_EXPLICIT_TARGETS) {
    const detail = `${targets.length - MAX_EXPLICIT_TARGETS} of ${targets.length} assets are not in the recheck: a request names at most ${MAX_EXPLICIT_TARGETS}`;
    await ledger.audit.addOnce(run.id, { action: 'follow-up-cut', detail });
  }
  const { followUp: _followUp, errorBudget: _errorBudget, scriptSha256, maxAssets: _max, ...request } = run.request;
  // What was approved was this content: the same script with another one is not what the operator asked to see again.
  const pin = scriptSha256 !== undefined && script.id === run.script?.id ? { scriptSha256 } : {};
  try {
    await client.workflow.start('remediationRun', {
      workflowId,
      taskQueue,
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      startDelay: followUp.after,
      args: [
        {
          ...request,
          ...pin,
          script: script.id,
          targets: { assetIds: targets.slice(0, MAX_EXPLICIT_TARGETS).map(({ assetId }) => assetId) },
          reason: `recheck of ${run.id}`,
        },
      ],
      memo: { recheckOf: run.id },
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  await ledger.schedules.set(run.id, { title: workflowId, state: 'created' });
}
