// The picture that `watch` draws on a terminal: what is done, what is under way, what it cost, and what the run waits for.

import { spanText } from '../../domain/clock/span.js';
import { LIVE_OUTCOMES, OUTCOMES } from '../../domain/run/outcome.js';
import { doneAssets, forecastOf, phaseWord, type RunProgress } from '../../domain/run/progress.js';
import type { WaveView } from '../../ledger/reads/campaign-view.js';
import { answerCommand, type Question } from '../../runs/question.js';
import { fitLine, flow, type Line, OUTCOME_SIGN, OUTCOME_STYLE, type Segment, type Style } from '../terminal/paint.js';
import { safeLine } from '../terminal/text.js';
import { waveLines } from './wave-lines.js';

export interface FrameFacts {
  workflowId: string;
  scriptTitle?: string | undefined;
  progress?: RunProgress | undefined;
  trouble?: string | undefined;
  /** What a person has to say before it goes on. */
  question?: Question | undefined;
  /** Of a campaign. */
  waves?: readonly WaveView[] | undefined;
  /** Who halted the ledger, and why. */
  halted?: string | undefined;
  /** Epoch milliseconds. */
  startedAt?: number | undefined;
  now: number;
}

export interface FrameSpace {
  columns: number;
  unicode: boolean;
}

const WIDEST_BAR = 72;
const NARROWEST_BAR = 5;
const NOTE_LINES = 2;

/** Lines of at most `columns - 1`: a character in the last column makes some terminals wrap. */
export function progressFrame(facts: FrameFacts, { columns, unicode }: FrameSpace): Line[] {
  const width = Math.max(columns - 1, 1);
  const { progress, trouble, question, waves, halted } = facts;
  const lines: Line[] = [...titleLines(facts, width)];
  if (progress) {
    lines.push(
      barLine(progress, { width, unicode }),
      ...flow(countItems(progress, unicode), width),
      ...flow(costItems(facts, progress), width),
    );
    if (waves) lines.push(...waveLines(waves, { unicode, width }));
    if (progress.blocked && !halted) lines.push(...note('blocked', progress.blocked, width));
  }
  if (question) lines.push(...questionLines(question, width));
  if (halted) lines.push(...note('ledger', halted, width));
  if (trouble) lines.push(...note('note', trouble, width));
  return lines.map((line) => fitLine(line, width, unicode ? '…' : '.'));
}

function titleLines({ workflowId, scriptTitle, progress }: FrameFacts, width: number): Line[] {
  const state = progress ? phaseWord(progress) : 'waiting for a worker';
  const style: Style = state === 'running' ? 'info' : 'warn';
  const items: Line[] = [[{ text: safeLine(workflowId), style: 'strong' }], [{ text: state, style }]];
  if (scriptTitle) items.push([{ text: safeLine(scriptTitle), style: 'soft' }]);
  return flow(items, width);
}

function barLine({ counts }: RunProgress, { width, unicode }: { width: number; unicode: boolean }): Line {
  const done = doneAssets(counts);
  const percent = counts.targeted === 0 ? 0 : Math.floor((100 * done) / counts.targeted);
  const figures = ` ${number(done)}/${number(counts.targeted)} ${percent}%`;
  const room = width - figures.length;
  if (room < NARROWEST_BAR) return [{ text: figures.trim() }];
  const [full, half, empty] = unicode ? ['█', '▒', '░'] : ['#', '=', '.'];
  const parts: { count: number; sign: string; style: Style }[] = [
    { count: counts.succeeded, sign: full, style: 'good' },
    { count: counts.failed, sign: full, style: 'bad' },
    { count: done - counts.succeeded - counts.failed, sign: full, style: 'warn' },
    { count: counts.running, sign: half, style: 'info' },
    { count: Math.max(counts.targeted - done - counts.running, counts.targeted === 0 ? 1 : 0), sign: empty, style: 'soft' },
  ];
  const cells = shareOut(
    parts.map(({ count }) => count),
    Math.min(room, WIDEST_BAR),
  );
  return [...parts.map(({ sign, style }, index): Segment => ({ text: sign.repeat(cells[index] ?? 0), style })), { text: figures }];
}

/** Cells in proportion, at least one for each part that is not nothing: one failure of 10,000 has to show, and so has what is left. */
export function shareOut(counts: readonly number[], cells: number): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return counts.map(() => 0);
  const shares = counts.map((count) => (count === 0 ? 0 : Math.max(1, Math.floor((count * cells) / total))));
  let spare = cells - shares.reduce((sum, share) => sum + share, 0);
  while (spare !== 0) {
    const largest = shares.indexOf(Math.max(...shares));
    const change = spare > 0 ? spare : -1;
    shares[largest] = (shares[largest] ?? 0) + change;
    spare -= change;
  }
  return shares;
}

function countItems({ counts }: RunProgress, unicode: boolean): Line[] {
  const outcomes = OUTCOMES.filter((outcome) => counts[outcome] > 0).map(
    (outcome): Line => [
      { text: `${unicode ? `${OUTCOME_SIGN[outcome]} ` : ''}${number(counts[outcome])} ${outcome}`, style: OUTCOME_STYLE[outcome] },
    ],
  );
  const live = LIVE_OUTCOMES.filter((outcome) => counts[outcome] > 0).map(
    (outcome): Line => [{ text: `${number(counts[outcome])} ${outcome}`, style: OUTCOME_STYLE[outcome] }],
  );
  return [...outcomes, ...live];
}

function costItems({ startedAt, now, halted }: FrameFacts, progress: RunProgress): Line[] {
  const { inFlight, callsUsed } = progress;
  const etaAt = halted === undefined ? forecastOf(progress) : undefined;
  return [
    [{ text: inFlight === 1 ? '1 execution in flight' : `${inFlight} executions in flight` }],
    [{ text: callsUsed === 1 ? '1 call' : `${number(callsUsed)} calls` }],
    ...(startedAt === undefined ? [] : [[{ text: `${spanText(now - startedAt)} elapsed` }]]),
    ...(etaAt === undefined || Date.parse(etaAt) <= now ? [] : [[{ text: `about ${spanText(Date.parse(etaAt) - now)} left` }]]),
  ];
}

function questionLines(question: Question, width: number): Line[] {
  const { text, whom, answers } = question;
  return [
    ...note('decide', text, width),
    ...(whom ? note('asked', whom, width) : []),
    ...answers.map(({ command }): Line => [{ text: `  ${safeLine(answerCommand(question, command, width - 2))}`, style: 'strong' }]),
  ];
}

function note(name: string, text: string, width: number): Line[] {
  const words = safeLine(text)
    .split(' ')
    .map((word): Line => [{ text: word }]);
  const lines = flow([[{ text: `${name}:`, style: 'warn' }], ...words], width, 1);
  const rest = lines.slice(NOTE_LINES - 1).flatMap((line) => [...line, { text: ' ' }]);
  return lines.length <= NOTE_LINES ? lines : [...lines.slice(0, NOTE_LINES - 1), rest];
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
