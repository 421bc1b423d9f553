import { activityInfo, Context, heartbeat } from '@temporalio/activity';
import { type Blocked, WORTH_SAYING_MS } from '../../domain/run/blocked.js';
import { type Issued, issuedIn, mostIssued, type RunSnapshot } from '../../domain/run/snapshot.js';
import { busyText } from '../../domain/run/waits-for.js';
import type { Execution } from '../../ledger/executions/registry.js';
import type { RunRow } from '../../ledger/rows/run.js';
import { pollCheckIns, stepWaitOf } from '../campaign/check-ins.js';
import type { ActivityDependencies } from '../dependencies.js';
import { LONGEST_LIMIT_WAIT_MS, type NotReady, nonRetryable, retryLater, type Wait } from '../failures.js';
import { withHeartbeat } from '../heartbeat.js';
import { resolveInDoubt } from '../in-doubt/resolve.js';
import { keepPolicy } from '../policy/keep.js';
import { feedSlots } from '../polling/next-look.js';
import { type Reported, reportingToTemporal } from '../report-permit.js';
import { stopAtBreach } from '../run/stop-at-breach.js';
import { staleLedger, whyStale } from '../stale-ledger.js';
import { ScriptLines } from './script-lines.js';
import { type Sent, sendExecution } from './send.js';

export interface DispatchInput {
  runId: string;
  /** What the workflow knows to have been issued: a ledger that knows less is not the one that gave it. */
  issued: Issued;
  reported?: Blocked | undefined;
}

export interface DispatchResult {
  /** Undefined when the ledger does not know the run. */
  snapshot?: RunSnapshot | undefined;
  /** What the ledger lacks: the workflow may not have known. */
  issued?: Issued | undefined;
  blocked?: Blocked | undefined;
  /** Ask again after this many milliseconds, even when nothing else happens; undefined when only a free slot can bring more to do. */
  againMs?: number | undefined;
}

/** One attempt works this long at most: a dead worker's successor then has little to wait for, and pauses take hold soon. */
const SLICE_MS = 40_000;
/** Waits up to this long are slept through, unless the dependencies say otherwise. */
const NAP_MS = 2_000;
/** How often leased assets are checked again. */
const LEASE_WAIT_MS = 15_000;
/** How often what Qualys refuses permanently is asked again, once something was sent: somebody may approve the script again. */
const REFUSED_WAIT_MS = 60_000;

/**
 * Brings the run's executions forward by as much as can be done now: decides those whose answer was lost, and fills free slots
 * from the assets that are due. All it knows is in the ledger, so any attempt on any worker takes up where the last one ended.
 */
export function createDispatch(dependencies: ActivityDependencies) {
  const lines = new ScriptLines();
  return {
    async dispatch(input: DispatchInput): Promise<DispatchResult> {
      const { ledger } = dependencies;
      const run = await ledger.runs.get(input.runId);
      // What an attempt that died had issued, the workflow was never told: its heartbeats were.
      const known = mostIssued(input.issued, issuedIn(activityInfo().heartbeatDetails));
      const issued = await ledger.runs.issued(input.runId);
      const stale = await whyStale(ledger, { runId: input.runId, known });
      if (stale || !run?.script)
        return holdBack(dependencies, input, { known, stale: stale ?? (await staleLedger(ledger, { runId: input.runId, known })) });
      const round: Round = {
        dependencies,
        lines,
        run,
        fence: await ledger.runs.takeFence(run.id),
        issued,
        report: reportingToTemporal(dependencies.client),
        accepted: 0,
        doubted: false,
        awaited: 0,
        failure: undefined,
        refused: new Set(),
      };
      heartbeat(round.issued);
      await feedSlots(ledger, run);
      return withHeartbeat(
        async () => conclude(round, input, await workThrough(round)),
        () => round.issued,
      );
    },
  };
}

interface Round {
  dependencies: ActivityDependencies;
  lines: ScriptLines;
  run: RunRow;
  fence: number;
  issued: Issued;
  report: (issued: Issued, limitMs: number) => Promise<Reported>;
  accepted: number;
  /** The fate of something that this attempt sent is not known. */
  doubted: boolean;
  /** Assets of a step whose agents were found to be back, or given up. */
  awaited: number;
  failure: Extract<Sent, { kind: 'rejected' }> | undefined;
  /** Executions that Qualys refused in this attempt: the others must not wait behind them. */
  refused: Set<number>;
}

async function workThrough(round: Round): Promise<Wait | undefined> {
  const endsAt = performance.now() + SLICE_MS;
  const { cancellationSignal } = Context.current();
  let doubt = await decideLost(round, endsAt);
  const asked = await pollCheckIns(round.dependencies, round.run);
  round.awaited += asked.decided;
  doubt = asked.wait ? sooner(asked.wait, doubt) : doubt;
  while (!cancellationSignal.aborted) {
    const execution = await nextToSend(round);
    if (!execution) return refusedWait(round) ?? doubt ?? (await leasedElsewhere(round));
    const kept = await keepPolicy(round.dependencies, { run: round.run, beat: () => heartbeat(round.issued) });
    if (typeof kept === 'object') return sooner(kept, doubt);
    if (kept === 'changed') continue;
    const sent = await sendExecution(round.dependencies, {
      run: round.run,
      execution,
      fence: round.fence,
      beat: () => heartbeat(round.issued),
      async report(limitMs) {
        // From here on the timer's beats say no less.
        round.issued = await round.dependencies.ledger.runs.issued(round.run.id);
        return round.report(round.issued, limitMs);
      },
    });
    const wait = sent.kind === 'wait' ? sent.wait : undefined;
    if (!wait?.inLine) round.lines.sent(execution.scriptId);
    round.issued = await round.dependencies.ledger.runs.issued(round.run.id);
    heartbeat(round.issued);
    if (sent.kind === 'accepted') round.accepted += 1;
    if (sent.kind === 'in-doubt') round.doubted = true;
    if (sent.kind === 'in-doubt') doubt = await decideLost(round, endsAt);
    // Assets of an execution that can be sent no more count against the budget, too.
    if (sent.kind === 'given-up') await enforceBudget(round);
    if (sent.kind === 'rejected') {
      round.failure = sent;
      round.refused.add(execution.executionNo);
      // A script or target that is refused says nothing of the next batch; a refused login does.
      if (sent.blocked.kind !== 'rejected') return refusedWait(round);
    }
    if (sent.kind === 'over') return doubt;
    if (wait && (wait.waitMs > (round.dependencies.napMs ?? NAP_MS) || performance.now() + wait.waitMs > endsAt))
      return sooner(wait, doubt);
    if (wait?.inLine) await round.lines.wait(execution.scriptId, wait.waitMs, Context.current().cancelled);
    else if (wait) await Context.current().sleep(wait.waitMs);
    if (performance.now() > endsAt) return { waitMs: 1_000 };
  }
  return doubt;
}

function refusedWait({ failure }: Round): Wait | undefined {
  return failure && { waitMs: REFUSED_WAIT_MS, blocked: failure.blocked };
}

async function nextToSend({ dependencies, run, fence, refused }: Round): Promise<Execution | undefined> {
  const { executions, planned } = dependencies.ledger;
  if (run.errorBudget?.strict) await planned.dropWaiting(run.id);
  const claimed = (await executions.inState(run.id, ['claimed'])).find(({ executionNo }) => !refused.has(executionNo));
  return claimed ?? executions.claim(run.id, fence);
}

/** Resolves every execution whose answer was lost, as far as the evidence and this attempt's time go. */
async function decideLost(round: Round, endsAt: number): Promise<Wait | undefined> {
  const { dependencies, run } = round;
  let wait: Wait | undefined;
  for (const execution of await dependencies.ledger.executions.inState(run.id, ['permitted'])) {
    if (performance.now() > endsAt || Context.current().cancellationSignal.aborted) return { waitMs: 1_000, doubt: true };
    const next = await resolveInDoubt(dependencies, run, execution);
    if (next) wait = sooner(next, wait);
    else await enforceBudget(round);
    // What one poll is refused, the next would be too.
    if (next?.blocked) return next;
  }
  return wait;
}

/** What was given up as unverified counts against the budget as much as what the watch finds. */
async function enforceBudget({ dependencies, run }: Round): Promise<RunSnapshot> {
  const { ledger } = dependencies;
  const snapshot = await ledger.runs.snapshot(run.id);
  return (await stopAtBreach(ledger, run, snapshot)) ? ledger.runs.snapshot(run.id) : snapshot;
}

async function leasedElsewhere({ dependencies, run }: Round): Promise<Wait | undefined> {
  const { waiting, nextDueAt, slotsTaken, maxInFlight, at, stop, paused } = await dependencies.ledger.runs.snapshot(run.id);
  if (waiting === 0 || stop || paused || slotsTaken >= maxInFlight || (nextDueAt ?? 0) > at) return undefined;
  if (run.errorBudget?.strict && slotsTaken > 0) return undefined;
  const why = busyText(waiting, await dependencies.ledger.reader.holdersOfWaiting(run.id));
  return { waitMs: LEASE_WAIT_MS, blocked: { kind: 'lease', why } };
}

async function conclude(round: Round, input: DispatchInput, reportedWait: Wait | undefined): Promise<DispatchResult> {
  const wait =
    reportedWait?.blocked?.kind === 'limit'
      ? { ...reportedWait, waitMs: Math.min(reportedWait.waitMs, LONGEST_LIMIT_WAIT_MS) }
      : reportedWait;
  const { ledger } = round.dependencies;
  const saidWait = worthSaying(wait);
  // It has nothing to send, or nothing that it may send soon.
  if (!wait || saidWait) await ledger.executions.giveBack(input.runId, round.fence);
  const snapshot = await enforceBudget(round);
  if (round.failure && !snapshot.attempted) throw nonRetryable(round.failure.type, round.failure.blocked.why);
  const blocked = saidWait ?? (wait ? undefined : await stepWaitOf(ledger, round.run, snapshot));
  await ledger.runs.setBlocked(input.runId, blocked?.why);
  const againMs = wait?.waitMs ?? dueIn(snapshot);
  const isNewReason = blocked?.kind !== input.reported?.kind;
  // A doubt that waits for the index must not keep free slots from being filled: the workflow asks again when one is free.
  const mayFill = snapshot.unsent > 0 || snapshot.waiting > 0;
  // A later attempt knows by the heartbeats what was sent; when the activity is cancelled in between, Temporal drops them.
  const hasReport = round.accepted > 0 || round.doubted || round.awaited > 0 || isNewReason;
  if (!wait || (wait.doubt && mayFill) || hasReport) return { snapshot, blocked, againMs };
  throw retryLater(wait.waitMs, wait.blocked?.why ?? `attempt ${activityInfo().attempt} waits`);
}

/** Short waits for limits and intervals are the normal course of things; everything else an operator has to hear of. */
function worthSaying(wait: Wait | undefined): Blocked | undefined {
  if (!wait?.blocked) return undefined;
  const isRoutine = wait.blocked.kind === 'limit' || wait.blocked.kind === 'interval';
  return isRoutine && wait.waitMs < WORTH_SAYING_MS ? undefined : wait.blocked;
}

function dueIn(snapshot: RunSnapshot): number | undefined {
  if (snapshot.waiting === 0 || snapshot.nextDueAt === undefined || snapshot.nextDueAt <= snapshot.at) return undefined;
  return snapshot.nextDueAt - snapshot.at;
}

function sooner(a: Wait, b: Wait | undefined): Wait {
  return b && b.waitMs < a.waitMs ? b : a;
}

/**
 * The ledger is older than the run, or than another one: lost, or restored from a backup. Sending on could repeat what it has forgotten,
 * and what it issues meanwhile the newest ledger would lack when it is restored.
 */
async function holdBack(
  { ledger }: ActivityDependencies,
  { runId, reported }: DispatchInput,
  { known, stale }: { known: Issued; stale: NotReady },
): Promise<DispatchResult> {
  heartbeat(known);
  await ledger.runs.setBlocked(runId, stale.message);
  if (reported?.kind === stale.blocked.kind) throw retryLater(stale.waitMs, stale.message);
  const snapshot = (await ledger.runs.get(runId)) && (await ledger.runs.snapshot(runId));
  return { snapshot, issued: known, blocked: stale.blocked, againMs: stale.waitMs };
}
