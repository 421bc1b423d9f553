// Assets that still have a copy of the script from an earlier run: before a cohort is frozen, and a step's, Qualys is asked whether it has
// ended by now. A closed run is watched by nobody, so this is where its copies come to an end, too.
import { batches } from '../domain/batches.js';
import { hasEnded, isCopyOver, openCopyReason } from '../domain/may-still-run.js';
import { allOf, anyOf, idTerm, type Qql, term } from '../domain/qql.js';
import type { Copies, StoredCopy } from '../ledger/copies.js';
import { QualysError } from '../qualys/errors.js';
import type { AssetJobRow } from '../qualys/qualys.js';
import type { ActivityDependencies } from './dependencies.js';

export type LeavingWith = Pick<ActivityDependencies, 'ledger' | 'qualys'> & {
  /** The copies of another ledger, which is read only: that of the runs, for a dry run in one that is thrown away. */
  known?: Pick<Copies, 'of'> | undefined;
};

interface Leaving {
  runId: string;
  scriptId: string | undefined;
  /** Somebody has asked to send all the same. */
  despite: boolean;
  /** These are left alone anyway. */
  neverTouch?: readonly string[];
  onPage: (found: { source: string; rows: number }) => void;
}

/** Copies that one opening looks up; what is beyond them stays as it is known. 100 a call. */
const LOOKED_UP_AT_MOST = 5_000;
const COPIES_A_SEARCH = 100;
const ROWS_A_PAGE = 1_000;
/** A search that finds more than these is not read to its end, and proves nothing. */
const PAGES_A_SEARCH = 5;
/** Gateways' machines disagree by seconds. */
const SKEW_MS = 120_000;

export async function leaveOpenCopies(dependencies: LeavingWith, leaving: Leaving): Promise<void> {
  const { ledger, known = ledger.copies } = dependencies;
  const { runId, scriptId, despite, onPage } = leaving;
  if (scriptId === undefined) return;
  const untouched = new Set(leaving.neverTouch);
  let [lookedUp, overridden] = [0, 0];
  for await (const assetIds of ledger.copies.waiting(runId)) {
    const copies = (await known.of(scriptId, assetIds)).filter(({ assetId }) => !untouched.has(assetId));
    if (copies.length === 0) continue;
    const asked = copies.slice(0, Math.max(0, LOOKED_UP_AT_MOST - lookedUp));
    lookedUp += asked.length;
    const { over, appeared } = await lookedUpAgain(dependencies, runId, asked);
    if (known === ledger.copies) {
      await ledger.copies.end(over);
      await ledger.copies.reopen(appeared);
    }
    onPage({ source: 'open copies', rows: asked.length });
    const ended = new Set(over);
    const open = [...copies.filter((copy) => copy.copy === 'open' && !ended.has(copy)), ...appeared];
    if (despite) overridden += new Set(open.map(({ assetId }) => assetId)).size;
    else await skip(dependencies, runId, open);
  }
  if (!despite) return;
  await ledger.runs.addWarning(runId, despiteText(overridden));
  await ledger.copies.override(runId, { by: (await ledger.runs.get(runId))?.request.requestedBy, assets: overridden });
}

/** For whoever is asked about the run, or looks at it. */
function despiteText(assets: number): string {
  return `targets.despiteOpenCopies: an earlier copy of the script may still run at ${assets} asset(s), and it is sent there all the same`;
}

async function skip({ ledger }: LeavingWith, runId: string, open: readonly StoredCopy[]): Promise<void> {
  for (const other of new Set(open.map((copy) => copy.runId))) {
    const assetIds = open.filter((copy) => copy.runId === other).map(({ assetId }) => assetId);
    await ledger.cohort.skip(runId, assetIds, openCopyReason(other));
  }
}

/**
 * Which of these are over by now, and which have got an asset job that runs, although their execution was settled without one. A gateway
 * that cannot be asked so has nothing to say: then none is.
 */
async function lookedUpAgain(
  dependencies: LeavingWith,
  runId: string,
  copies: readonly StoredCopy[],
): Promise<{ over: StoredCopy[]; appeared: StoredCopy[] }> {
  const now = await dependencies.ledger.database.now();
  const found: { over: StoredCopy[]; appeared: StoredCopy[] } = { over: [], appeared: [] };
  for (const kind of [copies.filter(isNamed), copies.filter((copy) => !isNamed(copy))]) {
    for (const part of batches(kind, COPIES_A_SEARCH)) {
      const { rows, complete } = await assetJobsOf(dependencies, runId, part);
      for (const copy of part) {
        const jobs = rows.filter((row) => isOf(row, copy));
        if (isCopyOver(copy, { jobs, complete, now }) && twinsHaveEnded(copy, rows)) found.over.push(copy);
        else if (copy.copy === 'unseen' && jobs.some((job) => !hasEnded(job))) found.appeared.push(copy);
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
  { qualys }: LeavingWith,
  runId: string,
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
