// What happened to an asset, and to a run. The words are fixed (docs/requests.md): they are stored, printed and filtered by.

/** The six final outcomes, in the order in which people read them. */
export const OUTCOMES = ['succeeded', 'failed', 'unverified', 'unreachable', 'missing', 'skipped'] as const;
export type FinalOutcome = (typeof OUTCOMES)[number];

/** While a run is live two more exist: `pending` (not sent yet) and `running` (handed to Qualys, no verdict yet). */
export const LIVE_OUTCOMES = ['pending', 'running'] as const;
export type Outcome = FinalOutcome | (typeof LIVE_OUTCOMES)[number];

export const RUN_STATUSES = ['succeeded', 'partial', 'failed', 'stopped', 'cancelled'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** Assets by outcome; the six outcomes add up to `targeted` once a run is closed. */
export type Counts = { targeted: number } & Record<FinalOutcome, number>;
export type LiveCounts = Counts & { pending: number; running: number };

/** One asset of the cohort, with its last attempt. Instants are ISO 8601 UTC. */
export interface AssetRow {
  assetId: string;
  name?: string;
  outcome: Outcome;
  reason?: string;
  /** Qualys' raw status word. */
  status?: string;
  exitCode?: number;
  attempt: number;
  wave?: string;
  correlationUuid?: string;
  jobId?: string;
  startedAt?: string;
  finishedAt?: string;
  outputBytes?: number;
  /** Qualys' verdict that came when the run was closed already: the outcome stands. */
  late?: Outcome;
  /** What decided: `verdict.output[0]`, `verdict.exitCodes.other`, `preset windows-installer 3010`, or `default`. */
  rule?: string;
}

/** The columns of `AssetRow`, in the order of the CSV report. */
export const ASSET_ROW_COLUMNS = [
  'assetId',
  'name',
  'outcome',
  'reason',
  'status',
  'exitCode',
  'attempt',
  'wave',
  'correlationUuid',
  'jobId',
  'startedAt',
  'finishedAt',
  'outputBytes',
  'late',
  'rule',
] as const satisfies readonly (keyof AssetRow)[];

export interface FollowUpReport {
  kind: string;
  /** Of up to two hundred schedules; `more` are in the ledger. */
  ids: string[];
  titles: string[];
  more?: number;
  workflowId?: string;
  /** Those of `titles` that Qualys has under that name and that could not be compared with what was asked for. */
  unverified?: string[];
  /** Why the follow-up was not made, or not all of it: sentences for people. */
  refused?: string[];
}

/** How many assets had one outcome in the run before, and have another, or the same, in this one. */
export interface OutcomeChange {
  before: Outcome;
  now: Outcome;
  assets: number;
}

/** The result of `remediationRun`. */
export interface RunReport {
  runId: string;
  status: RunStatus;
  script: { id: string; title: string };
  counts: Counts;
  /** Assets hit that were not in the cohort. More than 0 is never `succeeded`. */
  strays: number;
  /** Execute calls that Qualys accepted. */
  executions: number;
  /** Requests sent to Qualys, `/auth` aside. */
  apiCalls: number;
  followUp?: FollowUpReport;
  /** Of a recheck: the run that it looks at again, and what it found otherwise. */
  recheck?: { of: string; changes: OutcomeChange[] };
  /** What people have to hear of with the result: what policy names and Qualys does not know. Sentences. */
  warnings?: string[];
  startedAt: string;
  finishedAt: string;
}

/** Why a run ended before its work was done, if it did. */
export type StopCause = 'stopped' | 'cancelled';

/** The status word of a closed run. `compliant` assets were left alone on purpose and count as good. */
export function runStatus(facts: { counts: Counts; compliant: number; outOfCohort: number; stopped?: StopCause | undefined }): RunStatus {
  if (facts.stopped) return facts.stopped;
  const { counts } = facts;
  if (counts.succeeded + facts.compliant === counts.targeted && facts.outOfCohort === 0) return 'succeeded';
  if (counts.succeeded === 0) return 'failed';
  return 'partial';
}

export function emptyCounts(): LiveCounts {
  return { targeted: 0, succeeded: 0, failed: 0, unverified: 0, unreachable: 0, missing: 0, skipped: 0, pending: 0, running: 0 };
}
