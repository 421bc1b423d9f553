// The outputs of what a look reads, in the same call: they come with the rows where these fit one page with them.

import { FIRST_WITH_ROWS, fitsWithRows, rowBytesOf, smallerOutputPage } from '../../domain/polling/output-page.js';
import { waitsForOutput } from '../../domain/verdict/judge.js';
import { judgingBy } from '../../domain/verdict/rules.js';
import type { RunRow } from '../../ledger/rows/run.js';
import { isAccessRefused, QualysError } from '../../qualys/errors.js';
import type { AssetJobRow } from '../../qualys/types.js';
import type { PollDependencies } from '../dependencies.js';
import { type Rows, readAssetJobs, type Watched } from './asset-jobs.js';

const OWED_AT_ONCE = 5_000;

/** The executions of one run that a look reads. */
export interface Group {
  run: RunRow;
  watched: readonly Watched[];
}

/**
 * Verdicts do not wait for outputs: where an answer with them does not come, be it too much for one or a gateway that fails at them, the
 * rows are read again without, and the next look asks for no more than it got. They are fetched in pages of their own later.
 */
export async function readRows(dependencies: PollDependencies, looker: RunRow, groups: readonly Group[]): Promise<Rows> {
  const { scripts } = dependencies.ledger;
  const watched = groups.flatMap((group) => group.watched);
  if (!(await isWorthIt(dependencies, groups))) return readAssetJobs(dependencies, looker, watched);
  try {
    const rows = await readAssetJobs(dependencies, looker, watched, { withOutput: true });
    for (const [scriptId, outputs] of outputBytes(groups, rows)) {
      const rowBytes = rowBytesOf(outputs);
      if (rowBytes !== undefined) await scripts.setRowBytes(scriptId, rowBytes);
    }
    return rows;
  } catch (error) {
    if (!(error instanceof QualysError) || error.kind === 'limited' || isAccessRefused(error)) throw error;
    const smaller = smallerOutputPage(Math.min(rowsOf(watched), FIRST_WITH_ROWS));
    for (const scriptId of new Set(groups.map(scriptOf))) await scripts.setOutputPage(scriptId, smaller);
    return readAssetJobs(dependencies, looker, watched);
  }
}

/** By script. */
function outputBytes(groups: readonly Group[], rows: Rows): Map<string, number[]> {
  const bytes = new Map<string, number[]>();
  for (const group of groups) {
    const came = group.watched.flatMap((one) => rows.get(one)?.rows ?? []).flatMap(({ output }) => (output ? [output.length] : []));
    bytes.set(scriptOf(group), [...(bytes.get(scriptOf(group)) ?? []), ...came]);
  }
  return bytes;
}

/** Rows that come once more bring their output once more: those that still run are to be a good part of them. */
async function isWorthIt({ ledger }: PollDependencies, groups: readonly Group[]): Promise<boolean> {
  const parts = [];
  let [running, wanted] = [0, 0];
  for (const group of groups) {
    const rows = rowsOf(group.watched);
    parts.push({ rows, ...(await ledger.scripts.memory(scriptOf(group))) });
    if (!wantsOutput(group.run)) continue;
    wanted += rows;
    const numbers = group.watched.map(({ execution }) => execution.executionNo);
    running += await ledger.verdicts.countRunning(group.run.id, numbers);
  }
  return wanted > 0 && fitsWithRows(parts) && running * 3 >= rowsOf(groups.flatMap(({ watched }) => watched));
}

export function wantsOutput({ request, campaign }: RunRow): boolean {
  return request.output !== 'none' || waitsForOutput(judgingBy(request.verdict, campaign?.step), undefined);
}

function rowsOf(watched: readonly Watched[]): number {
  return watched.reduce((sum, { execution }) => sum + execution.size, 0);
}

function scriptOf({ run }: Group): string {
  return run.script?.id ?? '';
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
