import type { AssetRow, RunReport } from '../domain/run/outcome.js';
import { decodeOutput } from '../domain/verdict/decode.js';
import type { Ledger } from '../ledger/index.js';
import type { WaveView } from '../ledger/reads/campaign-view.js';
import type { OutOfCohortRow } from '../ledger/reads/reader.js';
import { type AuditEntry, LEDGER_WIDE } from '../ledger/rows/audit.js';
import type { RunRow } from '../ledger/rows/run.js';
import type { ScheduleRow } from '../ledger/runs/schedules.js';
import { type Failures, failuresIn } from './failures.js';

/** What a report tells beside its counts and its assets. */
export interface ReportFacts {
  report: RunReport;
  run: Pick<RunRow, 'request' | 'script' | 'cohort' | 'stop'>;
  audit: readonly AuditEntry[];
  schedules: readonly ScheduleRow[];
  /** The first of them; `report.strays` counts all. */
  outOfCohort: readonly OutOfCohortRow[];
  /** Undefined where nothing failed. */
  failures?: Failures | undefined;
  /** Undefined where no output of an unverified asset is stored. */
  unverified?: Failures | undefined;
  /** Milliseconds of Qualys' clock in one of ours: 1, or more of a simulator. */
  clockRate: number;
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
    failures: await failuresOf(ledger, run),
    unverified: withOutput(await failuresOf(ledger, run, 'unverified')),
    clockRate: await ledger.serverClock.rate(),
    campaign: run.kind === 'campaign' ? await campaignFacts(ledger, run.id) : undefined,
  };
}

type ReportLedger = Pick<Ledger, 'audit' | 'reader' | 'schedules' | 'campaigns' | 'outputs' | 'runs' | 'serverClock'>;

/** Without an output a group says no more than the rows do. */
function withOutput(failures: Failures | undefined): Failures | undefined {
  return failures?.groups.some(({ sample }) => sample !== undefined) ? failures : undefined;
}

/** Undefined where no asset has the outcome. */
export async function failuresOf(
  ledger: ReportLedger,
  { id, kind, report }: RunRow & { report: RunReport },
  outcome: 'failed' | 'unverified' = 'failed',
): Promise<Failures | undefined> {
  if (report.counts[outcome] === 0) return undefined;
  const { reader, outputs } = ledger;
  const encodingOf = stepEncodings(ledger);
  return failuresIn(reader.allAssets(id, { outcome }), async ({ assetId, outputBytes }: AssetRow) => {
    // The output of an earlier attempt is not why the last one failed.
    if (outputBytes === undefined) return undefined;
    const owner = kind === 'campaign' ? await reader.outputOwner(id, assetId) : id;
    const bytes = await outputs.read(owner, assetId);
    return bytes && decodeOutput(bytes, await encodingOf(owner));
  });
}

/** What the requests of a run, or of the steps of a campaign, say of how their scripts write. */
function stepEncodings({ runs }: ReportLedger): (runId: string) => Promise<string | undefined> {
  const known = new Map<string, Promise<string | undefined>>();
  return (runId) => {
    const encoding = known.get(runId) ?? runs.get(runId).then((run) => run?.request.verdict?.encoding);
    known.set(runId, encoding);
    return encoding;
  };
}

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
