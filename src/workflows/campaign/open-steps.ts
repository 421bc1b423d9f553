// The steps of a campaign that have no report yet: each a workflow of its own that tells how far it is, and is told of orders.
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  type ChildWorkflowHandle,
  condition,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  startChild,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import type { CampaignStepName, StepKey } from '../../domain/campaign/step.js';
import type { Blocked } from '../../domain/run/blocked.js';
import { contractFailure } from '../shared/failures.js';
import { takeSnapshot } from '../shared/state.js';
import { type Campaign, type CampaignState, campaignChanged, type Wave, wordOf } from './state.js';
import { campaignStep } from './step.js';

/** `progress` is of the ledger's counts of this long ago at most, at the beginning of a step; of one that lasts, a twentieth of its age. */
const POLL_AGAIN_MS = 5_000;
const POLLS_OF_AN_AGE = 20;

/** The workflow id of a wave's step, and of its row in the ledger. */
export function stepId(runId: string, { name }: Wave, step: CampaignStepName): string {
  return `${runId}/${encodeURIComponent(name)}/${step}`;
}

/**
 * Starts the step's run, or takes up the one that an earlier history of the campaign has started, and waits until nothing of it is left
 * but late verdicts. A step that fails before anything of the campaign was sent fails the campaign with its word. Returns what is wrong
 * when something else has its id.
 */
export async function runStep(campaign: Campaign, wave: Wave, step: CampaignStepName): Promise<string | undefined> {
  const { runId, state, activities } = campaign;
  const id = stepId(runId, wave, step);
  const key: StepKey = { campaignId: runId, wave: wave.wave, step };
  const following: Following = { id, key, isAdopted: false };
  state.open[id] = 'working';
  const child = await started(key, id);
  if (!child) await adopt(campaign, following);
  let failure: unknown;
  void CancellationScope.nonCancellable(async () => {
    try {
      await child?.result();
    } catch (error) {
      // Its workflow was ended by hand, or could not be opened: the ledger closes what is left of it. One that was reset goes on.
      if ((await activities.closeLostStep({ runId: id })).goesOn) return adopt(campaign, following);
      failure = error;
      forget(state, id);
    }
  });
  await untilWorked(campaign, wave, following);
  const refused = failure === undefined ? undefined : contractFailure(failure instanceof Error ? failure.cause : failure);
  // Temporal has forgotten the step that had this id; the ledger has not.
  if (refused?.type === 'AlreadyRun') await poll(campaign, following);
  else if (refused && !state.snapshot?.attempted) throw refused;
  return following.foreign;
}

interface Following {
  id: string;
  key: StepKey;
  /** No promise of this history ends with it: it is polled in the ledger. */
  isAdopted: boolean;
  /** Why what has its id is not the step. */
  foreign?: string | undefined;
}

/** Undefined when its id is taken: a step is started once, whatever histories its campaign has had. */
async function started(key: StepKey, workflowId: string): Promise<ChildWorkflowHandle<typeof campaignStep> | undefined> {
  try {
    // Shielded: a cancelled campaign tells its steps by itself, and waits for them.
    return await CancellationScope.nonCancellable(() =>
      startChild(campaignStep, {
        workflowId,
        args: [key],
        workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
        // It outlives this history: a campaign continues as new while late verdicts are waited for.
        parentClosePolicy: ParentClosePolicy.ABANDON,
      }),
    );
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return undefined;
    throw error;
  }
}

/** The campaign or the step was reset. Other steps that run already are taken up with it, so that they hear of orders. */
async function adopt(campaign: Campaign, following: Following): Promise<void> {
  following.isAdopted = true;
  campaign.state.stepsSeen += 1;
  await askAgain(following.id);
  await adoptOpenSteps(campaign);
}

/** How far an adopted step is by the ledger: its words may have been said to a history that is no more. */
async function poll({ state, activities }: Campaign, following: Following): Promise<void> {
  const { id, key } = following;
  const seen = await activities.pollStep({ ...key, runId: id });
  if (seen.kind === 'foreign') following.foreign = seen.why;
  if (seen.kind === 'foreign' || seen.kind === 'finished') forget(state, id);
  // Meanwhile it may have said that it has ended.
  else if (id in state.open) state.open[id] = seen.kind === 'open' ? wordOf(seen.snapshot) : 'working';
}

/** Steps that run although this history has not started them, as when it was reset to before their start. Returns how many that were. */
export async function adoptOpenSteps({ runId, state, activities }: Campaign): Promise<number> {
  for (;;) {
    const { stepsSeen } = state;
    const open = await activities.openSteps({ campaignId: runId });
    // One of them has said something meanwhile, maybe that it has ended.
    if (state.stepsSeen !== stepsSeen) continue;
    const unknown = open.filter((id) => !(id in state.open));
    for (const id of unknown) state.open[id] = 'working';
    for (const id of unknown) await askAgain(id);
    return unknown.length;
  }
}

async function askAgain(id: string): Promise<void> {
  await getExternalWorkflowHandle(id)
    .signal(campaignChanged, { again: true })
    .catch(() => undefined);
}

async function untilWorked(campaign: Campaign, wave: Wave, following: Following): Promise<void> {
  const { id } = following;
  const { runId, state, activities } = campaign;
  const startedAt = Date.now();
  let wasHeld = false;
  for (;;) {
    if (following.isAdopted) await poll(campaign, following);
    const word = state.open[id] ?? 'finished';
    const isHeld = word === 'held';
    const seen = seenOf(state, id);
    // The counts first: whoever reads what holds the step back sees what it has come to.
    takeSnapshot(state, await activities.runSnapshot({ runId }));
    state.blocked = waitOf(state, id, wave.name);
    if (isHeld !== wasHeld) {
      const status = isHeld ? 'awaiting-decision' : 'running';
      await activities.setWave({ campaignId: runId, wave: wave.wave, status, why: isHeld ? state.blocked?.why : undefined });
    }
    wasHeld = isHeld;
    if (word !== 'working' && !isHeld) break;
    await condition(() => seenOf(state, id) !== seen, Math.max(POLL_AGAIN_MS, (Date.now() - startedAt) / POLLS_OF_AN_AGE));
  }
  state.blocked = undefined;
}

/**
 * Ends the other steps of a wave that is to be rolled back, and waits until what they had sent has its verdict, or is past its deadline.
 */
export async function stopSteps({ runId, state, activities }: Campaign, { wave }: Wave): Promise<void> {
  const startedAt = Date.now();
  let seen = state.stepsSeen;
  let { atRest } = await activities.stopSteps({ campaignId: runId, wave });
  await pokeOpenSteps(state);
  while (!atRest) {
    const known = seen;
    await condition(() => state.stepsSeen !== known, Math.max(POLL_AGAIN_MS, (Date.now() - startedAt) / POLLS_OF_AN_AGE));
    seen = state.stepsSeen;
    ({ atRest } = await activities.stopSteps({ campaignId: runId, wave }));
  }
}

function seenOf({ open, waits, stepsSeen }: CampaignState, id: string): string {
  return `${stepsSeen}|${open[id]}|${waits[id]?.why}`;
}

/** What holds the step back; a breach before anything else. */
export function waitOf({ open, waits }: CampaignState, id: string, wave: string): Blocked | undefined {
  if (open[id] !== 'held') return waits[id];
  return { kind: 'breach', why: `wave ${wave}: error budget exceeded; resume (after adjust, if needed) or cancel` };
}

/** What holds back a step of an earlier wave, whose verdicts the campaign waits for at its end. */
export function lateWait(state: CampaignState): Blocked | undefined {
  const ids = Object.keys(state.open);
  const held = ids.find((id) => state.open[id] === 'held');
  const waiting = held ?? ids.find((id) => state.waits[id] !== undefined);
  return waiting === undefined ? undefined : waitOf(state, waiting, decodeURIComponent(waiting.split('/').at(-2) ?? ''));
}

export function forget(state: CampaignState, id: string): void {
  delete state.open[id];
  delete state.waits[id];
  state.stepsSeen += 1;
}

/** Tells every open step to look into the ledger, where it finds what was ordered. */
export async function pokeOpenSteps(state: CampaignState): Promise<void> {
  for (const step of Object.keys(state.open)) {
    await getExternalWorkflowHandle(step)
      .signal(campaignChanged)
      .catch(() => undefined);
  }
}
