// What an entry on a ticket says, before any system's markup: what a person wants to know of a run without opening it.
import type { WaveStatus } from '../campaign/status.js';
import { LIVE_OUTCOMES, type LiveCounts, OUTCOMES, type RunStatus } from '../run/outcome.js';
import { inertLine, inertLines } from './inert.js';

export interface TicketEntry {
  /** Our own words and numbers: nothing in it needs an escape. */
  title: string;
  /** One line each. */
  lines: readonly string[];
  /** What scripts have written, clipped. */
  quotes: readonly { label: string; text: string }[];
  links: readonly { label: string; url: string }[];
  marker: string;
}

export interface StatusFacts {
  runId: string;
  /** As milestoneOf says it. */
  milestone: string;
  status?: RunStatus | undefined;
  script?: { id: string; title: string } | undefined;
  requestedBy?: string | undefined;
  counts: LiveCounts;
  executions: number;
  strays: number;
  /** Why it stopped, or was refused. */
  why?: string | undefined;
  blocked?: string | undefined;
  /** What an approval is about. */
  digest?: string | undefined;
  waves: readonly { name: string; status: WaveStatus; counts: LiveCounts; approvedBy: readonly string[]; why?: string | undefined }[];
  warnings: readonly string[];
  quotes: readonly { label: string; text: string }[];
  /** `attached`: a file comes behind this entry. */
  report?: 'attached' | 'too-large' | undefined;
  /** Of the server. */
  publicUrl?: string | undefined;
}

const LINE_LENGTH = 500;
const NAME_LENGTH = 200;
/** A campaign may have a hundred waves; those around the one under way say enough. */
const WAVES_SHOWN = 20;
const QUOTES_SHOWN = 5;
const QUOTE_LENGTH = 1_000;
const WARNINGS_SHOWN = 5;

export function statusEntry(facts: StatusFacts, marker: string): TicketEntry {
  const { runId, script, requestedBy, counts, executions, strays, why, blocked, waves, warnings, publicUrl } = facts;
  const isOver = facts.milestone === 'finished' || facts.milestone === 'refused';
  const line = (label: string, text: string | undefined): string[] =>
    text === undefined || text === '' ? [] : [`${label}: ${inertLine(text, LINE_LENGTH)}`];
  return {
    title: `Overhaul: ${stateText(facts)}`,
    lines: [
      ...line('Run', inertId(runId)),
      ...line('Script', script && `${inertLine(script.title, NAME_LENGTH)} (${script.id})`),
      ...line('Requested by', requestedBy),
      ...(counts.targeted === 0 ? [] : [`Assets: ${countsText(counts)}`]),
      ...(executions === 0 ? [] : [`Executions: ${executions}`]),
      ...(strays === 0 ? [] : [`Outside of the approved assets: ${strays} got the script all the same`]),
      ...line(isOver ? 'Why' : 'Stopping', why),
      ...(isOver ? [] : line('Waiting', blocked)),
      ...wavesText(waves),
      ...decisionText(facts),
      ...warnings.slice(0, WARNINGS_SHOWN).flatMap((warning) => line('Warning', warning)),
      ...(facts.report === 'too-large' ? ['Report: too large to be attached'] : []),
    ],
    quotes: facts.quotes.slice(0, QUOTES_SHOWN).map(({ label, text }) => ({
      label: inertLine(label, LINE_LENGTH),
      text: inertLines(text, QUOTE_LENGTH),
    })),
    links: publicUrl === undefined ? [] : linksTo(publicUrl, runId, facts.milestone === 'finished'),
    marker,
  };
}

/** A sentence of its own, such as why an approval came to nothing. */
export function lineEntry(
  runId: string,
  words: string,
  { marker, publicUrl }: { marker: string; publicUrl?: string | undefined },
): TicketEntry {
  return {
    title: 'Overhaul',
    lines: [inertLine(words, 4 * LINE_LENGTH), `Run: ${inertLine(inertId(runId), LINE_LENGTH)}`],
    quotes: [],
    links: publicUrl === undefined ? [] : linksTo(publicUrl, runId, false),
    marker,
  };
}

/** What stands beside the file of a report, in systems where a file comes with an entry. */
export function reportEntry(runId: string, marker: string): TicketEntry {
  return {
    title: 'Overhaul: report',
    lines: [`All assets of run ${inertLine(inertId(runId), LINE_LENGTH)} with their outcomes, as a file`],
    quotes: [],
    links: [],
    marker,
  };
}

function linksTo(publicUrl: string, runId: string, isFinished: boolean): TicketEntry['links'] {
  const id = encodeURIComponent(runId.toWellFormed());
  return [
    { label: 'Run', url: `${publicUrl}/runs/${id}` },
    ...(isFinished ? [{ label: 'Report', url: `${publicUrl}/api/runs/${id}/report.html` }] : []),
  ];
}

/** As it stands in the marker, too. */
function inertId(runId: string): string {
  return runId.toWellFormed();
}

const STATES: Readonly<Record<string, string>> = {
  approval: 'waiting for approval',
  running: 'running',
  paused: 'paused',
  refused: 'not started',
};

function stateText({ milestone, status, waves, counts }: StatusFacts): string {
  const [, wave, asked] = /^wave-(\d+)-(approval|decision|on)$/.exec(milestone) ?? [];
  const of = waves.length === 0 ? '' : ` of ${waves.length}`;
  if (milestone === 'finished') return `finished, ${status ?? 'without a report'}`;
  if (asked === 'approval') return `wave ${wave}${of} waits for approval`;
  if (asked === 'decision') return `wave ${wave}${of} needs a decision`;
  if (asked === 'on') return `wave ${wave}${of} goes on`;
  const [, done] = /^waves-done-(\d+)$/.exec(milestone) ?? [];
  if (done !== undefined) return `${done}${of} waves are done`;
  const ended = counts.targeted - counts.pending - counts.running;
  const progress = milestone === 'running' && counts.targeted > 0 ? `, ${ended} of ${counts.targeted} assets done` : '';
  return `${STATES[milestone] ?? milestone}${progress}`;
}

function countsText(counts: LiveCounts): string {
  const parts = [...OUTCOMES, ...LIVE_OUTCOMES].filter((outcome) => counts[outcome] > 0).map((outcome) => `${counts[outcome]} ${outcome}`);
  return [`${counts.targeted} targeted`, ...parts].join(', ');
}

function wavesText(waves: StatusFacts['waves']): string[] {
  if (waves.length === 0) return [];
  const untouched = waves.filter(({ status }) => status === 'waiting').length;
  const begun = waves.flatMap(({ name, status, counts, approvedBy, why }, index) => {
    if (status === 'waiting') return [];
    const approved = approvedBy.length === 0 ? '' : `; approved by ${approvedBy.join(', ')}`;
    const text = `${name}: ${status}; ${countsText(counts)}${approved}${why === undefined ? '' : `; ${why}`}`;
    return [`Wave ${index + 1} of ${waves.length}, ${inertLine(text, LINE_LENGTH)}`];
  });
  const left = begun.length - WAVES_SHOWN;
  const earlier = left > 0 ? [`${left} earlier waves are in the report`] : [];
  return [...earlier, ...begun.slice(-WAVES_SHOWN), ...(untouched > 0 ? [`Waves not begun: ${untouched}`] : [])];
}

function decisionText({ milestone, runId, digest }: StatusFacts): string[] {
  if (!/approval|decision|paused/.test(milestone)) return [];
  const id = inertId(runId);
  if (milestone === 'paused') return [`To go on: overhaul resume ${id}`];
  return [`To decide: overhaul approve ${id}${digest === undefined ? '' : ` --digest ${digest}`}, or overhaul reject ${id}`];
}
