// What Qualys shows by now of copies of scripts whose runs wait for them no longer.
import { batches } from '../../domain/basics/batches.js';
import { hasEnded, isCopyOver } from '../../domain/execution/may-still-run.js';
import { allOf, anyOf, idTerm, type Qql, term } from '../../domain/targets/qql.js';
import type { StoredCopy } from '../../ledger/rows/copies.js';
import { QualysError } from '../../qualys/errors.js';
import type { AssetJobRow } from '../../qualys/types.js';
import type { ActivityDependencies } from '../dependencies.js';

export type LookingUpWith = Pick<ActivityDependencies, 'ledger'> & { qualys: Pick<ActivityDependencies['qualys'], 'searchAssetJobs'> };

export interface LookedUp {
  over: StoredCopy[];
  appeared: StoredCopy[];
  /** Of those that are over: what says so. */
  jobs: Map<StoredCopy, AssetJobRow[]>;
}

export const COPIES_A_SEARCH = 100;
const ROWS_A_PAGE = 1_000;
/** A search that finds more than these is not read to its end, and proves nothing. */
const PAGES_A_SEARCH = 5;
/** Gateways' machines disagree by seconds. */
const SKEW_MS = 120_000;

/**
 * Which of these are over by now, and which have got an asset job that runs, although their execution was settled without one. A gateway
 * that cannot be asked so has nothing to say: then none is.
 */
export async function lookUpCopies(
  dependencies: LookingUpWith,
  runId: string | undefined,
  copies: readonly StoredCopy[],
): Promise<LookedUp> {
  const now = await dependencies.ledger.database.now();
  const found: LookedUp = { over: [], appeared: [], jobs: new Map() };
  for (const kind of [copies.filter(isNamed), copies.filter((copy) => !isNamed(copy))]) {
    for (const part of batches(kind, COPIES_A_SEARCH)) {
      const { rows, complete } = await assetJobsOf(dependencies, runId, part);
      for (const copy of part) {
        const jobs = rows.filter((row) => isOf(row, copy));
        if (isCopyOver(copy, { jobs, complete, now }) && twinsHaveEnded(copy, rows)) {
          found.over.push(copy);
          found.jobs.set(copy, jobs);
        } else if (copy.copy === 'unseen' && jobs.some((job) => !hasEnded(job))) found.appeared.push(copy);
      }
    }
  }
  return found;
}

/** Another job on the same assets may have been ours as well: the copy is over when both are, and one that is not shown says nothing. */
function twinsHaveEnded({ assetId, twins = [] }: StoredCopy, rows: readonly AssetJobRow[]): boolean {
  return twins.every((twin) => {
    const jobs = rows.filter(
      (row) => row.assetId === assetId && (row.jobId === twin.jobId || row.correlationUuid === twin.correlationUuid),
    );
    return jobs.length > 0 && jobs.every((job) => hasEnded(job));
  });
}

/** Qualys has answered with its UUID. Else it can be any asset job that the asset got since. */
function isNamed({ correlationUuid, jobId }: StoredCopy): boolean {
  return correlationUuid !== undefined || jobId !== undefined;
}

function isOf(row: AssetJobRow, copy: StoredCopy): boolean {
  if (row.assetId !== copy.assetId) return false;
  if (!isNamed(copy)) return row.createdAt === undefined || row.createdAt >= sentAt(copy);
  return row.jobId === copy.jobId || (row.correlationUuid !== undefined && row.correlationUuid === copy.correlationUuid);
}

function sentAt({ serverAt, since }: StoredCopy): number {
  return Math.max(0, (serverAt ?? since) - SKEW_MS);
}

async function assetJobsOf(
  { qualys }: LookingUpWith,
  runId: string | undefined,
  copies: readonly StoredCopy[],
): Promise<{ rows: AssetJobRow[]; complete: boolean }> {
  const rows: AssetJobRow[] = [];
  const startAt = copies.every(isNamed) ? {} : { startAt: Math.min(...copies.map(sentAt)) };
  let pages = 0;
  try {
    for await (const page of qualys.searchAssetJobs({ filter: filterOf(copies), ...startAt, pageSize: ROWS_A_PAGE, runId })) {
      rows.push(...page.rows);
      pages += 1;
      if ((page.unreadable ?? 0) > 0 || pages > PAGES_A_SEARCH) return { rows, complete: false };
    }
    return { rows, complete: true };
  } catch (error) {
    const passes = error instanceof QualysError && ['limited', 'unavailable', 'authentication'].includes(error.kind);
    if (passes || !(error instanceof QualysError)) throw error;
    return { rows, complete: false };
  }
}

function filterOf(copies: readonly StoredCopy[]): Qql {
  const assets = anyOf([...new Set(copies.map(({ assetId }) => assetId))].map((assetId) => idTerm('asset.id', assetId)));
  const jobs = new Set(
    copies.flatMap(({ jobId, correlationUuid }) => (jobId !== undefined && correlationUuid === undefined ? [jobId] : [])),
  );
  const uuids = new Set(
    copies.flatMap(({ correlationUuid, twins = [] }) => [
      ...(correlationUuid === undefined ? [] : [correlationUuid]),
      ...twins.map((twin) => twin.correlationUuid),
    ]),
  );
  const named = [...[...jobs].map((id) => idTerm('job.id', id)), ...[...uuids].map((uuid) => term('job.correlationUuid', uuid))];
  return named.length === 0 ? assets : allOf([assets, anyOf(named)]);
}
