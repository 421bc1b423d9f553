// The document of `overhaul plan --json`, of which the text for people is made.

import type { CampaignPlan, WaveRules } from '../../contracts/plan.js';
import { wavesOf } from '../../contracts/plan.js';
import type { Policy } from '../../contracts/policy.js';
import { amountOf } from '../../domain/basics/percent.js';
import { CAMPAIGN_STEPS } from '../../domain/campaign/step.js';
import { sliceWaves } from '../../domain/campaign/waves.js';
import { spanText } from '../../domain/clock/span.js';
import { type ApprovalRule, approvalLine } from '../../domain/run/approval.js';
import { describeBudget } from '../../domain/run/budget-line.js';
import type { InFlightLimit } from '../../domain/run/command.js';
import type { ScriptHint } from '../../domain/scripts/hints.js';
import type { NotJoinedList } from '../../domain/targets/join-record.js';
import { hintsOf } from '../dry-run/hints.js';
import type { BudgetLeft } from './budget.js';
import { type StepCost, waveCost } from './cost.js';
import { forecastPlan } from './forecast.js';
import { type ShownOpening, shownOpenings } from './openings.js';
import type { Refusal, ResolvedPlan } from './resolve.js';

export interface PlanDocument {
  name: string;
  /** What approvals will be bound to; absent where the plan is refused. */
  digest?: string;
  requestedBy?: string;
  /** `hints`: what the script's text lets one expect; never a reason to refuse. */
  scripts: Record<string, { id: string; title: string; status: string; platform: string; sha256?: string; hints?: ScriptHint[] }>;
  cohort: { size: number; digest: string; seed: string; strategy: string };
  skipped: Record<string, number>;
  notJoined: NotJoinedList;
  warnings?: string[];
  waves: PlannedWave[];
  executions: number;
  calls: { opening: number; atLeast: number; atMost: number };
  budget: Omit<BudgetLeft, 'pace'>;
  rules: { onBreach: string; conflict: string; retry: string; maxInFlight: InFlightLimit; deadlineMs: number; unreachableWaitMs: number };
  windows: { restricted: boolean; openings: ShownOpening[] };
  forecast: { startsAt: string; endsAt?: string; bottleneck?: string; executionMs: number; executeIntervalMs: number; notes: string[] };
  policy: { aboveAssets?: number; allowedScripts?: string[]; neverTouch: Policy['neverTouch']; maxAssets?: number };
  waitsFor?: { easm: string };
  refused?: Refusal[];
}

export interface PlannedWave {
  name: string;
  size: number;
  /** Why it has fewer assets than the plan says. */
  note?: string;
  /** Assets that are not left alone. */
  toSend: number;
  steps: StepCost[];
  executions: number;
  calls: { atLeast: number; atMost: number };
  errorBudget: string;
  inconclusive: string;
  /** Absent when nobody is asked before it begins. */
  approval?: ApprovalRule & { text: string };
  soakMs: number;
  /** Instants in ISO 8601 UTC; absent where no opening is left. */
  forecast: { startsAt?: string; endsAt?: string; closesAt?: string; bottleneck?: string };
}

export interface PlanFacts {
  plan: Omit<CampaignPlan, 'targets'>;
  resolved: Omit<ResolvedPlan, 'ledger' | 'campaignId'>;
  budget: BudgetLeft;
  policy: Policy;
  easm: string | undefined;
  openingCalls: number;
  now: number;
}

export function planDocument(facts: PlanFacts): PlanDocument {
  const { plan, resolved, budget, policy, easm, openingCalls, now } = facts;
  const { forecast, waves } = plannedWaves(facts);
  const { pace: _pace, ...left } = budget;
  return {
    name: plan.name,
    ...given({ digest: resolved.digest, requestedBy: plan.requestedBy }),
    scripts: scriptsOf(resolved, plan),
    cohort: { ...resolved.cohort, seed: plan.seed ?? plan.name, strategy: plan.strategy },
    skipped: resolved.skipped,
    notJoined: resolved.notJoined,
    ...(resolved.warnings.length > 0 ? { warnings: resolved.warnings } : {}),
    waves,
    executions: sum(waves.map(({ executions }) => executions)),
    calls: {
      opening: openingCalls,
      atLeast: openingCalls + sum(waves.map(({ calls }) => calls.atLeast)),
      atMost: openingCalls + sum(waves.map(({ calls }) => calls.atMost)),
    },
    budget: left,
    rules: {
      onBreach: plan.onBreach,
      conflict: plan.conflict,
      retry: plan.retry.failed === 0 ? 'none' : `${plan.retry.failed} each, ${spanText(plan.retry.after)} apart`,
      maxInFlight: plan.maxInFlight,
      deadlineMs: plan.deadline,
      unreachableWaitMs: plan.unreachable.wait,
    },
    windows: { restricted: plan.windows !== undefined || plan.blackouts !== undefined, openings: shownOpenings(plan, now) },
    forecast: {
      startsAt: new Date(now).toISOString(),
      ...given({ endsAt: instantText(forecast.endsAt), bottleneck: forecast.bottleneck }),
      ...{ executionMs: forecast.executionMs, executeIntervalMs: forecast.executeIntervalMs, notes: forecast.notes },
    },
    policy: {
      ...given({ aboveAssets: policy.approval?.aboveAssets, allowedScripts: policy.scripts?.allow, maxAssets: plan.maxAssets }),
      neverTouch: policy.neverTouch,
    },
    ...(easm === undefined ? {} : { waitsFor: { easm } }),
    ...(resolved.refusals.length > 0 ? { refused: resolved.refusals } : {}),
  };
}

/** Those of the plan with what they came to; none where the cohort could not be cut. */
function plannedWaves({ plan, resolved, budget, policy, now }: PlanFacts) {
  const rulesOf = wavesOf(plan);
  const planned = resolved.waves.flatMap((wave, index) => {
    const rules = rulesOf[index];
    if (!rules) return [];
    const approval = approvalOf(rules, { isFirst: index === 0, cohortSize: resolved.cohort.size, policy });
    return [{ ...wave, rules, approval, cost: waveCost(plan, rules, wave) }];
  });
  const forecast = forecastPlan({
    plan,
    waves: planned.map(({ rules, size, cost, approval }) => ({ rules, size, cost, hasApproval: approval !== undefined })),
    scriptIds: [...new Set(Object.entries(resolved.scripts).flatMap(([step, { id }]) => (step === 'followUp' ? [] : [id])))],
    budget,
    configuredIntervalMs: policy.executeIntervalMs,
    now,
  });
  const notes = sliceWaves(resolved.cohort.size, rulesOf, Object.fromEntries(planned.map(({ name, size }) => [name, size])));
  const waves = planned.map(({ name, size, toSend, rules, approval, cost }, index): PlannedWave => {
    const allowed = amountOf(rules.inconclusive, size, 'down');
    const isShare = typeof rules.inconclusive === 'string';
    return {
      ...{ name, size, ...given({ note: notes[index]?.note }), toSend, ...cost },
      errorBudget: describeBudget(rules.errorBudget, size),
      inconclusive: `ask a person when more than ${allowed} of ${size} end unverified or unreachable${isShare ? ` (${rules.inconclusive}, rounded down)` : ''}`,
      ...(approval ? { approval: { ...approval, text: approvalLine(approval) } } : {}),
      // Nothing waits for the soak of the last one.
      soakMs: index === planned.length - 1 ? 0 : rules.soakMs,
      forecast: forecastOf(forecast.waves[index]),
    };
  });
  return { forecast, waves };
}

/** Its own rule; else, before the first, what policy asks of a cohort of this size whatever the plan says. */
function approvalOf(
  { approval }: WaveRules,
  { isFirst, cohortSize, policy }: { isFirst: boolean; cohortSize: number; policy: Policy },
): ApprovalRule | undefined {
  const above = policy.approval?.aboveAssets;
  if (approval || !isFirst || above === undefined || cohortSize <= above) return approval;
  return { quorum: 1, allowRequester: false };
}

function forecastOf(wave: ReturnType<typeof forecastPlan>['waves'][number] | undefined): PlannedWave['forecast'] {
  return given({
    startsAt: instantText(wave?.startsAt),
    endsAt: instantText(wave?.endsAt),
    closesAt: instantText(wave?.closesAt),
    bottleneck: wave?.bottleneck,
  });
}

function instantText(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString();
}

function scriptsOf({ scripts }: Pick<ResolvedPlan, 'scripts'>, { steps }: Pick<CampaignPlan, 'steps'>): PlanDocument['scripts'] {
  return Object.fromEntries(
    Object.entries(scripts).map(([name, script]) => {
      const { id, title, status, platform, sha256 } = script;
      const step = CAMPAIGN_STEPS.find((one) => one === name);
      const hints = step ? hintsOf(script, { step, verdict: steps[step]?.verdict }) : [];
      return [name, { id, title, status, platform, ...given({ sha256 }), ...(hints.length > 0 ? { hints } : {}) }];
    }),
  );
}

function given<Fields extends object>(fields: Fields): { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Fields]?: Exclude<Fields[Name], undefined>;
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
