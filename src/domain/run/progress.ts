// What a live run tells of itself: the answer of the query `progress` (docs/requests.md), joined with what the ledger knows.
import { type LiveCounts, OUTCOMES } from './outcome.js';

export interface PendingDecision {
  kind: string;
  wave?: string | undefined;
  /** What an `approve` may name, so that it cannot approve something else than its author saw. */
  digest: string;
  /** How many approvals there are so far. */
  approvals: number;
}

export interface RunProgress {
  phase: string;
  /** ISO 8601 UTC. */
  asOf: string;
  counts: LiveCounts;
  /** Executions that are neither settled nor given up. */
  inFlight: number;
  callsUsed: number;
  etaAt?: string | undefined;
  blocked?: string | undefined;
  pending?: PendingDecision | undefined;
  paused?: boolean | undefined;
}

/** Assets that have their outcome. */
export function doneAssets(counts: LiveCounts): number {
  return OUTCOMES.reduce((sum, outcome) => sum + counts[outcome], 0);
}

/** The ledger's numbers are of this moment; what waits for a person, and the forecast, only the workflow knows. */
export function joinProgress(ledger: RunProgress | undefined, workflow: RunProgress | undefined): RunProgress | undefined {
  if (!ledger || !workflow) return ledger ?? workflow;
  return {
    ...ledger,
    etaAt: workflow.etaAt ?? ledger.etaAt,
    blocked: workflow.blocked ?? ledger.blocked,
    pending: workflow.pending,
    paused: ledger.paused || workflow.paused,
  };
}

/** When the run is likely to end; undefined while it waits for something, because nobody knows for how long. */
export function forecastOf({ etaAt, paused, blocked, pending }: RunProgress): string | undefined {
  return paused || blocked !== undefined || pending ? undefined : etaAt;
}

/** One word for where the run stands. */
export function phaseWord(progress: RunProgress): string {
  if (progress.phase === 'finished') return 'finished';
  if (progress.pending) return 'awaiting approval';
  if (progress.paused) return 'paused';
  return progress.blocked ? 'blocked' : progress.phase;
}
