// The outputs of what a look reads, in the same call: they come with the rows where these fit one page with them.

import { FIRST_WITH_ROWS, fitsWithRows, rowBytesOf, smallerOutputPage } from '../../domain/polling/output-page.js';
import type { RunRow } from '../../ledger/rows/run.js';
import { isAccessRefused, QualysError } from '../../qualys/errors.js';
import type { AssetJobRow } from '../../qualys/types.js';
import type { PollDependencies } from '../dependencies.js';
import { type RowsOf, readAssetJobs, type Watched } from './asset-jobs.js';

const OWED_AT_ONCE = 5_000;

/**
 * Verdicts do not wait for outputs: where an answer with them does not come, be it too much for one or a gateway that fails at them, the
 * rows are read again without, and the next look asks for no more than it got. They are fetched in pages of their own later.
 */
export async function readRows(dependencies: PollDependencies, run: RunRow, watched: readonly Watched[]): Promise<Map<number, RowsOf>> {
  const { scripts } = dependencies.ledger;
  const scriptId = run.script?.id ?? '';
  const expected = watched.reduce((sum, { execution }) => sum + execution.size, 0);
  if (!(await isWorthIt(dependencies, { run, watched, expected }))) return readAssetJobs(dependencies, run, watched);
  try {
    const rows = await readAssetJobs(dependencies, run, watched, { withOutput: true });
    const learned = rowBytesOf([...rows.values()].flatMap((of) => of.rows.flatMap(({ output }) => (output ? [output.length] : []))));
    if (learned !== undefined) await scripts.setRowBytes(scriptId, learned);
    return rows;
  } catch (error) {
    if (!(error instanceof QualysError) || error.kind === 'limited' || isAccessRefused(error)) throw error;
    await scripts.setOutputPage(scriptId, smallerOutputPage(Math.min(expected, FIRST_WITH_ROWS)));
    return readAssetJobs(dependencies, run, watched);
  }
}

/** Rows that come once more bring their output once more: those that still run are to be a good part of them. */
async function isWorthIt(
  { ledger }: PollDependencies,
  { run, watched, expected }: { run: RunRow; watched: readonly Watched[]; expected: number },
): Promise<boolean> {
  const wantsOutput = run.request.output !== 'none' || (run.request.verdict?.output ?? []).length > 0;
  if (!wantsOutput) return false;
  const { rowBytes, outputPage } = await ledger.scripts.memory(run.script?.id ?? '');
  if (!fitsWithRows(expected, { rowBytes, outputPage })) return false;
  const running = await ledger.verdicts.countRunning(
    run.id,
    watched.map(({ execution }) => execution.executionNo),
  );
  return running * 3 >= expected;
}

/** What came with the rows, of those that are owed theirs now. An empty one is waited for as one that is absent (outputs.ts). */
export async function keepOutputs({ ledger }: PollDependencies, run: RunRow, rows: readonly AssetJobRow[]): Promise<void> {
  const came = new Map(rows.flatMap(({ jobId, assetId, output }) => (output?.length ? [[`${jobId}/${assetId}`, output] as const] : [])));
  if (came.size === 0) return;
  const owed = await ledger.outputs.owed(run.id, OWED_AT_ONCE);
  await ledger.outputs.store(
    run.id,
    owed.flatMap(({ jobId, assetId, attempt }) => {
      const output = came.get(`${jobId}/${assetId}`);
      return output ? [{ assetId, attempt, output }] : [];
    }),
  );
}
