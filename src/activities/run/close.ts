import { type RunReport, runStatus } from '../../domain/run/outcome.js';
import type { Issued } from '../../domain/run/snapshot.js';
import type { Ledger } from '../../ledger/index.js';
import { REFUSED } from '../../ledger/rows/audit.js';
import type { RunRow } from '../../ledger/rows/run.js';
import { changesSince } from '../../ledger/runs/outcome-changes.js';
import type { ActivityDependencies } from '../dependencies.js';
import { followUpReport } from '../follow-up/report.js';

export interface CloseRunInput {
  runId: string;
  /** Why assets without a final outcome have none: `cancelled`, `error-budget`, `rejected`, … */
  reason: string;
  /** What the workflow knows to have been issued; a ledger that knows less cannot say what was never sent. */
  issued?: Issued | undefined;
  /** The report that the workflow has given already: the ledger that does not have it is an older one. */
  report?: RunReport | undefined;
}

/** What the reports of runs and campaigns say alike. */
export function partsOf(run: RunRow, now: number): Pick<RunReport, 'script' | 'startedAt' | 'finishedAt'> {
  return {
    script: { id: run.script?.id ?? '', title: run.script?.title ?? run.request.script },
    startedAt: new Date(run.startedAt ?? run.createdAt).toISOString(),
    finishedAt: new Date(now).toISOString(),
  };
}

export async function recheckOf(ledger: Ledger, runId: string): Promise<RunReport['recheck']> {
  const parentId = (await ledger.runs.get(runId))?.parentId;
  return parentId === undefined ? undefined : { of: parentId, changes: await changesSince(ledger.database, runId, parentId) };
}

/** Gives every asset its last word and writes the report, once. */
export function createCloseRun({ ledger }: Pick<ActivityDependencies, 'ledger'>) {
  return {
    async closeRun({ runId, reason, issued, report }: CloseRunInput): Promise<RunReport> {
      // From here on no word is taken any more: what comes while the assets get their last word comes late.
      await ledger.runs.beginClosing(runId);
      const staleLedger = (await ledger.staleness.isStale(runId, issued)) || report !== undefined;
      if (report) await ledger.staleness.note(runId, `it lacks the report of ${runId}, which has ended`);
      await ledger.executions.releaseClaimed(runId);
      await ledger.verdicts.closeOpen(runId, reason, { staleLedger });
      const [schedules, refusals] = [await ledger.schedules.of(runId), await ledger.schedules.refusals(runId)];
      const recheck = await recheckOf(ledger, runId);
      const warnings = await ledger.runs.warnings(runId);
      return ledger.runs.close(runId, ({ counts, run, compliant, outOfCohort, executions, apiCalls, now }) => {
        if (report) return report;
        const { pending: _pending, running: _running, ...final } = counts;
        const followUp = followUpReport(run.request.followUp?.kind, schedules, refusals);
        return {
          runId,
          status: runStatus({ counts: final, compliant, outOfCohort, stopped: run.stop?.cause }),
          ...partsOf(run, now),
          counts: final,
          strays: outOfCohort,
          executions,
          apiCalls,
          ...(followUp === undefined ? {} : { followUp }),
          ...(recheck === undefined ? {} : { recheck }),
          ...(warnings.length === 0 ? {} : { warnings }),
        };
      });
    },

    /** The run ends without a report because nothing was attempted: its id is used, and nothing of it will be sent. */
    async abandonRun({ runId, reason, why }: CloseRunInput & { why?: string | undefined }): Promise<void> {
      if (why !== undefined) await ledger.audit.addOnce(runId, { action: REFUSED, detail: `${reason}: ${why}` });
      await ledger.runs.stop(runId, 'stopped', reason);
      await ledger.runs.beginClosing(runId);
      await ledger.executions.releaseClaimed(runId);
      await ledger.verdicts.closeOpen(runId, reason);
      await ledger.runs.abandon(runId);
    },
  };
}
