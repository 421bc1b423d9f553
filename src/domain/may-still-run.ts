// «May it still run?»: the one answer, asked wherever something is sent. An outcome does not give it: `unverified` may have ended with
// its verdict lost, or be running. What counts is what is known of the copy of the script that the attempt handed to Qualys.
import type { Outcome } from './outcome.js';

/**
 * - `none`: never handed over, or proved not executed.
 * - `open`: handed over, or perhaps; its asset job is not known to have ended.
 * - `unseen`: handed over, and its execution was settled without an asset job for this asset.
 * - `over`: its asset job is terminal at Qualys.
 */
export const COPY_STATES = ['none', 'open', 'unseen', 'over'] as const;
export type CopyState = (typeof COPY_STATES)[number];

export function mayStillRun(copy: CopyState): boolean {
  return copy === 'open';
}

/** What a look makes of the copy: by its asset job alone, whatever word the asset gets meanwhile. */
export function copyAfter({ outcome, final, terminal }: { outcome: Outcome; final: boolean; terminal: boolean }): CopyState {
  if (terminal) return 'over';
  return final && outcome === 'missing' ? 'unseen' : 'open';
}

/** What an attempt came to, and its copy. */
export interface Attempted {
  outcome: Outcome;
  copy: CopyState;
}

/** A further attempt by itself, a verification, a rollback: only behind the last word of Qualys. */
export function maySendBehind(step: 'retry' | 'verify' | 'rollback', { outcome, copy }: Attempted): boolean {
  if (copy !== 'over') return false;
  switch (step) {
    case 'retry':
      return outcome === 'failed';
    case 'verify':
      return outcome === 'succeeded' || outcome === 'failed';
    case 'rollback':
      return true;
  }
}

/** Outcomes that an operator who names them puts back although a copy may still run: an override that the audit log counts. */
export const OVERRIDING: readonly Outcome[] = ['unverified', 'unreachable', 'missing'];

/** May an operator's order put the asset back? `named`: the outcomes that it names. */
export function mayBePutBack({ outcome, copy }: Attempted, named: readonly string[]): boolean {
  return named.includes(outcome) && (!mayStillRun(copy) || OVERRIDING.includes(outcome));
}

/** How the reason of an asset begins that got no second copy (contract section 3). */
export const OPEN_COPY = 'open-copy';
/** How the reason of an asset begins that its wave's rollback left out (contract section 4). */
export const NOT_ROLLED_BACK = 'not-rolled-back';

/** Names the run whose copy it is. */
export function openCopyReason(runId: string): string {
  return `${OPEN_COPY}: run ${runId}`;
}
