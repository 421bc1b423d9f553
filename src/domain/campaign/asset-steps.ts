// What the steps of a campaign mean for one asset. An asset whose step has no certain end gets no further step: its job may still run.
import type { FinalOutcome } from '../run/outcome.js';

/** What an asset came to in a step that was sent to it. */
export interface StepOutcome {
  outcome: FinalOutcome;
  reason?: string | undefined;
}

export type StepOutcomes = { assess?: StepOutcome | undefined; remediate?: StepOutcome | undefined; verify?: StepOutcome | undefined };

/** The steps that a plan has. */
export interface PlannedSteps {
  assess: boolean;
  verify: boolean;
}

/** The step that is next for an asset, or undefined when it is done. Only an assessment that says no is followed by a remedy. */
export function nextStep(planned: PlannedSteps, done: StepOutcomes): 'assess' | 'remediate' | 'verify' | undefined {
  if (planned.assess && !done.assess) return 'assess';
  if (!done.remediate) return !planned.assess || done.assess?.outcome === 'failed' ? 'remediate' : undefined;
  if (!planned.verify || done.verify) return undefined;
  return done.remediate.outcome === 'succeeded' || done.remediate.outcome === 'failed' ? 'verify' : undefined;
}

/** What an asset came to by its steps; undefined while one is still to come. Verification decides, where the plan has it. */
export function campaignOutcome(planned: PlannedSteps, done: StepOutcomes): StepOutcome | undefined {
  if (nextStep(planned, done) !== undefined) return undefined;
  const { assess, remediate, verify } = done;
  if (!remediate)
    return assess?.outcome === 'succeeded' ? { outcome: 'skipped', reason: 'compliant' } : assess && withStep(assess, 'assess');
  if (!verify) return remediate;
  // Never asked, or asked in vain: what the remedy did is not known to have helped.
  if (verify.outcome === 'skipped' || verify.outcome === 'missing')
    return { outcome: 'unverified', reason: `verify: ${verify.reason ?? verify.outcome}` };
  return verify.outcome === 'succeeded' ? { outcome: 'succeeded' } : withStep(verify, 'verify');
}

function withStep({ outcome, reason }: StepOutcome, step: string): StepOutcome {
  return { outcome, reason: `${step}: ${reason ?? outcome}` };
}
