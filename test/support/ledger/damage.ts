// A ledger that is not as its own methods would have left it: of an older build, of a process that died in the middle, of somebody who
// wrote into it by hand.
import type { Ledger } from '../../../src/ledger/index.js';
import { add, type Changes, overwrite, remove, together, type Where } from './rows.js';

/** Executions stand as no event would have left them. */
export async function misstate(ledger: Ledger, execution: Changes<'executions'>, where: Where<'executions'> = {}): Promise<void> {
  await overwrite(ledger, 'executions', where, execution);
}

/** What was approved with a run, what was read of its script, where its namespace is: as another build, or another hand, wrote it. */
export async function rewriteRun(ledger: Ledger, run: Changes<'runs'>, where: Where<'runs'> = {}): Promise<void> {
  await overwrite(ledger, 'runs', where, run);
}

/** Leases that nobody took. */
export async function lease(ledger: Ledger, where: Where<'attempts'> = {}): Promise<void> {
  await overwrite(ledger, 'attempts', where, { lease: 1 });
}

/** By hand, in the table: without an instant, and without an entry in the audit log. */
export async function throwSwitchByHand(ledger: Ledger, thrown: Changes<'ledger'>): Promise<void> {
  await overwrite(ledger, 'ledger', {}, thrown);
}

/** The process that resolved the targets died before it could freeze them. */
export async function thaw(ledger: Ledger, runId: string, phase?: 'opening'): Promise<void> {
  await overwrite(ledger, 'runs', { id: runId }, { cohortDigest: null, ...(phase === undefined ? {} : { phase }) });
}

export { add, overwrite, remove, together };
