// Said before a run or campaign begins: which of its assets another run has just now.
import { batches } from '../../domain/basics/batches.js';
import type { AssetRow } from '../../domain/run/outcome.js';
import { holdersText } from '../../domain/run/waits-for.js';
import type { Holder } from '../../ledger/reads/reader.js';
import type { Known } from '../data/ledger-access.js';
import { counted } from '../terminal/count-text.js';

/** One warning, or none. `conflict`: what the plan says of such assets. */
export async function busyWarnings(
  { holdersAmong }: Pick<Known, 'holdersAmong'>,
  assets: AsyncIterable<Pick<AssetRow, 'assetId' | 'outcome'>>,
  conflict: 'wait' | 'skip' = 'wait',
): Promise<string[]> {
  const assetIds: string[] = [];
  for await (const { assetId, outcome } of assets) if (outcome === 'pending') assetIds.push(assetId);
  const holders = new Map<string, Holder>();
  for (const part of batches(assetIds, 1_000)) {
    for (const holder of await holdersAmong(part))
      holders.set(holder.runId, { ...holder, assets: holder.assets + (holders.get(holder.runId)?.assets ?? 0) });
  }
  const sorted = [...holders.values()].sort((one, other) => other.assets - one.assets);
  if (sorted.length === 0) return [];
  const busy = sorted.reduce((sum, { assets: own }) => sum + own, 0);
  const then = conflict === 'skip' ? 'they are skipped if that is so when they are due' : 'they wait until it has ended';
  return [`${counted(busy, 'asset')} in an open execution of another run now; ${then}: ${holdersText(sorted)}`];
}
