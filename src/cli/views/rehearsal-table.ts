// A rehearsal for people: the waves as a table, and below it what happens when.

import { spanText } from '../../domain/clock/span.js';
import { OUTCOMES } from '../../domain/run/outcome.js';
import type { Assumptions } from '../../rehearsal/assumptions.js';
import type { Rehearsal } from '../../rehearsal/run.js';
import type { RehearsedWave, TimelineEvent } from '../../rehearsal/timeline.js';
import { type CommandContext, writeLine } from '../invocation/context.js';
import { counted } from '../terminal/count-text.js';
import { hangingLines, OUTCOME_SIGN, painter, type Style } from '../terminal/paint.js';
import { type Column, tableRoom, writeTable } from '../terminal/table.js';
import { safeLine } from '../terminal/text.js';

export async function writeRehearsal(context: CommandContext, rehearsal: Rehearsal, assumptions: Assumptions): Promise<void> {
  const { stdout, env } = context;
  const paint = painter(stdout, env);
  const room = tableRoom(stdout);
  const say = async (name: string, text: string, style: Style = 'soft'): Promise<void> => {
    for (const line of hangingLines([{ text: name.padEnd(14), style }], safeLine(text), room)) await writeLine(stdout, paint(line));
  };
  await writeTable(context, COLUMNS, [rehearsal.waves]);
  await writeLine(stdout, '');
  for (const event of rehearsal.events) {
    const head = [{ text: `${minute(event.at)}  `, style: 'soft' as const }];
    for (const line of hangingLines(head, safeLine(eventText(event)), room)) await writeLine(stdout, paint(line));
  }
  await writeLine(stdout, '');
  const { calls, executions, startsAt, endsAt, counts } = rehearsal;
  const busiest =
    calls.busiestHour === undefined ? '' : `; ${calls.busiestHour.calls} in the busiest hour, from ${minute(calls.busiestHour.at)}`;
  await say('would end', `${rehearsal.status}, ${minute(endsAt)} UTC, after ${spanText(endsAt - startsAt)}`, 'strong');
  await say('outcomes', outcomesText(counts));
  await say('cost', `${counted(executions, 'execution')}, ${counted(calls.total, 'call')}${busiest}`);
  await say('supposed', supposedText(assumptions));
  for (const note of rehearsal.notes) await say('note', note, 'warn');
  await say('rehearsed in', `${spanText(rehearsal.tookMs)}, ${counted(rehearsal.attempts, 'attempt')} of activities. Nothing was sent.`);
}

const COLUMNS: Column<RehearsedWave>[] = [
  { title: 'wave', text: ({ name }) => name, flexible: true },
  { title: 'assets', text: ({ size }) => String(size), align: 'right' },
  { title: 'opens (UTC)', text: ({ opensAt }) => (opensAt === undefined ? '–' : minute(opensAt)) },
  { title: 'closes (UTC)', text: ({ closesAt }) => (closesAt === undefined ? '–' : minute(closesAt)) },
  { title: 'status', text: ({ status }) => status },
  { title: 'outcomes', text: ({ counts }) => outcomesText(counts), flexible: true },
  { title: 'took', text: (wave) => tookText(wave), align: 'right', dispensable: true },
  { title: 'exec.', text: ({ executions }) => String(executions), align: 'right', dispensable: true },
  { title: 'calls/h', text: ({ busiestHour }) => String(busiestHour), align: 'right', dispensable: true },
  { title: 'waited for', text: (wave) => waitsText(wave), flexible: true, dispensable: true },
];

function tookText({ opensAt, closesAt }: RehearsedWave): string {
  return opensAt === undefined || closesAt === undefined ? '–' : spanText(closesAt - opensAt);
}

function waitsText({ waits }: RehearsedWave): string {
  const worth = waits.filter(({ ms }) => ms >= 60_000);
  return worth.length === 0 ? '–' : worth.map(({ kind, ms }) => `${kind} ${spanText(ms)}`).join(', ');
}

function outcomesText(counts: RehearsedWave['counts']): string {
  const shown = OUTCOMES.filter((outcome) => counts[outcome] > 0).map(
    (outcome) => `${OUTCOME_SIGN[outcome]} ${counts[outcome]} ${outcome}`,
  );
  return shown.length === 0 ? 'none' : shown.join(' ');
}

const WORDS: Record<TimelineEvent['kind'], string> = {
  frozen: 'cohort frozen:',
  asks: 'asks for approval',
  approved: 'is approved',
  begins: 'begins',
  step: 'step:',
  waits: 'waits for',
  breach: 'exceeds its error budget:',
  resumed: 'is resumed',
  'step-ends': 'step ends:',
  'asks-how-to-go-on': 'needs a decision:',
  soaks: 'soaks',
  closed: 'is closed:',
  finished: 'campaign ends:',
  'first-sent': 'first execution:',
  'last-sent': 'last execution:',
  'late-verdicts': 'assets back online:',
};

function eventText({ wave, kind, detail }: TimelineEvent): string {
  return [wave, WORDS[kind], detail].filter((word) => word !== undefined).join(' ');
}

function supposedText({ assets, failRate, lostRate, offline, executionMs, executeIntervalMs, seed }: Assumptions): string {
  const back = offline.backAfterMs
    ? `, back after ${spanText(offline.backAfterMs.min)} to ${spanText(offline.backAfterMs.max)}`
    : ' for good';
  return [
    counted(assets, 'asset'),
    `${percent(failRate)} fail`,
    ...(lostRate > 0 ? [`${percent(lostRate)} without a result`] : []),
    `${percent(offline.rate)} away${offline.rate > 0 ? back : ''}`,
    `executions of ${spanText(executionMs.min)} to ${spanText(executionMs.max)}, ${spanText(executeIntervalMs)} apart`,
    `seed ${seed}`,
  ].join('; ');
}

function percent(rate: number): string {
  return `${Number((rate * 100).toFixed(2))}%`;
}

function minute(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace('T', ' ');
}
