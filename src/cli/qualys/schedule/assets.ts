// The assets of a schedule: the scheduler wants each by its id and by the UUID of its agent (docs/qualys-api.md#schedules).
import { batches } from '../../../domain/basics/batches.js';
import { anyOf, idTerm, QqlUnsafe, term } from '../../../domain/targets/qql.js';
import type { CarAsset, Qualys } from '../../../qualys/types.js';
import { CommandFailed, EXIT } from '../../invocation/context.js';

export interface ScheduledAsset {
  assetId: string;
  agentUuid: string;
}

export interface NamedAssets {
  assetIds: readonly string[];
  hostnames: readonly string[];
  signal: AbortSignal;
}

const TERMS_A_SEARCH = 100;

/** All of them, or `CommandFailed` with each that is unknown, ambiguous or has no agent. `serverAt` is Qualys' time. */
export async function scheduledAssets(
  qualys: Pick<Qualys, 'searchAssets'>,
  { assetIds, hostnames, signal }: NamedAssets,
): Promise<{ assets: ScheduledAsset[]; serverAt: number | undefined }> {
  const found = new Map<string, CarAsset>();
  let serverAt: number | undefined;
  let unreadable = 0;
  for (const part of batches(termsFor(assetIds, hostnames), TERMS_A_SEARCH)) {
    for await (const page of qualys.searchAssets({ filter: anyOf(part), signal })) {
      serverAt = page.serverAt ?? serverAt;
      unreadable += page.unreadable ?? 0;
      for (const row of page.rows) found.set(row.assetId, row);
    }
  }
  // One of them may be what was named, or its namesake.
  const problems: string[] = unreadable > 0 ? [`Qualys lists ${unreadable} of these assets in unreadable rows`] : [];
  const assets = new Map<string, ScheduledAsset>();
  const take = (named: string, rows: readonly CarAsset[]) => {
    const [row, ...others] = rows;
    if (!row) problems.push(`${named} is unknown to Qualys or outside this user's scope`);
    else if (others.length > 0)
      problems.push(
        `${named} is the name of ${rows.length} assets: ${rows
          .map(({ assetId }) => assetId)
          .sort()
          .join(', ')}`,
      );
    else if (row.agentUuid === undefined) problems.push(`Qualys shows no agent for ${named}`);
    else assets.set(row.assetId, { assetId: row.assetId, agentUuid: row.agentUuid });
  };
  for (const id of assetIds) take(id, [found.get(id) ?? []].flat());
  const all = [...found.values()];
  for (const name of hostnames)
    take(
      name,
      all.filter((row) => row.name.trim().toLowerCase() === name.toLowerCase()),
    );
  if (problems.length > 0)
    throw new CommandFailed(EXIT.usage, `Nothing was scheduled:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
  return { assets: [...assets.values()], serverAt };
}

function termsFor(assetIds: readonly string[], hostnames: readonly string[]) {
  try {
    return [...assetIds.map((id) => idTerm('assetId', id)), ...hostnames.map((name) => term('name', name))];
  } catch (error) {
    if (error instanceof QqlUnsafe) throw new CommandFailed(EXIT.usage, `${error.message}.`);
    throw error;
  }
}
