// Steps that no promise of their campaign's history ends with: it was reset, or they were, or their workflow is gone.
import type { StepKey } from '../../domain/campaign/step.js';
import type { RunSnapshot } from '../../domain/run/snapshot.js';
import { isAlive, seenByTemporal } from '../../temporal/step-workflow.js';
import type { ActivityDependencies } from '../dependencies.js';
import { createCloseRun } from '../run/close.js';

/** A step that this history of the campaign has not started. `foreign`: what has its id is not that step. */
export type StepSeen = { kind: 'opening' | 'finished' } | { kind: 'open'; snapshot: RunSnapshot } | { kind: 'foreign'; why: string };

export function createAdoptedStep({ ledger, client }: Pick<ActivityDependencies, 'ledger' | 'client'>) {
  return {
    /** How far a step is that runs, or has run, although this history of its campaign has not started it. */
    async pollStep({ runId, ...key }: StepKey & { runId: string }): Promise<StepSeen> {
      const row = await ledger.runs.get(runId);
      if (!row) return seenByTemporal(client, runId, key.campaignId);
      const { id, wave, step } = row.campaign ?? {};
      if (id !== key.campaignId || wave !== key.wave || step !== key.step)
        return { kind: 'foreign', why: `the ledger has another run with id ${runId}` };
      if (row.finishedAt !== undefined) return { kind: 'finished' };
      // Its cohort may not be filled: its counts would say that nothing is left to do.
      return row.phase === 'opening' ? { kind: 'opening' } : { kind: 'open', snapshot: await ledger.runs.snapshot(runId) };
    },

    /** Closes a step whose workflow is gone; one that was only reset goes on. `own`: its own workflow says so. */
    async closeLostStep({ runId, own = false }: { runId: string; own?: boolean }): Promise<{ goesOn: boolean }> {
      const row = await ledger.runs.get(runId);
      if (!row?.campaign) return { goesOn: false };
      if (!own && row.finishedAt === undefined && (await isAlive(client, row))) return { goesOn: true };
      await ledger.runs.stop(runId, 'stopped', 'interrupted');
      await createCloseRun({ ledger }).closeRun({ runId, reason: 'interrupted' });
      return { goesOn: false };
    },
  };
}
