// The steps of a campaign that have no report yet: each a workflow of its own that tells how far it is, and is told of orders.
import { CancellationScope, condition, getExternalWorkflowHandle, ParentClosePolicy, startChild } from '@temporalio/workflow';
import type { Blocked } from '../domain/blocked.js';
import type { CampaignStepName } from '../domain/campaign-step.js';
import type { Wave } from './campaign-gate.js';
import { type CampaignState, campaignNews } from './campaign-state.js';
import { campaignStep } from './campaign-step.js';
import { contractFailure } from './failures.js';
import type { Campaign } from './remediation-campaign.js';
import { takeSnapshot } from './run-state.js';

/** `progress` is of the ledger's counts of this long ago at most, at the beginning of a step; of one that lasts, a twentieth of its age. */
const LOOK_AGAIN_MS = 5_000;
const LOOKS_OF_AN_AGE = 20;

/** The workflow id of a wave's step, and of its row in the ledger. */
export function stepId(runId: string, { name }: Wave, step: CampaignStepName): string {
  return `${runId}/${encodeURIComponent(name)}/${step}`;
}

/**
 * Starts the step's run, and waits until nothing of it is left but late verdicts. A step that fails before anything of the campaign
 * was sent fails the campaign with its word.
 */
export async function runStep(campaign: Campaign, wave: Wave, step: CampaignStepName): Promise<void> {
  const { runId, state, activities } = campaign;
  const id = stepId(runId, wave, step);
  state.open[id] = 'working';
  // Shielded: a cancelled campaign tells its steps by itself, and waits for them.
  const child = await CancellationScope.nonCancellable(() =>
    startChild(campaignStep, {
      workflowId: id,
      args: [{ campaignId: runId, wave: wave.wave, step }],
      // It outlives this history: a campaign continues as new while late verdicts are waited for.
      parentClosePolicy: ParentClosePolicy.ABANDON,
    }),
  );
  let failure: unknown;
  void CancellationScope.nonCancellable(async () => {
    try {
      await child.result();
    } catch (error) {
      failure = error;
      // Its workflow was ended by hand, or could not be opened: the ledger closes what is left of it.
      await activities.closeLostStep({ runId: id });
      forget(state, id);
    }
  });
  await untilWorked(campaign, wave, id);
  const refused = failure === undefined ? undefined : contractFailure(failure instanceof Error ? failure.cause : failure);
  if (refused && !state.snapshot?.attempted) throw refused;
}

async function untilWorked(campaign: Campaign, wave: Wave, id: string): Promise<void> {
  const { runId, state, activities } = campaign;
  const startedAt = Date.now();
  let wasHeld = false;
  for (;;) {
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
    await condition(() => seenOf(state, id) !== seen, Math.max(LOOK_AGAIN_MS, (Date.now() - startedAt) / LOOKS_OF_AN_AGE));
  }
  state.blocked = undefined;
}

/** Ends the other steps of a wave that is to be rolled back, and waits until what they had sent has its verdict, or is past its deadline. */
export async function stopSteps({ runId, state, activities }: Campaign, { wave }: Wave): Promise<void> {
  const startedAt = Date.now();
  let seen = state.stepsSeen;
  let { atRest } = await activities.stopSteps({ campaignId: runId, wave });
  await pokeOpenSteps(state);
  while (!atRest) {
    const known = seen;
    await condition(() => state.stepsSeen !== known, Math.max(LOOK_AGAIN_MS, (Date.now() - startedAt) / LOOKS_OF_AN_AGE));
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
  return { kind: 'breach', why: `wave ${wave}: the error budget is overdrawn; resume, where need be after an adjust, or cancel` };
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
      .signal(campaignNews)
      .catch(() => undefined);
  }
}
