// What one poll of an execution means for its assets: who has a verdict, who is late, who got no job, and whether the slot is free.

import { type ClockReading, elapsedMs } from '../clock/server-time.js';
import type { FinalOutcome } from '../run/outcome.js';
import { type AssetJobFacts, readAssetJob, SETTLING_GRACE_MS, type Verdict } from '../verdict/asset-job.js';
import { type Heard, judge, waitsForOutput } from '../verdict/judge.js';
import { isGood } from '../verdict/meaning.js';
import { goesByCode, type Judging, OWN_WORD } from '../verdict/rules.js';

/** Server time after the last new row in which further asset jobs may still appear. */
export const FAN_OUT_GRACE_MS = 120_000;
/** The same while not one has appeared. */
export const EMPTY_JOB_GRACE_MS = 300_000;
/** The same before an asset without one is `missing`: a second job under one correlation UUID has been seen minutes after the first. */
export const LACKING_GRACE_MS = 600_000;
/** Output arrives after the verdict (docs/qualys-api.md#asset-jobs); what has not come by then is taken as absent. Server time. */
export const OUTPUT_GRACE_MS = 120_000;
/** An asset is a straggler when it takes longer than this and three times the median (docs/requests.md). */
const STRAGGLER_MS = 15 * 60_000;

export interface WatchedAsset {
  assetId: string;
  /** The asset job as last seen; undefined when none has appeared. */
  job?:
    | (AssetJobFacts & { disconnected?: boolean | undefined /** Server time at which this status was first seen. */; statusSince: number })
    | undefined;
  /** Another job on the same assets that may have been ours as well: whether the script has ended there by its word. */
  twin?: { jobId: string; ended: boolean } | undefined;
  /** What its output says, where the verdict goes by it. */
  heard?: Heard;
  /** This look has asked for its output, and Qualys has shown none. */
  outputSought?: boolean | undefined;
}

export interface WatchedExecution {
  /** Its job may hit others than these: it is not settled before Qualys has handed all of it out. */
  byTags?: boolean;
  assets: readonly WatchedAsset[];
  /** What an end means; default: Qualys' own word. */
  judging?: Judging | undefined;
  jobIsKnown: boolean;
  /** False while the jobs of the execution were not searched for again since the last of them appeared. */
  jobsAreSought?: boolean;
  /** False when an asset job could not be read, which may be that of any asset, or of one that was not asked for. */
  rowsAreComplete?: boolean;
  /** By an earlier poll: what was known then does not have to be searched for again. */
  fannedOut?: boolean;
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
  /** The rule that decided; undefined where Qualys has not said its last word. */
  rule?: string | undefined;
  /** True when nothing that Qualys may still say is waited for. */
  final: boolean;
  /** True when Qualys has said the last word about its asset job: only then may the script start there again. */
  terminal: boolean;
  /**
   * It has ended, and the verdict goes by its output, which is not read yet, or by its code, which is not told yet: the verdict when that
   * does not come. Then it is `running`.
   */
  awaits?: Verdict & { rule: string };
  /** What its output said, where the verdict went by it. */
  heard?: Heard;
}

export interface ExecutionDecision {
  /** No further asset job is expected. */
  fannedOut: boolean;
  /** Assets would be `missing`, or all would be known that its tags hit, were the jobs of the execution searched for once more. */
  needsJobSearch: boolean;
  assets: AssetDecision[];
  /** Nothing more is expected of this execution. */
  settled: boolean;
  /** All but stragglers are settled: another execution may take the place. */
  slotFree: boolean;
}

export function settleExecution(execution: WatchedExecution): ExecutionDecision {
  const readings = new Map(
    execution.assets.flatMap((asset) => (asset.job ? [[asset.assetId, readInTime(asset, asset.job, execution)] as const] : [])),
  );
  const seenHaveEnded = [...readings.values()].every(({ terminal }) => terminal);
  const lacks = execution.assets.some(({ job }) => !job);
  const isOver = lacks && noneHasCome(execution, LACKING_GRACE_MS);
  const mayBeMissing = isOver && seenHaveEnded && isSure(execution);

  const assets = execution.assets.map((asset): AssetDecision => {
    const reading = readings.get(asset.assetId);
    if (reading?.terminal) return asset.twin ? besideTwin(reading, asset.twin, execution) : reading;
    if (!asset.job && mayBeMissing)
      return { assetId: asset.assetId, outcome: 'missing', reason: 'no-asset-job', final: true, terminal: false };
    if (!execution.pastDeadline) return { assetId: asset.assetId, outcome: 'running', final: false, terminal: false };
    return { ...atDeadline(asset, execution), final: execution.pastLateWatch, terminal: false };
  });
  const fannedOut = fanOutIsOver(execution);
  // By tags it may hit others than these; one whose assets were all put elsewhere before Qualys' late word for it hits nothing but others.
  const isComplete = (!execution.byTags && execution.assets.length > 0) || fannedOut || execution.pastLateWatch;
  const settled = assets.every(({ final }) => final) && isComplete;
  const byId = new Map(execution.assets.map((asset) => [asset.assetId, asset]));
  const slotFree =
    settled ||
    execution.pastDeadline ||
    (isComplete &&
      assets.every(({ assetId, awaits, final }) => {
        const asset = byId.get(assetId);
        return final || (awaits ? isOutputLate(asset?.job, execution.clock) : isStraggler(asset, { execution, fannedOut }));
      }));
  const decidesMissing = isOver && (seenHaveEnded || execution.pastDeadline);
  const decidesFanOut = execution.byTags === true && !fannedOut && isQuiet(execution);
  const needsJobSearch = (decidesMissing || decidesFanOut) && execution.jobsAreSought === false;
  return { assets, fannedOut, needsJobSearch, settled, slotFree };
}

/**
 * By ids this frees a slot. By tags it also lets other executions be sent, to assets that a second job may hit minutes after the first:
 * so while assets lack, that is waited for as long as for these, and the jobs are searched for before.
 */
function fanOutIsOver(execution: WatchedExecution): boolean {
  return execution.fannedOut === true || (isQuiet(execution) && (!execution.byTags || isSure(execution)));
}

function isQuiet(execution: WatchedExecution): boolean {
  const [seen, lacking] = [execution.assets.some(({ job }) => job), execution.assets.some(({ job }) => !job)];
  if (execution.byTags && lacking) return noneHasCome(execution, LACKING_GRACE_MS);
  return noneHasCome(execution, seen ? FAN_OUT_GRACE_MS : EMPTY_JOB_GRACE_MS);
}

/** What was not seen is not there. */
function isSure({ jobsAreSought, rowsAreComplete }: WatchedExecution): boolean {
  return jobsAreSought !== false && rowsAreComplete !== false;
}

function noneHasCome({ jobIsKnown, rowsChangedAt, acceptedAt, clock }: WatchedExecution, forMs: number): boolean {
  return jobIsKnown && Math.min(elapsedMs(clock, rowsChangedAt), elapsedMs(clock, acceptedAt)) >= forMs;
}

/** The asset has its verdict when both jobs have ended there: until then the script may be running. */
function besideTwin(reading: AssetDecision, twin: NonNullable<WatchedAsset['twin']>, execution: WatchedExecution): AssetDecision {
  if (reading.awaits) {
    if (twin.ended) return reading;
    const { awaits, ...unheard } = reading;
    return besideTwin({ ...unheard, ...awaits }, twin, execution);
  }
  const reason = [reading.reason, `two-jobs: also ${twin.jobId}`].filter((part) => part !== undefined).join('; ');
  if (twin.ended) return { ...reading, reason };
  if (!execution.pastDeadline) return { assetId: reading.assetId, outcome: 'running', final: false, terminal: false };
  return { ...reading, reason: `${reason}, which has not ended`, final: execution.pastLateWatch, terminal: false };
}

function readInTime(asset: WatchedAsset, job: NonNullable<WatchedAsset['job']>, execution: WatchedExecution): AssetDecision {
  const { assetId } = asset;
  const reading = readAssetJob(job);
  if (reading.kind === 'verdict') return withMeaning(asset, job, reading.verdict, execution);
  if (reading.kind === 'settling' && elapsedMs(execution.clock, job.statusSince) >= SETTLING_GRACE_MS)
    return withMeaning(asset, job, reading.otherwise, execution);
  return { assetId, outcome: 'running', final: false, terminal: false };
}

/** Of an asset job that has ended, `own` by Qualys' word. */
function withMeaning(
  { assetId, heard, outputSought = false }: WatchedAsset,
  job: NonNullable<WatchedAsset['job']>,
  own: Verdict,
  execution: WatchedExecution,
): AssetDecision {
  const { judging = OWN_WORD, pastDeadline } = execution;
  if (!waitsForOutput(judging, heard)) {
    const said = heard === undefined ? {} : { heard };
    const judged = judge(job, own, judging, heard);
    if (codeMayCome(job, { judged, heard }, execution))
      return { assetId, outcome: 'running', awaits: judged, final: false, terminal: true };
    return { assetId, ...judged, ...said, final: true, terminal: true };
  }
  const awaits = judge(job, own, judging, 'absent');
  // A gateway that shows verdicts and no output is waited for until the deadline, and no longer.
  if (((outputSought || pastDeadline) && isOutputLate(job, execution.clock)) || isGivenUp(job, execution))
    return { assetId, ...awaits, heard: 'absent', final: true, terminal: true };
  return { assetId, outcome: 'running', awaits, final: false, terminal: true };
}

/**
 * The parts of a result do not appear together (docs/qualys-api.md#asset-jobs): where a code could deny a success, a job that passed has as
 * long to tell one as a half-told story.
 */
function codeMayCome(
  { exitCode, statusSince }: NonNullable<WatchedAsset['job']>,
  { judged, heard }: { judged: Verdict; heard: Heard },
  { judging = OWN_WORD, clock, pastDeadline }: WatchedExecution,
): boolean {
  if (exitCode !== undefined || !isGood(judged.outcome) || typeof heard === 'number' || pastDeadline) return false;
  return goesByCode(judging) && elapsedMs(clock, statusSince) < SETTLING_GRACE_MS;
}

/** Until then it keeps its slot: an error budget is to know what an execution came to before the next one is sent. */
export function isOutputLate(job: WatchedAsset['job'], clock: WatchedExecution['clock']): boolean {
  return job !== undefined && elapsedMs(clock, job.statusSince) >= OUTPUT_GRACE_MS;
}

/** A status that changes at every look would restart the time for the output without end: behind the last watch its end counts instead. */
function isGivenUp(job: NonNullable<WatchedAsset['job']>, { clock, pastLateWatch, acceptedAt }: WatchedExecution): boolean {
  return pastLateWatch && elapsedMs(clock, job.endedAt ?? job.finishedAt ?? acceptedAt) >= OUTPUT_GRACE_MS;
}

function atDeadline({ assetId, job, heard }: WatchedAsset, execution: WatchedExecution): Omit<AssetDecision, 'final' | 'terminal'> {
  if (!job) {
    if (!execution.jobIsKnown) return { assetId, outcome: 'unverified', reason: 'job-not-found' };
    // Asset jobs are still appearing, or cannot be read: this one may yet come, or be there, and the script run.
    if (!noneHasCome(execution, LACKING_GRACE_MS) || !isSure(execution))
      return { assetId, outcome: 'unverified', reason: 'no-asset-job-by-deadline' };
    return { assetId, outcome: 'missing', reason: 'no-asset-job' };
  }
  const reading = readAssetJob(job);
  if (reading.kind === 'unknown') return { assetId, outcome: 'unverified', reason: 'unknown-status' };
  // Given up before its last word: without an output that was not read.
  if (reading.kind === 'settling') return { assetId, ...judge(job, reading.otherwise, execution.judging ?? OWN_WORD, heard), heard };
  return { assetId, outcome: 'unreachable', reason: job.disconnected ? 'disconnected' : 'no-verdict-by-deadline' };
}

/** An asset without an asset job keeps no slot once the fan-out is over, however long it is still waited for. */
function isStraggler(
  asset: WatchedAsset | undefined,
  { execution, fannedOut }: { execution: WatchedExecution; fannedOut: boolean },
): boolean {
  if (!asset?.job) return fannedOut;
  if (asset.job.disconnected) return true;
  const ageMs = elapsedMs(execution.clock, execution.acceptedAt);
  return execution.medianMs !== undefined && ageMs >= STRAGGLER_MS && ageMs >= 3 * execution.medianMs;
}
