// What one look at an execution means for its assets: who has a verdict, who is late, who got no job, and whether the slot is free.
import { type AssetJobFacts, readAssetJob, SETTLING_GRACE_MS } from './asset-job.js';
import type { FinalOutcome } from './outcome.js';
import { type ClockReading, elapsedMs } from './server-time.js';

/** Server time after the last new row in which further asset jobs may still appear. */
export const FAN_OUT_GRACE_MS = 120_000;
/** The same while not one has appeared. */
export const EMPTY_JOB_GRACE_MS = 300_000;
/** An asset is a straggler when it takes longer than this and three times the median (contract section 3). */
const STRAGGLER_MS = 15 * 60_000;

export interface WatchedAsset {
  assetId: string;
  /** The asset job as last seen; undefined when none has appeared. */
  job?:
    | (AssetJobFacts & { disconnected?: boolean | undefined /** Server time at which this status was first seen. */; statusSince: number })
    | undefined;
}

export interface WatchedExecution {
  /** Its job may hit others than these: it is not settled before Qualys has handed all of it out. */
  byTags?: boolean;
  assets: readonly WatchedAsset[];
  jobIsKnown: boolean;
  /** Server times. */
  acceptedAt: number;
  rowsChangedAt: number;
  clock: Pick<ClockReading, 'now' | 'steadyMs'>;
  /** The usual time of this script's executions, server milliseconds. */
  medianMs?: number | undefined;
  /** Local clock: the deadline and what comes after it are the operator's time. */
  pastDeadline: boolean;
  pastLateWatch: boolean;
}

export interface AssetDecision {
  assetId: string;
  outcome: FinalOutcome | 'running';
  reason?: string | undefined;
  /** True when nothing that Qualys may still say is waited for. */
  final: boolean;
  /** True when Qualys has said the last word about its asset job: only then may the script start there again. */
  terminal: boolean;
}

export interface ExecutionDecision {
  /** No further asset job is expected. */
  fannedOut: boolean;
  assets: AssetDecision[];
  /** Nothing more is expected of this execution. */
  settled: boolean;
  /** All but stragglers are settled: another execution may take the place. */
  slotFree: boolean;
}

export function settleExecution(execution: WatchedExecution): ExecutionDecision {
  const readings = new Map(
    execution.assets.flatMap(({ assetId, job }) => (job ? [[assetId, readInTime(assetId, job, execution.clock)] as const] : [])),
  );
  const seenAreFinal = [...readings.values()].every(({ final }) => final);
  const mayBeMissing = seenAreFinal && fanOutIsOver(execution);

  const assets = execution.assets.map((asset): AssetDecision => {
    const reading = readings.get(asset.assetId);
    if (reading?.final) return reading;
    if (!asset.job && mayBeMissing)
      return { assetId: asset.assetId, outcome: 'missing', reason: 'no-asset-job', final: true, terminal: false };
    if (!execution.pastDeadline) return { assetId: asset.assetId, outcome: 'running', final: false, terminal: false };
    return { ...atDeadline(asset, execution), final: execution.pastLateWatch, terminal: false };
  });
  const fannedOut = fanOutIsOver(execution);
  const isComplete = !execution.byTags || fannedOut || execution.pastLateWatch;
  const settled = assets.every(({ final }) => final) && isComplete;
  const byId = new Map(execution.assets.map((asset) => [asset.assetId, asset]));
  const slotFree =
    settled ||
    execution.pastDeadline ||
    (isComplete && assets.every(({ assetId, final }) => final || isStraggler(byId.get(assetId), execution)));
  return { assets, fannedOut, settled, slotFree };
}

function fanOutIsOver({ assets, jobIsKnown, rowsChangedAt, acceptedAt, clock }: WatchedExecution): boolean {
  const graceMs = assets.some(({ job }) => job !== undefined) ? FAN_OUT_GRACE_MS : EMPTY_JOB_GRACE_MS;
  return jobIsKnown && Math.min(elapsedMs(clock, rowsChangedAt), elapsedMs(clock, acceptedAt)) >= graceMs;
}

function readInTime(assetId: string, job: NonNullable<WatchedAsset['job']>, clock: WatchedExecution['clock']): AssetDecision {
  const reading = readAssetJob(job);
  if (reading.kind === 'verdict') return { assetId, ...reading.verdict, final: true, terminal: true };
  if (reading.kind === 'settling' && elapsedMs(clock, job.statusSince) >= SETTLING_GRACE_MS)
    return { assetId, ...reading.otherwise, final: true, terminal: true };
  return { assetId, outcome: 'running', final: false, terminal: false };
}

function atDeadline({ assetId, job }: WatchedAsset, execution: WatchedExecution): Omit<AssetDecision, 'final' | 'terminal'> {
  if (!job) {
    if (!execution.jobIsKnown) return { assetId, outcome: 'unverified', reason: 'job-not-found' };
    // Asset jobs are still appearing: this one may yet come, and the script run.
    if (!fanOutIsOver(execution)) return { assetId, outcome: 'unverified', reason: 'no-asset-job-by-deadline' };
    return { assetId, outcome: 'missing', reason: 'no-asset-job' };
  }
  const reading = readAssetJob(job);
  if (reading.kind === 'unknown') return { assetId, outcome: 'unverified', reason: 'unknown-status' };
  if (reading.kind === 'settling') return { assetId, ...reading.otherwise };
  return { assetId, outcome: 'unreachable', reason: job.disconnected ? 'disconnected' : 'no-verdict-by-deadline' };
}

function isStraggler(asset: WatchedAsset | undefined, execution: WatchedExecution): boolean {
  if (!asset?.job) return false;
  if (asset.job.disconnected) return true;
  const ageMs = elapsedMs(execution.clock, execution.acceptedAt);
  return execution.medianMs !== undefined && ageMs >= STRAGGLER_MS && ageMs >= 3 * execution.medianMs;
}
