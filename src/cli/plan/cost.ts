// What a campaign will cost, wave by wave and step by step, where nothing is retried and no answer is lost.

import { stepWaits } from '../../activities/campaign/step-request.js';
import type { CampaignPlan, WaveRules } from '../../contracts/plan.js';
import type { CampaignStepName } from '../../domain/campaign/step.js';
import type { StepAfter } from '../../domain/campaign/step-after.js';
import { MAX_ASSETS_PER_EXECUTION } from '../../domain/execution/state.js';
import { mostInFlight } from '../../domain/polling/in-flight.js';
import { budgetAllows } from '../../domain/run/error-budget.js';
import { type Cost, costOf } from '../dry-run/cost.js';
import type { ResolvedWave } from './resolve.js';

export interface StepCost {
  step: CampaignStepName;
  /** What it waits for at each asset behind the step before. */
  after?: StepAfter;
  /** The codes of the remedy behind which it waits for a restart, as the plan says nothing. */
  restartCodes?: readonly number[];
  executions: number;
  /** How many of them go by tags. */
  byTags?: number;
  /** Executions at once: a strict error budget lets in fewer than `maxInFlight`. */
  atOnce: number;
  calls: { atLeast: number; atMost: number };
}

export interface WaveCost {
  steps: StepCost[];
  executions: number;
  calls: { atLeast: number; atMost: number };
}

/** Each step is taken to be for the whole wave: an assessment that leaves assets alone makes it cheaper. */
export function waveCost(plan: Omit<CampaignPlan, 'targets'>, rules: Pick<WaveRules, 'errorBudget'>, wave: ResolvedWave): WaveCost {
  const steps = (['assess', 'remediate', 'verify'] as const)
    .filter((step) => plan.steps[step] !== undefined)
    .map((step): StepCost => {
      const { after, restartCodes = [] } = stepWaits(plan, step);
      // Its assets become due one by one, and go by ids.
      const resolved = after === undefined ? wave : { ...wave, byTags: undefined };
      const cost = stepCost(plan, { step, wave: resolved, errorBudget: step === 'assess' ? undefined : rules.errorBudget });
      if (after !== undefined) return { ...cost, after };
      return restartCodes.length > 0 ? { ...cost, restartCodes } : cost;
    });
  return {
    steps,
    executions: sum(steps.map(({ executions }) => executions)),
    calls: { atLeast: sum(steps.map(({ calls }) => calls.atLeast)), atMost: sum(steps.map(({ calls }) => calls.atMost)) },
  };
}

interface Stepping {
  step: CampaignStepName;
  wave: ResolvedWave;
  errorBudget: WaveRules['errorBudget'];
}

function stepCost({ maxInFlight: limit, output }: Omit<CampaignPlan, 'targets'>, { step, wave, errorBudget }: Stepping): StepCost {
  const maxInFlight = mostInFlight(limit);
  if (errorBudget?.strict) {
    // Never more in flight than the budget has left, plus one; all of it goes by ids.
    const assetsAtOnce = budgetAllows(errorBudget, wave.size) + 1;
    const perExecution = Math.min(MAX_ASSETS_PER_EXECUTION, assetsAtOnce);
    const atOnce = Math.min(maxInFlight, Math.max(1, Math.floor(assetsAtOnce / perExecution)));
    const executions = Math.ceil(wave.toSend / perExecution);
    return {
      step,
      executions,
      atOnce,
      calls: callsOf(costOf({ assets: wave.toSend, executions, maxInFlight: atOnce, output, openingCalls: 0 })),
    };
  }
  const { byTags } = wave;
  const cost = costOf({ assets: wave.toSend - (byTags?.assets ?? 0), byTags, maxInFlight, output, openingCalls: 0 });
  const { executions } = cost;
  return { step, executions, ...(byTags ? { byTags: byTags.executions } : {}), atOnce: maxInFlight, calls: callsOf(cost) };
}

function callsOf({ calls: { atLeast, atMost } }: Cost): { atLeast: number; atMost: number } {
  return { atLeast, atMost };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
