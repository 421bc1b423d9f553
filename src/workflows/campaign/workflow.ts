import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { OpenCampaignResult } from '../../activities/campaign/open.js';
import { type CampaignPlan, parsePlan } from '../../contracts/plan.js';
import type { CampaignReport } from '../../domain/campaign/status.js';
import { refusedResume } from '../../domain/run/approval.js';
import type { TicketStart } from '../../domain/run/ticket-start.js';
import { handleMessages } from '../run/handlers.js';
import { answered } from '../run/wait-until-available.js';
import { abandoned } from '../shared/abandoned.js';
import { activitiesOf, identifyLedger, type RunActivities } from '../shared/activity-proxies.js';
import { carriedOver, carriedState } from '../shared/carried-state.js';
import { endsByCancel, invalidRequest, isContinued } from '../shared/failures.js';
import { followUp } from '../shared/follow-up.js';
import { takeReport, takeSnapshot } from '../shared/state.js';
import { adoptOpenSteps, forget, lateWait, pokeOpenSteps } from './open-steps.js';
import { type Campaign, type CampaignState, firstCampaignState, type StepReport, stepReport } from './state.js';
import { runWave } from './wave.js';

/** A new history between two waves, from here on: a wave with approvals and three steps takes some hundred events. */
const EVENTS_A_HISTORY = 4_000;
/** How long a cancelled campaign waits for its steps, which collect for a minute each. */
const STEPS_END_MS = 5 * 60_000;
/** A step whose last word was lost is searched for in the ledger this often. */
const POLL_STEPS_MS = 60 * 60_000;

/**
 * Waves with gates over one cohort (docs/plans.md). `input` is a `CampaignPlan`, unvalidated as the Temporal CLI sends it. Each step
 * of a wave is a run of its own. Fails only when nothing was attempted; otherwise it completes with a report, also when it is cancelled.
 */
export async function remediationCampaign(input: unknown, carried?: unknown): Promise<CampaignReport> {
  const plan = isContinued() ? undefined : parsedOrFail(input);
  const state = plan ? firstCampaignState(plan) : (carriedState(carried) as CampaignState);
  const runId = workflowInfo().workflowId;
  let activities = state.queue === undefined ? undefined : activitiesOf(state.queue);
  const poking = pokeSteps(state);
  handleMessages({
    runId,
    state,
    activities: () => activities,
    wake: poking.wake,
    refusedResume: (by) => refusedBreach(state, by),
    digestIs: (digest) => (state.digest = digest),
  });
  setHandler(stepReport, (wake) => takeStepReport(state, wake));

  try {
    state.queue ??= (await identifyLedger()).queue;
    activities ??= activitiesOf(state.queue);
    const campaign: Campaign = { runId, state, activities };
    if (plan) await open(campaign, plan);
    if ((await runWaves(campaign)) === 'interrupted') {
      await condition(allHandlersFinished);
      await continueAsNew<typeof remediationCampaign>({}, carriedOver(state));
    }
    return await finish(campaign);
  } catch (error) {
    if (endsByCancel(error)) return await CancellationScope.nonCancellable(() => afterCancel({ runId, state, activities }, plan));
    throw await abandoned(error, { runId, activities });
  }
}

/** A step that a breach holds is let go by those who could approve its wave. */
function refusedBreach(state: CampaignState, by: string): string | undefined {
  const isHeld = Object.values(state.open).includes('held');
  return isHeld ? refusedResume(state.gates[state.wave - 1]?.approval, { by, requestedBy: state.requestedBy }) : undefined;
}

function parsedOrFail(input: unknown): CampaignPlan {
  const parsed = parsePlan(input);
  if (!parsed.ok) throw invalidRequest(parsed.problems);
  return parsed.value;
}

/** Freezes scripts, cohort and waves: what is approved from here on is exactly that. */
async function open({ runId, state, activities }: Campaign, plan: CampaignPlan): Promise<void> {
  const opened = await answered<OpenCampaignResult>(state, () =>
    activities.openCampaign({ ...registration(plan), reported: state.blocked }),
  );
  state.digest = opened.digest;
  // A wave without assets asks nobody.
  const first = state.gates[opened.waves.findIndex(({ size }) => size > 0)];
  if (first && opened.approval) first.approval ??= opened.approval;
  const { snapshot } = await activities.controlRun({ runId, issued: state.issued, command: { kind: 'start' } });
  takeSnapshot(state, snapshot);
  state.phase = 'running';
}

function registration({ targets: _targets, ...plan }: CampaignPlan) {
  const { workflowId: runId, firstExecutionRunId: firstExecutionId, namespace, memo } = workflowInfo();
  const parentId = typeof memo?.recheckOf === 'string' ? memo.recheckOf : undefined;
  const ticketStart = memo?.ticketStart as TicketStart | undefined;
  return { runId, firstExecutionId, namespace, plan, parentId, ticketStart };
}

/** Wave after wave, those that operators queued again last, until none is left and no late verdict is waited for. */
async function runWaves(campaign: Campaign): Promise<'done' | 'interrupted'> {
  const { runId, state, activities } = campaign;
  while (!state.snapshot?.stop) {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    if (continueAsNewSuggested || historyLength >= EVENTS_A_HISTORY) return 'interrupted';
    const wave = await activities.nextWave({ campaignId: runId, after: state.wave });
    if (wave) await runWave(campaign, wave);
    else if ((await lateVerdicts(campaign)) === 'done') break;
  }
  // A stopped campaign's steps collect what is in flight.
  while ((await lateVerdicts(campaign)) !== 'done');
  return 'done';
}

function takeStepReport(state: CampaignState, { runId: step, word, blocked }: StepReport): void {
  if (word === 'finished') forget(state, step);
  if (!(step in state.open)) return;
  state.open[step] = word;
  delete state.waits[step];
  if (blocked) state.waits[step] = blocked;
  state.stepsSeen += 1;
}

/** Waits for the steps that are still watched; also woken by operators, who may have put assets back. */
async function lateVerdicts(campaign: Campaign): Promise<'done' | 'again'> {
  const { runId, state, activities } = campaign;
  if (Object.keys(state.open).length > 0) {
    // Before the poll, which takes a while: the last step may end meanwhile, and nobody would wake the campaign for it.
    const reported = reportedSoFar(state);
    state.blocked = lateWait(state);
    takeSnapshot(state, await activities.runSnapshot({ runId }));
    const isWoken = await condition(() => reportedSoFar(state) !== reported, POLL_STEPS_MS);
    state.blocked = undefined;
    if (isWoken) return 'again';
    const open = await activities.openSteps({ campaignId: runId });
    for (const step of Object.keys(state.open)) if (!open.includes(step)) forget(state, step);
    return 'again';
  }
  await condition(allHandlersFinished);
  if ((await adoptOpenSteps(campaign)) > 0) return 'again';
  // What came late counts in the report, and in what follows from it.
  await activities.takeOver({ campaignId: runId });
  if (state.snapshot?.stop) return 'done';
  return (await activities.nextWave({ campaignId: runId, after: state.wave })) ? 'again' : 'done';
}

function reportedSoFar({ stepsSeen, doneUpdates }: CampaignState): string {
  return `${stepsSeen} ${doneUpdates.at(-1)?.id}`;
}

async function finish({ runId, state, activities }: Campaign): Promise<CampaignReport> {
  await followUp({ runId, state, activities });
  state.phase = 'closing';
  const report = await CancellationScope.nonCancellable(() =>
    activities.closeCampaign({ runId, reason: state.snapshot?.stop?.reason ?? 'not-sent', issued: state.issued }),
  );
  takeReport(state, report);
  await condition(allHandlersFinished);
  return report;
}

/** Nothing new is sent; every step collects what is in flight for a minute. */
async function afterCancel(
  { runId, state, activities }: Omit<Campaign, 'activities'> & { activities: RunActivities | undefined },
  plan: CampaignPlan | undefined,
): Promise<CampaignReport> {
  state.phase = 'closing';
  state.ask = undefined;
  state.queue ??= (await identifyLedger()).queue;
  const using = activities ?? activitiesOf(state.queue);
  if (plan && !state.snapshot) await using.registerCampaign(registration(plan));
  const { snapshot } = await using.controlRun({
    runId,
    issued: state.issued,
    command: { kind: 'stop', cause: 'cancelled', why: 'cancelled' },
  });
  takeSnapshot(state, snapshot);
  await adoptOpenSteps({ runId, state, activities: using });
  for (const step of Object.keys(state.open))
    await getExternalWorkflowHandle(step)
      .cancel()
      .catch(() => undefined);
  await condition(() => Object.keys(state.open).length === 0, STEPS_END_MS);
  const report = await using.closeCampaign({ runId, reason: 'cancelled', issued: state.issued });
  takeReport(state, report);
  return report;
}

/** After every order the open steps look into the ledger, where they find it. */
function pokeSteps(state: CampaignState): { wake: () => void } {
  let isWoken = false;
  void CancellationScope.nonCancellable(async () => {
    for (;;) {
      await condition(() => isWoken);
      isWoken = false;
      await pokeOpenSteps(state);
    }
  });
  return {
    wake: () => {
      isWoken = true;
    },
  };
}
