// What one asset job says about its asset. The words of Qualys are not documented as a closed set (docs/qualys-api.md#asset-jobs): unknown
// words are kept raw, never thrown on, and never success.
import type { FinalOutcome } from '../run/outcome.js';

/** Server time that a half-told story may take to become a verdict (docs/qualys-api.md#asset-jobs). */
export const SETTLING_GRACE_MS = 120_000;

export interface AssetJobFacts {
  /** Qualys' raw word. */
  status: string;
  exitCode?: number | undefined;
  /** `executionEndTime`. */
  finishedAt?: number | undefined;
  /** `enddate`. */
  endedAt?: number | undefined;
}

export type AssetJobReading =
  | { kind: 'open' }
  /** The verdict may still follow; when it does not within the grace period, `otherwise` is it. */
  | { kind: 'settling'; otherwise: Verdict }
  /** A word we do not know, without any other evidence. */
  | { kind: 'unknown' }
  | { kind: 'verdict'; verdict: Verdict };

export interface Verdict {
  outcome: FinalOutcome;
  reason?: string;
}

const OPEN = new Set(['MANIFEST_ASSIGNED', 'PENDING', 'QUEUED', 'RUNNING', 'IN_PROGRESS', 'EXECUTION_STARTED', 'MANIFEST_PUBLISHED']);
const PASSED = new Set(['EXECUTION_PASSED', 'SUCCESS', 'PASSED']);
const FAILED = new Set(['EXECUTION_FAILED', 'FAILED', 'FAILURE', 'ERROR']);

export function readAssetJob(job: AssetJobFacts): AssetJobReading {
  const word = normalisedStatus(job.status);
  if (PASSED.has(word)) return verdict('succeeded', job.exitCode ? `passed with exit code ${job.exitCode}` : undefined);
  if (FAILED.has(word)) return verdict('failed');
  if (word === 'SCRIPT_RESULT_UPLOAD_SUCCESS') return { kind: 'settling', otherwise: byExitCode(job.exitCode, 'verdict-unknown') };
  if (word === 'SCRIPT_RESULT_UPLOAD_FAILED')
    return { kind: 'settling', otherwise: { outcome: 'unverified', reason: 'result-upload-failed' } };
  if (OPEN.has(word)) return { kind: 'open' };
  if (job.exitCode !== undefined || job.finishedAt !== undefined || job.endedAt !== undefined) {
    return { kind: 'verdict', verdict: byExitCode(job.exitCode, 'unknown-status') };
  }
  return { kind: 'unknown' };
}

/** What a job that has ended comes to when nothing more is said of it; undefined of one that has not. */
export function lastWord(job: AssetJobFacts): Verdict | undefined {
  const reading = readAssetJob(job);
  if (reading.kind === 'verdict') return reading.verdict;
  return reading.kind === 'settling' ? reading.otherwise : undefined;
}

/** Words differ in case, spaces and underscores between documents. */
export function normalisedStatus(status: string): string {
  return status
    .trim()
    .toUpperCase()
    .replace(/[\s_-]+/g, '_');
}

function byExitCode(exitCode: number | undefined, unknownReason: string): Verdict {
  if (exitCode === undefined) return { outcome: 'unverified', reason: unknownReason };
  return exitCode === 0 ? { outcome: 'succeeded' } : { outcome: 'failed' };
}

function verdict(outcome: FinalOutcome, reason?: string): AssetJobReading {
  return { kind: 'verdict', verdict: reason === undefined ? { outcome } : { outcome, reason } };
}
