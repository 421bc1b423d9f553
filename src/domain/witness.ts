// The second witness: whose execute a job was, by the audit trail. Jobs do not name their user (T-01), audit records do.
import type { Candidate } from './judge.js';

/** A record belongs to a job when they are at most this far apart in server time. */
const NEAR_MS = 15_000;

export interface TrailRecord {
  at: number;
  user: string;
}

/**
 * Pairs the executions of one script with the trail's records of executing it, nearest first and one to one, and says of each job
 * whose it was. `silent`: the trail shows no executions of this script at all, so its silence about one job means nothing.
 */
export function witnesses(
  jobs: readonly { jobId: string; createdAt: number }[],
  trail: readonly TrailRecord[],
  user: string,
): Map<string, Candidate['witness']> {
  if (trail.length === 0) return new Map(jobs.map(({ jobId }) => [jobId, 'silent']));

  const pairs = jobs
    .flatMap((job) =>
      trail.map((record, index) => ({ jobId: job.jobId, index, user: record.user, apartMs: Math.abs(record.at - job.createdAt) })),
    )
    .filter(({ apartMs }) => apartMs <= NEAR_MS)
    .sort((a, b) => a.apartMs - b.apartMs);
  const found = new Map<string, Candidate['witness']>();
  const taken = new Set<number>();
  for (const pair of pairs) {
    if (found.has(pair.jobId) || taken.has(pair.index)) continue;
    taken.add(pair.index);
    found.set(pair.jobId, sameUser(pair.user, user) ? 'ours' : 'foreign');
  }
  // Two jobs and two users at one instant: nearest-first is a coin toss, and a toss must not adopt.
  for (const job of jobs) {
    const near = pairs.filter(({ jobId }) => jobId === job.jobId);
    const best = near[0]?.apartMs ?? 0;
    const tied = near.filter(({ apartMs }) => apartMs - best <= 1_000);
    if (new Set(tied.map((pair) => sameUser(pair.user, user))).size > 1) found.set(job.jobId, 'absent');
  }
  return new Map(jobs.map(({ jobId }) => [jobId, found.get(jobId) ?? 'absent']));
}

function sameUser(a: string, b: string): boolean {
  return a.trim().toLowerCase() === b.trim().toLowerCase();
}
