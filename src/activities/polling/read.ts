// What a poll reads of some executions: their asset jobs, and their jobs where the asset jobs do not show them.
import type { Execution } from '../../ledger/executions/registry.js';
import type { RunRow } from '../../ledger/rows/run.js';
import type { AssetJobRow } from '../../qualys/types.js';
import type { PollDependencies } from '../dependencies.js';
import { knowsUuids, type Rows, type RowsOf, readAssetJobs, type Watched } from './asset-jobs.js';
import { findJobs, jobSearchDue, watchedOf } from './jobs.js';
import type { Passenger } from './passengers.js';
import { type Group, readRows } from './with-output.js';

export interface Read {
  execution: Execution;
  /** Asset jobs of the execution's own jobs. */
  jobs: readonly AssetJobRow[];
  /** Of jobs that are watched beside them. */
  twins: readonly AssetJobRow[];
  twinIds: readonly string[];
  /** False when an asset job could not be read. */
  complete: boolean;
  /** This look has searched for its jobs and could read every row: what it has not found is not there. */
  sought?: boolean;
}

interface Part {
  run: RunRow;
  executions: readonly Execution[];
  now: number;
  passengers?: readonly Passenger[];
}

export interface ReadOfPart {
  reads: Read[];
  /** Of each passenger what the same call has shown, where it has shown anything: the rest is for its own look. */
  ofPassengers: { passenger: Passenger; reads: Read[] }[];
}

/** Jobs are searched for only where an execution shows none by its UUID; where the gateway does not know the UUID, before anything else. */
export async function readPart(dependencies: PollDependencies, part: Part): Promise<ReadOfPart> {
  const { ledger, qualys } = dependencies;
  const { run } = part;
  const sought = new Set<number>();
  let watched = await watchedOf(ledger, run, part.executions);
  if (!knowsUuids(qualys)) watched = await searched(dependencies, part, watched, sought);
  const groups: (Group & { passenger: Passenger })[] = [];
  for (const passenger of knowsUuids(qualys) ? (part.passengers ?? []) : [])
    groups.push({ run: passenger.run, watched: await asPassengers(ledger, passenger), passenger });
  let rows = await readRows(dependencies, run, [{ run, watched }, ...groups]);
  const isBare = (one: Watched): boolean => one.jobIds.size === 0 && (rows.get(one)?.rows ?? []).length === 0;
  const bare = await searched(dependencies, part, watched.filter(isBare), sought);
  const found = bare.filter(({ jobIds }) => jobIds.size > 0);
  if (found.length > 0) rows = new Map([...rows, ...(await readAssetJobs(dependencies, run, found))]);
  const byN = new Map(found.map((one) => [one.execution.executionNo, one]));
  const reads: Read[] = [];
  for (const one of watched) {
    const latest = byN.get(one.execution.executionNo) ?? one;
    const read = await readOf(ledger, run, latest, rows.get(latest) ?? { rows: [], complete: true });
    reads.push({ ...read, sought: sought.has(latest.execution.executionNo) });
  }
  const ofPassengers = [];
  for (const { passenger, watched: theirs } of groups)
    ofPassengers.push({ passenger, reads: await shown(ledger, passenger.run, { watched: theirs, rows }) });
  return { reads, ofPassengers };
}

async function asPassengers(ledger: PollDependencies['ledger'], { run, executions }: Passenger): Promise<Watched[]> {
  return (await watchedOf(ledger, run, executions)).map((one) => ({ ...one, rides: true }));
}

async function shown(
  ledger: PollDependencies['ledger'],
  run: RunRow,
  { watched, rows }: { watched: readonly Watched[]; rows: Rows },
): Promise<Read[]> {
  const reads: Read[] = [];
  for (const one of watched) {
    const of = rows.get(one);
    if (of?.complete && of.rows.length > 0) reads.push(await readOf(ledger, run, one, of));
  }
  return reads;
}

/** Jobs that only their rows have shown are written down. */
async function readOf(ledger: PollDependencies['ledger'], run: RunRow, watched: Watched, { rows, complete }: RowsOf): Promise<Read> {
  const { jobIds, twinIds, twinUuids } = watched;
  const isTwin = ({ jobId, correlationUuid = '' }: AssetJobRow): boolean => twinIds.has(jobId) || twinUuids.has(correlationUuid);
  const jobs = rows.filter((row) => !isTwin(row));
  const shown = new Map(jobs.filter(({ jobId }) => !jobIds.has(jobId)).map((row) => [row.jobId, row.createdAt ?? 0]));
  let { execution } = watched;
  for (const [jobId, createdAt] of shown) {
    await ledger.verdicts.setJob(run.id, execution.executionNo, { jobId, createdAt });
    execution = { ...execution, jobId: execution.jobId ?? jobId };
  }
  return { execution, jobs, twins: rows.filter(isTwin), twinIds: [...twinIds], complete };
}

/** One search for those that lack their job, or some of their asset jobs, as often as that is due. Adds to `sought` who has no other. */
async function searched(
  dependencies: PollDependencies,
  { run, now }: Part,
  watched: readonly Watched[],
  sought: Set<number>,
): Promise<Watched[]> {
  const { ledger } = dependencies;
  const lacking = watched.filter(({ execution, jobIds }) => jobIds.size === 0 || execution.rowsSeen < execution.size);
  const due = lacking.map(({ execution }) => execution).filter((execution) => jobSearchDue(execution, { run, now }));
  if (due.length === 0) return [...watched];
  const { found, complete } = await findJobs(dependencies, { run, executions: due, now });
  for (const { executionNo } of due) if (complete && !found.has(executionNo)) sought.add(executionNo);
  const again: Execution[] = [];
  for (const { execution } of watched) again.push((await ledger.executions.get(run.id, execution.executionNo)) ?? execution);
  return watchedOf(ledger, run, again);
}
