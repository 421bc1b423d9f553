// The top of the page: the alarm if there is one, how the run ended, and who asked for what.

import { spanText } from '../../domain/clock/span.js';
import { OUTCOMES, type RunReport } from '../../domain/run/outcome.js';
import type { ReportFacts } from '../facts.js';
import { STATUS_MEANS } from './legend.js';
import { escaped, linked, number, plural, utc } from './text.js';

/** Before everything else: a script ran where nobody had approved it. */
export function outOfCohortAlarm({ report, outOfCohort }: ReportFacts): string {
  if (report.strays === 0) return '';
  const named = outOfCohort.map(({ assetId, jobId }) => `<li>${escaped(assetId)} <small>job ${escaped(jobId)}</small></li>`).join('');
  const rest = report.strays - outOfCohort.length;
  return `<section class="alarm" role="alert"><h2>⚠ ${plural(report.strays, 'asset')} outside the cohort got the script</h2>
<p>Nobody approved the script for ${report.strays === 1 ? 'this asset' : 'these assets'}. Check ${report.strays === 1 ? 'it' : 'each of them'}, and the tags of the run.</p>
<ul>${named}</ul>${rest > 0 ? `<p>and ${number(rest)} more, listed in the ledger.</p>` : ''}</section>
`;
}

export function summary(facts: ReportFacts): string {
  const { counts, runId, status } = facts.report;
  const items = OUTCOMES.map((outcome) => {
    const text = `<b>${number(counts[outcome])}</b> ${outcome}`;
    return `<li class="${outcome}">${counts[outcome] > 0 ? `<a href="#${outcome}"><span class="dot ${outcome}"></span>${text}</a>` : text}</li>`;
  });
  return `<h1>${escaped(runId)} <span class="badge ${status}">${status}</span></h1>
<p class="means">${STATUS_MEANS[status]} <a href="#words">What the words mean</a></p>
<div class="bar" role="img" aria-label="${OUTCOMES.map((outcome) => `${counts[outcome]} ${outcome}`).join(', ')}">${OUTCOMES.map((outcome) => share(outcome, counts[outcome])).join('')}</div>
<ul class="counts"><li><b>${number(counts.targeted)}</b> targeted</li>${items.join('')}</ul>
<dl>${factsOf(facts)
    .map(([term, fact]) => `<dt>${term}</dt><dd>${fact}</dd>`)
    .join('')}</dl>
`;
}

/** Values are markup: what came from outside is escaped here. */
function factsOf({ report, run, campaign, clockRate }: ReportFacts): [string, string][] {
  const { requestedBy, reason, ticket } = run.request;
  const optional = (term: string, text: string | undefined): [string, string][] => (text ? [[term, escaped(text)]] : []);
  return [
    ...optional('Requested by', requestedBy),
    ...optional('Reason', reason),
    ...(ticket ? [['Ticket', `${linked(ticket.id, ticket.url)} <small>${escaped(ticket.system)}</small>`] satisfies [string, string]] : []),
    ...optional('Stopped because', report.status === 'stopped' ? run.stop?.reason : undefined),
    ['Script', escaped(`${report.script.title} (${report.script.id})`)],
    ...(report.warnings ?? []).map((warning): [string, string] => ['Warning', escaped(warning)]),
    ...hashFact('Script SHA-256', run.script?.sha256),
    ...hashFact('Cohort digest', run.cohort.digest),
    ...hashFact('Plan digest', campaign?.digest),
    ['Time', timeText(report)],
    ...(isSimulated(clockRate) ? [['Qualys’ clock', simulatedText(clockRate)] satisfies [string, string]] : []),
    ['Cost', `${plural(report.executions, 'execution')}, ${plural(report.apiCalls, 'Qualys call')}`],
  ];
}

function hashFact(term: string, hash: string | undefined): [string, string][] {
  return hash ? [[term, `<code>${escaped(hash)}</code>`]] : [];
}

function timeText({ startedAt, finishedAt }: RunReport): string {
  return `${utc(startedAt)} to ${utc(finishedAt)} UTC, ${spanText(Date.parse(finishedAt) - Date.parse(startedAt))}`;
}

/** Clocks do not run that fast: it is a simulator, whose minutes are seconds here. */
export function isSimulated(clockRate: number): boolean {
  return clockRate >= 2;
}

function simulatedText(clockRate: number): string {
  return `a simulator’s, ${number(Math.round(clockRate))} times as fast as ours. When assets finished, and every limit such as a deadline, is in its time; all other times on this page are ours.`;
}

function share(outcome: string, count: number): string {
  return count === 0 ? '' : `<i class="${outcome}" style="flex-grow:${count}"></i>`;
}
