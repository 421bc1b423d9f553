import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { doneAssets } from '../domain/run-progress.js';
import type { RunView } from '../ledger/reader.js';
import { EXIT, type Invocation, writeJson, writeLine } from './context.js';
import { findLedger } from './ledger-access.js';
import type { Style } from './paint.js';
import { type Column, writeTable } from './table.js';

/** A run as the list shows it; what only the ledger knows is absent without it. */
interface ListedRun {
  workflowId: string;
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
  { title: 'DONE', text: ({ done, targeted }) => (targeted === undefined ? '' : `${done}/${targeted}`), align: 'right' },
  { title: 'STARTED', text: ({ startedAt }) => startedAt.slice(0, 16).replace('T', ' ') },
  { title: 'SCRIPT', text: ({ script }) => script?.title ?? '', flexible: true },
];

export function listCommand(invocation: Invocation) {
  return new Command('list')
    .description('list the newest runs')
    .option('--limit <n>', 'how many', positive, 20)
    .action(async ({ limit }) => {
      const runs = await listRuns(invocation, limit);
      if (invocation.json) await writeJson(invocation.stdout, runs);
      else if (runs.length === 0) await writeLine(invocation.stderr, 'There are no runs yet. Start one with: overhaul run');
      else await writeTable(invocation, COLUMNS, [runs]);
      invocation.exitCode = EXIT.done;
    });
}

async function listRuns(invocation: Invocation, limit: number): Promise<ListedRun[]> {
  const access = await findLedger(invocation);
  if (!access.ledger) {
    await writeLine(invocation.stderr, `Without the ledger, by Temporal alone: ${access.problem}`);
    const temporal = await invocation.connectTemporal();
    try {
      return (await temporal.list(limit)).map(({ workflowId, state, startedAt }) => ({ workflowId, state, startedAt }));
    } finally {
      await temporal.close();
    }
  }
  try {
    return (await access.ledger.reader.runs(limit)).map(listed);
  } finally {
    await access.ledger.close();
  }
}

function listed({ run, counts, blocked }: RunView): ListedRun {
  const live = run.finishedAt !== undefined ? 'refused' : run.paused ? 'paused' : blocked ? 'blocked' : run.phase;
  return {
    workflowId: run.id,
    state: run.report?.status ?? live,
    done: doneAssets(counts),
    targeted: counts.targeted,
    ...(run.script ? { script: { id: run.script.id, title: run.script.title } } : {}),
    ...(run.request.requestedBy ? { requestedBy: run.request.requestedBy } : {}),
    startedAt: new Date(run.createdAt).toISOString(),
  };
}

function stateStyle(state: string): Style {
  if (state === 'succeeded') return 'good';
  if (state === 'running' || state === 'opening') return 'info';
  return state === 'failed' || state === 'refused' ? 'bad' : 'warn';
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('Give a number from 1 to 9999.');
  return Number(text);
}
