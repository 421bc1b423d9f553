// The waves of a campaign, and what a recheck found otherwise than the run before: both before the assets.
import { OUTCOMES } from '../../domain/run/outcome.js';
import type { WaveView } from '../../ledger/reads/campaign-view.js';
import type { ReportFacts } from '../facts.js';
import { escaped, number, utc } from './text.js';

export function wavesSection({ report, campaign }: ReportFacts): string {
  if (!campaign || campaign.waves.length === 0) return '';
  return `<section><h2 id="waves">Waves <small>${number(campaign.waves.length)}</small></h2>
<div class="scroll"><table class="waves"><thead><tr><th scope="col">Wave</th><th scope="col">Status</th><th scope="col">Assets</th><th scope="col">Approved by</th><th scope="col">Opened to closed (UTC)</th><th scope="col">Why</th></tr></thead>
<tbody>
${campaign.waves.map((wave) => waveRow(wave, report.runId)).join('\n')}
</tbody></table></div>
</section>
`;
}

function waveRow({ name, status, counts, compliant, notRolledBack, approvedBy, openedAt, closedAt, why }: WaveView, runId: string): string {
  const told = OUTCOMES.filter((outcome) => counts[outcome] > 0).map(
    (outcome) =>
      `${number(counts[outcome])} ${outcome}${outcome === 'skipped' && compliant > 0 ? ` (${number(compliant)} compliant)` : ''}`,
  );
  const rollback = status === 'rolled-back' ? `rolled back by ${runId}/${encodeURIComponent(name)}/rollback` : undefined;
  const leftOut = notRolledBack ? `${number(notRolledBack)} not rolled back` : undefined;
  const cells = [
    escaped(name),
    `<span class="tag ${status}">${escaped(status)}</span>`,
    `${number(counts.targeted)}${told.length > 0 ? `: ${told.join(', ')}` : ''}`,
    escaped(approvedBy.join(', ')),
    openedAt === undefined ? '' : `${utc(openedAt)} to ${closedAt === undefined ? 'the end' : utc(closedAt)}`,
    escaped([why, rollback, leftOut].filter((part) => part !== undefined).join('; ')),
  ];
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
}

export function recheckSection({ report: { recheck } }: ReportFacts): string {
  if (!recheck) return '';
  const changed = recheck.changes.filter(({ before, now }) => before !== now);
  const same = recheck.changes.filter(({ before, now }) => before === now).reduce((sum, { assets }) => sum + assets, 0);
  const items = changed.map(({ before, now, assets }) => `<li><b>${number(assets)}</b> were ${escaped(before)}, now ${escaped(now)}</li>`);
  return `<section><h2 id="before">Compared with the run before</h2>
<p>This run checked assets again from <code>${escaped(recheck.of)}</code>.</p>
<ul>${items.join('')}${same > 0 ? `<li><b>${number(same)}</b> unchanged</li>` : ''}</ul></section>
`;
}
