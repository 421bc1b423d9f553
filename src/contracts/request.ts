// The input of `remediationRun`: parsed on the workflow's first line, by the command line, the server and playbooks alike.
import { z } from 'zod';
import { clipped } from '../domain/basics/well-formed.js';
import { durationMs } from '../domain/clock/duration.js';
import { DEFAULT_IN_FLIGHT } from '../domain/polling/in-flight.js';
import { fieldProblems } from '../domain/schedules/fields.js';
import { MAX_ASKED_TITLE, titleProblem } from '../domain/schedules/title.js';
import { isCivilDate, isTimeOfDay, SCHEDULE_TYPES, weekdayOf } from '../domain/schedules/trigger.js';
import { gavFilterProblem } from './gav-filter.js';
import { type Parsed, problemsOf } from './problems.js';
import { LIMITS, list, personName, refuseTooLarge, text } from './text.js';
import { VerdictSchema } from './verdict.js';

export { describeProblems, type Parsed, type Problem, pathText, problemsOf } from './problems.js';

/** Assets and host names together: a larger cohort goes by tag or query (the input travels through workflow history). */
export const MAX_EXPLICIT_TARGETS = LIMITS.assetIds;

/** A Qualys id: digits, as number or string, normalised to a string (ids approach 2^53, so a number must be a safe integer). */
export const Id = z
  .union([z.string().max(40), z.number()], { error: 'must be an id: a positive whole number or a string of digits' })
  .refine((value) => (typeof value === 'number' ? Number.isSafeInteger(value) && value > 0 : /^\d{1,19}$/.test(value.trim())), {
    error: (issue) => `${shown(issue.input)} is not an id: use a positive whole number or a string of digits`,
  })
  .transform((value) =>
    String(value)
      .trim()
      .replace(/^0+(?=\d)/, ''),
  );

/** As it is written; see `bareDurations` for what is refused where people write it. */
export const DurationText = z
  .union([z.number(), z.string().max(40)], { error: 'must be a duration: a number and a unit, such as 90s, 15m, 4h or 7d' })
  .refine((value) => durationMs(value) !== undefined, {
    error: (issue) => `${shown(issue.input)} is not a duration: write a number and a unit, such as 90s, 15m, 4h or 7d`,
  });
/** Milliseconds, or text such as "90s", "15m", "4h", "7d"; normalised to milliseconds. */
export const DurationSchema = DurationText.transform((value) => durationMs(value) as number);

const NO_SCRIPT = 'must be a script id or exact title';
const Script = z
  .union([text(LIMITS.title, NO_SCRIPT, NO_SCRIPT), z.number().int(NO_SCRIPT).positive(NO_SCRIPT)], { error: NO_SCRIPT })
  .transform(String);

/** Ids may be given as number or text everywhere; a ticketing system's need not be digits. */
const TicketId = z
  .union([text(LIMITS.ticketId), z.number().refine(Number.isSafeInteger, 'must be a whole number below 2^53, or a string')], {
    error: 'must be a string or a whole number',
  })
  .transform(String);

const OutcomeWord = z.enum(['succeeded', 'failed', 'unverified', 'unreachable', 'missing', 'skipped']);

/** `auto`: what the call budget can feed, at most 40 (domain/polling/in-flight.ts). */
export const MaxInFlightSchema = z.union([z.literal('auto'), z.number().int().min(1).max(1_000)], {
  error: 'must be a whole number from 1 to 1,000, or "auto"',
});

export const ErrorBudgetSchema = z.strictObject({
  max: z.union(
    [
      z.number().int().min(0),
      z
        .string()
        .max(20)
        .regex(/^\d+(\.\d+)?%$/, 'must be a number of assets, or a percentage such as "5%"')
        // A budget that no run can exceed stops nothing: whoever writes it means something else.
        .refine((text) => !(Number.parseFloat(text) > 100), 'must not be more than 100%'),
    ],
    {
      error: 'must be a number of assets, or a percentage such as "5%"',
    },
  ),
  counts: list(OutcomeWord, 6).min(1).optional(),
  minimum: z.number().int().min(0).optional(),
  strict: z.boolean().optional(),
});

// The patterns are for the JSON Schema, which cannot show the calendar.
const CivilDate = z.string().refine(isCivilDate, 'must be a calendar date, YYYY-MM-DD').meta({ pattern: String.raw`^\d{4}-\d{2}-\d{2}$` });
const TimeOfDay = z
  .string()
  .refine(isTimeOfDay, 'must be a time of day, HH:MM or HH:MM:SS')
  .meta({ pattern: String.raw`^\d{2}:\d{2}(:\d{2})?$` });
const NO_WEEKDAY = 'must be a day such as "MON" or "Monday", or a number from "1" (Sunday) to "7" (Saturday)';
const WeekdayWord = z
  .union([z.string().max(20), z.number()], { error: NO_WEEKDAY })
  .refine((word) => weekdayOf(word) !== undefined, NO_WEEKDAY)
  .transform((word) => weekdayOf(word) ?? 'SUN');

const ScheduleSchema = z
  .strictObject({
    kind: z.literal('schedule'),
    on: z.enum(['always', 'unresolved']),
    script: Script.optional(),
    title: text(MAX_ASKED_TITLE)
      .refine((title) => titleProblem(title) === undefined, { error: (issue) => titleProblem(String(issue.input)) })
      .optional(),
    scheduleType: z.enum(SCHEDULE_TYPES),
    startDate: CivilDate.optional(),
    startTime: TimeOfDay.optional(),
    endDate: CivilDate.optional(),
    after: DurationSchema.optional(),
    hourlyInterval: z.number().int().min(1).optional(),
    daysOfWeek: list(WeekdayWord, 7).min(1).optional(),
    recurrenceDate: z.number().int().min(1).max(31).optional(),
    // Every n-th month, not a month of the year: the document's own sample says so against its table (docs/qualys-api.md#schedules).
    recurrenceMonth: z.number().int().min(1).optional(),
  })
  // Also when a field is malformed: every problem is told at once.
  .superRefine(
    (schedule, ctx) => {
      for (const { field, problem } of fieldProblems(schedule)) ctx.addIssue({ code: 'custom', path: [field], message: problem });
    },
    { when: () => true },
  );

export const FollowUpSchema = z.discriminatedUnion('kind', [
  ScheduleSchema,
  z.strictObject({
    kind: z.literal('recheck'),
    on: z.enum(['always', 'unresolved']),
    after: DurationSchema,
    script: Script.optional(),
  }),
]);

const QuerySchema = z
  .strictObject({ source: z.enum(['car', 'gav', 'gav-v1', 'edr']), filter: text(LIMITS.filter) })
  .superRefine((query, ctx) => {
    const problem = query.source === 'gav' ? gavFilterProblem(query.filter) : undefined;
    if (problem !== undefined) ctx.addIssue({ code: 'custom', path: ['filter'], message: problem });
  });

/** A time of Qualys' clock. */
export const SeenWithinSchema = DurationSchema.refine((ms) => ms >= 1_000, 'must be at least one second');

export const TargetsSchema = z
  .strictObject({
    assetIds: z.array(Id).meta({ maxItems: MAX_EXPLICIT_TARGETS }).optional(),
    hostnames: z.array(text(LIMITS.hostname)).meta({ maxItems: MAX_EXPLICIT_TARGETS }).optional(),
    /** How a host name finds its asset: by its whole name, or by its first label where that is unique. Default `exact`. */
    match: z.enum(['exact', 'label']).optional(),
    assetTagIds: list(Id, LIMITS.tagIds).optional(),
    query: QuerySchema.optional(),
    /** Take all that an inventory holds, if that is what the query finds: it is refused without it. */
    everything: z.boolean().optional(),
    excludedAssetIds: list(Id, LIMITS.assetIds).optional(),
    /** Leave out, as skipped, whose agent was last seen longer ago, where an inventory tells. */
    seenWithin: SeenWithinSchema.optional(),
    /** Send also where an earlier copy of the script may still run; the audit log says to how many. */
    despiteOpenCopies: z.boolean().optional(),
  })
  .superRefine((targets, ctx) => {
    const explicit = (targets.assetIds?.length ?? 0) + (targets.hostnames?.length ?? 0);
    if (explicit > MAX_EXPLICIT_TARGETS) {
      ctx.addIssue({
        code: 'custom',
        path: [(targets.assetIds?.length ?? 0) > MAX_EXPLICIT_TARGETS || !targets.hostnames?.length ? 'assetIds' : 'hostnames'],
        message: `${explicit} assets and hostnames exceed the limit of ${MAX_EXPLICIT_TARGETS}: select a larger cohort by tag or query`,
      });
    }
    if (explicit + (targets.assetTagIds?.length ?? 0) === 0 && !targets.query) {
      ctx.addIssue({ code: 'custom', path: [], message: 'name at least one target: assetIds, hostnames, assetTagIds or query' });
    }
  });

/** What has to be so before the cohort is resolved. `timeout` counts from the run's start. */
const WaitForSchema = z.strictObject({
  /** The sync of all active EASM profiles, or of the one with this id. */
  easm: z.union([z.literal(true), Id], { error: 'must be true (all active profiles) or the id of one profile' }),
  timeout: DurationSchema.default(4 * 3_600_000),
});

const requestFields = {
  script: Script,
  maxAssets: z.number().int().positive().optional(),
  scriptSha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'must be a SHA-256 hash, 64 hexadecimal digits')
    .transform((hex) => hex.toLowerCase())
    .optional(),
  reason: text(LIMITS.reason).optional(),
  requestedBy: personName().optional(),
  ticket: z
    .strictObject({
      hook: text(LIMITS.name).optional(),
      system: text(LIMITS.name),
      id: TicketId,
      url: text(LIMITS.url).optional(),
    })
    .optional(),
  waitFor: WaitForSchema.optional(),
  strategy: z.enum(['assets', 'tags', 'auto']).default('assets'),
  maxInFlight: MaxInFlightSchema.default(DEFAULT_IN_FLIGHT),
  poll: z.strictObject({ interval: DurationSchema.default(30_000) }).default({ interval: 30_000 }),
  deadline: DurationSchema.refine((ms) => ms >= 1_000, 'must be at least one second').default(6 * 3_600_000),
  output: z.enum(['all', 'failed', 'none']).default('all'),
  retry: z
    .strictObject({ failed: z.number().int().min(0).max(10).default(0), after: DurationSchema.default(15 * 60_000) })
    .default({ failed: 0, after: 15 * 60_000 }),
  unreachable: z.strictObject({ wait: DurationSchema.default(0) }).default({ wait: 0 }),
  errorBudget: ErrorBudgetSchema.optional(),
  verdict: VerdictSchema.optional(),
  followUp: FollowUpSchema.optional(),
};

export const RemediationRequestSchema = z.strictObject({ ...requestFields, targets: TargetsSchema }).superRefine(refuseTooLarge);
/** A playbook's `run`: a request whose targets come with the ticket. */
export const PlaybookRunSchema = z.strictObject(requestFields).superRefine(refuseTooLarge);

/** As a user writes it. */
export type RemediationRequestInput = z.input<typeof RemediationRequestSchema>;
/** As the product uses it: ids are strings, durations milliseconds, defaults filled in. */
export type RemediationRequest = z.output<typeof RemediationRequestSchema>;
export type ErrorBudget = z.output<typeof ErrorBudgetSchema>;
export type FollowUp = z.output<typeof FollowUpSchema>;
export type Targets = z.output<typeof TargetsSchema>;

export function parseRequest(input: unknown): Parsed<RemediationRequest> {
  const result = RemediationRequestSchema.safeParse(input);
  return result.success ? { ok: true, value: result.data } : { ok: false, problems: problemsOf(result.error, RemediationRequestSchema) };
}

function shown(value: unknown): string {
  return clipped(JSON.stringify(value) ?? String(value), 60);
}
