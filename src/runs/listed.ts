// A run as lists show it.
import { doneAssets } from '../domain/run/progress.js';
import type { RunView } from '../ledger/reads/reader.js';
import type { WorkflowSummary } from '../temporal/runs/temporal-runs.js';

/** What only the ledger knows is absent without it. */
export interface ListedRun {
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

export function listed({ run, counts, blocked, waves, held }: RunView): ListedRun {
  const wave = waves?.find(({ status }) => status === 'awaiting-approval' || status === 'awaiting-decision');
  const waits = wave?.status ?? (held && run.finishedAt === undefined ? 'awaiting-decision' : undefined);
  const live = run.finishedAt !== undefined ? 'refused' : run.paused ? 'paused' : (waits ?? (blocked ? 'blocked' : run.phase));
  return {
    workflowId: run.id,
    ...(run.kind === 'run' ? {} : { kind: run.kind }),
    state: run.report?.status ?? live,
    // Of a refused run nothing was done, though its assets have an outcome.
    done: run.finishedAt !== undefined && run.report === undefined ? 0 : doneAssets(counts),
    targeted: counts.targeted,
    ...(run.script ? { script: { id: run.script.id, title: run.script.title } } : {}),
    ...(run.request.requestedBy ? { requestedBy: run.request.requestedBy } : {}),
    startedAt: new Date(run.createdAt).toISOString(),
  };
}

/** What Temporal alone knows: no worker has taken it up yet, or its input was refused. */
export function unlisted({ workflowId, state, startedAt }: WorkflowSummary, hasLedger: boolean): ListedRun {
  return { workflowId, state: hasLedger && state === 'running' ? 'not opened' : state, startedAt };
}
