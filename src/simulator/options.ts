// What a simulator can be told, validated in one place: by tests, by `overhaul simulator`, and as a JSON or YAML file.
import { z } from 'zod';
import { type Parsed, problemsOf } from '../contracts/request.js';

const rate = z.number().min(0, 'must be a rate between 0 and 1').max(1, 'must be a rate between 0 and 1');
const simulatedMs = z.number().int().min(0);
const count = z.number().int().min(1);
const id = z.number().int().positive();
const span = (min: number, max: number) =>
  z
    .strictObject({ min: simulatedMs.default(min), max: simulatedMs.default(max) })
    .refine(({ min: from, max: to }) => from <= to, 'min must not be above max')
    .default({ min, max });

/** A script that restarts its host when it has ended. */
const RebootOption = z.strictObject({
  /** Simulated milliseconds from the end of the script until the agent checks in again. */
  awayMs: span(60_000, 300_000),
  /** Share of hosts that never come back. */
  neverRate: rate.default(0),
  neverAssets: z.array(id).default([]),
});

const ScriptOption = z.strictObject({
  id,
  title: z.string().min(1),
  status: z.string().min(1).default('APPROVED'),
  platform: z.string().min(1).default('LINUX'),
  /** The script's text; served base64-encoded. */
  content: z.string().optional(),
  reboots: RebootOption.optional(),
});

const TagOption = z.strictObject({
  id,
  name: z.string().min(1),
  /** Assets whose index (0 = first) leaves `remainder` when divided by `modulo` carry the tag. */
  modulo: count.default(1),
  remainder: z.number().int().min(0).default(0),
});

const LimitsOption = z.strictObject({
  /** Calls in the rolling window, `/auth` aside, for the whole subscription. */
  perWindow: count.optional(),
  /** Length of the window in SIMULATED seconds; announced in real seconds (3600 at speed 60 is announced as 60). */
  windowSec: z.number().positive().default(3_600),
  /** Calls at once. */
  concurrency: count.optional(),
  /** 429 is the gateway's answer to a breach, 409 the older host's (with error codes 1960 and 1965). */
  regime: z.union([z.literal(429), z.literal(409)]).default(429),
  /** Leave `X-RateLimit-ToWait-Sec` and `Retry-After` out of refusals, as some modules do. */
  omitToWait: z.boolean().default(false),
});

const FaultsOption = z.strictObject({
  /** Share of accepted execute, schedule, import and clone calls whose answer is lost after the effect. */
  dropAfterEffectRate: rate.default(0),
  /** The n-th accepted executes of the gateway (from 1) whose answer is lost after the effect. */
  loseExecutes: z.array(count).default([]),
  /** The same for imports, clones and schedules. */
  loseImports: z.array(count).default([]),
  loseClones: z.array(count).default([]),
  loseSchedules: z.array(count).default([]),
  /** How an answer is lost: connection reset, a 502 or 504, silence until the client gives up, or each in turn. */
  lostAs: z.enum(['reset', 'status', 'hang', 'mixed']).default('reset'),
  /** Share of calls, `/auth` aside, that fail with 500, 502 or a reset BEFORE any effect. */
  failRate: rate.default(0),
  /** After these calls (numbered from 1, `/auth` aside) every token issued so far is invalid. */
  revokeTokensAfterCalls: z.array(count).default([]),
  /** The body of error answers. */
  errorBody: z.enum(['envelope', 'empty', 'html', 'text']).default('envelope'),
  /** Share of reads whose JSON is cut in the middle. */
  truncateRate: rate.default(0),
  /** Search-after walks: `stalled` answers every cursor with the first page, `overlap` repeats half of the page before. */
  walk: z.enum(['none', 'stalled', 'overlap']).default('none'),
  /** Share of asset jobs that end with a status word nobody has documented: half of them with an exit code and times, half without. */
  unknownStatusRate: rate.default(0),
});

const ForeignOperatorOption = z
  .strictObject({
    username: z.string().min(1).default('another operator'),
    /** Simulated milliseconds between two of the operator's executions. */
    everyMs: count.optional(),
    /** Executes this many simulated milliseconds after each execution of the script by one of `users`, instead of in a rhythm. */
    followsMs: simulatedMs.optional(),
    scriptId: id,
    assetsPerRun: count.max(25).default(5),
    /** The part of the fleet that is the operator's, by index; default: all of it. */
    fromIndex: z.number().int().min(0).default(0),
    /** Hit exactly the assets of the latest execution of that script by somebody else, instead of a sliding window over the fleet. */
    sameTargets: z.boolean().default(false),
  })
  .refine(({ everyMs, followsMs }) => (everyMs === undefined) !== (followsMs === undefined), 'give either everyMs or followsMs');

const DEFAULT_SCRIPTS = [
  { id: 72648, title: 'Patch OpenSSL', status: 'APPROVED', platform: 'LINUX' },
  { id: 72649, title: 'Restart agent', status: 'APPROVED', platform: 'LINUX' },
  { id: 72650, title: 'Disable SMBv1', status: 'APPROVED', platform: 'WINDOWS' },
  { id: 72651, title: 'Patch OpenSSL (old)', status: 'DEPRECATED', platform: 'LINUX' },
  { id: 72652, title: 'Rotate logs', status: 'PENDING_REVIEW', platform: 'LINUX' },
  { id: 72653, title: 'Format disk', status: 'REJECTED', platform: 'LINUX' },
];
const DEFAULT_TAGS = [
  { id: 7001, name: 'All servers', modulo: 1, remainder: 0 },
  { id: 7002, name: 'Production', modulo: 2, remainder: 0 },
  { id: 7003, name: 'Staging', modulo: 2, remainder: 1 },
  { id: 7004, name: 'Web', modulo: 10, remainder: 3 },
  { id: 7005, name: 'Database', modulo: 25, remainder: 7 },
];

const fleetOptions = {
  /** Number of assets. Ids run upward from `firstAssetId`, names are `host-000001.example.com` and so on. */
  assets: z.number().int().min(0).max(1_000_000).default(250),
  firstAssetId: id.default(20_452_610),
  /** Every n-th asset is a Windows host; 0: none. Assets of another platform than the script's get no asset job. */
  windowsEvery: z.number().int().min(0).default(0),
  /** Other names than the generated ones, by asset id; two assets may share one. */
  assetNames: z.record(z.string(), z.string()).default({}),
  /** What the interfaces of an asset are called, by asset id; null: an interface without a name. Default: one, of the asset's name. */
  interfaceNames: z.record(z.string(), z.array(z.string().nullable())).default({}),
  /** Whether CAR filters by `interfaces.hostname`, which no document says; what it does otherwise is `unknownToken`. */
  interfaceToken: z.boolean().default(true),
  /** How long before the start an asset's agent checked in last, in simulated milliseconds, by asset id. Default: it does each minute. */
  seenBeforeMs: z.record(z.string(), simulatedMs).default({}),
  /** Whether rows of CAR assets tell it, too, as `lastCheckedIn`: no document says so. */
  carCheckIn: z.boolean().default(false),
  /** Fields that the rows of an asset have beside the documented ones, or in their place, by asset id. */
  moreFields: z
    .record(
      z.string(),
      z.strictObject({
        car: z.record(z.string(), z.unknown()).optional(),
        gav: z.record(z.string(), z.unknown()).optional(),
        edr: z.record(z.string(), z.unknown()).optional(),
      }),
    )
    .default({}),
  scripts: z.array(ScriptOption).default(DEFAULT_SCRIPTS),
  tags: z.array(TagOption).default(DEFAULT_TAGS),
};

const EasmProfileOption = z.strictObject({
  profileId: id,
  /** Simulated milliseconds from the start until its sync is `COMPLETED`; default: never. */
  completedAfterMs: simulatedMs.optional(),
});

const ScheduleOption = z.strictObject({
  title: z.string().min(1),
  createdBy: z.string().min(1).default('another operator'),
  /** What the search shows of it besides: script, assets, dates, as a request has them. */
  body: z.record(z.string(), z.unknown()).default({}),
});

const schedulerOptions = {
  /** Schedules that are there from the start: somebody else's. */
  schedules: z.array(ScheduleOption).default([]),
  /** Later gateways can search schedules: with all fields, in brief with the rest as a detail, in brief without it, or not at all. */
  schedulerSearch: z.enum(['full', 'brief', 'brief-only', 'off']).default('full'),
};

const inventoryOptions = {
  /** Scripts that the subscription may hold: more are a 429 without limit evidence. */
  scriptQuota: z.number().int().min(0).default(5_000),
  /** What a clone under a title that exists gets; the documents do not say. */
  cloneDuplicate: z.union([z.literal(400), z.literal(409)]).default(400),
  /** `free` subscriptions see `customAttributes: null`. */
  gavSubscription: z.enum(['paid', 'free']).default('paid'),
  /** Whether the versioned EDR path exists. */
  edrV1: z.boolean().default(true),
  /** Name of the header with the EDR cursor; `none` leaves it out. */
  edrCursorHeader: z.string().min(1).default('searchAfterValue'),
  /** The cursor as `1712231352160,id`, or as a JSON array. */
  edrCursorForm: z.enum(['plain', 'json']).default('plain'),
  /** What comes behind the last EDR asset: `[]` or a 204. */
  edrEnd: z.union([z.literal('empty'), z.literal(204)]).default('empty'),
  easmProfiles: z.array(EasmProfileOption).default([{ profileId: 3101, completedAfterMs: 300_000 }]),
};

const timingOptions = {
  /** Simulated milliseconds from asset job to verdict: a base for each execution, with up to 5 % more for each asset. */
  executionMs: span(60_000, 300_000),
  /** Simulated seconds between two executes, 0: none. Sooner is a 429 without limit evidence. */
  executionIntervalSec: z.number().min(0).default(0),
  executionIntervalScope: z.enum(['script', 'subscription']).default('script'),
  /** Simulated milliseconds until a new job, its asset jobs and its audit record can be found. */
  indexLagMs: simulatedMs.default(2_000),
  /** Simulated milliseconds from a job to its first asset job, and from one asset job to the next. */
  fanOutLagMs: simulatedMs.default(0),
  fanOutStaggerMs: simulatedMs.default(0),
  /** Simulated milliseconds from the verdict until the output can be read. */
  resultLagMs: simulatedMs.default(0),
  /** Simulated milliseconds in `SCRIPT RESULT UPLOAD SUCCESS` before the verdict. */
  uploadSettlingMs: simulatedMs.default(0),
  /** Share of executions whose assets are spread over two jobs under one correlation UUID, the second of which is made later. */
  splitRate: rate.default(0),
  /** How much later, simulated milliseconds. */
  splitAfterMs: span(60_000, 240_000),
};

const fateOptions = {
  failRate: rate.default(0),
  failAssets: z.array(id).default([]),
  /** How many attempts of a failing asset fail; the next one passes. Default: all. */
  failAttempts: count.optional(),
  offlineRate: rate.default(0),
  offlineAssets: z.array(id).default([]),
  /**
   * Offline assets come back this many simulated milliseconds after the asset job, each at its own time between `min` and `max`; default:
   * never.
   */
  offlineForMs: z.union([simulatedMs, z.strictObject({ min: simulatedMs, max: simulatedMs })]).optional(),
  /** Assets whose verdict comes `lateByMs` simulated milliseconds later than the others'. */
  lateRate: rate.default(0),
  lateAssets: z.array(id).default([]),
  lateByMs: simulatedMs.default(1_800_000),
  /** Share of asset jobs that end in `SCRIPT RESULT UPLOAD FAILED`. */
  resultLostRate: rate.default(0),
  resultLostAssets: z.array(id).default([]),
  /** Share of asset jobs with a verdict whose output never appears. */
  outputMissingRate: rate.default(0),
  outputBytes: span(64, 4_096),
  /** What passed jobs tell instead of 0 and a line that all is well: of all scripts and assets, or of those named; the first that fits. */
  results: z
    .array(
      z.strictObject({
        scriptId: id.optional(),
        assetIds: z.array(id).optional(),
        /** `null`: no code is told. */
        exitCode: z.number().int().nullable().default(0),
        /** Text, in UTF-8; `null`: it never appears. */
        output: z.string().nullable().optional(),
      }),
    )
    .default([]),
};

const wireOptions = {
  /** Rows of the v2 searches: `{sortValues, data}`, bare, or in turn. */
  shape: z.enum(['wrapped', 'flat', 'mixed']).default('wrapped'),
  /** JSON type of ids: as the documents' samples have them, always strings, always numbers, or changing from answer to answer. */
  ids: z.enum(['documented', 'string', 'number', 'mixed']).default('documented'),
  /** The vocabulary of 2022: `SUCCESS` instead of `EXECUTION PASSED`. */
  legacyStatus: z.boolean().default(false),
  /** What a QQL token that is not known does. */
  unknownToken: z.enum(['error', 'ignore']).default('error'),
  /** What page numbers beyond 9,999 rows get. */
  overWindow: z.union([z.literal(500), z.literal(400), z.literal('empty')]).default(500),
  /** REAL milliseconds every answer is held back. */
  latencyMs: z.number().int().min(0).default(0),
};

export const SimulatorOptionsSchema = z.strictObject({
  /** 0: a free port. */
  port: z.number().int().min(0).max(65_535).default(0),
  host: z.literal('127.0.0.1', { error: 'must be 127.0.0.1: the simulator serves loopback only' }).default('127.0.0.1'),
  /** Everything that looks random follows from the seed. */
  seed: z.number().int().default(1),
  /** Ticket systems beside the gateway, with a ticket each: their APIs as far as reading and writing back need, and `/tickets` to look at. */
  tickets: z.boolean().default(false),
  /**
   * How many simulated seconds pass in a real one. Scales token life (`exp` is in simulated epoch seconds), the `Date` header, limit
   * windows, job times and lags. The seconds in limit headers stay real.
   */
  speed: z.number().positive().max(100_000).default(1),
  /** How far the gateway's clock is ahead of this machine's, at the start. */
  dateSkewMs: z.number().int().default(0),
  users: z
    .array(z.strictObject({ username: z.string().min(1), password: z.string().min(1) }))
    .min(1)
    .default([
      { username: 'demo', password: 'demo' },
      { username: 'other', password: 'other' },
    ]),
  /** Life of a token in simulated seconds. */
  tokenLifeSec: z.number().positive().default(14_400),
  ...fleetOptions,
  ...inventoryOptions,
  ...schedulerOptions,
  ...timingOptions,
  ...fateOptions,
  ...wireOptions,
  limits: LimitsOption.default(LimitsOption.parse({})),
  faults: FaultsOption.default(FaultsOption.parse({})),
  foreignOperator: z.union([ForeignOperatorOption.transform((one) => [one]), z.array(ForeignOperatorOption)]).default([]),
  /** What the audit trail calls a user, by login; default: the login itself. */
  displayNames: z.record(z.string(), z.string().min(1)).default({}),
  /** Keep every call in `state.calls` instead of the latest 10,000. */
  keepAllCalls: z.boolean().default(false),
});

/** As a user or a test writes it. */
export type SimulatorOptions = z.input<typeof SimulatorOptionsSchema>;
/** With every default filled in. */
export type SimulatorSettings = z.output<typeof SimulatorOptionsSchema>;

export function parseSimulatorOptions(input: unknown): Parsed<SimulatorSettings> {
  const result = SimulatorOptionsSchema.safeParse(input ?? {});
  return result.success ? { ok: true, value: result.data } : { ok: false, problems: problemsOf(result.error, SimulatorOptionsSchema) };
}
