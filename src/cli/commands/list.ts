import { InvalidArgumentError } from '@commander-js/extra-typings';
import { durationMs } from '../../domain/clock/duration.js';
import { toldInstant } from '../../domain/clock/instant.js';
import { STATES } from '../../domain/run/listed-states.js';
import { type ListedRun, listed, unlisted } from '../../runs/listed.js';
import type { WorkflowSummary } from '../../temporal/runs/temporal-runs.js';
import { type Sources, withSources } from '../data/sources.js';
import { command } from '../heads.js';
import { CommandFailed, EXIT, type Invocation, type Output, writeJson, writeLine } from '../invocation/context.js';
import { flow, hangingLines, type Line, painter, type Style } from '../terminal/paint.js';
import { type Column, columnWidths, tableRoom, writeTable } from '../terminal/table.js';
import { safeLine, textWidth } from '../terminal/text.js';
import { haltText } from '../views/kill-switch.js';

const COLUMNS: readonly Column<ListedRun>[] = [
  { title: 'RUN', text: ({ workflowId }) => workflowId, flexible: true },
  {
    title: 'STATE',
    text: ({ state }) => state,
    style: ({ state }) => stateStyle(state),
  },
  { title: 'DONE', text: doneText, align: 'right' },
  { title: 'STARTED', text: startedText },
  { title: 'SCRIPT', text: ({ script }) => script?.title ?? '', flexible: true },
];

export function listCommand(invocation: Invocation) {
  return command('list')
    .option('--limit <n>', 'how many', positive, 20)
    .option('--state <words>', `only these states, comma-separated: ${Object.keys(STATES).join(', ')}`, states)
    .option('--since <when>', 'only those started since an instant (2026-05-01T12:00:00Z) or for a duration (12h, 7d)')
    .option('--script <id|title>', 'only those of this script')
    .option('--ticket <id>', 'only those that this ticket asked for')
    .option('--steps', "include the runs of campaigns' steps")
    .action(async ({ since, steps, ...options }) => {
      const wanted: Listing = { ...options, steps: steps === true, sinceMs: since === undefined ? 0 : sinceOf(since, invocation.now()) };
      await withSources(invocation, async (sources) => {
        const runs = await listRuns(invocation, sources, wanted);
        const halted = await sources.ledger?.killSwitch.state();
        if (halted) await tell(invocation.stderr, `All executions of this ledger are ${haltText(halted)}`);
        if (invocation.json) await writeJson(invocation.stdout, runs);
        else if (runs.length === 0)
          await writeLine(
            invocation.stderr,
            isNarrowed(wanted) ? 'No such runs.' : 'No runs yet. Start one with: overhaul run, or overhaul start',
          );
        else await writeRuns(invocation, runs);
      });
      invocation.exitCode = EXIT.done;
    });
}

async function tell(stderr: Output, text: string): Promise<void> {
  for (const line of hangingLines([], text, tableRoom(stderr))) await writeLine(stderr, line.map(({ text: part }) => part).join(''));
}

interface Listing {
  limit: number;
  steps: boolean;
  state?: readonly string[] | undefined;
  /** Epoch milliseconds. */
  sinceMs: number;
  script?: string | undefined;
  ticket?: string | undefined;
}

function states(text: string): string[] {
  return text.split(',').flatMap((part) => {
    const word = part.trim().toLowerCase();
    const meant = STATES[word];
    if (!meant) throw new InvalidArgumentError(`Use ${Object.keys(STATES).join(', ')}.`);
    return meant;
  });
}

function sinceOf(text: string, now: number): number {
  const ms = durationMs(text);
  if (ms !== undefined && /[a-z]\s*$/i.test(text)) return now - ms;
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? toldInstant(text) : undefined;
  if (at === undefined)
    throw new CommandFailed(
      EXIT.usage,
      `--since ${safeLine(text)}: use an instant such as 2026-05-01T12:00:00Z, or a duration such as 12h or 7d.`,
    );
  return at;
}

function isNarrowed({ state, sinceMs, script, ticket }: Listing): boolean {
  return state !== undefined || sinceMs > 0 || script !== undefined || ticket !== undefined;
}

/** A run stands in the ledger once a worker has taken it up; before that, or where its input was refused, only Temporal knows it. */
async function listRuns({ stderr }: Invocation, { ledger, temporal }: Sources, wanted: Listing): Promise<ListedRun[]> {
  const { limit, steps, sinceMs, script, ticket } = wanted;
  const isWanted = ({ state }: ListedRun): boolean => wanted.state?.includes(state) ?? true;
  const known: ListedRun[] = [];
  for await (const run of ledger?.reader.newest({ steps, sinceMs }) ?? []) {
    if (known.length >= limit) break;
    if (script !== undefined && run.script?.id !== script && run.script?.title !== script) continue;
    if (ticket !== undefined && run.request.ticket?.id !== ticket) continue;
    const view = await ledger?.reader.run(run.id);
    if (view) known.push(...[listed(view)].filter(isWanted));
  }
  // Of what was never opened Temporal knows neither script nor ticket without reading its whole history.
  const workflows = script !== undefined || ticket !== undefined ? [] : await newestWorkflows(temporal, limit);
  const unopened = await Promise.all(
    workflows.map(async (workflow) =>
      (await ledger?.runs.get(workflow.workflowId)) === undefined ? [unlisted(workflow, ledger !== undefined)] : [],
    ),
  );
  return [...known, ...unopened.flat().filter((run) => isWanted(run) && Date.parse(run.startedAt) >= sinceMs)]
    .sort((a, b) => b.startedAt.localeCompare(a.startedAt))
    .slice(0, limit);

  async function newestWorkflows(from: Sources['temporal'], most: number): Promise<WorkflowSummary[]> {
    try {
      return (await from?.list(most)) ?? [];
    } catch (error) {
      if (!ledger) throw error;
      await writeLine(stderr, `Temporal unavailable, showing the ledger only: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    }
  }
}

/** A table where the ids have room in one: they are what the other commands ask for. Else each run in a few short lines. */
async function writeRuns(invocation: Invocation, runs: readonly ListedRun[]): Promise<void> {
  const room = tableRoom(invocation.stdout);
  const [idWidth = 0, ...others] = columnWidths(COLUMNS, runs, room);
  const fits = idWidth + others.reduce((sum, width) => sum + width + 2, 0) <= room;
  if (fits && runs.every(({ workflowId }) => textWidth(workflowId) <= idWidth)) return void (await writeTable(invocation, COLUMNS, [runs]));
  const paint = painter(invocation.stdout, invocation.env);
  for (const run of runs) for (const line of stacked(run, room)) await writeLine(invocation.stdout, paint(line));
}

/** The id is never cut: a terminal may wrap it, and it can still be copied. */
function stacked(run: ListedRun, room: number): Line[] {
  const { state, script } = run;
  const facts: Line[] = [
    [{ text: state, style: stateStyle(state) }],
    ...[doneText(run), startedText(run), script?.title ?? '']
      .filter((text) => text !== '')
      .map((text): Line => [{ text: safeLine(text), style: 'soft' }]),
  ];
  return [[{ text: safeLine(run.workflowId), style: 'strong' }], ...flow(facts, room - 2).map((line): Line => [{ text: '  ' }, ...line])];
}

function doneText({ done, targeted }: ListedRun): string {
  return !targeted ? '' : `${done}/${targeted}`;
}

function startedText({ startedAt }: ListedRun): string {
  return startedAt.slice(0, 16).replace('T', ' ');
}

function stateStyle(state: string): Style {
  if (state === 'succeeded') return 'good';
  if (state === 'running' || state === 'opening') return 'info';
  return state === 'failed' || state === 'refused' ? 'bad' : 'warn';
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('Use a number from 1 to 9999.');
  return Number(text);
}
