// Attribution, the second proof: whose execute a job was, by the audit trail. Jobs do not name their user (docs/qualys-api.md#execute),
// audit records do.
import type { Candidate } from './resolve.js';
import { isSameUser, type TrailUser } from './trail-user.js';

/** A record belongs to a job when they are at most this far apart in server time. */
const NEAR_MS = 15_000;
/** Records of two users less than this apart from a job: which of them is its own is a toss-up. */
const TIE_MS = 1_000;
/** Within this much more, a record of ours, or a job left without a record, prevents ruling a job out. */
const DOUBT_MS = 5_000;

export interface TrailRecord extends TrailUser {
  at: number;
}

export interface TrailedJob {
  jobId: string;
  createdAt: number;
}

interface Pair {
  jobId: string;
  createdAt: number;
  record: number;
  recordAt: number;
  by: TrailUser;
  isOurs: boolean;
  apartMs: number;
}

/**
 * Pairs the executions of one script with the trail's records of executing it, nearest first and one to one, and says of each job
 * whose it was. `jobs` are all jobs of the script in the trail's time, also those whose execution is known: a record that is left
 * over would speak for a neighbour. `silent`: the trail shows no executions of this script at all, so its silence means nothing.
 */
export function attributionsOf(
  jobs: readonly TrailedJob[],
  trail: readonly TrailRecord[],
  us: TrailUser,
): Map<string, Candidate['attribution']> {
  if (trail.length === 0) return new Map(jobs.map(({ jobId }) => [jobId, 'silent']));
  const near = nearestFirst(jobs, trail, us);
  const chosen = oneToOne(near);
  return new Map(jobs.map(({ jobId }) => [jobId, attributionOf(chosen.get(jobId), near, chosen)]));
}

/**
 * The jobs whose record is beyond doubt: the nearest, and within 5 s more no other user's, nor a job without a record that it might
 * belong to. Who we are is learned from these alone: a foreign record taken for ours would turn every later word around.
 */
export function certainRecords(jobs: readonly TrailedJob[], trail: readonly TrailRecord[]): Map<string, TrailRecord> {
  const near = nearestFirst(jobs, trail, {});
  const chosen = oneToOne(near);
  const certain = [...chosen.values()].filter((pair) => pair.apartMs <= DOUBT_MS && !isContested(pair, near, chosen));
  return new Map(certain.map(({ jobId, recordAt, by }) => [jobId, { at: recordAt, ...by }]));
}

function isContested(pair: Pair, near: readonly Pair[], chosen: ReadonlyMap<string, Pair>): boolean {
  const rivals = near.filter((other) => other.apartMs - pair.apartMs < DOUBT_MS);
  return (
    rivals.some((other) => other.jobId === pair.jobId && !isSameUser(other.by, pair.by)) ||
    rivals.some((other) => other.record === pair.record && !chosen.has(other.jobId)) ||
    [...chosen.values()].some(
      (other) => !isSameUser(other.by, pair.by) && (other.createdAt - pair.createdAt) * (other.recordAt - pair.recordAt) < 0,
    )
  );
}

function nearestFirst(jobs: readonly TrailedJob[], trail: readonly TrailRecord[], us: TrailUser): Pair[] {
  const pairs = jobs.flatMap(({ jobId, createdAt }) =>
    trail.map(
      ({ at, ...by }, record): Pair => ({
        jobId,
        createdAt,
        record,
        recordAt: at,
        by,
        isOurs: isSameUser(by, us),
        apartMs: Math.abs(at - createdAt),
      }),
    ),
  );
  return pairs.filter(({ apartMs }) => apartMs <= NEAR_MS).sort((a, b) => a.apartMs - b.apartMs);
}

/**
 * For as long as the trail's own words for us are not learned and the login stands in for them: `foreign` rules a job out only where
 * the trail called at least one job ours that is known to be. Where it prints display names, every job of ours would look foreign.
 */
export function calibrated(
  whose: ReadonlyMap<string, Candidate['attribution']>,
  isKnownOurs: (jobId: string) => boolean,
): Map<string, Candidate['attribution']> {
  const namesUs = [...whose].some(([jobId, attribution]) => attribution === 'ours' && isKnownOurs(jobId));
  return new Map([...whose].map(([jobId, attribution]) => [jobId, attribution === 'foreign' && !namesUs ? 'unclear' : attribution]));
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
function attributionOf(pair: Pair | undefined, near: readonly Pair[], chosen: ReadonlyMap<string, Pair>): Candidate['attribution'] {
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
