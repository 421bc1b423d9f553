// What one step of a campaign asks of its run: the plan's own fields, with the step's script and the wave's budget.

import type { StoredPlan, WaveRules } from '../../contracts/plan.js';
import type { CampaignStepName } from '../../domain/campaign/step.js';
import type { StepWaits } from '../../domain/campaign/step-after.js';
import { restartCodes } from '../../domain/verdict/presets.js';
import type { CampaignRules, StoredRequest } from '../../ledger/rows/run.js';

/** The request of the campaign itself: what its own row, its report and its follow-up go by. */
export function campaignRequest(plan: StoredPlan): StoredRequest {
  const { script, verdict } = plan.steps.remediate;
  return { ...common(plan), script, ...(verdict ? { verdict } : {}), ...(plan.followUp ? { followUp: plan.followUp } : {}) };
}

export function stepRequest(plan: StoredPlan, step: CampaignStepName, script: string, wave: Pick<WaveRules, 'errorBudget'>): StoredRequest {
  const isJudged = step === 'remediate' || step === 'verify';
  const verdict = plan.steps[step]?.verdict;
  return {
    ...common(plan),
    script,
    ...(verdict ? { verdict } : {}),
    // Failures of an assessment are what it is for; a rollback goes to its end.
    ...(isJudged && wave.errorBudget ? { errorBudget: wave.errorBudget } : {}),
    ...(step === 'remediate' ? {} : { retry: { ...plan.retry, failed: 0 } }),
  };
}

/** Where the plan says nothing, a verification waits for the hosts that the remedy has told to restart. */
export function stepWaits({ steps }: Pick<StoredPlan, 'steps'>, step: CampaignStepName): StepWaits {
  const after = steps[step]?.after;
  if (after !== undefined) return { after };
  return step === 'verify' ? { restartCodes: restartCodes(steps.remediate.verdict?.preset) } : {};
}

export function campaignRules(plan: StoredPlan): CampaignRules {
  const { windows, blackouts, onBreach, conflict } = plan;
  const calendar = windows || blackouts ? { ...(windows ? { windows } : {}), ...(blackouts ? { blackouts } : {}) } : undefined;
  return { onBreach, conflict, calendar };
}

function common(plan: StoredPlan): Omit<StoredRequest, 'script'> {
  const { reason, requestedBy, ticket, waitFor, maxAssets, strategy, maxInFlight, poll, deadline, output, retry, unreachable } = plan;
  const given = Object.fromEntries(
    Object.entries({ reason, requestedBy, ticket, waitFor, maxAssets }).filter(([, value]) => value !== undefined),
  ) as Partial<StoredRequest>;
  return { ...given, strategy, maxInFlight, poll, deadline, output, retry, unreachable };
}
