import type { RunSnapshot } from '../../domain/run/snapshot.js';
import type { Ledger } from '../../ledger/index.js';
import type { RunRow } from '../../ledger/rows/run.js';

/** Ends a run whose error budget is exceeded; a step whose campaign wants to be asked is held instead. True when that is new. */
export async function stopAtBreach({ runs, audit }: Ledger, run: RunRow, snapshot: RunSnapshot): Promise<boolean> {
  if (!snapshot.breached || snapshot.stop || snapshot.held) return false;
  if (run.onBreach === 'pause') {
    await runs.hold(run.id);
    await audit.add(run.id, { action: 'breach', detail: 'error budget exceeded: nothing more is sent until a person decides' });
  } else await runs.stop(run.id, 'stopped', 'error-budget');
  return true;
}
