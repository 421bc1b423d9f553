// The evidence about an `execute` whose answer was lost: what the job index, the asset jobs and the audit trail show in one poll.
// Qualys' clock is read before the search and after it: a process may sleep in between, and between a search and its judgement.

import { batches } from '../../domain/basics/batches.js';
import { between } from '../../domain/clock/server-time.js';
import { attributionsOf, calibrated } from '../../domain/in-doubt/attribution.js';
import { type Candidate, type Evidence, newestOf, type SeenJob } from '../../domain/in-doubt/resolve.js';
import { anyOf, idTerm } from '../../domain/targets/qql.js';
import { readAssetJob } from '../../domain/verdict/asset-job.js';
import type { Execution } from '../../ledger/executions/registry.js';
import type { RunRow } from '../../ledger/rows/run.js';
import type { AssetJobRow, ScriptJob } from '../../qualys/types.js';
import type { ActivityDependencies } from '../dependencies.js';
import { executeRecords, learnedUser, learnWhoWeAre, type Trail } from './audit-trail.js';

/** Jobs created this much before the permit by Qualys' clock are checked too: gateways' machines disagree by seconds. */
const SKEW_MS = 120_000;
/** Ids in one filter. */
const IDS_A_SEARCH = 100;

/** A candidate whose asset set is not yet compared with what earlier polls found. */
export type SeenCandidate = Omit<Candidate, 'sameSince'>;

export interface LostEvidence extends Pick<Evidence, 'requested' | 'byTags' | 'unlisted' | 'complete'> {
  /** Server time at which the poll began: what it found is at least as old. */
  beganAt: number;
  /** Server time at which it ended: what it did not find may have come since it began. */
  endedAt: number;
  /** How often our reading of Qualys' clock had jumped when the poll ended. */
  jumps: number;
  /** The newest jobs of any script, newest first. */
  newestJobs: readonly SeenJob[];
  candidates: readonly SeenCandidate[];
}

export interface Sought {
  run: RunRow;
  execution: Execution;
}

export async function gatherEvidence(dependencies: ActivityDependencies, sought: Sought): Promise<LostEvidence> {
  const { ledger } = dependencies;
  const requested = await ledger.executions.assetsOf(sought.run.id, sought.execution.executionNo);
  const began = await ledger.serverClock.reading();
  const found = await searchJobs(dependencies, sought);
  const claimed = await ledger.executions.claimedUuids(
    found.possible.map(({ correlationUuid }) => correlationUuid).filter((uuid) => uuid !== ''),
  );
  const free = found.possible.filter(({ correlationUuid }) => !claimed.has(correlationUuid));
  const described = free.length === 0 ? undefined : await describe(dependencies, sought, { found, free, claimed });
  const { candidates, complete: rowsAreComplete } = described ?? { candidates: [], complete: true };
  const hit = new Set(candidates.flatMap(({ assetIds }) => assetIds));
  const lacking = candidates.length > 0 ? requested.filter((assetId) => !hit.has(assetId)) : [];
  const gathered = {
    requested,
    byTags: sought.execution.planned !== undefined,
    // While many are lacking, the job is still being handed out: whether they are listed is asked when few are.
    unlisted: lacking.length > IDS_A_SEARCH ? [] : await unlisted(dependencies, sought.run, lacking),
    newestJobs: found.newestJobs,
    // Under another name or at another gateway our job would look foreign, or be nowhere: then nothing can be proved.
    complete: found.complete && rowsAreComplete && sought.execution.sender === dependencies.sender,
    candidates,
  };
  const ended = await ledger.serverClock.reading();
  return { ...gathered, beganAt: between(began, ended).now, endedAt: Math.max(began.now, ended.now), jumps: ended.jumps };
}

interface Found {
  /** Jobs that could be ours by what their rows say; only what a row positively says rules it out. */
  possible: ScriptJob[];
  /**
   * All jobs of the script, also tests and scheduled ones: the trail's record of such a one would else be taken for that of a job that
   * could be ours.
   */
  ofScript: ScriptJob[];
  newestJobs: SeenJob[];
  complete: boolean;
}

/** All jobs since the permit, of any script: a filter that does not work would hide ours, and newer jobs show that the index is live. */
async function searchJobs({ qualys }: ActivityDependencies, { run, execution }: Sought): Promise<Found> {
  const since = Math.max(0, (execution.serverAt ?? 0) - SKEW_MS);
  const found: Found = { possible: [], ofScript: [], newestJobs: [], complete: true };
  for await (const page of qualys.searchJobs({ startAt: since, pageSize: 1_000, runId: run.id })) {
    if ((page.unreadable ?? 0) > 0) found.complete = false;
    found.newestJobs = newestOf([...found.newestJobs, ...page.rows]);
    found.ofScript.push(...page.rows.filter(({ scriptId }) => scriptId === '' || scriptId === execution.scriptId));
    found.possible.push(...page.rows.filter((job) => !isAnothers(job, execution, since)));
    // Newest first: behind a page that is all older there is nothing to search for.
    if (page.rows.length > 0 && page.rows.every(({ createdAt }) => createdAt > 0 && createdAt < since)) break;
  }
  return found;
}

function isAnothers(job: ScriptJob, execution: Execution, since: number): boolean {
  if (job.scriptId !== '' && job.scriptId !== execution.scriptId) return true;
  if (job.isTest || (job.schedulerId ?? '') !== '') return true;
  return job.createdAt > 0 && job.createdAt < since;
}

async function describe(
  dependencies: ActivityDependencies,
  { run, execution }: Sought,
  { found, free, claimed }: { found: Found; free: readonly ScriptJob[]; claimed: ReadonlySet<string> },
): Promise<{ candidates: SeenCandidate[]; complete: boolean }> {
  const rows = new Map<string, AssetJobRow[]>(free.map(({ id }) => [id, []]));
  let complete = true;
  for (const part of batches(free, 50)) {
    const filter = anyOf(part.map(({ id }) => idTerm('job.id', id)));
    for await (const page of dependencies.qualys.searchAssetJobs({ filter, pageSize: 2_000, runId: run.id })) {
      if ((page.unreadable ?? 0) > 0) complete = false;
      for (const row of page.rows) rows.get(row.jobId)?.push(row);
    }
  }
  const since = Math.max(0, (execution.serverAt ?? 0) - 2 * SKEW_MS);
  const trail = await executeRecords(dependencies, {
    script: { id: execution.scriptId, title: run.script?.title },
    startAt: since,
    runId: run.id,
  });
  const trusted = await saidOf(dependencies, { found, claimed, trail });
  const arrivedBy = await arrivalBound(dependencies, execution);
  // Jobs under one UUID are one execution's, whose assets are spread over them.
  const groups = new Map<string, ScriptJob[]>();
  for (const job of free) {
    const key = job.correlationUuid === '' ? `job ${job.id}` : job.correlationUuid;
    groups.set(
      key,
      [...(groups.get(key) ?? []), job].sort((a, b) => a.createdAt - b.createdAt),
    );
  }
  const candidates = [...groups.values()].flatMap((group) => {
    const [job] = group;
    if (!job) return [];
    const assetJobs = group.flatMap(({ id }) => rows.get(id) ?? []);
    return {
      jobId: job.id,
      correlationUuid: job.correlationUuid,
      createdAt: job.createdAt,
      assetIds: [...new Set(assetJobs.map(({ assetId }) => assetId))].sort(),
      allTerminal: assetJobs.length > 0 && assetJobs.every((row) => readAssetJob(row).kind === 'verdict'),
      inTime: job.createdAt <= arrivedBy,
      attribution: trusted.get(job.id) ?? 'absent',
    };
  });
  return { candidates, complete };
}

/** Server time after which our request cannot have arrived any more, with what gateways' machines may disagree by. */
async function arrivalBound({ ledger }: ActivityDependencies, { requestOverAt }: Execution): Promise<number> {
  const { now, rate } = await ledger.serverClock.reading();
  const sinceMs = Math.max(0, (await ledger.database.now()) - (requestOverAt ?? 0));
  return now - sinceMs * rate + SKEW_MS;
}

/** What the trail says of each job: by our own UUID in it once that is learned, until then by a name, as far as that goes. */
async function saidOf(
  dependencies: ActivityDependencies,
  { found, claimed, trail }: { found: Found; claimed: ReadonlySet<string>; trail: Trail },
): Promise<Map<string, Candidate['attribution']>> {
  const { ledger, qualys, schedules, sender } = dependencies;
  const jobs = found.ofScript;
  const trailed = jobs.map(({ id, createdAt }) => ({ jobId: id, createdAt }));
  const known = new Set(jobs.filter(({ correlationUuid }) => claimed.has(correlationUuid)).map(({ id }) => id));
  const answered = await ledger.trailVotes.answered(
    sender,
    jobs.map(({ correlationUuid }) => correlationUuid),
  );
  const ours = new Map(jobs.filter((job) => answered.has(job.correlationUuid)).map((job) => [job.id, job.correlationUuid]));
  if (trail.complete && found.complete) await learnWhoWeAre(dependencies, { jobs: trailed, trail: trail.records, ours });
  const learned = await learnedUser(dependencies);
  // A UUID that the trail itself gave us stays. A name may be changed, and what is configured may be wrong: taken for certain, every job
  // of ours would look foreign, and its script be sent again.
  if (learned?.uuid !== undefined) return asFarAsRead(attributionsOf(trailed, trail.records, learned), trail);
  const isKnownOurs = (jobId: string): boolean => known.has(jobId);
  const claims = [...(learned ? [learned] : []), { name: schedules.userName, uuid: schedules.userId }, { name: qualys.username }];
  const byClaim = claims.map((us) => attributionsOf(trailed, trail.records, us));
  const namesUs = byClaim.find((whose) => [...whose].some(([jobId, attribution]) => attribution === 'ours' && isKnownOurs(jobId)));
  return asFarAsRead(calibrated(namesUs ?? byClaim.at(-1) ?? new Map(), isKnownOurs), trail);
}

/**
 * A record that could not be read may be ours: then another user's beside a job does not rule it out, and nobody's silence means anything.
 */
function asFarAsRead(whose: Map<string, Candidate['attribution']>, { complete }: Trail): Map<string, Candidate['attribution']> {
  if (complete) return whose;
  return new Map([...whose].map(([jobId, attribution]) => [jobId, attribution === 'ours' ? attribution : 'absent']));
}

/** Which of these assets Qualys lists no more: none, where it lists some in rows that cannot be read. */
async function unlisted({ qualys }: ActivityDependencies, run: RunRow, assetIds: readonly string[]): Promise<string[]> {
  if (assetIds.length === 0) return [];
  const listed = new Set<string>();
  for (const part of batches(assetIds, IDS_A_SEARCH)) {
    const filter = anyOf(part.map((assetId) => idTerm('assetId', assetId)));
    for await (const page of qualys.searchAssets({ filter, pageSize: IDS_A_SEARCH, runId: run.id })) {
      if ((page.unreadable ?? 0) > 0) return [];
      for (const asset of page.rows) listed.add(asset.assetId);
    }
  }
  return assetIds.filter((assetId) => !listed.has(assetId));
}
