// Script output: fetched for many finished assets together, in pages sized by the bytes that came, and written page by page.
import { heartbeat } from '@temporalio/activity';
import { batches } from '../../domain/basics/batches.js';
import { between, elapsedMs } from '../../domain/clock/server-time.js';
import { OUTPUT_GRACE_MS } from '../../domain/polling/settle.js';
import { anyOf, idTerm } from '../../domain/targets/qql.js';
import type { RunRow } from '../../ledger/rows/run.js';
import type { OwedOutput } from '../../ledger/runs/outputs.js';
import { QualysError } from '../../qualys/errors.js';
import { type OutputDependencies, outputPages } from './output-pages.js';

/** While executions run, output waits until this many assets want theirs: a call for a few is a call wasted. */
const WORTH_A_CALL = 300;
/** … or until somebody may want to read it. Server time. */
const LONGEST_WAIT_MS = 15 * 60_000;
const JOBS_A_WALK = 40;
const OWED_AT_ONCE = 5_000;

interface Collecting {
  run: RunRow;
  /** Nothing is watched any more. */
  final: boolean;
  /** The run ends soon, whatever is still watched. */
  hurry?: boolean;
}

/** Milliseconds to wait for output that may still arrive; undefined when nothing is owed, or nothing needs waiting for now. */
export async function collectOutputs(
  dependencies: OutputDependencies,
  { run, final, hurry = false }: Collecting,
): Promise<number | undefined> {
  if (final) return collect(dependencies, { run, final, hurry });
  try {
    return await collect(dependencies, { run, final, hurry });
  } catch (error) {
    // What is owed stays owed; that a slot is free must not wait for it.
    if (error instanceof QualysError) return undefined;
    throw error;
  }
}

async function collect(dependencies: OutputDependencies, { run, final, hurry }: Required<Collecting>): Promise<number | undefined> {
  const { ledger } = dependencies;
  for (;;) {
    const owed = await ledger.outputs.owed(run.id, OWED_AT_ONCE);
    const clock = await ledger.serverClock.reading();
    if (owed.length === 0) return undefined;
    const oldest = Math.min(...owed.map(({ verdictAt }) => verdictAt));
    if (!final && !hurry && owed.length < WORTH_A_CALL && elapsedMs(clock, oldest) < LONGEST_WAIT_MS) return undefined;

    const { settled, empty } = await fetchFor(dependencies, run, owed);
    const missing = owed.filter((item) => !settled.has(keyOf(item)));
    const age = between(clock, await ledger.serverClock.reading());
    const late = missing.filter(({ verdictAt }) => elapsedMs(age, verdictAt) >= OUTPUT_GRACE_MS);
    const [isEmpty, isAbsent] = [late.filter((item) => empty.has(keyOf(item))), late.filter((item) => !empty.has(keyOf(item)))];
    if (isEmpty.length > 0)
      await ledger.outputs.store(
        run.id,
        isEmpty.map((item) => ({ ...item, output: Buffer.alloc(0) })),
      );
    await ledger.outputs.markAbsent(run.id, isAbsent);
    if (missing.length > late.length || !final) {
      const waitedMs = Math.min(...missing.map(({ verdictAt }) => elapsedMs(age, verdictAt)));
      return missing.length > late.length ? Math.max(1_000, (OUTPUT_GRACE_MS - waitedMs) / clock.rate + 500) : undefined;
    }
  }
}

/** Whose output is done with. What is empty may be the place of one that is still to come, and waits like one that is absent. */
interface Fetched {
  settled: Set<string>;
  empty: Set<string>;
}

async function fetchFor(dependencies: OutputDependencies, run: RunRow, owed: readonly OwedOutput[]): Promise<Fetched> {
  const fetched: Fetched = { settled: new Set(), empty: new Set() };
  const jobIds = [...new Set(owed.map(({ jobId }) => jobId))];
  for (const part of batches(jobIds, JOBS_A_WALK)) {
    const wanted = new Map(owed.filter(({ jobId }) => part.includes(jobId)).map((item) => [rowKey(item), item]));
    const filter = anyOf(part.map((jobId) => idTerm('job.id', jobId)));
    await fetch(dependencies, { run, filter, wanted }, fetched);
  }
  return fetched;
}

interface Fetch {
  run: RunRow;
  filter: string;
  wanted: ReadonlyMap<string, OwedOutput>;
}

/** Reads the outputs that are wanted. Done with are those that came, and those that no answer can carry. */
async function fetch(dependencies: OutputDependencies, { run, filter, wanted }: Fetch, { settled, empty }: Fetched): Promise<void> {
  const { outputs } = dependencies.ledger;
  let rows = 0;
  for await (const page of outputPages(dependencies, { run, filter })) {
    const found = page.rows.flatMap((row) => {
      const item = wanted.get(rowKey(row));
      return item ? [{ assetId: item.assetId, attempt: item.attempt, output: row.output }] : [];
    });
    const came = found.flatMap(({ output, ...item }) => (output && output.length > 0 ? [{ ...item, output }] : []));
    for (const item of found) if (item.output?.length === 0) empty.add(keyOf(item));
    if (page.isPassedOver) await outputs.markAbsent(run.id, found);
    else await outputs.store(run.id, came);
    for (const item of page.isPassedOver ? found : came) settled.add(keyOf(item));
    rows += page.rows.length;
    heartbeat({ rows });
  }
}

function rowKey({ jobId, assetId }: { jobId: string; assetId: string }): string {
  return `${jobId}/${assetId}`;
}

function keyOf({ assetId, attempt }: { assetId: string; attempt: number }): string {
  return `${assetId}/${attempt}`;
}
