import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { doneAssets } from '../../domain/run/progress.js';
import type { RunView } from '../../ledger/reads/reader.js';
import { type Sources, withSources } from '../data/sources.js';
import { EXIT, type Invocation, type Output, writeJson, writeLine } from '../invocation/context.js';
import type { WorkflowSummary } from '../invocation/temporal-runs.js';
import { flow, hangingLines, type Line, painter, type Style } from '../terminal/paint.js';
import { type Column, columnWidths, tableRoom, writeTable } from '../terminal/table.js';
import { safeLine, textWidth } from '../terminal/text.js';
import { haltText } from '../views/kill-switch.js';

/** A run as the list shows it; what only the ledger knows is absent without it. */
interface ListedRun {
  workflowId: string;
  /** Absent for a run. */
  kind?: 'campaign' | 'step';
  state: string;
  done?: number;
  targeted?: number;
  script?: { id: string; title: string };
  requestedBy?: string;
  startedAt: string;
}

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
  return new Command('list')
    .description('list the newest runs and campaigns')
    .option('--limit <n>', 'how many', positive, 20)
    .option('--steps', "include the runs of campaigns' steps")
    .action(async ({ limit, steps }) => {
      await withSources(invocation, async (sources) => {
        const runs = await listRuns(invocation, sources, { limit, steps: steps === true });
        const halted = await sources.ledger?.killSwitch.state();
        if (halted) await tell(invocation.stderr, `All executions of this ledger are ${haltText(halted)}`);
        if (invocation.json) await writeJson(invocation.stdout, runs);
        else if (runs.length === 0) await writeLine(invocation.stderr, 'No runs yet. Start one with: overhaul run, or overhaul start');
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
}

/** A run stands in the ledger once a worker has taken it up; before that, or where its input was refused, only Temporal knows it. */
async function listRuns({ stderr }: Invocation, { ledger, temporal }: Sources, { limit, steps }: Listing): Promise<ListedRun[]> {
  const views = (await ledger?.reader.runs(limit, { steps })) ?? [];
  const workflows = await temporal?.list(limit).catch((error: unknown) => {
    if (!ledger) throw error;
    return writeLine(stderr, `Temporal unavailable, showing the ledger only: ${error instanceof Error ? error.message : String(error)}`);
  });
  const known = new Set(views.map(({ run }) => run.id));
  const unopened = (workflows ?? []).filter(({ workflowId }) => !known.has(workflowId));
  const older = await Promise.all(unopened.map(async ({ workflowId }) => (await ledger?.runs.get(workflowId)) !== undefined));
  return [...views.map(listed), ...unopened.filter((_, index) => !older[index]).map((workflow) => unlisted(workflow, ledger !== undefined))]
    .sort((a, b) => b.startedAt.localeCompare(a.startedAt))
    .slice(0, limit);
}

function listed({ run, counts, blocked, waves, held }: RunView): ListedRun {
  const wave = waves?.find(({ status }) => status === 'awaiting-approval' || status === 'awaiting-decision');
  const waits = wave?.status ?? (held && run.finishedAt === undefined ? 'awaiting-decision' : undefined);
  const live = run.finishedAt !== undefined ? 'refused' : run.paused ? 'paused' : (waits ?? (blocked ? 'blocked' : run.phase));
  return {
    workflowId: run.id,
    ...(run.kind === 'run' ? {} : { kind: run.kind }),
    state: run.report?.status ?? live,
    done: doneAssets(counts),
    targeted: counts.targeted,
    ...(run.script ? { script: { id: run.script.id, title: run.script.title } } : {}),
    ...(run.request.requestedBy ? { requestedBy: run.request.requestedBy } : {}),
    startedAt: new Date(run.createdAt).toISOString(),
  };
}

function unlisted({ workflowId, state, startedAt }: WorkflowSummary, hasLedger: boolean): ListedRun {
  return { workflowId, state: hasLedger && state === 'running' ? 'not opened' : state, startedAt };
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
