// Judging a lost answer: was our `execute` carried out, and is that job ours? (design section 2.4, trap T-01.)
// The two errors are not alike: taking a foreign job for ours, or repeating a script that ran, is harm; `unverified` is only a gap.

/** Server time between the first and the deciding look that find nothing. */
export const PROOF_MS = 5 * 60_000;
/** An asset set that did not change for this long of server time is taken as complete. */
export const STABLE_MS = 60_000;
/** After this long of server time without proof either way the fate is given up as unverified. */
export const GIVE_UP_MS = 30 * 60_000;

export interface Candidate {
  jobId: string;
  correlationUuid: string;
  /** Server time, epoch ms. */
  createdAt: number;
  assetIds: readonly string[];
  allTerminal: boolean;
  /** Server time since which looks found exactly this asset set. */
  sameSince: number;
  /** What the audit trail says of who ran it; `silent` when the trail shows no executions at all. */
  witness: 'ours' | 'foreign' | 'absent' | 'silent';
}

export interface Evidence {
  /** Server time of this look's last answer. */
  lookedAt: number;
  /** Server time of the first complete look made when the request could no longer arrive; undefined when this is it or it is too early. */
  firstLookAt?: number | undefined;
  /** False while the request could still arrive at the gateway: nothing found then proves nothing. */
  requestIsOver: boolean;
  requested: readonly string[];
  /** Requested assets that Qualys lists no more. */
  unlisted: readonly string[];
  candidates: readonly Candidate[];
  /** Creation time of the newest job in the index, of any script. */
  newestJobAt?: number | undefined;
}

export type Judgement =
  | { kind: 'adopt'; jobId: string; correlationUuid: string; createdAt: number }
  | { kind: 'not-executed' }
  | { kind: 'unverified'; why: string }
  | { kind: 'look-again'; why: string };

export function judge(evidence: Evidence): Judgement {
  const possible = evidence.candidates.filter((candidate) => couldBeOurs(candidate, evidence));
  const exact = possible.filter((candidate) => isComplete(candidate, evidence.lookedAt) && coversRequest(candidate, evidence));
  const ours = exact.filter(({ witness }) => witness === 'ours' || (witness === 'silent' && exact.length === 1));
  const [only] = ours;
  if (only && ours.length === 1) {
    return { kind: 'adopt', jobId: only.jobId, correlationUuid: only.correlationUuid, createdAt: only.createdAt };
  }
  const waitedMs = evidence.lookedAt - (evidence.firstLookAt ?? evidence.lookedAt);
  if (possible.length > 0) {
    if (waitedMs < GIVE_UP_MS) return { kind: 'look-again', why: `${possible.length} job(s) could be ours, none proved` };
    return { kind: 'unverified', why: `${possible.length} job(s) could be ours and none could be proved` };
  }
  if (
    evidence.firstLookAt !== undefined &&
    evidence.requestIsOver &&
    waitedMs >= PROOF_MS &&
    (evidence.newestJobAt ?? 0) > evidence.firstLookAt
  ) {
    return { kind: 'not-executed' };
  }
  if (waitedMs >= GIVE_UP_MS)
    return { kind: 'unverified', why: 'no job found, and the index showed no newer job that would prove it is current' };
  return { kind: 'look-again', why: 'no job found so far' };
}

/** Ours can only be a job that hits nothing but our assets; a complete one that lacks assets which Qualys still lists is somebody else's. */
function couldBeOurs(candidate: Candidate, evidence: Evidence): boolean {
  if (candidate.witness === 'foreign') return false;
  const requested = new Set(evidence.requested);
  if (candidate.assetIds.some((assetId) => !requested.has(assetId))) return false;
  return coversRequest(candidate, evidence) || !hasBeenStable(candidate, evidence.lookedAt, PROOF_MS);
}

function coversRequest(candidate: Candidate, evidence: Evidence): boolean {
  const hit = new Set(candidate.assetIds);
  const unlisted = new Set(evidence.unlisted);
  return hit.size > 0 && evidence.requested.every((assetId) => hit.has(assetId) || unlisted.has(assetId));
}

function isComplete(candidate: Candidate, lookedAt: number): boolean {
  return candidate.allTerminal || hasBeenStable(candidate, lookedAt, STABLE_MS);
}

function hasBeenStable(candidate: Candidate, lookedAt: number, forMs: number): boolean {
  return lookedAt - candidate.sameSince >= forMs;
}
