// The arguments of a run's handlers (docs/requests.md). They come from the Temporal CLI as well as from us, so each is parsed.
import { z } from 'zod';
import { DurationSchema, describeProblems, ErrorBudgetSchema, MaxInFlightSchema, type Parsed, problemsOf } from './request.js';
import { LIMITS, list, looseText, personName, text } from './text.js';

const By = personName('"by" is required: say who you are', '"by" must not be empty: say who you are');
const Reason = looseText(LIMITS.reason).optional();

export const WhoSchema = z.strictObject({ by: By, reason: Reason });
export const DecisionSchema = z.strictObject({ by: By, reason: Reason, digest: text(LIMITS.name).optional() });
/** `withdrawn`: the ticket that started the run is not approved any more, whoever may answer what the run asks. */
export const RejectionSchema = DecisionSchema.extend({ withdrawn: z.literal(true).optional() });
export const RetryOrderSchema = z.strictObject({
  by: By,
  reason: Reason,
  outcomes: list(z.enum(['failed', 'unverified', 'unreachable', 'missing']), 4)
    .min(1)
    .default(['failed']),
});
export const AdjustmentSchema = z
  .strictObject({
    by: By,
    reason: Reason,
    maxInFlight: MaxInFlightSchema.optional(),
    errorBudget: ErrorBudgetSchema.optional(),
    deadline: DurationSchema.optional(),
  })
  .refine(({ maxInFlight, errorBudget, deadline }) => maxInFlight !== undefined || errorBudget !== undefined || deadline !== undefined, {
    error: 'needs at least one of maxInFlight, errorBudget, deadline',
  });

export type Who = z.input<typeof WhoSchema>;
export type Decision = z.input<typeof DecisionSchema>;
export type RetryOrder = z.input<typeof RetryOrderSchema>;
export type Adjustment = z.input<typeof AdjustmentSchema>;

/** The parsed argument; throws an Error whose message names every problem. */
export function parsedMessage<T>(schema: z.ZodType<T>, argument: unknown): T {
  const result = schema.safeParse(argument);
  if (result.success) return result.data;
  const problems: Parsed<T> = { ok: false, problems: problemsOf(result.error, schema) };
  throw new Error(describeProblems(problems.problems));
}
