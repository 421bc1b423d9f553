// The stored output of an asset, or what is known of why there is none.
import type { Ledger } from '../ledger/index.js';
import type { OutputState } from '../ledger/reads/output-state.js';
import type { RunRow } from '../ledger/rows/run.js';

export interface StoredOutput {
  bytes: Buffer;
  /** That the request, or the step, says its script writes. */
  encoding: string | undefined;
}

export interface NoOutput {
  state: OutputState;
  /** The run, or the step of the campaign, that `state` is of. */
  run: RunRow;
}

/** Undefined of an asset that is not in the run. */
export async function storedOutput(
  { reader, outputs, runs }: Pick<Ledger, 'reader' | 'outputs' | 'runs'>,
  workflowId: string,
  assetId: string,
): Promise<StoredOutput | NoOutput | undefined> {
  const owner = await reader.outputOwner(workflowId, assetId);
  const bytes = await outputs.read(owner, assetId);
  if (bytes) return { bytes, encoding: (await runs.get(owner))?.request.verdict?.encoding };
  const state = await reader.outputState(workflowId, assetId);
  const run = state && (await runs.get(state.runId));
  return run && { state, run };
}
