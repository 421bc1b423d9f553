// Script output: fetched for many finished assets together, in pages sized by the bytes that came, and written page by page.
import { heartbeat } from '@temporalio/activity';
import { batches } from '../domain/batches.js';
import { nextOutputPage } from '../domain/output-page.js';
import { anyOf, idTerm } from '../domain/qql.js';
import type { OwedOutput } from '../ledger/outputs.js';
import type { RunRow } from '../ledger/runs.js';
import type { ActivityDependencies } from './dependencies.js';

/** While executions run, output waits until this many assets want theirs: a call for a few is a call wasted. */
const WORTH_A_CALL = 300;
/** … or until somebody may want to read it. Server time. */
const LONGEST_WAIT_MS = 15 * 60_000;
/** Output arrives after the verdict (T-10); what has not come by then is taken as absent. Server time. */
export const OUTPUT_GRACE_MS = 120_000;
const JOBS_A_WALK = 40;
const OWED_AT_ONCE = 5_000;

/** Milliseconds to wait for output that may still arrive; undefined when nothing is owed, or nothing needs waiting for now. */
export async function collectOutputs(
  dependencies: ActivityDependencies,
  { run, final }: { run: RunRow; final: boolean },
): Promise<number | undefined> {
  const { ledger } = dependencies;
  for (;;) {
    const owed = await ledger.outputs.owed(run.id, OWED_AT_ONCE);
    const serverNow = await ledger.serverClock.now();
    if (owed.length === 0) return undefined;
    const oldest = Math.min(...owed.map(({ verdictAt }) => verdictAt));
    if (!final && owed.length < WORTH_A_CALL && serverNow - oldest < LONGEST_WAIT_MS) return undefined;

    const came = await fetchFor(dependencies, run, owed);
    const missing = owed.filter((item) => !came.has(keyOf(item)));
    const after = await ledger.serverClock.now();
    const late = missing.filter(({ verdictAt }) => after - verdictAt >= OUTPUT_GRACE_MS);
    await ledger.outputs.markAbsent(run.id, late);
    if (missing.length > late.length || !final) {
      const youngest = Math.max(...missing.map(({ verdictAt }) => verdictAt));
      return missing.length > late.length
        ? Math.max(1_000, (youngest + OUTPUT_GRACE_MS - after) / (await ledger.serverClock.rate()) + 500)
        : undefined;
    }
  }
}

async function fetchFor(dependencies: ActivityDependencies, run: RunRow, owed: readonly OwedOutput[]): Promise<Set<string>> {
  const came = new Set<string>();
  const jobIds = [...new Set(owed.map(({ jobId }) => jobId))];
  for (const part of batches(jobIds, JOBS_A_WALK)) {
    const wanted = new Map(owed.filter(({ jobId }) => part.includes(jobId)).map((item) => [`${item.jobId}/${item.assetId}`, item]));
    for (const key of await walk(dependencies, { run, jobIds: part, wanted })) came.add(key);
  }
  return came;
}

async function walk(
  { qualys, ledger }: ActivityDependencies,
  { run, jobIds, wanted }: { run: RunRow; jobIds: readonly string[]; wanted: ReadonlyMap<string, OwedOutput> },
): Promise<string[]> {
  const scriptId = run.script?.id ?? '';
  const { rowBytes } = await ledger.scripts.memory(scriptId);
  const came: string[] = [];
  const pages = qualys.searchAssetJobs({
    filter: anyOf(jobIds.map((jobId) => idTerm('job.id', jobId))),
    includeOutput: true,
    pageSize: (previous) => nextOutputPage(previous && { rows: previous.rows.length, bytes: previous.bytes }, rowBytes),
    runId: run.id,
  });
  let rows = 0;
  let bytes = 0;
  for await (const page of pages) {
    const stored = page.rows.flatMap((row) => {
      const item = wanted.get(`${row.jobId}/${row.assetId}`);
      return item && row.output ? [{ assetId: item.assetId, attempt: item.attempt, output: row.output }] : [];
    });
    await ledger.outputs.store(run.id, stored);
    came.push(...stored.map(keyOf));
    rows += page.rows.length;
    bytes += page.bytes;
    heartbeat({ rows });
  }
  if (rows > 0) await ledger.scripts.setRowBytes(scriptId, bytes / rows);
  return came;
}

function keyOf({ assetId, attempt }: { assetId: string; attempt: number }): string {
  return `${assetId}/${attempt}`;
}
