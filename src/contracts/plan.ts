// The input of `remediationCampaign` (docs/plans.md): waves with gates, windows and steps over one cohort.
import { z } from 'zod';
import { LONGEST_AFTER_MS } from '../domain/campaign/step-after.js';
import { DEFAULT_INCONCLUSIVE } from '../domain/campaign/wave-gate.js';
import { type ApprovalRule, approvalRule, type PlaybookApproval, unreachableQuorum } from '../domain/run/approval.js';
import {
  DurationSchema,
  type ErrorBudget,
  ErrorBudgetSchema,
  FollowUpSchema,
  Id,
  type Parsed,
  problemsOf,
  RemediationRequestSchema,
} from './request.js';
import { LIMITS, list, personName, refuseTooLarge, text } from './text.js';
import { VerdictSchema } from './verdict.js';
import { BlackoutSchema, WindowSchema } from './windows.js';

const { script: Script, scriptSha256, targets, errorBudget: _errorBudget, followUp: _followUp, ...limits } = RemediationRequestSchema.shape;

const Name = text(LIMITS.name, 'must be a name');

const Wait = DurationSchema.refine((ms) => ms > 0 && ms <= LONGEST_AFTER_MS, 'must be more than 0 and at most 30d');
/** A time past the asset's verdict in the step before, or until a new check-in of its agent, as after a reboot. */
const AfterSchema = z.union([Wait, z.strictObject({ checkIn: z.literal(true), within: Wait })], {
  error: 'must be a duration such as "15m", or { checkIn: true, within: "30m" }',
});

/** A script by id or title, where wanted with the hash that its content must have, what it waits for, and what its end means. */
const StepSchema = z
  .union(
    [Script, z.strictObject({ script: Script, sha256: scriptSha256, after: AfterSchema.optional(), verdict: VerdictSchema.optional() })],
    {
      error: 'must be a script id, its exact title, or { script, sha256, after, verdict }',
    },
  )
  .transform((step) => (typeof step === 'string' ? { script: step } : step));

const ApprovalSchema = z.strictObject({
  quorum: z.number().int().positive().max(LIMITS.quorum).optional(),
  expires: DurationSchema.optional(),
  approvers: list(personName(), LIMITS.approvers).min(1, 'name at least one approver, or omit it').optional(),
  allowRequester: z.boolean().optional(),
});

const AMOUNT = 'must be a number of assets, or a percentage such as "5%"';
const Percent = z
  .string()
  .max(20)
  .regex(/^\d+(\.\d+)?%$/, AMOUNT);
const Share = Percent.refine((text) => Number.parseFloat(text) <= 100, 'must not be more than 100%');
const WaveSize = z.union(
  [z.number().int().min(1, 'must be at least 1'), Share.refine((text) => Number.parseFloat(text) > 0, 'must be more than 0%')],
  {
    error: AMOUNT,
  },
);
const Inconclusive = z.union([z.number().int().min(0), Share], { error: AMOUNT });

const gateFields = {
  soak: DurationSchema.optional(),
  errorBudget: ErrorBudgetSchema.optional(),
  /** How many `unverified` and `unreachable` assets a wave may end with before a person is asked; percent of the wave, rounded down. */
  inconclusive: Inconclusive.optional(),
};

const WaveSchema = z.strictObject({
  name: Name,
  /** Percent of the whole cohort, rounded up. Without size and tag the wave takes the rest. */
  size: WaveSize.optional(),
  /** The assets of the cohort that have this tag and are in no earlier wave. */
  tag: Id.optional(),
  approval: z
    .union([z.literal(false), ApprovalSchema], { error: 'must be false, or { quorum, expires, approvers, allowRequester }' })
    .optional(),
  ...gateFields,
});

const planFields = {
  ...limits,
  name: Name,
  steps: z.strictObject({
    assess: StepSchema.optional(),
    remediate: StepSchema,
    verify: StepSchema.optional(),
    rollback: StepSchema.optional(),
  }),
  /** The same as `steps.remediate.sha256` and `steps.remediate.verdict`. */
  scriptSha256,
  verdict: limits.verdict,
  waves: z
    .array(WaveSchema)
    .min(1, 'name at least one wave, or omit waves for a single wave')
    .max(LIMITS.waves, `a plan has at most ${LIMITS.waves} waves`)
    .default([{ name: 'all' }])
    .superRefine(refuseBadWaves, always()),
  approval: ApprovalSchema.optional(),
  ...gateFields,
  onBreach: z.enum(['pause', 'abort', 'rollback']).default('pause'),
  windows: list(WindowSchema, LIMITS.windows).min(1, 'name at least one window, or omit windows to be always open').optional(),
  blackouts: list(BlackoutSchema, LIMITS.windows).optional(),
  /** The order of the cohort follows from it; the plan's name when not given. */
  seed: Name.optional(),
  /** What happens to an asset that another run is working on: wait until it is free, or leave it out as `skipped`. */
  conflict: z.enum(['wait', 'skip']).default('wait'),
  followUp: FollowUpSchema.optional(),
};

export const CampaignPlanSchema = z
  .strictObject({ ...planFields, targets })
  .superRefine(refuseContradictions, always())
  .superRefine(refuseTooLarge)
  .transform(pinned);
/** A playbook's `campaign`: a plan whose targets come with the ticket. */
export const PlaybookCampaignSchema = z
  .strictObject(planFields)
  .superRefine(refuseContradictions, always())
  .superRefine(refuseTooLarge)
  .transform(pinned);

/** As a user writes it. */
export type CampaignPlanInput = z.input<typeof CampaignPlanSchema>;
/** As the product uses it: ids are strings, durations milliseconds, defaults filled in, steps objects. */
export type CampaignPlan = z.output<typeof CampaignPlanSchema>;
export type CampaignStep = keyof CampaignPlan['steps'];

export function parsePlan(input: unknown): Parsed<CampaignPlan> {
  const result = CampaignPlanSchema.safeParse(input);
  return result.success ? { ok: true, value: result.data } : { ok: false, problems: problemsOf(result.error, CampaignPlanSchema) };
}

/** As the ledger keeps it: its targets are the cohort. */
export type StoredPlan = Omit<CampaignPlan, 'targets'>;

/** What the gate of a wave asks for, its own words before the plan's. */
export interface WaveRules {
  name: string;
  size?: number | string | undefined;
  tag?: string | undefined;
  approval?: ApprovalRule | undefined;
  soakMs: number;
  errorBudget?: ErrorBudget | undefined;
  inconclusive: number | string;
}

export function wavesOf(plan: Omit<CampaignPlan, 'targets'>): WaveRules[] {
  return plan.waves.map(({ name, size, tag, approval, soak, errorBudget, inconclusive }) => ({
    name,
    size,
    tag,
    approval: approvalRule(approval, plan.approval),
    soakMs: soak ?? plan.soak ?? 0,
    errorBudget: errorBudget ?? plan.errorBudget,
    inconclusive: inconclusive ?? plan.inconclusive ?? DEFAULT_INCONCLUSIVE,
  }));
}

/** The last rule that the plan has for a wave: what follows from the campaign asks the same people. */
export function lastApproval(plan: StoredPlan): PlaybookApproval | undefined {
  const rule = wavesOf(plan).findLast((wave) => wave.approval !== undefined)?.approval;
  if (!rule) return undefined;
  const { quorum, expiresMs, approvers, allowRequester } = rule;
  return {
    ...{ quorum, allowRequester },
    ...(expiresMs === undefined ? {} : { expires: expiresMs }),
    ...(approvers === undefined ? {} : { approvers }),
  };
}

/** Rules between fields are checked even where a field is wrong by itself: every problem at once. */
function always() {
  return { when: () => true };
}

/** Waves as far as they can be read: the array may hold what its schema refused. */
const ReadableWaves = z.array(
  z
    .object({ name: z.string().optional().catch(undefined), size: z.unknown().optional(), tag: z.unknown().optional() })
    .catch({ size: null, tag: null }),
);

function refuseBadWaves(value: unknown, ctx: z.core.$RefinementCtx): void {
  const read = ReadableWaves.safeParse(value);
  if (!read.success) return;
  const waves = read.data;
  const isRest = waves.map(({ size, tag }) => size === undefined && tag === undefined);
  for (const [index, { name, size, tag }] of waves.entries()) {
    if (name !== undefined && waves.findIndex((other) => other.name?.toLowerCase() === name.toLowerCase()) < index)
      problem(ctx, [index, 'name'], `"${name}" is already the name of a wave (case is ignored)`);
    if (size !== undefined && tag !== undefined && size !== null)
      problem(ctx, [index], 'has both size and tag: a wave with a tag takes all assets with that tag');
    if (isRest[index] && index < waves.length - 1)
      problem(ctx, [index], 'has neither size nor tag, so it takes the rest: make it the last wave');
  }
  const percents = waves.map(({ size }) =>
    typeof size === 'string' && Percent.safeParse(size).success ? Number.parseFloat(size) : undefined,
  );
  const total = Number(percents.reduce<number>((sum, percent) => sum + (percent ?? 0), 0).toFixed(6));
  if (total > 100) problem(ctx, [], `the waves add up to ${total}% of the cohort: reduce them to 100%`);
  if (total < 100 && waves.length > 0 && percents.every((percent) => percent !== undefined))
    problem(ctx, [], `the waves add up to only ${total}% of the cohort: add a last wave without size for the rest`);
}

function refuseContradictions(value: unknown, ctx: z.core.$RefinementCtx): void {
  const plan = ReadablePlan.safeParse(value).data;
  if (!plan) return;
  if (plan.onBreach === 'rollback' && plan.steps && !plan.steps.rollback)
    problem(ctx, ['steps', 'rollback'], 'is required with onBreach: rollback');
  const first = plan.steps?.assess === undefined ? 'remediate' : 'assess';
  if (plan.steps?.[first]?.after !== undefined)
    problem(
      ctx,
      ['steps', first, 'after'],
      `waits for the step before, and ${first} is the first step: remove it, or use a window or soak`,
    );
  const pin = plan.steps?.remediate?.sha256;
  if (plan.scriptSha256 !== undefined && pin !== undefined && pin !== plan.scriptSha256)
    problem(ctx, ['scriptSha256'], 'differs from steps.remediate.sha256, which means the same: keep one');
  if (plan.verdict !== undefined && plan.steps?.remediate?.verdict !== undefined)
    problem(ctx, ['verdict'], 'means the same as steps.remediate.verdict: keep one');
  for (const { approval, path } of [
    { approval: plan.approval, path: ['approval'] },
    ...plan.waves.map((wave, index) => ({ ...wave, path: ['waves', index, 'approval'] })),
  ]) {
    const rule = approvalRule(approval);
    const why = rule && unreachableQuorum(rule, plan.requestedBy);
    if (why) problem(ctx, path, why);
  }
}

const ReadableApproval = ApprovalSchema.optional().catch(undefined);
/** What rules between fields read, as far as it can be read. */
const ReadablePlan = z.object({
  requestedBy: z.string().optional().catch(undefined),
  onBreach: z.string().optional().catch(undefined),
  scriptSha256: z.string().optional().catch(undefined),
  verdict: z.unknown().optional(),
  steps: z
    .object({
      assess: z.object({ after: z.unknown().optional() }).optional().catch({}),
      remediate: z
        .object({ sha256: z.string().optional(), after: z.unknown().optional(), verdict: z.unknown().optional() })
        .optional()
        .catch(undefined),
      rollback: z.unknown().optional(),
    })
    .optional()
    .catch(undefined),
  approval: ReadableApproval,
  waves: z.array(z.object({ approval: ReadableApproval }).catch({ approval: undefined })).catch([]),
});

function problem(ctx: z.core.$RefinementCtx, path: PropertyKey[], message: string): void {
  ctx.addIssue({ code: 'custom', path, message });
}

/** What the remedy's script must be, and what its end means, in one place. */
function pinned<Plan extends { steps: { remediate: RemedyStep }; scriptSha256?: string | undefined; verdict?: RemedyStep['verdict'] }>({
  scriptSha256: sha256,
  verdict,
  ...plan
}: Plan) {
  const remediate = { ...plan.steps.remediate, ...(sha256 === undefined ? {} : { sha256 }), ...(verdict === undefined ? {} : { verdict }) };
  return { ...plan, steps: { ...plan.steps, remediate } };
}

type RemedyStep = { script: string; sha256?: string | undefined; verdict?: z.output<typeof VerdictSchema> | undefined };
