// Where the state of a run is read: the ledger for numbers, Temporal for decisions and the end. One of both is enough.

import { etaMs } from '../domain/cadence.js';
import { MAX_ASSETS_PER_EXECUTION } from '../domain/execution-state.js';
import { joinProgress, type RunProgress } from '../domain/run-progress.js';
import type { Ledger } from '../ledger/ledger.js';
import type { RunView } from '../ledger/reader.js';
import { CommandFailed, EXIT, type Invocation, writeLine } from './context.js';
import { findLedger } from './ledger-access.js';
import type { RunEnd, TemporalRuns, WorkflowSummary } from './temporal-runs.js';

export interface Sources {
  temporal?: TemporalRuns | undefined;
  ledger?: Ledger | undefined;
}

/** What could be seen of a run at one moment. */
export interface Observation {
  workflowId: string;
  /** Undefined when neither source knows it. */
  progress?: RunProgress | undefined;
  workflow?: WorkflowSummary | undefined;
  view?: RunView | undefined;
  /** Set once the run is over. */
  end?: RunEnd | undefined;
  /** Why something could not be seen just now. */
  trouble?: string | undefined;
}

/** Opens what can be opened, says what cannot, and closes both afterwards. Exit 3 when there is neither. */
export async function withSources<T>(invocation: Invocation, work: (sources: Sources) => Promise<T>): Promise<T> {
  const access = await findLedger(invocation);
  let temporal: TemporalRuns | undefined;
  try {
    temporal = await temporalUnlessUnreachable(invocation, access.ledger ? undefined : access.problem);
    if (!access.ledger) await writeLine(invocation.stderr, `Without the ledger: ${access.problem}`);
    return await work({ temporal, ledger: access.ledger });
  } finally {
    await access.ledger?.close();
    await temporal?.close();
  }
}

async function temporalUnlessUnreachable(invocation: Invocation, ledgerProblem: string | undefined): Promise<TemporalRuns | undefined> {
  try {
    return await invocation.connectTemporal();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'TemporalUnreachable') throw error;
    if (ledgerProblem) throw new CommandFailed(EXIT.unreachable, `${error.message}\n${ledgerProblem}`);
    await writeLine(invocation.stderr, `Without Temporal, by the ledger alone: ${error.message}`);
    return undefined;
  }
}

/** One look. Failures of a source are told as `trouble`: the other may serve, and the next look may have both. */
export async function observe({ temporal, ledger }: Sources, workflowId: string): Promise<Observation> {
  const troubles: string[] = [];
  const attempt = <T>(work: Promise<T> | undefined): Promise<T | undefined> =>
    (work ?? Promise.resolve(undefined)).catch((error: unknown) => {
      troubles.push(error instanceof Error ? error.message : String(error));
      return undefined;
    });
  const [view, workflow] = await Promise.all([attempt(ledger?.reader.run(workflowId)), attempt(temporal?.find(workflowId))]);
  const isLive = workflow?.state === 'running';
  const answer = isLive
    ? await temporal?.progress(workflowId).catch(() => void troubles.push('no worker answers for the run: is one running?'))
    : undefined;
  const ended = workflow && !isLive ? await attempt(temporal?.end(workflowId)) : undefined;
  return {
    workflowId,
    view,
    workflow,
    end: isLive ? undefined : lastWord(ended, endOf(view)),
    progress: joinProgress(view && ledgerProgress(view, Date.now()), answer ?? undefined),
    trouble: troubles[0],
  };
}

export function isKnown({ view, workflow, trouble }: Observation): boolean {
  return view !== undefined || workflow !== undefined || trouble !== undefined;
}

export function unknownRun(workflowId: string): CommandFailed {
  return new CommandFailed(EXIT.usage, `There is no run ${workflowId}. \`overhaul list\` shows the runs.`);
}

/** Ended from outside a workflow has nothing to say; the sweep has then written what became of its assets. */
const ENDED_FROM_OUTSIDE: readonly string[] = ['Terminated', 'Timeout'];

function lastWord(ofWorkflow: RunEnd | undefined, ofLedger: RunEnd | undefined): RunEnd | undefined {
  const isSwept = ofWorkflow?.kind === 'failed' && ENDED_FROM_OUTSIDE.includes(ofWorkflow.type) && ofLedger?.kind === 'report';
  return isSwept ? ofLedger : (ofWorkflow ?? ofLedger);
}

function endOf(view: RunView | undefined): RunEnd | undefined {
  if (view?.run.finishedAt === undefined) return undefined;
  if (view.run.report) return { kind: 'report', report: view.run.report };
  const message = 'The run failed before anything was sent. Temporal keeps the reason.';
  return { kind: 'failed', type: 'Refused', message, problems: [] };
}

function ledgerProgress({ run, counts, inFlight, callsUsed, blocked, durationsMs }: RunView, now: number): RunProgress {
  const { maxInFlight } = run;
  const remainingMs = etaMs({ waitingAssets: counts.pending, inFlight, maxInFlight, durationsMs, batchSize: MAX_ASSETS_PER_EXECUTION });
  return {
    phase: run.stop && run.phase === 'running' ? (run.stop.cause === 'cancelled' ? 'cancelling' : 'stopping') : run.phase,
    asOf: new Date(now).toISOString(),
    counts,
    inFlight,
    callsUsed,
    ...(remainingMs === undefined || run.phase !== 'running' ? {} : { etaAt: new Date(now + remainingMs).toISOString() }),
    ...(blocked === undefined ? {} : { blocked }),
    paused: run.paused,
  };
}
