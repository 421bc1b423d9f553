// What the HTTP API answers with, and how its lists are asked for (docs/http-api.md). The OpenAPI document is made from these.
import { z } from 'zod';
import { LIVE_OUTCOMES, OUTCOMES, RUN_STATUSES } from '../../domain/run/outcome.js';
import { LIMITS } from '../text.js';

const Instant = z.iso.datetime().meta({ description: 'ISO 8601, UTC' });
const Count = z.int().min(0);
const Script = z.strictObject({ id: z.string(), title: z.string() });
const Outcome = z.enum([...OUTCOMES, ...LIVE_OUTCOMES]);

/** RFC 9457. */
export const ProblemSchema = z
  .strictObject({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string(),
    problems: z
      .array(z.strictObject({ path: z.string(), problem: z.string() }))
      .max(200)
      .optional(),
  })
  .meta({ id: 'Problem', description: 'An error (RFC 9457); `problems` has every problem of an input, up to 200' });

const Counts = z.strictObject({ targeted: Count, ...Object.fromEntries(OUTCOMES.map((outcome) => [outcome, Count])) });
const LiveCounts = z.strictObject({ ...Counts.shape, pending: Count, running: Count });

export const ListedRunSchema = z
  .strictObject({
    workflowId: z.string(),
    kind: z.enum(['campaign', 'step']).optional().meta({ description: 'absent of a run' }),
    state: z.string().meta({ description: 'the status of what has ended, else where it stands' }),
    done: Count.optional().meta({ description: 'assets that have their outcome' }),
    targeted: Count.optional(),
    script: Script.optional(),
    requestedBy: z.string().optional(),
    startedAt: Instant,
  })
  .meta({ id: 'ListedRun' });

export const RunPageSchema = z
  .strictObject({
    items: z.array(ListedRunSchema),
    next: z.string().optional().meta({ description: 'the cursor of the next page' }),
    warning: z.string().optional().meta({ description: 'why runs that no worker has opened yet may be missing' }),
  })
  .meta({ id: 'RunPage' });

export const AssetRowSchema = z
  .strictObject({
    assetId: z.string(),
    name: z.string().optional(),
    outcome: Outcome,
    reason: z.string().optional(),
    status: z.string().optional().meta({ description: "Qualys' own status word" }),
    exitCode: z.int().optional(),
    attempt: z.int().min(0),
    wave: z.string().optional(),
    correlationUuid: z.string().optional(),
    jobId: z.string().optional(),
    startedAt: Instant.optional(),
    finishedAt: Instant.optional(),
    outputBytes: Count.optional(),
    late: Outcome.optional().meta({ description: 'a verdict that came when the run was closed' }),
    rule: z.string().optional().meta({ description: 'what decided the outcome' }),
  })
  .meta({ id: 'AssetRow' });

export const AssetPageSchema = z
  .strictObject({ items: z.array(AssetRowSchema), next: z.string().optional().meta({ description: 'the cursor of the next page' }) })
  .meta({ id: 'AssetPage' });

const Excerpt = z.strictObject({ first: z.array(z.string()), leftOut: Count, last: z.array(z.string()) });

export const FailuresSchema = z
  .strictObject({
    groups: z.array(
      z.strictObject({
        count: Count,
        reason: z.string().optional(),
        exitCode: z.int().optional(),
        status: z.string().optional(),
        rule: z.string().optional(),
        sample: Excerpt.optional().meta({ description: 'the first and last lines of the output of the first of them' }),
        varies: z.boolean().meta({ description: 'the outputs differ in what each host writes of itself' }),
        assets: z.array(z.strictObject({ assetId: z.string(), name: z.string().optional() })).meta({ description: 'the first of them' }),
      }),
    ),
    rest: z.strictObject({ groups: Count, assets: Count, isMore: z.boolean() }).meta({ description: 'what is not listed' }),
  })
  .meta({ id: 'Failures' });

const Progress = z.strictObject({
  phase: z.string(),
  asOf: Instant,
  counts: LiveCounts,
  inFlight: Count,
  callsUsed: Count,
  etaAt: Instant.optional(),
  blocked: z.string().optional(),
  pending: z.strictObject({ kind: z.string(), wave: z.string().optional(), digest: z.string(), approvals: Count }).optional(),
  paused: z.boolean().optional(),
});

/** More may be in it than is named here, of campaigns and of follow-ups. */
export const ReportSchema = z
  .looseObject({
    runId: z.string(),
    status: z.enum(RUN_STATUSES),
    script: Script,
    counts: Counts,
    strays: Count,
    executions: Count,
    apiCalls: Count,
    startedAt: Instant,
    finishedAt: Instant,
  })
  .meta({ id: 'RunReport' });

const Question = z.strictObject({
  text: z.string(),
  whom: z.string().optional(),
  digest: z.string().optional(),
  answers: z.array(z.strictObject({ decision: z.string(), command: z.string(), means: z.string() })),
});

const AuditEntry = z.strictObject({
  at: Instant,
  actor: z.string().optional(),
  verified: z.boolean().meta({ description: 'whether the server authenticated the actor' }),
  action: z.string(),
  detail: z.string().optional(),
});

export const RunShownSchema = z
  .strictObject({
    workflowId: z.string(),
    state: z.string(),
    workflow: z.looseObject({ workflowId: z.string(), state: z.string(), startedAt: Instant }).optional(),
    kind: z.enum(['run', 'campaign', 'step']).optional(),
    script: z.looseObject({ id: z.string(), title: z.string() }).optional(),
    cohort: z.looseObject({ size: Count, digest: z.string().optional() }).optional(),
    request: z.record(z.string(), z.unknown()).optional().meta({ description: 'what was asked for, without its targets' }),
    waves: z.array(z.record(z.string(), z.unknown())).optional(),
    progress: Progress.optional(),
    question: Question.optional().meta({ description: 'what waits for a person' }),
    halted: z.record(z.string(), z.string()).optional().meta({ description: 'the kill switch is on' }),
    report: ReportSchema.optional(),
    failure: z.looseObject({ type: z.string(), message: z.string() }).optional(),
    notJoined: z.record(z.string(), z.unknown()).optional(),
    warnings: z.array(z.string()).optional(),
    warning: z.string().optional().meta({ description: 'why something could not be seen just now' }),
    audit: z.array(AuditEntry),
  })
  .meta({ id: 'Run' });

const Limit = (most: number, usual: number) => z.coerce.number().int().min(1).max(most).default(usual);
const Search = z.string().trim().min(1).max(LIMITS.hostname).optional();

export const AssetQuerySchema = z.strictObject({
  cursor: z
    .string()
    .regex(/^\d{1,15}$/, 'is no cursor: use `next` of the page before')
    .optional(),
  limit: Limit(1_000, 100),
  outcome: Outcome.optional(),
  q: Search.meta({ description: 'part of an asset id or name' }),
});

/** Words separated by commas. */
const words = <Word extends string>(known: readonly Word[]) =>
  z
    .string()
    .transform((text) => text.split(',').map((word) => word.trim()))
    .pipe(z.array(z.enum(known as [Word, ...Word[]])));

export const runQuerySchema = (states: readonly string[]) =>
  z.strictObject({
    state: words(states)
      .optional()
      .meta({ description: `comma-separated: ${states.join(', ')}` }),
    kind: words(['run', 'campaign', 'step'])
      .default(['run', 'campaign'])
      .meta({ description: 'comma-separated: run, campaign, step; steps of campaigns only where they are asked for' }),
    q: Search.meta({ description: 'part of a workflow id or script title, or a script id' }),
    cursor: z.string().max(4_000).optional(),
    limit: Limit(200, 50),
  });
