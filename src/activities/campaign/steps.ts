// The steps of a campaign's waves: each a run of its own, whose cohort is the part of the wave that it is for.
import { type StoredPlan, wavesOf } from '../../contracts/plan.js';
import { type WaveStatus, waveStatus } from '../../domain/campaign/status.js';
import type { StepKey } from '../../domain/campaign/step.js';
import { decideWave, type WaveVerdict } from '../../domain/campaign/wave-gate.js';
import type { Blocked } from '../../domain/run/blocked.js';
import { budgetSpent } from '../../domain/run/error-budget.js';
import type { LiveCounts } from '../../domain/run/outcome.js';
import type { FrozenPlan } from '../../domain/run/plan-digest.js';
import { namespaceIdOf } from '../../temporal/namespace-id.js';
import type { ActivityDependencies } from '../dependencies.js';
import { nonRetryable } from '../failures.js';
import { withHeartbeat } from '../heartbeat.js';
import { leaveOpenCopies } from '../opening/open-copies.js';
import { blockedOrThrow, goOn } from '../opening/run.js';
import { goOnUnlessStale } from '../stale-ledger.js';
import { planExecutions } from '../tags/plan.js';
import { campaignRules, stepRequest, stepWaits } from './step-request.js';

export interface OpenStepInput extends StepKey {
  runId: string;
  firstExecutionId: string;
  namespace: string;
  reported?: Blocked | undefined;
}

export type OpenStepResult = { kind: 'opened'; size: number } | { kind: 'blocked'; blocked: Blocked };

/** How much of a wave was spent of its budget, and how much of it has no verdict. */
export interface Accepted {
  spent: number;
  unknown: number;
}

const NOTHING: Accepted = { spent: 0, unknown: 0 };

export interface JudgeWaveInput {
  campaignId: string;
  wave: number;
  accepted?: Accepted | undefined;
}

export interface JudgedWave {
  judgement: WaveVerdict;
  counts: LiveCounts;
  /** What a person lets pass who is asked about this judgement, and says yes. */
  found: Accepted;
  /** How the wave was closed, by a history of the campaign that went further before it was reset. */
  closedAs?: WaveStatus | undefined;
}

export function createCampaignSteps(dependencies: ActivityDependencies) {
  const { ledger } = dependencies;
  return {
    /** Registers the step's run and fills its cohort from the wave. Repeating it changes nothing. */
    async openStep(input: OpenStepInput): Promise<OpenStepResult> {
      try {
        return await withHeartbeat(() => openWith(dependencies, input));
      } catch (error) {
        return blockedOrThrow(error, input.reported);
      }
    },

    /** Takes over what the wave's steps have found, and judges it. `accepted`: what of it a person has let pass. */
    async judgeWave({ campaignId, wave, accepted = NOTHING }: JudgeWaveInput): Promise<JudgedWave> {
      const rules = await waveRules(ledger, campaignId, wave);
      await ledger.campaigns.mergeWave(campaignId, wave);
      const { counts } = await ledger.campaigns.waveCounts(campaignId, wave);
      const { inconclusive } = rules;
      // What operators have adjusted since stands.
      const budget = (await ledger.runs.get(campaignId))?.errorBudget ?? rules.errorBudget;
      // What a person resumed after a breach has let pass already.
      const acceptedSpent = Math.max(accepted.spent, await ledger.campaigns.budgetAccepted(campaignId, wave));
      const judgement = decideWave({ counts, budget, inconclusive, accepted: accepted.unknown, acceptedSpent });
      const found: Accepted = { spent: budget ? budgetSpent(budget, counts) : 0, unknown: counts.unverified + counts.unreachable };
      const isLetPass = judgement.verdict === 'breach' && found.spent <= acceptedSpent;
      // A breach that a person has let pass is none, until more is spent.
      return {
        judgement: isLetPass ? decideWave({ counts, inconclusive, accepted: accepted.unknown }) : judgement,
        ...{ counts, found, closedAs: await closedAs(ledger, campaignId, wave) },
      };
    },

    /** Takes over what every step has found by now, late verdicts of closed waves among it. */
    async takeOver({ campaignId }: { campaignId: string }): Promise<void> {
      await ledger.campaigns.mergeAll(campaignId);
    },

    /** Writes what a wave is doing, and approvals beside it. Returns how it was closed where it is over: then nothing is written. */
    async setWave(to: {
      campaignId: string;
      wave: number;
      status: WaveStatus;
      why?: string | undefined;
      approvedBy?: readonly string[] | undefined;
      begins?: boolean | undefined;
    }): Promise<WaveStatus | null> {
      const { campaignId, wave, begins = false, ...rest } = to;
      await ledger.campaigns.setWave(campaignId, wave, { ...rest, begins });
      return (await closedAs(ledger, campaignId, wave)) ?? null;
    },

    /** The wave is over: its status follows from what its assets came to. One that was closed before keeps its status. */
    async closeWave({ campaignId, wave, rolledBack }: { campaignId: string; wave: number; rolledBack?: boolean }): Promise<WaveStatus> {
      await ledger.campaigns.mergeWave(campaignId, wave);
      const { counts, compliant } = await ledger.campaigns.waveCounts(campaignId, wave);
      const run = await ledger.runs.get(campaignId);
      const status =
        (await closedAs(ledger, campaignId, wave)) ??
        waveStatus({ phase: 'closed', counts, compliant, begun: true, rolledBack, stopped: run?.stop?.cause });
      await ledger.campaigns.setWave(campaignId, wave, { status, ends: true });
      // A retry that waits for its time would wait forever: nothing of a closed wave is sent.
      for (const step of await openStepsOf(ledger, campaignId, wave)) await ledger.campaigns.withdrawUnsent(step);
      return status;
    },

    /**
     * Before a wave is rolled back: its other steps send nothing more, and what they had not sent is taken back. `atRest`: what they had
     * sent has a verdict, or is past its deadline. Repeating it changes nothing.
     */
    async stopSteps({ campaignId, wave }: { campaignId: string; wave: number }): Promise<{ atRest: boolean }> {
      let inFlight = 0;
      for (const step of await openStepsOf(ledger, campaignId, wave)) {
        await ledger.runs.stop(step, 'stopped', 'error-budget');
        await ledger.audit.addOnce(step, { action: 'stop', detail: 'its wave is rolled back; nothing more is sent' });
        await ledger.campaigns.withdrawUnsent(step, 'error-budget');
        const { counts, unsent, inDoubt } = await ledger.runs.snapshot(step);
        inFlight += counts.pending + counts.running + unsent + inDoubt;
      }
      return { atRest: inFlight === 0 };
    },

    /** The waves behind `after` that are still to be run: those of the plan, and those that operators queued again. */
    async nextWave({
      campaignId,
      after,
    }: {
      campaignId: string;
      after: number;
    }): Promise<{ wave: number; name: string; size: number } | null> {
      const next = (await ledger.campaigns.waves(campaignId)).find(({ waveNo, closedAt }) => waveNo > after && closedAt === undefined);
      return next ? { wave: next.waveNo, name: next.name, size: next.size } : null;
    },

    /** Steps without a report: their late verdicts are waited for. */
    async openSteps({ campaignId }: { campaignId: string }): Promise<string[]> {
      return ledger.campaigns.openSteps(campaignId);
    },
  };
}

async function closedAs(ledger: ActivityDependencies['ledger'], campaignId: string, wave: number): Promise<WaveStatus | undefined> {
  const row = (await ledger.campaigns.waves(campaignId)).find(({ waveNo }) => waveNo === wave);
  return row?.closedAt === undefined ? undefined : row.status;
}

/** The wave's steps that have no report, but for its rollback. */
async function openStepsOf(ledger: ActivityDependencies['ledger'], campaignId: string, wave: number): Promise<string[]> {
  const steps = await ledger.campaigns.steps(campaignId);
  return steps.filter((step) => step.wave === wave && step.step !== 'rollback' && !step.finished).map(({ id }) => id);
}

async function openWith(dependencies: ActivityDependencies, input: OpenStepInput): Promise<OpenStepResult> {
  const { ledger, client } = dependencies;
  const { runId, firstExecutionId, namespace, campaignId, wave, step } = input;
  await goOnUnlessStale(ledger);
  const campaign = await ledger.campaigns.get<FrozenPlan>(campaignId);
  const plan = campaign?.plan as StoredPlan | undefined;
  const script = campaign?.frozen?.scripts[step];
  const row = await ledger.runs.get(campaignId);
  if (!plan || !script || !row || row.finishedAt !== undefined) {
    throw nonRetryable('InvalidRequest', `No live campaign ${campaignId} with a step ${step} in this ledger.`);
  }
  const rules = await waveRules(ledger, campaignId, wave);
  const request = stepRequest(plan, step, script.id, { errorBudget: row.errorBudget ?? rules.errorBudget });
  const registered = await ledger.runs.open({
    id: runId,
    firstExecutionId,
    namespace,
    namespaceId: await namespaceIdOf(client, namespace),
    // What operators have adjusted since stands.
    request: { ...request, maxInFlight: row.autoInFlight ? 'auto' : row.maxInFlight, deadline: row.deadlineMs },
    kind: 'step',
    campaign: { id: campaignId, wave, step },
    rules: { ...campaignRules(plan), ...(step === 'rollback' ? { onBreach: undefined } : {}) },
  });
  if (registered === 'already-run') throw nonRetryable('AlreadyRun', `The step ${runId} has already run.`);
  await ledger.runs.setScript(runId, script);
  await ledger.scriptReadings.inherit(runId, campaignId);
  const opening = await ledger.cohort.begin(runId);
  if (!opening) throw nonRetryable('AlreadyRun', `The step ${runId} has ended in this ledger.`);
  if (!('frozen' in opening)) {
    await ledger.campaigns.fillStep(runId, { campaignId, wave, step }, stepWaits(plan, step));
    await leaveOpenCopies(dependencies, { runId, scriptId: script.id, despite: row.despiteOpenCopies, onPage: goOn });
    await ledger.campaigns.setBudgetBase(runId, { campaignId, wave, step });
    await ledger.cohort.freeze(runId, { attempt: opening.attempt });
  }
  const size = (await ledger.runs.get(runId))?.cohort.size ?? 0;
  await planExecutions(dependencies, {
    runId,
    // Its assets become due one by one: an execution by tags would hit all of them.
    strategy: plan.steps[step]?.after !== undefined || (await ledger.checkIns.areAny(runId)) ? 'assets' : plan.strategy,
    tagsSeen: await ledger.runs.tagsSeen(campaignId),
    onPage: goOn,
  });
  return { kind: 'opened', size };
}

/** A wave that an operator queued again has the rules of the plan. */
async function waveRules(ledger: ActivityDependencies['ledger'], campaignId: string, wave: number) {
  const campaign = await ledger.campaigns.get(campaignId);
  if (!campaign) throw nonRetryable('InvalidRequest', `The ledger does not know the campaign ${campaignId}.`);
  const plan = campaign.plan as StoredPlan;
  const rules = wavesOf(plan)[wave - 1];
  if (rules) return rules;
  const [again] = wavesOf({ ...plan, waves: [{ name: 'retry' }] });
  if (!again) throw new Error('A plan with one wave has a wave.');
  return again;
}
