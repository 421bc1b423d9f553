import { activityInfo } from '@temporalio/activity';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { batches } from '../domain/batches.js';
import type { Blocked } from '../domain/blocked.js';
import type { FinalOutcome } from '../domain/outcome.js';
import { term } from '../domain/qql.js';
import { scheduleTimes, scheduleTitle } from '../domain/schedule-plan.js';
import type { RunRow } from '../ledger/runs.js';
import { QualysError } from '../qualys/errors.js';
import { type FollowUp, MAX_EXPLICIT_TARGETS } from '../schema/request.js';
import type { ActivityDependencies } from './dependencies.js';
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
      const targets = await targetsOf(dependencies, run, followUp);
      if (targets.length === 0) return {};
      try {
        await (followUp.kind === 'schedule'
          ? createSchedules(dependencies, { run, followUp, targets })
          : startRecheck(dependencies, { run, followUp, targets }));
        return {};
      } catch (error) {
        if (!(error instanceof QualysError)) throw error;
        const blocked = blockedBy(error);
        if (shown?.kind !== blocked.kind) return { blocked };
        throw later(waitAfter(error, activityInfo().attempt), error.message);
      }
    },
  };
}

/** Everything, or what is unresolved: failed, and with another script than the run's also what may still be running. */
async function targetsOf({ ledger }: ActivityDependencies, run: RunRow, followUp: FollowUp): Promise<Target[]> {
  const otherScript = followUp.script !== undefined && followUp.script !== run.script?.id && followUp.script !== run.script?.title;
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
  targets: readonly Target[];
}

async function createSchedules(dependencies: ActivityDependencies, { run, followUp, targets }: Following<'schedule'>): Promise<void> {
  const { ledger, qualys } = dependencies;
  // The scheduler wants the agent's UUID of each asset; one that never reported has none.
  const known = targets.filter(({ agentUuid }) => agentUuid !== null);
  const script = followUp.script === undefined ? run.script : await qualys.script(followUp.script, { runId: run.id });
  const parts = batches(known, ASSETS_A_SCHEDULE);
  for (const [index, part] of parts.entries()) {
    const title = scheduleTitle(followUp.title, run.id, { number: index + 1, of: parts.length });
    const row = await ledger.schedules.get(run.id, title);
    if (row && row.state !== 'intended') continue;
    if (row && (await titleIsTaken(dependencies, run, title))) {
      // Our own request may have made it, and its answer was lost (T-09); without the schedule search that is all there is to know.
      await ledger.schedules.set(run.id, {
        title,
        state: 'exists',
        detail: 'unverified: a schedule of this title exists after an answer was lost',
      });
      continue;
    }
    await ledger.schedules.set(run.id, { title, state: 'intended' });
    await createOne(dependencies, { run, followUp, title, targets: part, script: { id: script?.id ?? '', title: script?.title ?? '' } });
  }
}

interface OneSchedule extends Following<'schedule'> {
  title: string;
  script: { id: string; title: string };
}

async function createOne(dependencies: ActivityDependencies, { run, followUp, title, targets, script }: OneSchedule): Promise<void> {
  const { ledger, qualys, schedules } = dependencies;
  const { hourlyInterval, daysOfWeek, recurrenceDate, recurrenceMonth } = followUp;
  const answer = await qualys.createSchedule({
    title,
    description: `Follow-up of ${run.id}`.slice(0, 200),
    scripts: [script],
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
    case 'rejected':
      await ledger.audit.add(run.id, { action: 'schedule-rejected', detail: `${title}: ${answer.message}` });
      return ledger.schedules.set(run.id, { title, state: 'rejected', detail: answer.message });
    case 'refused':
      throw new QualysError('limited', answer.message, answer.waitMs === undefined ? {} : { waitMs: answer.waitMs });
    case 'unknown':
      throw new QualysError('unavailable', `The answer to the schedule "${title}" was lost: ${answer.message}`);
  }
}

/** `name` is a contains match, so a count of 0 proves absence and nothing else does. */
async function titleIsTaken({ qualys }: ActivityDependencies, run: RunRow, title: string): Promise<boolean> {
  return (await qualys.countSchedules({ filter: term('name', title), runId: run.id })) > 0;
}

/** A recheck is a run of its own, linked by its id; Temporal starts it when it is due. */
async function startRecheck(
  { client, ledger, taskQueue }: ActivityDependencies,
  { run, followUp, targets }: Following<'recheck'>,
): Promise<void> {
  const workflowId = `${run.id}/recheck`;
  const { followUp: _followUp, errorBudget: _errorBudget, scriptSha256: _sha, maxAssets: _max, ...request } = run.request;
  try {
    await client.workflow.start('remediationRun', {
      workflowId,
      taskQueue,
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      startDelay: followUp.after,
      args: [
        {
          ...request,
          script: followUp.script ?? run.script?.id ?? run.request.script,
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
