// When a planned campaign would be done, by what its scripts have taken so far and what is left of the budget.

import { stepWaits } from '../../activities/campaign/step-request.js';
import type { CampaignPlan, WaveRules } from '../../contracts/plan.js';
import { nextOpenings, type WindowCalendar } from '../../domain/calendar/windows.js';
import { type Forecast, forecast } from '../../domain/campaign/forecast.js';
import type { ForecastOpening, ForecastWave } from '../../domain/campaign/forecast-facts.js';
import { CAMPAIGN_STEPS } from '../../domain/campaign/step.js';
import { longestWaitMs, RESTART_WITHIN_MS } from '../../domain/campaign/step-after.js';
import { spanText } from '../../domain/clock/span.js';
import { median } from '../../domain/polling/cadence.js';
import { mostInFlight } from '../../domain/polling/in-flight.js';
import { UNKNOWN_DURATION_MS } from '../../ledger/leases/bars.js';
import type { BudgetLeft } from './budget.js';
import type { StepCost, WaveCost } from './cost.js';

export interface ForecastPlanFacts {
  plan: Omit<CampaignPlan, 'targets'>;
  /** By wave, in order. */
  waves: readonly { rules: WaveRules; size: number; cost: WaveCost; hasApproval: boolean }[];
  /** Ids of the scripts of the plan's steps. */
  scriptIds: readonly string[];
  budget: BudgetLeft;
  /** The subscription's interval, when it is configured. */
  configuredIntervalMs: number | undefined;
  now: number;
}

export interface PlanForecast extends Forecast {
  /** What an execution is taken to take. */
  executionMs: number;
  executeIntervalMs: number;
}

export function forecastPlan({ plan, waves, scriptIds, budget, configuredIntervalMs, now }: ForecastPlanFacts): PlanForecast {
  const known = scriptIds.map((scriptId) => budget.pace[scriptId]);
  const usual = known.map((pace) => median(pace?.durationsMs ?? []));
  const isLearned = usual.every((ms) => ms !== undefined);
  // Where a plan has several scripts, none goes faster than the slowest; one that was never seen is as the permit takes it.
  const executionMs = Math.min(Math.max(...usual.map((ms) => ms ?? UNKNOWN_DURATION_MS)), plan.deadline);
  const learnedMs = Math.max(0, ...known.map((pace) => pace?.intervalMs ?? 0));
  const executeIntervalMs = configuredIntervalMs ?? learnedMs;
  const executions = sum(waves.map(({ cost }) => cost.executions));
  const calls = sum(waves.map(({ cost }) => (cost.calls.atLeast + cost.calls.atMost) / 2));
  const found = forecast({
    startsAt: now,
    waves: waves.map((wave) => forecastWave(wave, mostInFlight(plan.maxInFlight))),
    limits: {
      maxInFlight: mostInFlight(plan.maxInFlight),
      executionsPerDay: budget.executions.perDay,
      executionsLeftToday: budget.executions.left,
      callsPerHour: (budget.calls.perWindow * 3_600_000) / budget.calls.windowMs,
      callsLeft: budget.calls.left,
      callsPerExecution: Math.max(1, executions === 0 ? 1 : calls / executions),
      executeIntervalMs,
    },
    executionMs,
    nextOpening: openingsOf(plan, now),
  });
  const notes = [
    isLearned
      ? `Assumes ${spanText(executionMs)} per execution, as in recent executions of the scripts.`
      : `Assumes ${spanText(executionMs)} per execution: not every script of the plan has run in this ledger.`,
    ...(configuredIntervalMs === undefined && learnedMs === 0
      ? ['Assumes no interval between executions. Set policy.executeInterval if there is one.']
      : []),
    `An offline asset holds its wave until the execution's deadline (${spanText(plan.deadline)}).`,
    ...waitNotes(plan),
    ...found.notes,
  ];
  return { ...found, notes, executionMs, executeIntervalMs };
}

function forecastWave({ rules, size, cost, hasApproval }: ForecastPlanFacts['waves'][number], maxInFlight: number): ForecastWave {
  const steps = cost.steps.flatMap((step) => rounds(step, maxInFlight));
  return { name: rules.name, assets: size, steps, soakMs: rules.soakMs, approval: hasApproval };
}

/** A forecast is rather too late: an agent that comes back is sent to at once, and one that does not holds its wave all that time. */
function waitNotes({ steps }: Pick<CampaignPlan, 'steps'>): string[] {
  return CAMPAIGN_STEPS.flatMap((step) => {
    const { after, restartCodes = [] } = stepWaits({ steps }, step);
    if (typeof after === 'object')
      return [`Counts ${spanText(after.within)} before ${step}: the longest that agents have to check in again.`];
    if (restartCodes.length === 0) return [];
    const within = spanText(RESTART_WITHIN_MS);
    return [
      `Counts no restarts: hosts whose remedy ends with ${restartCodes.join(' or ')} are waited for before ${step}, up to ${within}.`,
    ];
  });
}

/** A step begins when the one before it has its last verdict: so do the rounds of one that a strict budget holds back. */
function rounds({ step, executions, atOnce, after }: StepCost, maxInFlight: number): ForecastWave['steps'][number][] {
  const afterMs = longestWaitMs(after);
  if (atOnce >= maxInFlight) return [{ name: step, executions, afterMs }];
  const full = Math.floor(executions / atOnce);
  const rest = executions - full * atOnce;
  return [
    ...Array.from({ length: full }, () => ({ name: step, executions: atOnce })),
    ...(rest > 0 ? [{ name: step, executions: rest }] : []),
  ].map((round, index) => (index === 0 ? { ...round, afterMs } : round));
}

/** Enough for most campaigns; they are searched for once, because a year of zone data takes a while. */
const OPENINGS_AT_ONCE = 1_000;

function openingsOf({ windows, blackouts }: WindowCalendar, now: number): ((at: number) => ForecastOpening | undefined) | undefined {
  if (!windows && !blackouts) return undefined;
  const calendar = { ...(windows ? { windows } : {}), ...(blackouts ? { blackouts } : {}) };
  const known = nextOpenings(calendar, now, OPENINGS_AT_ONCE);
  return (at) => known.find(({ closesAt }) => closesAt === undefined || closesAt > at) ?? nextOpenings(calendar, at, 1)[0];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
