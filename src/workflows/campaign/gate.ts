// Who lets a campaign go on: the plan as it stands now, and the people whom its gates ask about it.
import { condition } from '@temporalio/workflow';
import { type ApprovalAsk, type ApprovalRule, askedAgain } from '../../domain/run/approval.js';
import { approved } from '../run/approval.js';
import { answered } from '../run/wait-until-available.js';
import { contractFailure } from '../shared/failures.js';
import { takeSnapshot } from '../shared/state.js';
import { pokeOpenSteps } from './open-steps.js';
import type { Campaign, Wave } from './state.js';

/** Whoever asks a person and has no rule of the plan's: one approval, by anybody but the requester. */
export const ONE_OTHER: ApprovalRule = { quorum: 1, allowRequester: false };
/** A script that Qualys refuses now may be approved again: it is checked again this often, and whenever an operator speaks. */
const REFUSED_AGAIN_MS = 5 * 60_000;

/**
 * True when the next step of the wave may begin: nobody has paused or stopped, and the plan is the approved one. `rule`: who has to
 * approve it in any case. A script that has changed since the approval makes it void, and somebody is asked again.
 */
export async function mayGoOn(campaign: Campaign, wave: Wave, rule?: ApprovalRule): Promise<boolean> {
  const { state } = campaign;
  await untilResumed(campaign);
  let now = await currentPlan(campaign);
  const asks = rule ?? (now.isApproved ? undefined : (state.gates[wave.wave - 1]?.approval ?? ONE_OTHER));
  if (asks && !state.snapshot?.stop) {
    let ask: ApprovalAsk = { kind: 'wave', wave: wave.name, rule: asks, digest: now.digest, requestedBy: state.requestedBy, approvals: [] };
    for (;;) {
      const approvedBy = await asked(campaign, wave, { ask });
      if (!approvedBy) return false;
      now = await currentPlan(campaign);
      if (now.isApproved) {
        await campaign.activities.setWave({ campaignId: campaign.runId, wave: wave.wave, status: 'awaiting-approval', approvedBy });
        break;
      }
      ask = askedAgain(ask, now.digest);
    }
  }
  state.digest = now.digest;
  await untilResumed(campaign);
  return state.snapshot?.stop === undefined;
}

async function untilResumed({ state }: Campaign): Promise<void> {
  await condition(() => !state.snapshot?.paused || state.snapshot.stop !== undefined);
}

/**
 * The plan as it stands: its digest, and whether that was approved or needs no approval. The ledger says so, which carries out orders
 * meanwhile.
 */
async function currentPlan({ runId, state, activities }: Campaign): Promise<{ digest: string; isApproved: boolean }> {
  for (;;) {
    try {
      return await answered(state, () => activities.recheckPlan({ runId, issued: state.issued, reported: state.blocked }));
    } catch (error) {
      const refused = contractFailure(error);
      if (!refused) throw error;
      takeSnapshot(state, await activities.runSnapshot({ runId }));
      // Before the first send this fails the campaign; afterwards nothing does.
      if (!state.snapshot?.attempted) throw error;
      state.blocked = { kind: refused.type === 'PolicyViolation' ? 'policy' : 'rejected', why: refused.message };
      const reported = state.doneUpdates.at(-1)?.id;
      await condition(() => state.doneUpdates.at(-1)?.id !== reported, REFUSED_AGAIN_MS);
    }
  }
}

/** Who approved; undefined, and the campaign stopped, when somebody rejects or nobody answers in time. */
export async function asked(
  campaign: Campaign,
  wave: Wave,
  { ask, why }: { ask: ApprovalAsk; why?: string | undefined },
): Promise<readonly string[] | undefined> {
  const { runId, state, activities } = campaign;
  const status = ask.kind === 'wave' ? 'awaiting-approval' : 'awaiting-decision';
  await activities.setWave({ campaignId: runId, wave: wave.wave, status, why });
  const given = await approved(campaign, ask);
  if (given) {
    state.digest = given.digest;
    return given.approvals;
  }
  state.phase = 'running';
  await stop(campaign, state.rejectedBy === undefined ? 'approval-expired' : 'rejected', state.rejectedBy);
  return undefined;
}

export async function stop({ runId, state, activities }: Campaign, why: string, by?: string): Promise<void> {
  const { snapshot } = await activities.controlRun({ runId, issued: state.issued, command: { kind: 'stop', cause: 'stopped', why }, by });
  takeSnapshot(state, snapshot);
  await pokeOpenSteps(state);
}
