// The report of a finished run in each of its formats, as chunks of text in constant memory.
import type { RunReport } from '../domain/run/outcome.js';
import { readNotJoined } from '../domain/targets/join-record.js';
import type { Ledger } from '../ledger/index.js';
import type { RunRow } from '../ledger/rows/run.js';

export const REPORT_FORMATS = ['html', 'csv', 'json'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

export type FinishedRun = RunRow & { report: RunReport };

export function isFinished(run: RunRow): run is FinishedRun {
  return run.report !== undefined;
}

/** What makes them is loaded at the first. */
export async function reportChunks(format: ReportFormat, ledger: Ledger, run: FinishedRun): Promise<AsyncIterable<string>> {
  const { reader } = ledger;
  switch (format) {
    case 'json': {
      const { failuresOf } = await import('../reports/facts.js');
      const { jsonReport } = await import('../reports/json.js');
      const notJoined = readNotJoined(await ledger.audit.of(run.id));
      return jsonReport(run.report, reader.allAssets(run.id), { notJoined, failures: await failuresOf(ledger, run) });
    }
    case 'csv':
      return (await import('../reports/csv.js')).csvReport(reader.allAssets(run.id));
    case 'html': {
      const { reportFacts } = await import('../reports/facts.js');
      const { htmlReport } = await import('../reports/html/page.js');
      return htmlReport(await reportFacts(ledger, run), (outcome, wave) => reader.allAssets(run.id, { outcome, wave }));
    }
  }
}
