// Why there is no output of an asset to print, and what to do next.

import type { OutputState } from '../../ledger/reads/output-state.js';
import type { RunRow } from '../../ledger/rows/run.js';
import { safeLine } from '../terminal/text.js';

interface Asked {
  workflowId: string;
  assetId: string;
  state: OutputState;
  /** The run, or the step of the campaign, that `state` is of. */
  run: Pick<RunRow, 'finishedAt'> & { request: Pick<RunRow['request'], 'output'> };
}

/** What a run stores that does not store everything. */
const SETTINGS = {
  none: 'no output (output: none)',
  failed: 'the output of failed assets only (output: failed)',
} as const;

export function noOutputText(asked: Asked): string {
  const [id, asset] = [safeLine(asked.workflowId), safeLine(asked.assetId)];
  const { state, run } = asked;
  const ended = endText(state);
  const atQualys = state.jobId === undefined ? 'at Qualys' : `at Qualys, in job ${safeLine(state.jobId)}`;
  if (state.outcome === 'pending')
    return `No output yet: the script was not sent to asset ${asset}. What it waits for is in: overhaul show ${id}`;
  if (state.outcome === 'running') return `No output yet: Qualys has no verdict for asset ${asset}. Wait for it with: overhaul watch ${id}`;
  if (!state.sent)
    return `No output: the script was never sent to asset ${asset} (${ended}). Others like it: overhaul assets ${id} --outcome ${state.outcome}`;
  if (state.output === 'owed' && run.finishedAt === undefined)
    return `No output yet: asset ${asset} has ended (${ended}), and its output was not fetched so far. Qualys is asked for many at once, at the latest 15 minutes after the verdict or at the end of the run. Wait for it with: overhaul watch ${id}`;
  if (state.output === 'owed')
    return `No output: ${safeLine(state.runId)} ended before the output of asset ${asset} (${ended}) was fetched. Look for it ${atQualys}.`;
  if (state.output === 'absent')
    return `No output: Qualys gave none for asset ${asset} (${ended}) within 2 minutes of the verdict, and later output is not fetched. Look for it ${atQualys}.`;
  return unwantedText({ ...asked, ended, atQualys });
}

/** It ended, and nobody asks Qualys for its output. */
function unwantedText({ assetId, state, run, ended, atQualys }: Asked & { ended: string; atQualys: string }): string {
  const asset = safeLine(assetId);
  const { output } = run.request;
  if (state.outcome === 'missing')
    return `No output: Qualys has no asset job for asset ${asset} (${ended}), so the script did not run there.`;
  if (output === 'none' || (output === 'failed' && state.outcome !== 'failed'))
    return `No output: ${safeLine(state.runId)} stores ${SETTINGS[output]}, and asset ${asset} is ${ended}. Look for it ${atQualys}; runs that are started with --output all store it.`;
  return `No output: Qualys reported no end of the script on asset ${asset} (${ended}), so there was none to fetch. Look at the asset ${atQualys}.`;
}

function endText({ outcome, reason }: OutputState): string {
  return reason === undefined ? outcome : `${outcome}, ${safeLine(reason)}`;
}
