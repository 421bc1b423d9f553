// A report for people: one file without scripts or remote parts, which opens from a mail or a ticket, by day and by night, and prints.
import { type ASSET_ROW_COLUMNS, type AssetRow, type FinalOutcome, OUTCOMES } from '../../domain/run/outcome.js';
import { inBatches } from '../batches.js';
import type { ReportFacts } from '../facts.js';
import { decisionsSection, notesSection } from './audit.js';
import { failureGroups } from './failures.js';
import { legendSection } from './legend.js';
import { followUpSection, notJoinedSection } from './outlook.js';
import { ReasonWords, reasonCell } from './reasons.js';
import { HTML_STYLE } from './style.js';
import { isSimulated, outOfCohortAlarm, summary } from './summary.js';
import { escaped, number, plural, utc } from './text.js';
import { recheckSection, wavesSection } from './waves.js';

const ROWS_PER_CHUNK = 500;
const COLUMNS = [
  ['assetId', 'Asset'],
  ['name', 'Name'],
  ['reason', 'Reason'],
  ['status', 'Qualys status'],
  ['exitCode', 'Exit code'],
  ['attempt', 'Attempt'],
  ['jobId', 'Job'],
  ['finishedAt', 'Finished (UTC)'],
] as const satisfies readonly (readonly [(typeof ASSET_ROW_COLUMNS)[number], string])[];

/** What somebody has to do something about comes before what was decided, and that before what is well. */
const UNRESOLVED: readonly FinalOutcome[] = ['failed', 'unverified', 'unreachable', 'missing'];

/** What nobody has to look at is there for who asks. */
const FOLDED: readonly FinalOutcome[] = ['succeeded'];

/** Assets of one outcome, in the order of the cohort; of one wave of a campaign, by its number. */
export type AssetsOf = (outcome: FinalOutcome, wave?: number) => AsyncIterable<AssetRow>;

/** The page as chunks of text; the assets in constant memory. Everything that came from outside is escaped. */
export async function* htmlReport(facts: ReportFacts, assetsOf: AssetsOf): AsyncGenerator<string> {
  const words = new ReasonWords();
  yield head(facts.report.runId);
  yield `<main>\n${outOfCohortAlarm(facts)}${summary(facts)}${wavesSection(facts)}${recheckSection(facts)}`;
  for (const outcome of UNRESOLVED) yield* assetSection(facts, outcome, assetsOf, words);
  yield followUpSection(facts) + notJoinedSection(facts) + decisionsSection(facts);
  for (const outcome of OUTCOMES) if (!UNRESOLVED.includes(outcome)) yield* assetSection(facts, outcome, assetsOf, words);
  yield `${notesSection(facts)}${legendSection(facts, words)}</main>\n</html>\n`;
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

async function* assetSection(facts: ReportFacts, outcome: FinalOutcome, assetsOf: AssetsOf, words: ReasonWords): AsyncGenerator<string> {
  const { campaign } = facts;
  const waves = campaign?.waves.filter(({ counts }) => counts[outcome] > 0) ?? [];
  const groups = waves.length === 0 ? [undefined] : waves;
  let isOpen = false;
  for (const wave of groups) {
    let isFirst = true;
    for await (const batch of inBatches(assetsOf(outcome, wave?.waveNo), ROWS_PER_CHUNK)) {
      if (!isOpen) yield sectionHead(facts, outcome);
      if (isFirst) yield `${isOpen ? '</tbody>\n' : ''}<tbody>\n${wave ? waveLine(wave.name, wave.counts[outcome]) : ''}`;
      [isOpen, isFirst] = [true, false];
      for (const { reason } of batch) words.meet(reason);
      yield batch.map(assetLine).join('');
    }
  }
  if (isOpen) yield `</tbody>\n</table></div>${FOLDED.includes(outcome) ? '</details>' : ''}</section>\n`;
}

function waveLine(name: string, count: number): string {
  return `<tr class="wave"><th colspan="${COLUMNS.length}" scope="rowgroup">Wave ${escaped(name)} <small>${number(count)}</small></th></tr>\n`;
}

function sectionHead(facts: ReportFacts, outcome: FinalOutcome): string {
  const count = facts.report.counts[outcome];
  const titles = COLUMNS.map(([column, title]) => `<th scope="col">${column === 'finishedAt' ? finishedTitle(facts) : title}</th>`).join(
    '',
  );
  return `<section><h2 id="${outcome}"><span class="dot ${outcome}"></span>${capital(outcome)} <small>${number(count)}</small></h2>
${failureGroups(facts, outcome)}${FOLDED.includes(outcome) ? `<details><summary>Show ${plural(count, 'asset')}</summary>` : ''}<div class="scroll"><table class="assets${isSimulated(facts.clockRate) ? ' simulated' : ''}"><thead><tr>${titles}</tr></thead>
`;
}

function finishedTitle({ clockRate }: ReportFacts): string {
  return isSimulated(clockRate) ? 'Finished (simulated UTC)' : 'Finished (UTC)';
}

function assetLine(row: AssetRow): string {
  const cells = COLUMNS.map(([column]) => `<td>${column === 'reason' ? reasonCell(row) : plainCell(row, column)}</td>`);
  return `<tr>${cells.join('')}</tr>\n`;
}

function plainCell(row: AssetRow, column: (typeof COLUMNS)[number][0]): string {
  const value = row[column];
  return column === 'finishedAt' && typeof value === 'string' ? utc(value) : escaped(String(value ?? ''));
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
