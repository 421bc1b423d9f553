// What one poll of one execution has found, as the ledger takes it.
import type { AssetDecision } from '../../domain/polling/settle.js';

/** One asset job as it came from Qualys. Server times, epoch ms. */
export interface SeenAssetJob {
  assetId: string;
  name?: string | undefined;
  agentUuid?: string | undefined;
  jobId: string;
  status: string;
  exitCode?: number | undefined;
  startedAt?: number | undefined;
  finishedAt?: number | undefined;
  endedAt?: number | undefined;
  disconnected?: boolean | undefined;
}

export interface Poll {
  executionNo: number;
  /** Of the poll: see `beginPoll`. */
  number: number;
  /** When the poll began, by the ledger's clock. */
  polledAt: number;
  /** Server time of what was seen. */
  serverNow: number;
  jobs: readonly SeenAssetJob[];
  decisions: readonly AssetDecision[];
  /** Asset jobs of the execution, also of assets that it was not meant for; default: those of `jobs`. */
  rowsSeen?: number | undefined;
  /** No further asset job is expected. */
  fannedOut?: boolean | undefined;
  settled: boolean;
  slotFree: boolean;
  /** Outcomes whose script output is to be stored. */
  outputOf: 'all' | 'failed' | 'none';
}
