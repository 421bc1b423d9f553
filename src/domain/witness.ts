// The second witness: whose execute a job was, by the audit trail. Jobs do not name their user (T-01), audit records do.
import type { Candidate } from './judge.js';

/** A record belongs to a job when they are at most this far apart in server time. */
const NEAR_MS = 15_000;
/** Records of two users less than this apart from a job: which of them is its own is a toss-up. */
const TIE_MS = 1_000;
/** Within this much more, a record of ours, or a job left without a record, speaks against ruling a job out. */
const DOUBT_MS = 5_000;

export interface TrailRecord {
  at: number;
  user: string;
}

interface Pair {
  jobId: string;
  createdAt: number;
  record: number;
  recordAt: number;
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
        ({ at, user: by }, record): Pair => ({
          jobId,
          createdAt,
          record,
          recordAt: at,
          isOurs: sameUser(by, user),
          apartMs: Math.abs(at - createdAt),
        }),
      ),
    )
    .filter(({ apartMs }) => apartMs <= NEAR_MS)
    .sort((a, b) => a.apartMs - b.apartMs);
  const chosen = oneToOne(near);
  return new Map(jobs.map(({ jobId }) => [jobId, witnessOf(chosen.get(jobId), near, chosen)]));
}

/**
 * `foreign` rules a job out only where the trail is known to name us as we name ourselves: it called at least one job ours that is
 * known to be. The documents show `userName` as a placeholder; were it a person's name, every job of ours would look foreign.
 */
export function calibrated(
  whose: ReadonlyMap<string, Candidate['witness']>,
  isKnownOurs: (jobId: string) => boolean,
): Map<string, Candidate['witness']> {
  const namesUs = [...whose].some(([jobId, witness]) => witness === 'ours' && isKnownOurs(jobId));
  return new Map([...whose].map(([jobId, witness]) => [jobId, witness === 'foreign' && !namesUs ? 'unclear' : witness]));
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

/** What is unclear neither adopts nor rules out: `foreign` of a job that was ours would let its script be sent again. */
function witnessOf(pair: Pair | undefined, near: readonly Pair[], chosen: ReadonlyMap<string, Pair>): Candidate['witness'] {
  if (!pair) return 'absent';
  const pairs = [...chosen.values()];
  const isTie = near.some((other) => isOtherUsers(other, pair) && other.apartMs - pair.apartMs < TIE_MS);
  // Jobs and records are written in one order; pairs that cross are paired wrongly.
  const crosses = pairs.some(
    (other) => other.isOurs !== pair.isOurs && (other.createdAt - pair.createdAt) * (other.recordAt - pair.recordAt) < 0,
  );
  if (isTie || crosses) return 'unclear';
  if (pair.isOurs) return 'ours';
  const mayBeOurs = near.some(
    (other) =>
      other.apartMs - pair.apartMs < DOUBT_MS && (isOtherUsers(other, pair) || (other.record === pair.record && !chosen.has(other.jobId))),
  );
  return mayBeOurs ? 'unclear' : 'foreign';
}

function isOtherUsers(other: Pair, pair: Pair): boolean {
  return other.jobId === pair.jobId && other.isOurs !== pair.isOurs;
}

function sameUser(a: string, b: string): boolean {
  return a.trim().toLowerCase() === b.trim().toLowerCase();
}
