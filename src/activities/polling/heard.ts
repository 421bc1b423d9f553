// The output of those that have ended and whose verdict goes by it: read at once, whatever the request stores of it.
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { heartbeat } from '@temporalio/activity';
import { batches } from '../../domain/basics/batches.js';
import { allOf, anyOf, idTerm } from '../../domain/targets/qql.js';
import { lastWord } from '../../domain/verdict/asset-job.js';
import { hear } from '../../domain/verdict/hear.js';
import { judge } from '../../domain/verdict/judge.js';
import type { Judging } from '../../domain/verdict/rules.js';
import type { RunRow } from '../../ledger/rows/run.js';
import type { HeardOutput } from '../../ledger/runs/outputs.js';
import { QualysError } from '../../qualys/errors.js';
import type { AssetJobRow } from '../../qualys/types.js';
import { type OutputDependencies, type OutputPage, outputPages } from './output-pages.js';

/** An asset that has ended, with the job whose output counts. */
export interface Awaiting {
  assetId: string;
  attempt: number;
  jobId: string;
  /** The time in which its output may come is over: one that is empty now is its output. */
  isLate: boolean;
}

/** Filters stay far below what a gateway takes (ledger/rows/copies.ts asks for as many). */
const ASSETS_A_WALK = 100;

/**
 * Writes down what each output says, page by page, before anything is decided by it: a process that ends in between reads none of them
 * again. Returns whether Qualys has shown everything that it has: where it could not be asked, nothing is known to be absent.
 */
export async function hearOutputs(
  dependencies: OutputDependencies,
  { run, judging, awaiting, rows }: { run: RunRow; judging: Judging; awaiting: readonly Awaiting[]; rows: readonly AssetJobRow[] },
): Promise<boolean> {
  const came = new Set(rows.flatMap((row) => (row.output ? [keyOf(row)] : [])));
  const unheard = awaiting.filter((asset) => !came.has(keyOf(asset)));
  await hearPage(dependencies, { run, judging, awaiting }, { rows: rows.filter(({ output }) => output), isPassedOver: false });
  try {
    for (const part of batches(unheard, ASSETS_A_WALK)) await hearPart(dependencies, { run, judging, awaiting: part });
    return true;
  } catch (error) {
    // The verdicts of all others do not wait for it, and the next look asks again.
    if (error instanceof QualysError) return false;
    throw error;
  }
}

interface Hearing {
  run: RunRow;
  judging: Judging;
  awaiting: readonly Awaiting[];
}

async function hearPart(dependencies: OutputDependencies, hearing: Hearing): Promise<void> {
  for await (const page of outputsOf(dependencies, hearing.run, hearing.awaiting)) {
    await hearPage(dependencies, hearing, page);
    heartbeat({ rows: page.rows.length });
  }
}

async function hearPage({ ledger }: OutputDependencies, { run, judging, awaiting }: Hearing, page: OutputPage): Promise<void> {
  const wanted = new Map(awaiting.map((asset) => [keyOf(asset), asset]));
  const heard: HeardOutput[] = [];
  for (const row of page.rows) {
    const asset = wanted.get(keyOf(row));
    if (!asset) continue;
    const { assetId, attempt, jobId, isLate } = asset;
    // An empty one may be the place of one that is still to come, and waits like one that is absent.
    const hasCome = row.output !== undefined && (row.output.length > 0 || isLate);
    if (row.output && hasCome) heard.push({ assetId, attempt, jobId, ...said(row, row.output, { run, judging }) });
    // No answer can carry it.
    else if (page.isPassedOver) heard.push({ assetId, attempt, jobId, heard: 'absent' });
    // A pattern over a megabyte takes its time, and others have a heartbeat to send.
    await yieldToLoop();
  }
  await ledger.outputs.hear(run.id, heard);
}

/**
 * By job and asset: else the outputs of all that ended before would come again. A gateway that does not know the asset, and refuses it or
 * finds nothing, is asked by job: the rows are there, as they have just been read.
 */
async function* outputsOf(dependencies: OutputDependencies, run: RunRow, awaiting: readonly Awaiting[]): AsyncGenerator<OutputPage> {
  const jobs = anyOf([...new Set(awaiting.map(({ jobId }) => jobId))].map((jobId) => idTerm('job.id', jobId)));
  const assets = anyOf(awaiting.map(({ assetId }) => idTerm('asset.id', assetId)));
  let [rows, isRefused] = [0, false];
  try {
    for await (const page of outputPages(dependencies, { run, filter: allOf([jobs, assets]) })) {
      rows += page.rows.length;
      yield page;
    }
  } catch (error) {
    if (!(error instanceof QualysError) || error.kind !== 'invalid') throw error;
    isRefused = true;
  }
  if (isRefused || rows === 0) yield* outputPages(dependencies, { run, filter: jobs });
}

function said(
  row: AssetJobRow,
  output: Buffer,
  { run, judging }: { run: RunRow; judging: Judging },
): Pick<HeardOutput, 'heard' | 'output'> {
  const heard = hear(output, judging);
  const { outcome } = judge(row, lastWord(row) ?? { outcome: 'failed' }, judging, heard);
  const isWanted = run.request.output === 'all' || (run.request.output === 'failed' && outcome === 'failed');
  return { heard, ...(isWanted ? { output } : {}) };
}

function keyOf({ jobId, assetId }: { jobId: string; assetId: string }): string {
  return `${jobId}/${assetId}`;
}
