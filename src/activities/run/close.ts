import { type RunReport, runStatus } from '../../domain/run/outcome.js';
import type { Issued } from '../../domain/run/snapshot.js';
import type { Ledger } from '../../ledger/index.js';
import { REFUSED } from '../../ledger/rows/audit.js';
import { changesSince } from '../../ledger/runs/outcome-changes.js';
import type { ClosingFacts } from '../../ledger/runs/registry.js';
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

/** What the reports of runs and campaigns say alike. Reads what is told beside the outcomes, before the transaction that closes the run. */
export async function reporting(ledger: Ledger, runId: string): Promise<(facts: ClosingFacts) => RunReport> {
  const [schedules, refusals] = [await ledger.schedules.of(runId), await ledger.schedules.refusals(runId)];
  const recheck = await recheckOf(ledger, runId);
  const warnings = await ledger.runs.warnings(runId);
  return ({ counts, run, compliant, outOfCohort, executions, apiCalls, now }) => {
    const { pending: _pending, running: _running, ...final } = counts;
    const followUp = followUpReport(run.request.followUp?.kind, schedules, refusals);
    return {
      runId,
      status: runStatus({ counts: final, compliant, outOfCohort, stopped: run.stop?.cause }),
      script: { id: run.script?.id ?? '', title: run.script?.title ?? run.request.script },
      startedAt: new Date(run.startedAt ?? run.createdAt).toISOString(),
      finishedAt: new Date(now).toISOString(),
      counts: final,
      strays: outOfCohort,
      executions,
      apiCalls,
      ...(followUp === undefined ? {} : { followUp }),
      ...(recheck === undefined ? {} : { recheck }),
      ...(warnings.length === 0 ? {} : { warnings }),
    };
  };
}

async function recheckOf(ledger: Ledger, runId: string): Promise<RunReport['recheck']> {
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
      const reportOf = await reporting(ledger, runId);
      return ledger.runs.close(runId, (facts) => report ?? reportOf(facts));
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
