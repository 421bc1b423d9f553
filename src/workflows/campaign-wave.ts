// One wave: its gate, its steps, its judgement, its soak.
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  startChild,
} from '@temporalio/workflow';
import { type ApprovalAsk, type ApprovalRule, askedAgain, isApproved } from '../domain/approval.js';
import type { CampaignStepName } from '../domain/campaign-step.js';
import type { WaveJudgement } from '../domain/wave-gate.js';
import { campaignNews, type StepWord } from './campaign-state.js';
import { campaignStep } from './campaign-step.js';
import { contractFailure } from './failures.js';
import type { Campaign } from './remediation-campaign.js';
import { takeSnapshot } from './run-state.js';

interface Wave {
  wave: number;
  name: string;
  size: number;
}

/** Whoever asks a person and has no rule of the plan's: one approval, by anybody but the requester. */
const ONE_OTHER: ApprovalRule = { quorum: 1, allowRequester: false };
/** A script that Qualys refuses now may be approved again: it is looked at again this often. */
const REFUSED_AGAIN_MS = 5 * 60_000;

export async function runWave(campaign: Campaign, wave: Wave): Promise<void> {
  const { runId, state, activities } = campaign;
  state.wave = wave.wave;
  if (wave.size > 0) {
    if (!(await mayBegin(campaign, wave))) return;
    await activities.setWave({ campaignId: runId, wave: wave.wave, status: 'running', begins: true });
    state.phase = 'running';
    for (const step of state.steps) {
      if (await isDue(campaign, wave, step)) await runStep(campaign, wave, step);
      if (state.snapshot?.stop) break;
    }
    const soakMs = state.gates[wave.wave - 1]?.soakMs ?? 0;
    let passed = await passes(campaign, wave);
    if (passed && soakMs > 0 && (await activities.nextWave({ campaignId: runId, after: wave.wave }))) {
      await soak(campaign, wave, soakMs);
      passed = await passes(campaign, wave);
    }
    if (!passed) return;
  }
  await activities.closeWave({ campaignId: runId, wave: wave.wave });
}

/** Asks whoever has to approve, about what stands there now: a script that has changed since makes the approval void. */
async function mayBegin(campaign: Campaign, wave: Wave): Promise<boolean> {
  const { state } = campaign;
  const gate = state.gates[wave.wave - 1];
  await untilResumed(campaign);
  let digest = await currentDigest(campaign);
  let rule = gate?.approval;
  // Nobody was asked, and now it is another plan than the one that was started.
  if (digest !== state.digest) rule ??= ONE_OTHER;
  if (rule) {
    let ask: ApprovalAsk = { kind: 'wave', wave: wave.name, rule, digest, requestedBy: state.requestedBy, approvals: [] };
    for (;;) {
      const answer = await asked(campaign, wave, ask);
      if (!answer) return false;
      digest = await currentDigest(campaign);
      if (digest === ask.digest) {
        await campaign.activities.setWave({
          campaignId: campaign.runId,
          wave: wave.wave,
          status: 'awaiting-approval',
          approvedBy: answer,
        });
        break;
      }
      ask = askedAgain(ask, digest);
    }
  }
  state.digest = digest;
  await untilResumed(campaign);
  return state.snapshot?.stop === undefined;
}

async function untilResumed({ state }: Campaign): Promise<void> {
  await condition(() => !state.snapshot?.paused || state.snapshot.stop !== undefined);
}

async function currentDigest({ runId, state, activities }: Campaign): Promise<string> {
  for (;;) {
    try {
      const found = await activities.recheckPlan({ runId, shown: state.blocked });
      state.blocked = found.kind === 'blocked' ? found.blocked : undefined;
      if (found.kind === 'checked') return found.digest;
    } catch (error) {
      const refused = contractFailure(error);
      // Before the first send this fails the campaign; afterwards nothing does.
      if (!refused || !state.snapshot?.attempted) throw error;
      state.blocked = { kind: 'rejected', why: refused.message };
      await condition(() => false, REFUSED_AGAIN_MS);
    }
  }
}

/** Who approved; undefined, and the campaign stopped, when somebody rejects or nobody answers in time. */
async function asked(campaign: Campaign, wave: Wave, ask: ApprovalAsk, why?: string): Promise<readonly string[] | undefined> {
  const { runId, state, activities } = campaign;
  const status = ask.kind === 'wave' ? 'awaiting-approval' : 'awaiting-decision';
  await activities.setWave({ campaignId: runId, wave: wave.wave, status, why });
  takeSnapshot(state, (await activities.controlRun({ runId, command: { kind: 'await-approval', digest: ask.digest } })).snapshot);
  state.ask = ask;
  state.phase = 'awaiting-approval';
  const isDecided = (): boolean => state.rejectedBy !== undefined || (state.ask !== undefined && isApproved(state.ask));
  if (ask.rule.expiresMs === undefined) await condition(isDecided);
  else await condition(isDecided, ask.rule.expiresMs);
  // A decision that was accepted counts, also when another one was carried out before it.
  await condition(allHandlersFinished);
  const approvals = state.ask?.approvals ?? [];
  const isGranted = state.rejectedBy === undefined && state.ask !== undefined && isApproved(state.ask);
  state.ask = undefined;
  state.phase = 'running';
  if (isGranted) {
    takeSnapshot(state, (await activities.controlRun({ runId, command: { kind: 'start' } })).snapshot);
    return approvals;
  }
  await stop(campaign, state.rejectedBy === undefined ? 'approval-expired' : 'rejected', state.rejectedBy);
  return undefined;
}

async function stop({ runId, state, activities }: Campaign, why: string, by?: string): Promise<void> {
  const { snapshot } = await activities.controlRun({ runId, command: { kind: 'stop', cause: 'stopped', why }, by });
  takeSnapshot(state, snapshot);
  for (const step of Object.keys(state.open)) {
    await getExternalWorkflowHandle(step)
      .signal(campaignNews)
      .catch(() => undefined);
  }
}

async function isDue({ runId, activities }: Campaign, { wave }: Wave, step: CampaignStepName): Promise<boolean> {
  const { counts } = await activities.judgeWave({ campaignId: runId, wave });
  return step === 'verify' ? counts.succeeded + counts.failed > 0 : counts.pending > 0;
}

/** Starts the step's run, and waits until nothing of it is left but late verdicts. */
async function runStep({ runId, state, activities }: Campaign, wave: Wave, step: CampaignStepName): Promise<void> {
  const id = `${runId}/${encodeURIComponent(wave.name)}/${step}`;
  state.open[id] = 'working';
  const child = await startChild(campaignStep, {
    workflowId: id,
    args: [{ campaignId: runId, wave: wave.wave, step }],
    // It outlives this history: a campaign continues as new while late verdicts are waited for.
    parentClosePolicy: ParentClosePolicy.ABANDON,
  });
  // Shielded: of a cancelled campaign, too, the ledger closes what its steps leave behind.
  void CancellationScope.nonCancellable(async () => {
    try {
      await child.result();
    } catch {
      // Its workflow was ended by hand, or could not be opened: the ledger closes what is left of it.
      await activities.closeLostStep({ runId: id });
      delete state.open[id];
    }
  });
  const word = (): StepWord => state.open[id] ?? 'finished';
  for (let seen = word(); seen === 'working' || seen === 'held'; seen = word()) {
    const was = seen;
    state.blocked =
      was === 'held' ? { kind: 'breach', why: `wave ${wave.name}: the error budget is overdrawn; resume, adjust or cancel` } : undefined;
    await condition(() => word() !== was);
  }
  state.blocked = undefined;
}

/** Whether the campaign goes on behind this wave; asks a person where the wave does not say. */
async function passes(campaign: Campaign, wave: Wave): Promise<boolean> {
  const { runId, state, activities } = campaign;
  let accepted: number | undefined;
  for (;;) {
    if (state.snapshot?.stop) return false;
    const { judgement } = await activities.judgeWave({ campaignId: runId, wave: wave.wave, accepted });
    if (judgement.verdict === 'go') return true;
    if (judgement.verdict === 'breach' && state.onBreach !== 'pause') {
      await breach(campaign, wave);
      return false;
    }
    if (!(await decided(campaign, wave, judgement))) return false;
    accepted = judgement.doubtful ?? Number.MAX_SAFE_INTEGER;
  }
}

async function breach(campaign: Campaign, wave: Wave): Promise<void> {
  const { runId, state, activities } = campaign;
  if (state.onBreach === 'rollback') {
    await activities.setWave({ campaignId: runId, wave: wave.wave, status: 'rolling-back' });
    await runStep(campaign, wave, 'rollback');
    await activities.closeWave({ campaignId: runId, wave: wave.wave, rolledBack: true });
  }
  await stop(campaign, 'error-budget');
}

async function decided(campaign: Campaign, wave: Wave, { verdict, why }: WaveJudgement): Promise<boolean> {
  const { state } = campaign;
  const rule = state.gates[wave.wave - 1]?.approval ?? ONE_OTHER;
  const kind = verdict === 'breach' ? 'breach' : 'inconclusive';
  const ask: ApprovalAsk = {
    kind,
    wave: wave.name,
    rule: { ...rule, expiresMs: undefined },
    digest: state.digest,
    requestedBy: state.requestedBy,
    approvals: [],
  };
  return (await asked(campaign, wave, ask, why)) !== undefined;
}

async function soak({ runId, state, activities }: Campaign, { wave }: Wave, soakMs: number): Promise<void> {
  await activities.setWave({ campaignId: runId, wave, status: 'soaking' });
  state.phase = 'soaking';
  await condition(() => state.snapshot?.stop !== undefined, soakMs);
  state.phase = 'running';
}
