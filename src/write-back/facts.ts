// What a ticket is told of a run: by the ledger as it is when the entry is written, whatever came up since it was due.
import type { TicketsEntry } from '../contracts/config/file.js';
import type { StatusFacts } from '../domain/tickets/entry.js';
import { LAST_MILESTONES } from '../domain/tickets/milestone.js';
import type { Ledger } from '../ledger/index.js';
import { digestOf } from '../ledger/policy/approved-plan.js';
import { REFUSED } from '../ledger/rows/audit.js';
import type { RunRow } from '../ledger/rows/run.js';
import { csvReport } from '../reports/csv.js';
import { failuresOf } from '../reports/facts.js';
import { excerptText, type FailureGroup } from '../reports/failures.js';

/** Some five megabytes: the least that a system takes as a file is ten. */
const MOST_ATTACHED = 20_000;
const ASSETS_NAMED = 3;

export interface Telling {
  ledger: Ledger;
  publicUrl?: string | undefined;
}

export async function statusFacts(
  { ledger, publicUrl }: Telling,
  run: RunRow,
  milestone: string,
  output: TicketsEntry['output'],
): Promise<StatusFacts> {
  const view = await ledger.reader.run(run.id);
  if (!view) throw new Error(`The ledger does not know the run ${run.id}.`);
  const { counts, accepted, blocked, waves = [] } = view;
  const { report, stop, script, request } = view.run;
  const asks = /approval|decision/.test(milestone);
  return {
    ...{
      runId: run.id,
      milestone,
      status: report?.status,
      script,
      requestedBy: request.requestedBy,
      counts,
      executions: accepted,
      publicUrl,
    },
    strays: report?.strays ?? 0,
    why: LAST_MILESTONES.includes(milestone) ? ((await refusalOf(ledger, run.id)) ?? stop?.reason) : stop?.reason,
    blocked,
    digest: asks ? await digestOf(ledger.database, run.id) : undefined,
    waves,
    warnings: await ledger.runs.warnings(run.id),
    quotes: output === 'failed' && report ? await quotesOf(ledger, { ...view.run, report }) : [],
    report: report && report.counts.targeted > MOST_ATTACHED ? 'too-large' : undefined,
  };
}

/** Why it ended before anything was attempted. */
async function refusalOf(ledger: Ledger, runId: string): Promise<string | undefined> {
  return (await ledger.audit.of(runId)).find(({ action }) => action === REFUSED)?.detail;
}

async function quotesOf(ledger: Ledger, run: Parameters<typeof failuresOf>[1]): Promise<StatusFacts['quotes']> {
  const failures = await failuresOf(ledger, run);
  return (failures?.groups ?? []).flatMap((group) =>
    group.sample === undefined ? [] : [{ label: labelOf(group), text: excerptText(group.sample) }],
  );
}

function labelOf({ count, assets, exitCode }: FailureGroup): string {
  const named = assets.slice(0, ASSETS_NAMED).map(({ name, assetId }) => name ?? assetId);
  const more = count - named.length;
  return `${count} failed${exitCode === undefined ? '' : ` with exit code ${exitCode}`}: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Every asset with its outcome as CSV; undefined where that is no file for a ticket. */
export async function reportText({ ledger }: Telling, run: RunRow): Promise<string | undefined> {
  if (!run.report || run.report.counts.targeted > MOST_ATTACHED) return undefined;
  let text = '';
  for await (const chunk of csvReport(ledger.reader.allAssets(run.id))) text += chunk;
  return text;
}
