// How a run ended, for people: its report as a few lines, or what went wrong instead.
import { isCampaignReport, type WaveReport } from '../../domain/campaign/status.js';
import { spanText } from '../../domain/clock/span.js';
import { OUTCOMES, type RunReport } from '../../domain/run/outcome.js';
import type { RunEnd } from '../../temporal/runs/temporal-runs.js';
import { EXIT, type ExitCode, type Invocation, writeLine } from '../invocation/context.js';
import { type Line, OUTCOME_STYLE, painter, STATUS_STYLE } from '../terminal/paint.js';
import { padText, safeLine, textWidth } from '../terminal/text.js';
import { notRolledBackText, waveStyle } from './wave-lines.js';

export function exitCodeOf(end: RunEnd): ExitCode {
  if (end.kind === 'report') return end.report.status === 'succeeded' ? EXIT.done : EXIT.notSucceeded;
  return end.type === 'InvalidRequest' ? EXIT.usage : EXIT.notSucceeded;
}

export async function printEnd({ stdout, stderr, env }: Invocation, workflowId: string, end: RunEnd): Promise<void> {
  if (end.kind === 'report') {
    const paint = painter(stdout, env);
    for (const line of [...reportLines(end.report), ...waveReportLines(end.report), ...nextLines(end.report)])
      await writeLine(stdout, paint(line));
    return;
  }
  const paint = painter(stderr, env);
  for (const line of failureLines(workflowId, end)) await writeLine(stderr, paint(line));
}

export function reportLines(report: RunReport): Line[] {
  const { counts, status, script, strays, followUp, recheck } = report;
  const facts: [string, string][] = [
    ['script', `${safeLine(script.title)} (${script.id})`],
    ['took', `${spanText(Date.parse(report.finishedAt) - Date.parse(report.startedAt))}, until ${report.finishedAt}`],
    ['cost', `${plural(report.executions, 'execution')}, ${plural(report.apiCalls, 'call')}`],
    ...(followUp && isMade(followUp) ? [['follow-up', followUpText(followUp)] satisfies [string, string]] : []),
    ...(followUp?.refused ?? []).map((why): [string, string] => ['refused', safeLine(why)]),
    ...(recheck ? [['recheck', recheckText(recheck)] satisfies [string, string]] : []),
    ...(report.warnings ?? []).map((warning): [string, string] => ['warning', safeLine(warning)]),
    ['assets', number(counts.targeted)],
  ];
  return [
    [{ text: safeLine(report.runId), style: 'strong' }, { text: '  ' }, { text: status, style: STATUS_STYLE[status] }],
    ...(strays > 0
      ? [
          [
            { text: '  STRAYS      ', style: 'bad' },
            { text: outOfCohortText(strays), style: 'bad' },
          ] satisfies Line,
        ]
      : []),
    ...facts.map(([name, fact]): Line => [{ text: `  ${name.padEnd(12)}`, style: 'soft' }, { text: fact }]),
    ...OUTCOMES.filter((outcome) => counts[outcome] > 0).map(
      (outcome): Line => [
        { text: `    ${outcome.padEnd(12)}`, style: OUTCOME_STYLE[outcome] },
        { text: number(counts[outcome]) },
        // The other outcomes say themselves what happened.
        ...(outcome === 'skipped'
          ? [{ text: `   why: overhaul assets ${safeLine(report.runId)} --outcome skipped`, style: 'soft' as const }]
          : []),
      ],
    ),
  ];
}

/** Where a person who has watched the run reads on, unless every asset is where it should be. */
export function nextLines({ runId, counts }: RunReport): Line[] {
  if (counts.failed + counts.unverified + counts.unreachable + counts.missing === 0) return [];
  return [[{ text: '  next        ', style: 'soft' }, { text: `what is left, and what to do about it: overhaul show ${safeLine(runId)}` }]];
}

/** Of a campaign, what happened to each wave. */
export function waveReportLines(report: RunReport): Line[] {
  return isCampaignReport(report) ? linesOfWaves(report.waves) : [];
}

function linesOfWaves(waves: readonly WaveReport[]): Line[] {
  const nameWidth = Math.max(10, ...waves.map(({ name }) => textWidth(safeLine(name))));
  const statusWidth = Math.max(0, ...waves.map(({ status }) => status.length));
  return waves.map(({ name, status, counts, rollbackId, notRolledBack }, index): Line => {
    const told = OUTCOMES.filter((outcome) => counts[outcome] > 0).map((outcome) => `${number(counts[outcome])} ${outcome}`);
    return [
      { text: `  ${(index === 0 ? 'waves' : '').padEnd(12)}`, style: 'soft' },
      { text: `${padText(safeLine(name), nameWidth)}  ` },
      { text: `${padText(status, statusWidth)}  `, style: waveStyle(status) },
      { text: [told.join(', ') || 'no assets', ...rollbackTexts(rollbackId, notRolledBack)].join('; ') },
    ];
  });
}

function rollbackTexts(rollbackId: string | undefined, notRolledBack = 0): string[] {
  return [
    ...(rollbackId === undefined ? [] : [`rolled back by ${safeLine(rollbackId)}`]),
    ...(notRolledBack > 0 ? [notRolledBackText(notRolledBack)] : []),
  ];
}

/** What the run found otherwise than the one that it looks at again. */
function recheckText({ of, changes }: NonNullable<RunReport['recheck']>): string {
  const told = changes.map(({ before, now, assets }) =>
    before === now ? `${number(assets)} still ${now}` : `${number(assets)} ${before} → ${now}`,
  );
  return `of ${safeLine(of)}: ${told.join(', ') || 'none of its assets were in that run'}`;
}

export function failureLines(workflowId: string, { type, message, problems }: Extract<RunEnd, { kind: 'failed' }>): Line[] {
  // A single one is often the message itself: long sentences are not said twice.
  const isTold = (problem: string): boolean => problems.length === 1 && type === 'PolicyViolation' && message.includes(problem);
  return [
    [{ text: safeLine(workflowId), style: 'strong' }, { text: '  ' }, { text: type, style: 'bad' }],
    [{ text: `  ${safeLine(message)}` }],
    ...problems
      .filter(({ problem }) => !isTold(problem))
      .map(({ path, problem }): Line => [{ text: `  ${path ? `${safeLine(path)}: ` : ''}${safeLine(problem)}` }]),
  ];
}

function isMade({ titles, workflowId }: NonNullable<RunReport['followUp']>): boolean {
  return titles.length > 0 || workflowId !== undefined;
}

function followUpText({ kind, titles, workflowId }: NonNullable<RunReport['followUp']>): string {
  return safeLine(`${kind} ${[...titles, ...(workflowId ? [workflowId] : [])].join(', ')}`.trim());
}

function outOfCohortText(strays: number): string {
  return `${strays === 1 ? '1 asset' : `${number(strays)} assets`} outside the cohort got the script`;
}

function plural(count: number, noun: string): string {
  return `${number(count)} ${noun}${count === 1 ? '' : 's'}`;
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
