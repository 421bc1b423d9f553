// The asset jobs of everything in flight, by the correlation UUID that each of their jobs carries: so are those of a second job found, too.
import { anyOf, idTerm, type Qql, term } from '../../domain/targets/qql.js';
import type { Execution } from '../../ledger/executions/registry.js';
import type { RunRow } from '../../ledger/rows/run.js';
import { QualysError } from '../../qualys/errors.js';
import type { AssetJobRow } from '../../qualys/types.js';
import type { PollDependencies } from '../dependencies.js';

export interface Watched {
  execution: Execution;
  /** Jobs that are known to be the execution's. */
  jobIds: ReadonlySet<string>;
  /** Jobs that are watched beside them, by id and by UUID. */
  twinIds: ReadonlySet<string>;
  twinUuids: ReadonlySet<string>;
  /** It is another run's, and read along with those of this one: nothing is asked for its sake alone. */
  rides?: boolean;
}

/** What a gateway makes of the token `job.correlationUuid`, which its rows have and no document prints: learned by using it. */
const uuidSearch = new WeakMap<object, 'works' | 'broken'>();

export function knowsUuids(qualys: object): boolean {
  return uuidSearch.get(qualys) !== 'broken';
}

/** The asset jobs of one execution. */
export interface RowsOf {
  rows: AssetJobRow[];
  /** False when rows came that could not be read: they may be of this execution, and of any asset. */
  complete: boolean;
}

export type Rows = ReadonlyMap<Watched, RowsOf>;

/** Of each, whichever run it is of. Rows of other jobs are dropped: a filter is a match, not a promise (docs/qualys-api.md#filters). */
export async function readAssetJobs(
  dependencies: PollDependencies,
  run: RunRow,
  watched: readonly Watched[],
  { withOutput = false }: { withOutput?: boolean } = {},
): Promise<Rows> {
  const { qualys } = dependencies;
  const rows = knowsUuids(qualys) ? await byUuid(dependencies, run, { watched, withOutput }) : undefined;
  // What is known to have a job and shows nothing by its UUID is asked for by the job: the token may not mean what it says.
  const open = watched.filter((one) => !one.rides && one.jobIds.size > 0 && (rows?.get(one)?.rows ?? []).length === 0);
  if (open.length === 0) return rows ?? new Map();
  const filter = anyOf(open.flatMap(({ jobIds, twinIds }) => [...jobIds, ...twinIds].map((jobId) => idTerm('job.id', jobId))));
  const byJob = await read(dependencies, run, { watched: open, filter });
  if (rows && byJob.ours > 0 && !uuidSearch.has(qualys)) uuidSearch.set(qualys, 'broken');
  return new Map([...(rows ?? []), ...byJob.rows]);
}

async function byUuid(
  dependencies: PollDependencies,
  run: RunRow,
  { watched, withOutput }: { watched: readonly Watched[]; withOutput: boolean },
): Promise<Rows | undefined> {
  const { qualys } = dependencies;
  const uuids = watched
    .flatMap(({ execution, twinUuids }) => [execution.correlationUuid ?? '', ...twinUuids])
    .filter((uuid) => uuid !== '');
  if (uuids.length === 0) return new Map();
  try {
    const found = await read(dependencies, run, {
      watched,
      withOutput,
      filter: anyOf(uuids.map((uuid) => term('job.correlationUuid', uuid))),
      strict: true,
    });
    if (found.ours > 0) uuidSearch.set(qualys, 'works');
    else if (found.others > 0 && !uuidSearch.has(qualys)) uuidSearch.set(qualys, 'broken');
    return knowsUuids(qualys) ? found.rows : undefined;
  } catch (error) {
    // It may be the outputs that it fails at: asked again without them it says more of the token.
    if (withOutput) throw error;
    const isRefused = error instanceof QualysError && (error.kind === 'invalid' || error.kind === 'protocol' || error.kind === 'not-found');
    if (isRefused || failsAtToken(qualys, error)) uuidSearch.set(qualys, 'broken');
    if (isRefused) return undefined;
    throw error;
  }
}

/** Some gateways fail at a token instead of refusing it. One that has never understood it is asked by job after so many failures. */
const FAILURES = 3;
const failures = new WeakMap<object, number>();

function failsAtToken(qualys: object, error: unknown): boolean {
  if (!(error instanceof QualysError) || error.kind !== 'unavailable' || uuidSearch.has(qualys)) return false;
  const count = (failures.get(qualys) ?? 0) + 1;
  failures.set(qualys, count);
  return count >= FAILURES;
}

interface Reading {
  watched: readonly Watched[];
  filter: Qql;
  /** A page without a single row of ours ends the walk: the filter is not understood, and the subscription is large. */
  strict?: boolean;
  withOutput?: boolean;
}

async function read({ qualys }: PollDependencies, run: RunRow, { watched, filter, strict = false, withOutput = false }: Reading) {
  const rows = new Map<Watched, RowsOf>(watched.map((one) => [one, { rows: [], complete: true }]));
  const found = { rows, ours: 0, others: 0 };
  const ofJob = new Map(watched.flatMap((one) => [...one.jobIds, ...one.twinIds].map((jobId) => [jobId, one] as const)));
  const ofUuid = new Map(
    watched.flatMap((one) => [one.execution.correlationUuid ?? '', ...one.twinUuids].map((uuid) => [uuid, one] as const)),
  );
  ofUuid.delete('');
  const expected = watched.reduce((sum, { execution, twinUuids }) => sum + execution.size * (1 + twinUuids.size), 0);
  const search = { filter, pageSize: Math.min(LARGEST_PAGE, expected + 1), runId: run.id, ...(withOutput ? { includeOutput: true } : {}) };
  for await (const page of qualys.searchAssetJobs(search)) {
    let oursOfPage = 0;
    if ((page.unreadable ?? 0) > 0) for (const one of rows.values()) one.complete = false;
    for (const row of page.rows) {
      const one = ofUuid.get(row.correlationUuid ?? '') ?? ofJob.get(row.jobId);
      if (one === undefined) continue;
      rows.get(one)?.rows.push(row);
      oursOfPage += 1;
    }
    found.ours += oursOfPage;
    found.others += page.rows.length - oursOfPage;
    if (strict && page.rows.length > 0 && oursOfPage === 0) {
      for (const one of rows.values()) one.complete = false;
      break;
    }
  }
  return found;
}

/** A row is about 1 KB without output; S1 recommends pages of 1,000 to 2,000. */
export const LARGEST_PAGE = 2_000;
