import type { RunReport } from '../domain/run/outcome.js';
import type { Ledger } from '../ledger/index.js';
import type { WaveView } from '../ledger/reads/campaign-view.js';
import type { OutOfCohortRow } from '../ledger/reads/reader.js';
import { type AuditEntry, LEDGER_WIDE } from '../ledger/rows/audit.js';
import type { RunRow } from '../ledger/rows/run.js';
import type { ScheduleRow } from '../ledger/runs/schedules.js';

/** What a report tells beside its counts and its assets. */
export interface ReportFacts {
  report: RunReport;
  run: Pick<RunRow, 'request' | 'script' | 'cohort' | 'stop'>;
  audit: readonly AuditEntry[];
  schedules: readonly ScheduleRow[];
  /** The first of them; `report.strays` counts all. */
  outOfCohort: readonly OutOfCohortRow[];
  /** Of a campaign: the digest that was approved last, and its waves in order. */
  campaign?: { digest?: string | undefined; waves: readonly WaveView[] } | undefined;
}

/** Named one by one up to this many: the alarm is in the number, and the ledger has them all. */
export const OUT_OF_COHORT_NAMED = 200;

export async function reportFacts(ledger: ReportLedger, run: RunRow & { report: RunReport }): Promise<ReportFacts> {
  const { schedules, reader } = ledger;
  return {
    report: run.report,
    run,
    audit: run.kind === 'campaign' ? await auditOfCampaign(ledger, run.id) : await ledger.audit.of(run.id),
    schedules: await schedules.of(run.id),
    outOfCohort: await reader.outOfCohort(run.id, OUT_OF_COHORT_NAMED),
    campaign: run.kind === 'campaign' ? await campaignFacts(ledger, run.id) : undefined,
  };
}

type ReportLedger = Pick<Ledger, 'audit' | 'reader' | 'schedules' | 'campaigns'>;

async function campaignFacts({ reader, campaigns }: ReportLedger, id: string): Promise<NonNullable<ReportFacts['campaign']>> {
  return { digest: (await campaigns.get(id))?.digest, waves: (await reader.run(id))?.waves ?? [] };
}

/** What was noted of its steps is told with the step's name. */
async function auditOfCampaign({ audit, campaigns }: ReportLedger, id: string): Promise<AuditEntry[]> {
  const entries = await audit.of(id);
  for (const step of await campaigns.steps(id)) {
    const name = step.id.slice(id.length + 1);
    for (const entry of await audit.of(step.id)) {
      if (LEDGER_WIDE.includes(entry.action)) continue;
      entries.push(entry.detail?.startsWith('{') ? entry : { ...entry, detail: `${decodeURIComponent(name)}: ${entry.detail ?? ''}` });
    }
  }
  return entries.sort((one, other) => one.at - other.at);
}
