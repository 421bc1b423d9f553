// Gathers the evidence about an `execute` whose answer was lost, and carries the judgement out. The rules are in domain/judge.ts.
import { createHash } from 'node:crypto';
import { readAssetJob } from '../domain/asset-job.js';
import { batches } from '../domain/batches.js';
import { type Candidate, type Evidence, judge, PROOF_MS } from '../domain/judge.js';
import { anyOf, idTerm, term } from '../domain/qql.js';
import { type TrailRecord, witnesses } from '../domain/witness.js';
import type { Execution } from '../ledger/executions.js';
import type { RunRow } from '../ledger/runs.js';
import { QualysError } from '../qualys/errors.js';
import type { AssetJobRow, ScriptJob } from '../qualys/qualys.js';
import type { ActivityDependencies } from './dependencies.js';
import { waitAfter } from './outcome-of-attempt.js';

/** Jobs created this much before the permit by the server's clock are looked at too: our reading of that clock may be off (T-01). */
const SKEW_MS = 120_000;
const FIRST_LOOKS_MS = [2_000, 5_000, 10_000, 20_000];
const LONGEST_BETWEEN_LOOKS_MS = 60_000;

/** What earlier looks found: kept in the ledger, so that the proof does not start over with each attempt. */
interface Looks {
  count: number;
  firstLookAt?: number | undefined;
  /** By job: a digest of its asset set, and the server time since which it has been that. */
  sets: Record<string, { digest: string; since: number }>;
}

/** Milliseconds until the next look, or undefined when the execution is decided. */
export async function judgeLost(dependencies: ActivityDependencies, run: RunRow, execution: Execution): Promise<number | undefined> {
  const now = await dependencies.ledger.database.now();
  if ((execution.judgeAt ?? 0) > now) return (execution.judgeAt ?? 0) - now;
  try {
    return await look(dependencies, run, execution, now >= (execution.requestOverAt ?? 0));
  } catch (error) {
    if (error instanceof QualysError) return waitAfter(error, 3);
    throw error;
  }
}

async function look(
  dependencies: ActivityDependencies,
  run: RunRow,
  execution: Execution,
  requestIsOver: boolean,
): Promise<number | undefined> {
  const { executions, audit } = dependencies.ledger;
  const before: Looks = execution.looks ? (JSON.parse(execution.looks) as Looks) : { count: 0, sets: {} };
  const evidence = await gather(dependencies, { run, execution, before, requestIsOver });
  const judgement = judge(evidence);
  switch (judgement.kind) {
    case 'adopt': {
      const adopted = await executions.adopt(run.id, execution.n, judgement);
      await audit.add(run.id, {
        action: adopted ? 'adopted' : 'not-adopted',
        detail: `execution ${execution.n}: job ${judgement.jobId}, ${judgement.correlationUuid}`,
      });
      return adopted ? undefined : 1_000;
    }
    case 'not-executed': {
      const result = await executions.provedNotExecuted(run.id, execution.n);
      await audit.add(run.id, { action: 'proved-not-executed', detail: `execution ${execution.n}: ${result}` });
      return undefined;
    }
    case 'unverified':
      await executions.giveUp(run.id, execution.n, 'fate-unknown');
      await audit.add(run.id, { action: 'gave-up', detail: `execution ${execution.n}: ${judgement.why}` });
      return undefined;
    case 'look-again': {
      const after: Looks = { count: before.count + 1, firstLookAt: firstLook(evidence), sets: setsOf(evidence.candidates) };
      const waitMs = await untilNextLook(dependencies, after, evidence);
      await executions.saveLooks(run.id, execution.n, JSON.stringify(after), waitMs);
      return waitMs;
    }
  }
}

function firstLook(evidence: Evidence): number | undefined {
  return evidence.firstLookAt ?? (evidence.requestIsOver ? evidence.lookedAt : undefined);
}

async function untilNextLook({ ledger }: ActivityDependencies, looks: Looks, evidence: Evidence): Promise<number> {
  const soon = FIRST_LOOKS_MS[looks.count - 1];
  if (looks.firstLookAt === undefined) return soon ?? 5_000;
  const leftMs = (looks.firstLookAt + PROOF_MS - evidence.lookedAt) / (await ledger.serverClock.rate());
  return Math.min(Math.max(leftMs + 1_000, soon ?? 5_000), LONGEST_BETWEEN_LOOKS_MS);
}

interface Gathering {
  run: RunRow;
  execution: Execution;
  before: Looks;
  requestIsOver: boolean;
}

async function gather(dependencies: ActivityDependencies, { run, execution, before, requestIsOver }: Gathering): Promise<Evidence> {
  const { qualys, ledger } = dependencies;
  const since = (execution.serverAt ?? 0) - SKEW_MS;
  const requested = await ledger.executions.assetsOf(run.id, execution.n);
  const jobs: ScriptJob[] = [];
  for await (const page of qualys.searchJobs({
    filter: idTerm('scriptId', execution.scriptId),
    startAt: since,
    pageSize: 1_000,
    runId: run.id,
  })) {
    jobs.push(
      ...page.rows.filter(
        (job) => job.scriptId === execution.scriptId && job.createdAt >= since && !job.isTest && job.schedulerId === undefined,
      ),
    );
  }
  const claimed = await ledger.executions.claimedUuids(jobs.map(({ correlationUuid }) => correlationUuid));
  const free = jobs.filter(({ correlationUuid }) => !claimed.has(correlationUuid));
  const candidates = free.length === 0 ? [] : await describeCandidates(dependencies, { run, execution, before, jobs, free });
  const lookedAt = await ledger.serverClock.now();
  const lacking = requested.filter((assetId) => candidates.length > 0 && !candidates.some(({ assetIds }) => assetIds.includes(assetId)));
  const newestJobAt = Math.max(0, ...jobs.map(({ createdAt }) => createdAt));
  const firstLookAt = before.firstLookAt;
  return {
    lookedAt,
    firstLookAt,
    requestIsOver,
    requested,
    unlisted: await unlisted(dependencies, run, lacking),
    candidates: candidates.map((candidate) => ({ ...candidate, sameSince: sameSince(candidate, before, lookedAt) })),
    newestJobAt:
      firstLookAt !== undefined && newestJobAt <= firstLookAt && candidates.length === 0
        ? await newestJobOfAny(dependencies, run, firstLookAt)
        : newestJobAt,
  };
}

async function describeCandidates(
  dependencies: ActivityDependencies,
  {
    run,
    execution,
    jobs,
    free,
  }: { run: RunRow; execution: Execution; before: Looks; jobs: readonly ScriptJob[]; free: readonly ScriptJob[] },
): Promise<Candidate[]> {
  const rows = new Map<string, AssetJobRow[]>(free.map(({ id }) => [id, []]));
  for (const part of batches(free, 50)) {
    const filter = anyOf(part.map(({ id }) => idTerm('job.id', id)));
    for await (const page of dependencies.qualys.searchAssetJobs({ filter, pageSize: 1_000, runId: run.id })) {
      for (const row of page.rows) rows.get(row.jobId)?.push(row);
    }
  }
  const trail = await executeRecords(dependencies, {
    run,
    execution,
    since: Math.min(...jobs.map(({ createdAt }) => createdAt)) - SKEW_MS,
  });
  const whose = witnesses(
    jobs.map(({ id, createdAt }) => ({ jobId: id, createdAt })),
    trail,
    dependencies.qualys.username,
  );
  return free.map((job) => {
    const assetJobs = rows.get(job.id) ?? [];
    return {
      jobId: job.id,
      correlationUuid: job.correlationUuid,
      createdAt: job.createdAt,
      assetIds: [...new Set(assetJobs.map(({ assetId }) => assetId))].sort(),
      allTerminal: assetJobs.length > 0 && assetJobs.every((row) => readAssetJob(row).kind === 'verdict'),
      sameSince: 0,
      witness: whose.get(job.id) ?? 'absent',
    };
  });
}

/** The audit trail's records of executing this script. A trail that cannot be read has nothing to say. */
async function executeRecords(
  { qualys }: ActivityDependencies,
  { run, execution, since }: { run: RunRow; execution: Execution; since: number },
): Promise<TrailRecord[]> {
  const records: TrailRecord[] = [];
  try {
    for await (const page of qualys.activities({ filter: term('activity', 'EXECUTE'), startAt: since, pageSize: 1_000, runId: run.id })) {
      for (const record of page.rows) {
        const isThisScript =
          record.targetId === undefined ? record.targetName === run.script?.title : record.targetId === execution.scriptId;
        if (isThisScript && /^execut/i.test(record.action) && record.at >= since) records.push({ at: record.at, user: record.user });
      }
    }
  } catch (error) {
    if (error instanceof QualysError && (error.kind === 'permission' || error.kind === 'not-found' || error.kind === 'invalid')) return [];
    throw error;
  }
  return records;
}

/** Which of these assets Qualys lists no more. */
async function unlisted({ qualys }: ActivityDependencies, run: RunRow, assetIds: readonly string[]): Promise<string[]> {
  if (assetIds.length === 0) return [];
  const listed = new Set<string>();
  const filter = anyOf(assetIds.map((assetId) => idTerm('assetId', assetId)));
  for await (const page of qualys.searchAssets({ filter, pageSize: 100, runId: run.id })) {
    for (const asset of page.rows) listed.add(asset.assetId);
  }
  return assetIds.filter((assetId) => !listed.has(assetId));
}

/** When the newest job of any script was created: a row newer than the first look shows that the index is not standing still. */
async function newestJobOfAny({ qualys }: ActivityDependencies, run: RunRow, since: number): Promise<number> {
  for await (const page of qualys.searchJobs({ startAt: since, pageSize: 100, runId: run.id })) {
    return Math.max(0, ...page.rows.map(({ createdAt }) => createdAt));
  }
  return 0;
}

function setDigest(candidate: Candidate): string {
  return createHash('sha256').update(candidate.assetIds.join('\n')).digest('hex').slice(0, 16);
}

function sameSince(candidate: Candidate, before: Looks, lookedAt: number): number {
  const known = before.sets[candidate.jobId];
  return known?.digest === setDigest(candidate) ? known.since : lookedAt;
}

function setsOf(candidates: readonly Candidate[]): Looks['sets'] {
  return Object.fromEntries(candidates.map((candidate) => [candidate.jobId, { digest: setDigest(candidate), since: candidate.sameSince }]));
}
