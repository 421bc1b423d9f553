// A report for people: one file without scripts or remote parts, which opens from a mail or a ticket, by day and by night, and prints.
import { type ASSET_ROW_COLUMNS, type AssetRow, type FinalOutcome, OUTCOMES } from '../../domain/run/outcome.js';
import { inBatches } from '../batches.js';
import type { ReportFacts } from '../facts.js';
import { decisionsSection, notesSection } from './audit.js';
import { followUpSection, notJoinedSection } from './outlook.js';
import { HTML_STYLE } from './style.js';
import { outOfCohortAlarm, summary } from './summary.js';
import { escaped, number, utc } from './text.js';
import { recheckSection, wavesSection } from './waves.js';

const ROWS_PER_CHUNK = 500;
const COLUMNS = [
  ['assetId', 'Asset'],
  ['name', 'Name'],
  ['reason', 'Reason'],
  ['status', 'Qualys status'],
  ['exitCode', 'Exit code'],
  ['rule', 'Decided by'],
  ['attempt', 'Attempt'],
  ['jobId', 'Job'],
  ['finishedAt', 'Finished (UTC)'],
  ['late', 'Late verdict'],
] as const satisfies readonly (readonly [(typeof ASSET_ROW_COLUMNS)[number], string])[];

/** What somebody has to do something about comes before what was decided, and that before what is well. */
const UNRESOLVED: readonly FinalOutcome[] = ['failed', 'unverified', 'unreachable', 'missing'];

/** Assets of one outcome, in the order of the cohort; of one wave of a campaign, by its number. */
export type AssetsOf = (outcome: FinalOutcome, wave?: number) => AsyncIterable<AssetRow>;

/** The page as chunks of text; the assets in constant memory. Everything that came from outside is escaped. */
export async function* htmlReport(facts: ReportFacts, assetsOf: AssetsOf): AsyncGenerator<string> {
  yield head(facts.report.runId);
  yield `<main>\n${outOfCohortAlarm(facts)}${summary(facts)}${wavesSection(facts)}${recheckSection(facts)}`;
  for (const outcome of UNRESOLVED) yield* assetSection(facts, outcome, assetsOf);
  yield followUpSection(facts) + notJoinedSection(facts) + decisionsSection(facts);
  for (const outcome of OUTCOMES) if (!UNRESOLVED.includes(outcome)) yield* assetSection(facts, outcome, assetsOf);
  yield `${notesSection(facts)}</main>\n</html>\n`;
}

function head(runId: string): string {
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

async function* assetSection({ report, campaign }: ReportFacts, outcome: FinalOutcome, assetsOf: AssetsOf): AsyncGenerator<string> {
  const waves = campaign?.waves.filter(({ counts }) => counts[outcome] > 0) ?? [];
  const groups = waves.length === 0 ? [undefined] : waves;
  let isOpen = false;
  for (const wave of groups) {
    let isFirst = true;
    for await (const batch of inBatches(assetsOf(outcome, wave?.w), ROWS_PER_CHUNK)) {
      if (!isOpen) yield sectionHead(outcome, report.counts[outcome]);
      if (isFirst) yield `${isOpen ? '</tbody>\n' : ''}<tbody>\n${wave ? waveLine(wave.name, wave.counts[outcome]) : ''}`;
      [isOpen, isFirst] = [true, false];
      yield batch.map(assetLine).join('');
    }
  }
  if (isOpen) yield '</tbody>\n</table></div></section>\n';
}

function waveLine(name: string, count: number): string {
  return `<tr class="wave"><th colspan="${COLUMNS.length}" scope="rowgroup">Wave ${escaped(name)} <small>${number(count)}</small></th></tr>\n`;
}

function sectionHead(outcome: FinalOutcome, count: number): string {
  const titles = COLUMNS.map(([column, title]) => `<th scope="col" class="${column}">${title}</th>`).join('');
  return `<section><h2 id="${outcome}"><span class="dot ${outcome}"></span>${capital(outcome)} <small>${number(count)}</small></h2>
<div class="scroll"><table class="assets"><thead><tr>${titles}</tr></thead>
`;
}

function assetLine(row: AssetRow): string {
  const cells = COLUMNS.map(([column]) => {
    // Qualys' own word decided where no rule is named.
    const value = column === 'rule' && row.rule === 'default' ? undefined : row[column];
    return `<td>${column === 'finishedAt' && typeof value === 'string' ? utc(value) : escaped(String(value ?? ''))}</td>`;
  });
  return `<tr>${cells.join('')}</tr>\n`;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
