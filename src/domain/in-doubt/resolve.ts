// Resolving a lost answer: was our `execute` carried out, and is that job ours? (docs/architecture/in-doubt.md)
// The two errors are not alike: taking a foreign job for ours, or repeating a script that ran, is harm; `unverified` is only a gap.

/** Server time between the first and the deciding poll that find nothing. */
export const PROOF_MS = 5 * 60_000;
/** All asset jobs terminal and the set unchanged for this long of server time: settled. */
export const STABLE_MS = 60_000;
/** After this long of server time without proof either way the fate is given up as unverified. */
export const GIVE_UP_MS = 30 * 60_000;
/** The same by our own clock, however often Qualys' clock jumps meanwhile. */
export const LONGEST_DOUBT_MS = 60 * 60_000;
/** As many of the jobs of a first poll are remembered. */
const JOBS_REMEMBERED = 32;

export interface SeenJob {
  id: string;
  /** Server time, epoch ms. */
  createdAt: number;
}

/** The first poll made when the request could no longer arrive. */
export interface FirstPoll {
  /** Server time at which it ended. */
  at: number;
  /** The newest jobs in the index then, of any script; newest first. */
  jobs: readonly SeenJob[];
}

export interface Candidate {
  jobId: string;
  correlationUuid: string;
  /** Server time, epoch ms. */
  createdAt: number;
  assetIds: readonly string[];
  allTerminal: boolean;
  /** False when it was made later than our request can have arrived. */
  inTime?: boolean;
  /** Server time since which polls found exactly this asset set. */
  sameSince: number;
  /**
   * What the audit trail says of who ran it; `silent` when it shows no executions at all, `unclear` when another user's record is as
   * likely.
   */
  attribution: 'ours' | 'foreign' | 'absent' | 'unclear' | 'silent';
}

export interface Evidence {
  /** Server time at which this poll began. */
  polledAt: number;
  /** Undefined when this is it, it is too early, or our reading of Qualys' clock has jumped since. */
  firstPoll?: FirstPoll | undefined;
  /** Since the request could no longer arrive, by our own clock. */
  inDoubtMs: number;
  /** False while the request could still arrive at the gateway: nothing found then proves nothing. */
  requestIsOver: boolean;
  /**
   * False when the poll may have missed our job, or assets of one: a row that could not be read, another user or gateway than the one that
   * sent.
   */
  complete: boolean;
  requested: readonly string[];
  /** True when the call named tags: Qualys resolved them, so the job may have hit others than were meant. */
  byTags?: boolean;
  /** Requested assets that Qualys lists no more. */
  unlisted: readonly string[];
  candidates: readonly Candidate[];
  /** The newest jobs in the index, of any script. */
  newestJobs: readonly SeenJob[];
}

export type Resolution =
  | { kind: 'adopt'; jobId: string; correlationUuid: string; createdAt: number; twins: readonly Twin[]; why: string }
  | { kind: 'not-executed' }
  | { kind: 'unverified'; why: string }
  | { kind: 'still-in-doubt'; why: string };

/**
 * Another job on exactly the requested assets, made in the same time: it may have been ours as well, and is watched with the adopted one.
 */
export interface Twin {
  jobId: string;
  correlationUuid: string;
  createdAt: number;
}

export function resolve(evidence: Evidence): Resolution {
  const possible = evidence.candidates.filter((candidate) => couldBeOurs(candidate, evidence));
  const rivals = possible.filter((candidate) => couldStillBeAdopted(candidate, evidence));
  const [only] = rivals;
  if (only && rivals.length === 1 && isProvedOurs(only, evidence)) return adopted(only, [], rivals);
  const byItsAssets = chosenByAssets(rivals, evidence);
  if (byItsAssets) return byItsAssets;
  const waitedMs = evidence.polledAt - (evidence.firstPoll?.at ?? evidence.polledAt);
  const isHopeless = waitedMs >= GIVE_UP_MS || evidence.inDoubtMs >= LONGEST_DOUBT_MS;
  if (possible.length > 0) {
    if (!isHopeless) return { kind: 'still-in-doubt', why: `${possible.length} job(s) could be ours, none proven` };
    return { kind: 'unverified', why: `${possible.length} job(s) could be ours, and none could be proven` };
  }
  if (
    evidence.firstPoll !== undefined &&
    evidence.requestIsOver &&
    evidence.complete &&
    waitedMs >= PROOF_MS &&
    hasMoved(evidence.firstPoll, evidence.newestJobs)
  ) {
    return { kind: 'not-executed' };
  }
  if (isHopeless) return { kind: 'unverified', why: 'no job found, and the index showed no newer job that would prove it is current' };
  return { kind: 'still-in-doubt', why: 'no job found so far' };
}

/**
 * A job of the script on exactly our assets, made while our request was under way: its verdicts are true for them, whoever sent it. Of
 * several the trail decides, else the earlier one stands; all are watched. Nothing else that might be ours may still be growing.
 */
function chosenByAssets(rivals: readonly Candidate[], evidence: Evidence): Resolution | undefined {
  const exact = rivals.filter((candidate) => isExactlyOurs(candidate, evidence)).sort((a, b) => a.createdAt - b.createdAt);
  if (exact.length === 0 || exact.length < rivals.length || !exact.every((candidate) => isSettled(candidate, evidence.polledAt)))
    return undefined;
  const likeliest = likeliestOf(exact);
  const [chosen] = likeliest;
  if (!chosen) return undefined;
  const isNamed = chosen.attribution === 'ours' && likeliest.length === 1;
  // Who knows nothing better waits as long as an index may lag: ours may be the one that is not there yet.
  const isLateEnough = exact.every(({ createdAt }) => evidence.polledAt - createdAt >= PROOF_MS);
  if (!isNamed && !(isLateEnough && evidence.requestIsOver && evidence.complete)) return undefined;
  return adopted(
    chosen,
    exact.filter((candidate) => candidate !== chosen),
    likeliest,
  );
}

/** Those that the trail calls ours, else those that it does not call another's; another's only where there is nothing else. */
function likeliestOf(exact: readonly Candidate[]): readonly Candidate[] {
  const ours = exact.filter(({ attribution }) => attribution === 'ours');
  if (ours.length > 0) return ours;
  const perhapsOurs = exact.filter(({ attribution }) => attribution !== 'foreign');
  return perhapsOurs.length > 0 ? perhapsOurs : exact;
}

/** `likeliest`: those of which the trail said no less than of the one that was chosen. */
function adopted(chosen: Candidate, twins: readonly Candidate[], likeliest: readonly Candidate[]): Resolution {
  const { jobId, correlationUuid, createdAt, attribution } = chosen;
  const named = twins.map((twin) => ({ jobId: twin.jobId, correlationUuid: twin.correlationUuid, createdAt: twin.createdAt }));
  return {
    kind: 'adopt',
    jobId,
    correlationUuid,
    createdAt,
    twins: named,
    why: whyChosen(attribution, twins.length + 1, likeliest.length),
  };
}

/** For the audit log: what a job was adopted on is what its verdicts are worth. */
function whyChosen(attribution: Candidate['attribution'], jobs: number, likeliest: number): string {
  const anothers = attribution === 'foreign' ? ', although the audit trail names another user' : '';
  if (jobs === 1) return attribution === 'ours' ? 'the audit trail calls it ours' : `the only job on exactly these assets${anothers}`;
  return likeliest === 1 ? 'the audit trail decided' : `the earlier one stands${anothers}`;
}

function isExactlyOurs(candidate: Candidate, evidence: Evidence): boolean {
  const requested = new Set(evidence.requested);
  const hitsOthers = candidate.assetIds.some((assetId) => !requested.has(assetId));
  return candidate.inTime !== false && candidate.correlationUuid !== '' && !hitsOthers && coversRequest(candidate, evidence);
}

/** The jobs that a first poll leaves behind for `hasMoved`. */
export function newestOf(jobs: readonly SeenJob[]): SeenJob[] {
  const newestFirst = [...jobs].sort((a, b) => b.createdAt - a.createdAt).slice(0, JOBS_REMEMBERED);
  return newestFirst.map(({ id, createdAt }) => ({ id, createdAt }));
}

/**
 * The index is live when it shows a job that the first poll did not have. By its id, and younger than all of them: our reading of Qualys'
 * clock alone would take a job for new that was there, had the reading been behind.
 */
function hasMoved({ at, jobs }: FirstPoll, newest: readonly SeenJob[]): boolean {
  const known = new Set(jobs.map(({ id }) => id));
  const youngest = Math.max(at, ...jobs.map(({ createdAt }) => createdAt));
  return newest.some(({ id, createdAt }) => createdAt > youngest && !known.has(id));
}

/**
 * Ours can only be a job that hits nothing but our assets; by tags one that hits any of them, as members come and go between our last
 * look at a tag and Qualys' own, and one that has hit nobody so far. One that never gets to all of them stays possible forever: an asset
 * of the wrong platform gets no asset job (docs/qualys-api.md#execute), so its lack does not show that the script did not run on the
 * others.
 */
function couldBeOurs(candidate: Candidate, evidence: Evidence): boolean {
  if (isExactlyOurs(candidate, evidence)) return true;
  if (candidate.attribution === 'foreign') return false;
  const requested = new Set(evidence.requested);
  const { assetIds } = candidate;
  if (!evidence.byTags) return assetIds.every((assetId) => requested.has(assetId));
  return assetIds.length === 0 || candidate.attribution === 'ours' || assetIds.some((assetId) => requested.has(assetId));
}

/**
 * Beside a proved job these do not count: one whose own record is another user's, if unclearly, and one that has long ceased to grow
 * without covering the request, unless the trail calls it ours.
 */
function couldStillBeAdopted(candidate: Candidate, evidence: Evidence): boolean {
  if (isExactlyOurs(candidate, evidence)) return true;
  if (candidate.attribution === 'unclear') return false;
  return candidate.attribution === 'ours' || coversRequest(candidate, evidence) || !hasBeenStable(candidate, evidence.polledAt, PROOF_MS);
}

function isProvedOurs(candidate: Candidate, evidence: Evidence): boolean {
  // Without its UUID a job cannot be claimed for one execution alone.
  if (candidate.correlationUuid === '') return false;
  if (!coversRequest(candidate, evidence) || !isSettled(candidate, evidence.polledAt)) return false;
  if (candidate.attribution === 'ours') return true;
  // A trail is silent also because it lags: it gets as long to speak as the job index.
  return candidate.attribution === 'silent' && evidence.complete && evidence.polledAt - candidate.createdAt >= PROOF_MS;
}

function coversRequest(candidate: Candidate, evidence: Evidence): boolean {
  const hit = new Set(candidate.assetIds);
  const requested = new Set(evidence.requested);
  const unlisted = new Set(evidence.unlisted);
  // By tags it may hit others, too; then only the trail's word makes it ours, and whom it hit beside ours are out of the cohort.
  if (candidate.attribution !== 'ours' && candidate.assetIds.some((assetId) => !requested.has(assetId))) return false;
  return hit.size > 0 && evidence.requested.every((assetId) => hit.has(assetId) || unlisted.has(assetId));
}

/** While asset jobs still appear, a foreign job on more assets than ours looks just like ours. */
function isSettled(candidate: Candidate, polledAt: number): boolean {
  return hasBeenStable(candidate, polledAt, candidate.allTerminal ? STABLE_MS : PROOF_MS);
}

function hasBeenStable(candidate: Candidate, polledAt: number, forMs: number): boolean {
  return polledAt - candidate.sameSince >= forMs;
}
