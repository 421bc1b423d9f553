import type { RunReport } from '../domain/outcome.js';
import type { AuditEntry } from '../ledger/audit.js';
import type { Ledger } from '../ledger/ledger.js';
import type { StrayRow } from '../ledger/reader.js';
import type { RunRow } from '../ledger/run-row.js';
import type { ScheduleRow } from '../ledger/schedules.js';

/** What a report tells beside its counts and its assets. */
export interface ReportFacts {
  report: RunReport;
  run: Pick<RunRow, 'request' | 'script' | 'cohort' | 'stop'>;
  audit: readonly AuditEntry[];
  schedules: readonly ScheduleRow[];
  /** The first of them; `report.strays` counts all. */
  strays: readonly StrayRow[];
}

/** Named one by one up to this many: the alarm is in the number, and the ledger has them all. */
export const STRAYS_NAMED = 200;

export async function reportFacts(
  { audit, reader, schedules }: Pick<Ledger, 'audit' | 'reader' | 'schedules'>,
  run: RunRow & { report: RunReport },
): Promise<ReportFacts> {
  return {
    report: run.report,
    run,
    audit: await audit.of(run.id),
    schedules: await schedules.of(run.id),
    strays: await reader.strays(run.id, STRAYS_NAMED),
  };
}
