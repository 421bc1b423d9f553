// Where the state of a run is read: the ledger for numbers, Temporal for decisions and the end. One of both is enough.

import { type CampaignPlan, wavesOf } from '../contracts/plan.js';
import { MAX_ASSETS_PER_EXECUTION } from '../domain/execution/state.js';
import { etaMs } from '../domain/polling/cadence.js';
import type { ApprovalRule } from '../domain/run/approval.js';
import { joinProgress, phaseWord, type RunProgress } from '../domain/run/progress.js';
import type { Ledger } from '../ledger/index.js';
import type { RunView } from '../ledger/reads/reader.js';
import { REFUSED } from '../ledger/rows/audit.js';
import type { RunEnd, TemporalRuns, WorkflowSummary } from '../temporal/runs/temporal-runs.js';
import { type Question, questionOf } from './question.js';

export interface Sources {
  temporal?: Pick<TemporalRuns, 'find' | 'progress' | 'end'> | undefined;
  ledger?: Ledger | undefined;
}

/** What could be seen of a run at one moment. */
export interface Observation {
  workflowId: string;
  /** Undefined when neither source knows it. */
  progress?: RunProgress | undefined;
  workflow?: WorkflowSummary | undefined;
  view?: RunView | undefined;
  /** What a person has to say before it goes on. */
  question?: Question | undefined;
  /** Set once the run is over. */
  end?: RunEnd | undefined;
  /** Why something could not be seen just now. */
  trouble?: string | undefined;
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
    ? await temporal?.progress(workflowId).catch(() => void troubles.push('no worker responds for this run; check that one is running'))
    : undefined;
  const ended = workflow && !isLive ? await attempt(temporal?.end(workflowId)) : undefined;
  const refusal = !isLive && !ended && isRefused(view) ? await attempt(refusalOf(ledger, workflowId)) : undefined;
  const end = isLive ? undefined : lastWord(ended, endOf(view, refusal));
  const progress = progressNow(view, answer ?? undefined);
  const rule = end ? undefined : await attempt(askedRule(ledger, { view, progress }));
  const question = end ? undefined : questionOf({ workflowId, progress, rule, waves: view?.waves, held: view?.held });
  return { workflowId, view, workflow, end, progress, question, trouble: troubles[0] };
}

/** Whoever asks a person and has no rule of the plan's asks for this. */
const ONE_OTHER: ApprovalRule = { quorum: 1, allowRequester: false };

/** Who may answer what a campaign asks, by its plan. */
async function askedRule(
  ledger: Ledger | undefined,
  { view, progress }: { view: RunView | undefined; progress: RunProgress | undefined },
): Promise<ApprovalRule | undefined> {
  const wave = progress?.pending?.wave;
  if (!ledger || wave === undefined || !view) return undefined;
  const plan = (await ledger.campaigns.get(view.run.id))?.plan as Omit<CampaignPlan, 'targets'> | undefined;
  const rule = plan && wavesOf(plan).find(({ name }) => name === wave)?.approval;
  // A decision, other than an approval, waits forever.
  return progress?.pending?.kind === 'wave' ? (rule ?? ONE_OTHER) : { ...(rule ?? ONE_OTHER), expiresMs: undefined };
}

function progressNow(view: RunView | undefined, answer: RunProgress | undefined): RunProgress | undefined {
  const joined = joinProgress(view && ledgerProgress(view, Date.now()), answer);
  // A soak, or what a wave waits for, only the campaign itself knows.
  return joined && answer && view?.run.kind === 'campaign' ? { ...joined, phase: answer.phase } : joined;
}

export function isKnown({ view, workflow, trouble }: Observation): boolean {
  return view !== undefined || workflow !== undefined || trouble !== undefined;
}

/** Ended from outside a workflow has nothing to say; the sweep has then written what happened to its assets. */
const ENDED_FROM_OUTSIDE: readonly string[] = ['Terminated', 'Timeout'];

function lastWord(ofWorkflow: RunEnd | undefined, ofLedger: RunEnd | undefined): RunEnd | undefined {
  const isSwept = ofWorkflow?.kind === 'failed' && ENDED_FROM_OUTSIDE.includes(ofWorkflow.type) && ofLedger?.kind === 'report';
  return isSwept ? ofLedger : (ofWorkflow ?? ofLedger);
}

function endOf(view: RunView | undefined, refusal: string | undefined): RunEnd | undefined {
  if (view?.run.finishedAt === undefined) return undefined;
  if (view.run.report) return { kind: 'report', report: view.run.report };
  const [type = '', message] = /^(\w+): (.+)$/s.exec(refusal ?? '')?.slice(1) ?? [];
  if (message !== undefined) return { kind: 'failed', type, message, problems: [] };
  return { kind: 'failed', type: 'Refused', message: 'The run failed before anything was sent. Temporal has the reason.', problems: [] };
}

function isRefused(view: RunView | undefined): boolean {
  return view?.run.finishedAt !== undefined && view.run.report === undefined;
}

/** Why a run ended before anything was sent; undefined where nobody wrote it down. */
export async function refusalOf(ledger: Ledger | undefined, runId: string): Promise<string | undefined> {
  return (await ledger?.audit.of(runId))?.findLast(({ action }) => action === REFUSED)?.detail;
}

function ledgerProgress({ run, counts, inFlight, callsUsed, blocked, durationsMs }: RunView, now: number): RunProgress {
  const { maxInFlight } = run;
  // A campaign ends when its windows and gates let it: `overhaul plan` forecasts that.
  const remainingMs =
    run.kind === 'campaign'
      ? undefined
      : etaMs({ waitingAssets: counts.pending, inFlight, maxInFlight, durationsMs, batchSize: MAX_ASSETS_PER_EXECUTION });
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

/** One word: the report's status, the type of the failure, or the phase. */
export function stateWord({ end, progress, workflow }: Observation): string {
  if (end) return end.kind === 'report' ? end.report.status : end.type;
  return progress ? phaseWord(progress) : (workflow?.state ?? 'unknown');
}
