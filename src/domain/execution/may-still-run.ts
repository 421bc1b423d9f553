// «May it still run?»: the one answer, asked wherever something is sent. An outcome does not give it: `unverified` may have ended with
// its verdict lost, or be running. What counts is what is known of the copy of the script that the attempt handed to Qualys.

import type { FinalOutcome, Outcome } from '../run/outcome.js';
import { type AssetJobFacts, lastWord, readAssetJob, SETTLING_GRACE_MS } from '../verdict/asset-job.js';
import { judge } from '../verdict/judge.js';
import { type Judging, OWN_WORD } from '../verdict/rules.js';

/**
 * - `none`: never handed over, or proved not executed.
 * - `open`: handed over, or perhaps; its asset job is not known to have ended.
 * - `unseen`: handed over, and its execution was settled without an asset job for this asset.
 * - `over`: its asset job is terminal at Qualys.
 */
export const COPY_STATES = ['none', 'open', 'unseen', 'over'] as const;
export type CopyState = (typeof COPY_STATES)[number];

export function mayStillRun(copy: CopyState): boolean {
  return copy === 'open';
}

/** What a poll makes of the copy: by its asset job alone, whatever word the asset gets meanwhile. */
export function copyAfter({ outcome, final, terminal }: { outcome: Outcome; final: boolean; terminal: boolean }): CopyState {
  if (terminal) return 'over';
  return final && outcome === 'missing' ? 'unseen' : 'open';
}

/** What an attempt came to, and its copy. */
export interface Attempted {
  outcome: Outcome;
  copy: CopyState;
}

/** A further attempt by itself: only behind the last word of Qualys. */
export function mayBeTriedAgain({ outcome, copy }: Attempted): boolean {
  return outcome === 'failed' && copy === 'over';
}

/** Outcomes that an operator who names them puts back although a copy may still run: an override that the audit log counts. */
export const OVERRIDING: readonly Outcome[] = ['unverified', 'unreachable', 'missing'];

/** May an operator's order put the asset back? `named`: the outcomes that it names. */
export function mayBeRequeued({ outcome, copy }: Attempted, named: readonly string[]): boolean {
  return named.includes(outcome) && (!mayStillRun(copy) || OVERRIDING.includes(outcome));
}

/** How the reason of an asset begins that got no second copy (docs/requests.md). */
export const OPEN_COPY = 'open-copy';
/** How the reason of an asset begins that its wave's rollback left out (docs/plans.md). */
export const NOT_ROLLED_BACK = 'not-rolled-back';

/** Names the run whose copy it is. */
export function openCopyReason(runId: string): string {
  return `${OPEN_COPY}: run ${runId}`;
}

/** What the ledger knows of a copy whose run does not wait for it any more. */
export interface KnownCopy {
  copy: CopyState;
  /** Qualys' word when its asset job was last seen; undefined when it never was. */
  status?: string | undefined;
  /** What Qualys answered with; undefined when the fate of the call is unknown. */
  correlationUuid?: string | undefined;
  jobId?: string | undefined;
  /** When it was sent. */
  since: number;
}

/**
 * A copy whose asset job nobody has ever seen is taken to be over this long after it was sent, when Qualys then shows nothing at the asset
 * that has not ended: a job that is handed out later than that is not known.
 */
export const UNSEEN_FOR_MS = 24 * 3_600_000;

/**
 * Whether a copy is over, by the asset jobs that Qualys shows of it now; of one without a UUID, by all that the asset got since it was
 * sent. `complete`: everything was read that Qualys shows.
 */
export function isCopyOver(known: KnownCopy, seen: { jobs: readonly AssetJobFacts[]; complete: boolean; now: number }): boolean {
  if (!seen.complete || seen.jobs.some((job) => !hasEnded(job))) return false;
  if (known.correlationUuid !== undefined && seen.jobs.length > 0) return true;
  if (known.copy === 'unseen') return true;
  // One that was seen open and is not shown any more has not ended by that.
  return known.status === undefined && seen.now - known.since >= UNSEEN_FOR_MS;
}

/** A script whose result is on its way up, or was lost on it, has ended. */
export function hasEnded(job: AssetJobFacts): boolean {
  const { kind } = readAssetJob(job);
  return kind === 'verdict' || kind === 'settling';
}

const MINUTE_MS = 60_000;
const FIRST_ASKED_MS = 10 * MINUTE_MS;
const LONGEST_UNASKED_MS = 24 * 60 * MINUTE_MS;

/** When Qualys is asked again about the copies of a closed run's execution: after 10, 20, 40 minutes and so on, at last once a day. */
export function copiesAskedAgainMs(asked: number): number {
  return Math.min(LONGEST_UNASKED_MS, FIRST_ASKED_MS * 2 ** Math.min(asked, 20));
}

/** After this long the sweep asks no more: what then still is with an agent is asked about when the script is to go there again. */
export const COPIES_ASKED_FOR_MS = 30 * LONGEST_UNASKED_MS;

/** Its verdict may still follow, `now` by Qualys' clock: a job that does not say when it ended never tells. */
export function isSettling(job: AssetJobFacts, now: number): boolean {
  const endedAt = job.endedAt ?? job.finishedAt;
  return readAssetJob(job).kind === 'settling' && endedAt !== undefined && now - endedAt < SETTLING_GRACE_MS;
}

/**
 * The word that the ended asset jobs of a copy have for their asset, by the rules of its run; of several that differ, the one that is no
 * success. Undefined of none.
 */
export function lateWordOf(jobs: readonly AssetJobFacts[], judging: Judging = OWN_WORD): FinalOutcome | undefined {
  const words = jobs.map((job): FinalOutcome => {
    const own = lastWord(job);
    // When its verdict was due is known only of one that says when it ended.
    const isDue = readAssetJob(job).kind === 'verdict' || (job.endedAt ?? job.finishedAt) !== undefined;
    return own && isDue ? judge(job, own, judging, 'absent').outcome : 'unverified';
  });
  return words.find((word) => word === 'failed') ?? words.find((word) => word !== 'succeeded') ?? words[0];
}
