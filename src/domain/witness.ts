// The second witness: whose execute a job was, by the audit trail. Jobs do not name their user (T-01), audit records do.
import type { Candidate } from './judge.js';

/** A record belongs to a job when they are at most this far apart in server time. */
const NEAR_MS = 15_000;
/** Distances that differ by less than this say nothing: jobs and records are written some seconds apart, in either order. */
const TOSS_UP_MS = 5_000;

export interface TrailRecord {
  at: number;
  user: string;
}

interface Pair {
  jobId: string;
  record: number;
  isOurs: boolean;
  apartMs: number;
}

/**
 * Pairs the executions of one script with the trail's records of executing it, nearest first and one to one, and says of each job
 * whose it was. `jobs` are all jobs of the script in the trail's time, also those whose execution is known: a record that is left
 * over would speak for a neighbour. `silent`: the trail shows no executions of this script at all, so its silence means nothing.
 */
export function witnesses(
  jobs: readonly { jobId: string; createdAt: number }[],
  trail: readonly TrailRecord[],
  user: string,
): Map<string, Candidate['witness']> {
  if (trail.length === 0) return new Map(jobs.map(({ jobId }) => [jobId, 'silent']));
  const near = jobs
    .flatMap(({ jobId, createdAt }) =>
      trail.map(
        (record, index): Pair => ({ jobId, record: index, isOurs: sameUser(record.user, user), apartMs: Math.abs(record.at - createdAt) }),
      ),
    )
    .filter(({ apartMs }) => apartMs <= NEAR_MS)
    .sort((a, b) => a.apartMs - b.apartMs);
  const chosen = oneToOne(near);
  return new Map(jobs.map(({ jobId }) => [jobId, witnessOf(chosen.get(jobId), near)]));
}

function oneToOne(nearestFirst: readonly Pair[]): Map<string, Pair> {
  const chosen = new Map<string, Pair>();
  const taken = new Set<number>();
  for (const pair of nearestFirst) {
    if (chosen.has(pair.jobId) || taken.has(pair.record)) continue;
    taken.add(pair.record);
    chosen.set(pair.jobId, pair);
  }
  return chosen;
}

/** A toss-up neither adopts nor rules out: `foreign` of a job that was ours would let its script be sent again. */
function witnessOf(pair: Pair | undefined, near: readonly Pair[]): Candidate['witness'] {
  if (!pair) return 'absent';
  const { jobId, record, isOurs, apartMs } = pair;
  const otherUser = near.some((other) => other.jobId === jobId && other.isOurs !== isOurs && other.apartMs - apartMs < TOSS_UP_MS);
  if (otherUser) return 'absent';
  if (isOurs) return 'ours';
  const otherJob = near.some((other) => other.record === record && other.jobId !== jobId && other.apartMs - apartMs < TOSS_UP_MS);
  return otherJob ? 'absent' : 'foreign';
}

function sameUser(a: string, b: string): boolean {
  return a.trim().toLowerCase() === b.trim().toLowerCase();
}
