// What `show` says of a run, for people: where it stands or how it ended, who asked for it, and what was decided about it.

import { OUTCOMES, type RunReport } from '../../domain/run/outcome.js';
import { doneAssets, forecastOf, type RunProgress } from '../../domain/run/progress.js';
import { hostsIn, type NotJoinedList, notJoinedText } from '../../domain/targets/join-record.js';
import type { WaveView } from '../../ledger/reads/campaign-view.js';
import type { AuditEntry } from '../../ledger/rows/audit.js';
import { type Observation, stateWord } from '../../runs/observe.js';
import { answerCommand, type Question } from '../../runs/question.js';
import { fitLine, hangingLines, type Line, lineWidth, type Style } from '../terminal/paint.js';
import { padText, safeLine, textWidth } from '../terminal/text.js';
import { failureLines, reportLines, waveReportLines } from './run-end.js';
import { countsText, notRolledBackText, waveStyle } from './wave-lines.js';

const NOT_JOINED_SHOWN = 20;
/** Columns behind a wave's name and status; with fewer, its counts stand below. */
const NARROWEST_COUNTS = 30;

/** Widths are columns; `halted` says by whom and why the ledger is halted. */
export interface ShowSpace {
  room: number;
  halted?: string | undefined;
}

export function stateLines(seen: Observation, { room, halted }: ShowSpace): Line[] {
  const { workflowId, end, progress } = seen;
  const asLines = (facts: readonly Fact[]): Line[] => facts.flatMap((fact) => factLines(fact, room));
  if (end?.kind === 'report')
    return [
      ...reportLines(end.report),
      ...asLines(requestFacts(seen)),
      ...(seen.view?.waves ? waveFactLines(seen.view.waves, room) : waveReportLines(end.report)),
      ...nextLines(end.report, { retryId: seen.view?.run.campaign?.id ?? workflowId, room }),
    ];
  if (end) return failureLines(workflowId, end);
  const title: Line = [{ text: safeLine(workflowId), style: 'strong' }, { text: '  ' }, { text: stateWord(seen), style: 'info' }];
  const { question, view } = seen;
  return [
    title,
    ...asLines([...scriptFacts(seen), ...requestFacts(seen), ...(progress ? progressFacts(progress, halted) : [])]),
    ...waveFactLines(view?.waves ?? [], room),
    ...(question ? questionLines(question, room) : []),
  ];
}

/** What a person can do about the assets that a finished run has left: commands, each on a line of its own. */
function nextLines({ runId, counts }: RunReport, { retryId, room }: { retryId: string; room: number }): Line[] {
  const left = (['failed', 'unverified', 'unreachable', 'missing'] as const).filter((outcome) => counts[outcome] > 0);
  if (left.length === 0) return [];
  const retried = left.filter((outcome) => outcome === 'failed' || outcome === 'missing');
  const commands: [string, string][] = [
    ...left.map((outcome): [string, string] => [`overhaul assets ${runId} --outcome ${outcome}`, 'which, and why']),
    ...(retried.length > 0
      ? [
          [
            `overhaul retry ${retryId}${retried.includes('missing') ? ` --outcomes ${retried.join(',')}` : ''}`,
            'send to them again',
          ] satisfies [string, string],
        ]
      : []),
    [`overhaul report ${runId} --format html --out report.html`, 'everything'],
  ];
  return [
    ...factLines(['next', 'what is left, and what to do about it:'], room),
    ...commands.map(([text, means]) => factLine([{ text: `  ${safeLine(text)}`, style: 'strong' }], means, room)),
  ];
}

/** Every wave with what happened to it, by whose leave, and when. */
function waveFactLines(waves: readonly WaveView[], room: number): Line[] {
  const nameWidth = Math.max(0, ...waves.map(({ name }) => textWidth(safeLine(name))));
  const statusWidth = Math.max(0, ...waves.map(({ status }) => status.length));
  return waves.flatMap(({ name, status, counts, notRolledBack, approvedBy, why, openedAt, closedAt }, index) => {
    const parts = [
      countsText(counts).replace('  ', ', '),
      ...(notRolledBack ? [notRolledBackText(notRolledBack)] : []),
      ...(approvedBy.length > 0 ? [`approved by ${approvedBy.join(', ')}`] : []),
      ...(openedAt === undefined ? [] : [`opened ${new Date(openedAt).toISOString()}`]),
      ...(closedAt === undefined ? [] : [`closed ${new Date(closedAt).toISOString()}`]),
      ...(why === undefined ? [] : [why]),
    ];
    const style = waveStyle(status);
    const wide: Line = [
      { text: `  ${(index === 0 ? 'waves' : '').padEnd(12)}`, style: 'soft' },
      { text: `${padText(safeLine(name), nameWidth)}  ` },
      { text: `${padText(status, statusWidth)}  `, style },
    ];
    if (room - lineWidth(wide) >= NARROWEST_COUNTS) return hangingLines(wide, safeLine(parts.join('; ')), room);
    const narrow = fitLine([{ text: '  wave  ', style: 'soft' }, { text: `${safeLine(name)}  ` }, { text: status, style }], room);
    return [narrow, ...hangingLines([{ text: ' '.repeat(8) }], safeLine(parts.join('; ')), room)];
  });
}

/** What is asked of whom, and the commands that answer: each on a line of its own, to be copied. */
function questionLines(question: Question, room: number): Line[] {
  const { text, whom, digest, answers } = question;
  return [
    ...factLines(['decide', text, 'warn'], room),
    ...(whom ? factLines(['asked', whom], room) : []),
    ...(digest ? factLines(['digest', digest], room) : []),
    ...answers.flatMap(({ command, means }): Line[] => [
      factLine([{ text: `  ${answerCommand(question, command, room - 2)}`, style: 'strong' }], means, room),
    ]),
  ];
}

/** What a command means stands behind it where there is room. */
function factLine(line: Line, means: string, room: number): Line {
  const behind: Line = [...line, { text: `   ${means}`, style: 'soft' }];
  return lineWidth(behind) <= room ? behind : line;
}

/** Hosts of the query that no CAR asset could be told for: the first of them, by name. */
export function notJoinedLines({ count, assets }: NotJoinedList, room: number): Line[] {
  if (count === 0) return [];
  const shown = assets.slice(0, NOT_JOINED_SHOWN);
  const rest = count - hostsIn(shown);
  return [
    ...factLines(['not joined', `${count} ${count === 1 ? 'host' : 'hosts'} of the query (the script was not sent there)`, 'warn'], room),
    ...shown.flatMap((host) => factLines(['', notJoinedText(host)], room)),
    ...(rest > 0 ? factLines(['', `and ${rest} more (list all with --json)`], room) : []),
  ];
}

export function auditLines({ at, actor, verified, action, detail }: AuditEntry, room: number): Line[] {
  const who = actor === undefined ? '' : ` by ${actor}${verified ? '' : ' (claimed)'}`;
  const head: Line = [{ text: `  ${new Date(at).toISOString()}  `, style: 'soft' }];
  return hangingLines(head, safeLine(`${action}${who}${detailText(detail)}`), room);
}

type Fact = readonly [name: string, text: string, style?: Style];

export function factLines([name, text, style]: Fact, room: number): Line[] {
  return hangingLines([{ text: `  ${name.padEnd(12)}`, style: style ?? 'soft' }], safeLine(text), room);
}

function scriptFacts({ view }: Observation): Fact[] {
  return [
    ...(view?.run.script ? [['script', `${view.run.script.title} (${view.run.script.id})`] as const] : []),
    ...(view ? [['opened', new Date(view.run.createdAt).toISOString()] as const] : []),
  ];
}

function requestFacts({ view }: Observation): Fact[] {
  const { requestedBy, reason, ticket } = view?.run.request ?? {};
  return [
    ...(requestedBy ? [['requester', requestedBy] as const] : []),
    ...(reason ? [['reason', reason] as const] : []),
    ...(ticket ? [['ticket', `${ticket.id} (${ticket.system})${ticket.url ? ` ${ticket.url}` : ''}`] as const] : []),
  ];
}

function progressFacts(progress: RunProgress, halted: string | undefined): Fact[] {
  const { counts, inFlight, callsUsed, blocked } = progress;
  const etaAt = halted === undefined ? forecastOf(progress) : undefined;
  return [
    ['assets', `${doneAssets(counts)} of ${counts.targeted} done, ${counts.running} running, ${counts.pending} pending`],
    ...OUTCOMES.filter((outcome) => counts[outcome] > 0).map((outcome): Fact => [`  ${outcome}`, String(counts[outcome])]),
    ['in flight', inFlight === 1 ? '1 execution' : `${inFlight} executions`],
    ['calls', String(callsUsed)],
    ...(etaAt && etaAt > progress.asOf ? [['ETA', etaAt] as const] : []),
    ...(halted ? [['ledger', `${halted}. To allow executions again: overhaul unhalt`, 'bad'] as const] : []),
    ...(blocked && !halted ? [['blocked', blocked, 'warn'] as const] : []),
  ];
}

/** Details are JSON objects; `{"reason":"lunch"}` reads `: reason lunch`. */
function detailText(detail: string | undefined): string {
  if (!detail || detail === '{}') return '';
  try {
    const fields: unknown = JSON.parse(detail);
    if (typeof fields !== 'object' || fields === null) return `: ${detail}`;
    const parts = Object.entries(fields).map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`);
    return `: ${parts.join(', ')}`;
  } catch {
    return `: ${detail}`;
  }
}
