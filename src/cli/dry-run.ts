import { createHash } from 'node:crypto';
import { MAX_ASSETS_PER_EXECUTION } from '../domain/execution-state.js';
import type { RemediationRequest } from '../schema/request.js';

export interface DryRun {
  script: string;
  cohort: { size: number; digest: string };
  executions: number;
  /** Calls to Qualys: 1.5 an execution with many in flight, 3 with the default four (docs/benchmarks.md). */
  calls: { atLeast: number; atMost: number };
}

export type DryRunAnswer = { ok: true; plan: DryRun } | { ok: false; problem: string };

/** What a run of named assets would do, as far as that can be known without asking Qualys. */
export function dryRun({ script, targets, maxAssets }: RemediationRequest): DryRunAnswer {
  if (targets.hostnames?.length || targets.assetTagIds?.length || targets.query) {
    return {
      ok: false,
      problem:
        'The request is well-formed, but which assets host names, tags or a query mean, only Qualys knows: --dry-run works with --assets.',
    };
  }
  const excluded = new Set(targets.excludedAssetIds);
  const assetIds = [...new Set(targets.assetIds)].filter((assetId) => !excluded.has(assetId));
  if (assetIds.length === 0) return { ok: false, problem: 'No asset is left: every one that was named is excluded.' };
  if (maxAssets !== undefined && assetIds.length > maxAssets) {
    return { ok: false, problem: `The run would be refused: ${assetIds.length} assets are more than --max-assets ${maxAssets}.` };
  }
  const executions = Math.ceil(assetIds.length / MAX_ASSETS_PER_EXECUTION);
  return {
    ok: true,
    plan: {
      script,
      cohort: { size: assetIds.length, digest: cohortDigest(assetIds) },
      executions,
      calls: { atLeast: Math.ceil(executions * 1.5), atMost: executions * 3 },
    },
  };
}

/** The digest that the ledger gives a frozen cohort: SHA-256 over the ids in ascending order of their text, one a line. */
export function cohortDigest(assetIds: readonly string[]): string {
  const hash = createHash('sha256');
  for (const assetId of [...assetIds].sort()) hash.update(`${assetId}\n`);
  return hash.digest('hex');
}
