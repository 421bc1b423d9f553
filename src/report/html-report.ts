// A report for people: one file without scripts or remote parts, which opens from a mail or a ticket, by day and by night.
import { type ASSET_ROW_COLUMNS, type AssetRow, OUTCOMES, type RunReport } from '../domain/outcome.js';
import { spanText } from '../domain/span.js';
import { inBatches } from './batches.js';
import { HTML_STYLE } from './html-style.js';

const ROWS_PER_CHUNK = 500;
const COLUMNS = [
  ['assetId', 'Asset'],
  ['name', 'Name'],
  ['outcome', 'Outcome'],
  ['reason', 'Reason'],
  ['status', 'Qualys status'],
  ['exitCode', 'Exit code'],
  ['attempt', 'Attempt'],
  ['finishedAt', 'Finished'],
] as const satisfies readonly (readonly [(typeof ASSET_ROW_COLUMNS)[number], string])[];

/** The page as chunks of text, in constant memory. Everything that came from outside is escaped. */
export async function* htmlReport(report: RunReport, assets: AsyncIterable<AssetRow>): AsyncGenerator<string> {
  yield head(report);
  yield `<main>\n${summary(report)}<h2>Assets</h2>\n<div class="scroll"><table>\n<thead><tr>${COLUMNS.map(([, title]) => `<th scope="col">${title}</th>`).join('')}</tr></thead>\n<tbody>\n`;
  for await (const batch of inBatches(assets, ROWS_PER_CHUNK)) yield batch.map(assetLine).join('');
  yield '</tbody>\n</table></div>\n</main>\n</html>\n';
}

function head({ runId }: RunReport): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(runId)} · Overhaul</title>
<style>${HTML_STYLE}</style>
`;
}

function summary(report: RunReport): string {
  const { counts, script, status } = report;
  const facts: [string, string][] = [
    ['Script', `${script.title} (${script.id})`],
    ['Started', utc(report.startedAt)],
    ['Finished', `${utc(report.finishedAt)}, after ${spanText(Date.parse(report.finishedAt) - Date.parse(report.startedAt))}`],
    ['Executions', number(report.executions)],
    ['Qualys calls', number(report.apiCalls)],
    ...(report.strays > 0
      ? [['Strays', `${number(report.strays)} assets were hit that were not in the cohort`] satisfies [string, string]]
      : []),
    ...(report.followUp ? [['Follow-up', followUpText(report.followUp)] satisfies [string, string]] : []),
  ];
  return `<h1>${escaped(report.runId)} <span class="badge ${status}">${status}</span></h1>
<div class="bar" role="img" aria-label="${OUTCOMES.map((outcome) => `${counts[outcome]} ${outcome}`).join(', ')}">${OUTCOMES.map((outcome) => share(outcome, counts[outcome])).join('')}</div>
<ul class="counts"><li><b>${number(counts.targeted)}</b> targeted</li>${OUTCOMES.map((outcome) => `<li class="${outcome}"><b>${number(counts[outcome])}</b> ${outcome}</li>`).join('')}</ul>
<dl>${facts.map(([term, fact]) => `<dt>${term}</dt><dd>${escaped(fact)}</dd>`).join('')}</dl>
`;
}

function share(outcome: string, count: number): string {
  return count === 0 ? '' : `<i class="${outcome}" style="flex-grow:${count}"></i>`;
}

function followUpText({ kind, titles, ids, workflowId }: NonNullable<RunReport['followUp']>): string {
  return `${kind}: ${[...titles, ...(workflowId ? [workflowId] : [])].join(', ') || ids.join(', ')}`;
}

function assetLine(row: AssetRow): string {
  const cells = COLUMNS.map(([column]) => {
    const value = row[column];
    if (column === 'outcome') return `<td><span class="dot ${escaped(row.outcome)}"></span>${escaped(row.outcome)}</td>`;
    if (column === 'finishedAt') return `<td>${typeof value === 'string' ? utc(value) : ''}</td>`;
    return `<td>${escaped(String(value ?? ''))}</td>`;
  });
  return `<tr>${cells.join('')}</tr>\n`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Fit for text and for quoted attributes; controls and marks that turn text around are shown as a replacement character. */
export function escaped(text: string): string {
  return text
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
    .replace(/(?![\n\t])[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}

function utc(instant: string): string {
  const at = Date.parse(instant);
  return Number.isNaN(at) ? escaped(instant) : `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
