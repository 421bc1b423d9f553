// One wave: its gate, its steps, its judgement, its soak.
import { condition } from '@temporalio/workflow';
import type { Accepted, JudgedWave } from '../../activities/campaign/steps.js';
import type { WaveStatus } from '../../domain/campaign/status.js';
import type { CampaignStepName } from '../../domain/campaign/step.js';
import { invalidRequest } from '../shared/failures.js';
import { asked, mayGoOn, ONE_OTHER, stop } from './gate.js';
import { runStep, stepId, stopSteps } from './open-steps.js';
import type { Campaign, Wave } from './state.js';

export async function runWave(campaign: Campaign, wave: Wave): Promise<void> {
  const { runId, state, activities } = campaign;
  const gate = state.gates[wave.wave - 1];
  state.wave = wave.wave;
  if (wave.size > 0) {
    if (!(await mayGoOn(campaign, wave, gate?.approval))) return;
    const closedAs = await activities.setWave({ campaignId: runId, wave: wave.wave, status: 'running', begins: true });
    if (closedAs) return endsAs(campaign, closedAs);
    state.phase = 'running';
    if (!(await runSteps(campaign, wave))) return;
    const accepted: Accepted = { spent: 0, unknown: 0 };
    // Before it is judged: what a step says from here on may not be in the judgement.
    const judgedAt = state.stepsSeen;
    let passed = await passes(campaign, wave, accepted);
    const soakMs = gate?.soakMs ?? 0;
    if (passed && soakMs > 0 && (await activities.nextWave({ campaignId: runId, after: wave.wave })))
      passed = await soaks(campaign, wave, { accepted, soakMs, judgedAt });
    if (!passed) return;
  }
  await activities.closeWave({ campaignId: runId, wave: wave.wave });
}

/** False when somebody stopped the campaign. Behind a breach that nobody is asked about no further step of the wave begins. */
async function runSteps(campaign: Campaign, wave: Wave): Promise<boolean> {
  const { runId, state, activities } = campaign;
  let begun = false;
  for (const step of state.steps) {
    const { judgement, counts, closedAs } = await activities.judgeWave({ campaignId: runId, wave: wave.wave });
    if (closedAs) return endsAs(campaign, closedAs).then(() => false);
    if (judgement.verdict === 'breach' && state.onBreach !== 'pause') return true;
    if (step === 'verify' ? counts.succeeded + counts.failed === 0 : counts.pending === 0) continue;
    // The step before may have taken days, and its scripts may have changed.
    if (begun && !(await goesOn(campaign, wave))) return false;
    await take(campaign, wave, step);
    begun = true;
    if (state.snapshot?.stop) return false;
  }
  return true;
}

/** A step whose id something else has is not run: nothing is sent under a name that is not its own. */
async function take(campaign: Campaign, wave: Wave, step: CampaignStepName): Promise<void> {
  const foreign = await runStep(campaign, wave, step);
  if (foreign === undefined) return;
  if (!campaign.state.snapshot?.attempted) throw invalidRequest([{ path: '', problem: foreign }]);
  await stop(campaign, 'step-id-taken');
}

/** An earlier history of the campaign has closed the wave, and was reset: it is not judged again, and what was to follow follows. */
async function endsAs(campaign: Campaign, status: WaveStatus): Promise<void> {
  if (status === 'rolled-back') await stop(campaign, 'error-budget');
}

async function goesOn(campaign: Campaign, wave: Wave): Promise<boolean> {
  const { state, activities, runId } = campaign;
  const { digest } = state;
  if (!(await mayGoOn(campaign, wave))) return false;
  if (state.digest !== digest) await activities.setWave({ campaignId: runId, wave: wave.wave, status: 'running' });
  return true;
}

/** Whether the campaign goes on behind this wave; asks a person where the wave does not say, and never twice about the same. */
async function passes(campaign: Campaign, wave: Wave, accepted: Accepted): Promise<boolean> {
  const { runId, state, activities } = campaign;
  for (;;) {
    if (state.snapshot?.stop) return false;
    const judged = await activities.judgeWave({ campaignId: runId, wave: wave.wave, accepted });
    if (judged.closedAs) return endsAs(campaign, judged.closedAs).then(() => false);
    const { verdict } = judged.judgement;
    if (verdict === 'go') return true;
    if (verdict === 'breach' && state.onBreach !== 'pause') {
      await breach(campaign, wave);
      return false;
    }
    if (verdict === 'running' && isAtWork(campaign, wave)) {
      await condition(() => !isAtWork(campaign, wave) || state.snapshot?.stop !== undefined);
      continue;
    }
    if (!(await decided(campaign, wave, judged))) return false;
    if (verdict === 'running') return true;
    accepted.spent = Math.max(accepted.spent, judged.found.spent);
    accepted.unknown = Math.max(accepted.unknown, judged.found.unknown);
  }
}

/** True while a step of the wave sends or waits for first verdicts, as when an asset that came back late is tried again. */
function isAtWork({ runId, state }: Campaign, wave: Wave): boolean {
  const steps: CampaignStepName[] = ['assess', 'remediate', 'verify'];
  return steps.some((step) => ['working', 'held'].includes(state.open[stepId(runId, wave, step)] ?? 'finished'));
}

async function breach(campaign: Campaign, wave: Wave): Promise<void> {
  const { runId, state, activities } = campaign;
  if (state.onBreach === 'rollback') {
    await activities.setWave({ campaignId: runId, wave: wave.wave, status: 'rolling-back' });
    await stopSteps(campaign, wave);
    if (await mayGoOn(campaign, wave)) {
      // Whoever was asked about changed scripts has left another word.
      await activities.setWave({ campaignId: runId, wave: wave.wave, status: 'rolling-back' });
      await take(campaign, wave, 'rollback');
    }
    if (state.snapshot?.stop) return;
    await activities.closeWave({ campaignId: runId, wave: wave.wave, rolledBack: true });
  }
  await stop(campaign, 'error-budget');
}

/** Until then nothing of the wave is sent; afterwards, where it goes on, everything is again. */
async function decided(campaign: Campaign, wave: Wave, { judgement }: JudgedWave): Promise<boolean> {
  const { runId, state, activities } = campaign;
  const rule = state.gates[wave.wave - 1]?.approval ?? ONE_OTHER;
  const ask = {
    kind: judgement.verdict === 'breach' ? ('breach' as const) : ('inconclusive' as const),
    wave: wave.name,
    rule: { ...rule, expiresMs: undefined },
    digest: state.digest,
    requestedBy: state.requestedBy,
    approvals: [],
  };
  if ((await asked(campaign, wave, { ask, why: judgement.why })) === undefined) return false;
  await activities.setWave({ campaignId: runId, wave: wave.wave, status: 'running' });
  return true;
}

/** Watches the wave for a while before the next begins. Whenever one of its steps has something to say, it is judged again. */
async function soaks(
  campaign: Campaign,
  wave: Wave,
  { accepted, soakMs, judgedAt }: { accepted: Accepted; soakMs: number; judgedAt: number },
): Promise<boolean> {
  const { runId, state, activities } = campaign;
  const endsAt = Date.now() + soakMs;
  let seen = judgedAt;
  for (;;) {
    await activities.setWave({ campaignId: runId, wave: wave.wave, status: 'soaking' });
    state.phase = 'soaking';
    const known = seen;
    await condition(() => state.snapshot?.stop !== undefined || state.stepsSeen !== known, Math.max(1, endsAt - Date.now()));
    state.phase = 'running';
    seen = state.stepsSeen;
    if (!(await passes(campaign, wave, accepted))) return false;
    if (Date.now() >= endsAt) return true;
  }
}
