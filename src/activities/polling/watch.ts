import { activityInfo } from '@temporalio/activity';
import { type Blocked, WORTH_SAYING_MS } from '../../domain/run/blocked.js';
import type { Issued, RunSnapshot } from '../../domain/run/snapshot.js';
import type { Execution } from '../../ledger/executions/registry.js';
import type { RunRow } from '../../ledger/rows/run.js';
import { isAccessRefused, QualysError } from '../../qualys/errors.js';
import type { PollDependencies } from '../dependencies.js';
import { blockedBy, retryLater, waitAfter } from '../failures.js';
import { withHeartbeat } from '../heartbeat.js';
import { stopAtBreach } from '../run/stop-at-breach.js';
import { type CarriedAlong, pollExecutions } from './executions.js';
import { inTurn, nextLookMs, planNextLook } from './next-look.js';
import { collectOutputs } from './outputs.js';

export interface WatchInput {
  runId: string;
  reported?: Blocked | undefined;
  /** When the workflow was last told, by the ledger's clock. */
  reportedAt: number;
  /** How many wakes were reported to it. */
  reportedWakes: number;
  /** How many assets the workflow takes to be running. */
  running?: number | undefined;
  /** True at the end of a cancelled run: look as often as the floor allows. */
  hurry?: boolean | undefined;
  /** What the workflow knows to have been issued: who only watches may be the only one to know that the ledger is old. */
  issued?: Issued | undefined;
}

export interface WatchResult {
  snapshot: RunSnapshot;
  blocked?: Blocked | undefined;
}

/** A cancelled run has a minute left: it looks this often, however long its cadence has become. */
const HURRIED_MS = 5_000;
/** Even when no slot becomes free the workflow is told of changes this often, for its `progress`. */
const TELL_AFTER_MS = 5 * 60_000;

/** What others have found is asked for as often as this, and by many runs together no more than ten times a second. */
const SOONEST_ASKED_MS = 5_000;
const ASKED_BY_EACH_MS = 100;
/** Of the age of its youngest execution. */
const ASKED_AFTER_SHARE = 0.05;

/**
 * Polls all executions of the run that are in flight, in as few calls as the API allows, and returns when a slot is free or
 * nothing is left to watch. Until then the attempt fails with the delay to the next poll: that costs no history and holds no slot.
 */
export function createWatch(dependencies: PollDependencies) {
  return {
    async watch(input: WatchInput): Promise<WatchResult> {
      const { ledger } = dependencies;
      const run = await ledger.runs.get(input.runId);
      await ledger.staleness.isStale(input.runId, input.issued);
      if (!run) throw retryLater(30_000, `the ledger does not know the run ${input.runId}`);
      try {
        return await withHeartbeat(() => watchOnce(dependencies, input, run));
      } catch (error) {
        if (!(error instanceof QualysError)) throw error;
        return await waitFor(dependencies, input, error);
      }
    },
  };
}

async function watchOnce(dependencies: PollDependencies, input: WatchInput, run: RunRow): Promise<WatchResult> {
  const { ledger } = dependencies;
  // An attempt that ended between its writes and its word to the workflow has freed a slot that nobody knows of.
  if (await ledger.verdicts.hasWakeSince(run.id, input.reportedWakes)) return tell(dependencies, input, run);
  const accepted = await ledger.executions.inState(run.id, ['accepted']);
  const now = await ledger.database.now();
  if (accepted.length === 0) return nothingInFlight(dependencies, input, run);
  const pollAt = await nextPoll(dependencies, { run, input, now, accepted });
  if (pollAt > now) {
    if (run.nextPollAt !== pollAt) await ledger.runs.setNextPoll(run.id, pollAt);
    throw await listening(ledger, run, { accepted, now, untilLookMs: pollAt - now });
  }
  return input.hurry ? look(dependencies, { input, run, accepted, now }) : inTurn(ledger, () => lookIfDue(dependencies, { input, run }));
}

async function nothingInFlight(dependencies: PollDependencies, input: WatchInput, run: RunRow): Promise<WatchResult> {
  const waitMs = await collectOutputs(dependencies, { run, final: true });
  if (waitMs !== undefined) throw retryLater(waitMs, 'waiting for script output');
  return tell(dependencies, input, run);
}

/** After the look of another run, which may have been this one's as well. */
async function lookIfDue(dependencies: PollDependencies, { input, run: before }: { input: WatchInput; run: RunRow }): Promise<WatchResult> {
  const { ledger } = dependencies;
  if (await ledger.verdicts.hasWakeSince(before.id, input.reportedWakes)) return tell(dependencies, input, before);
  const run = (await ledger.runs.get(before.id)) ?? before;
  const accepted = await ledger.executions.inState(run.id, ['accepted']);
  if (accepted.length === 0) return nothingInFlight(dependencies, input, run);
  const now = await ledger.database.now();
  const pollAt = await nextPoll(dependencies, { run, input, now, accepted });
  if (pollAt > now) throw await listening(ledger, run, { accepted, now, untilLookMs: pollAt - now });
  return look(dependencies, { input, run, accepted, now });
}

async function look(
  dependencies: PollDependencies,
  { input, run, accepted, now }: { input: WatchInput; run: RunRow; accepted: readonly Execution[]; now: number },
): Promise<WatchResult> {
  const { ledger } = dependencies;
  const { changed, awaitsOutput, passengers } = await pollExecutions(dependencies, { run, accepted });
  await collectOutputs(dependencies, { run, final: false, hurry: input.hurry === true });
  const waitMs = input.hurry ? hurriedMs(run) : await planNextLook(ledger, { run, awaitsOutput });
  for (const passenger of passengers) await afterRide(ledger, passenger);

  const snapshot = await ledger.runs.snapshot(run.id);
  const breaksNow = await stopAtBreach(ledger, run, snapshot);
  const overdue = changed > 0 && now - input.reportedAt >= TELL_AFTER_MS;
  const freed = await ledger.verdicts.hasWakeSince(run.id, input.reportedWakes);
  // Nothing but late verdicts is left to wait for, or one has come: a campaign does not wait with the step, and judges its wave by them.
  const onlyLate = snapshot.counts.running === 0 && (changed > 0 || (input.running ?? 0) > 0);
  // The call budget feeds more than are in flight.
  const hasRoom = run.autoInFlight && snapshot.waiting > 0 && snapshot.slotsTaken < snapshot.maxInFlight;
  if (freed || hasRoom || (breaksNow && !input.hurry) || overdue || (onlyLate && !input.hurry) || input.reported)
    return tell(dependencies, input, run);
  if (input.hurry) throw retryLater(waitMs, `${accepted.length} execution(s) in flight, next poll in ${Math.ceil(waitMs / 1_000)} s`);
  throw await listening(ledger, run, { accepted, now, untilLookMs: waitMs });
}

/**
 * Until its next look, or until it is to ask the ledger whether another run's has found something of its own: that costs no call, but an
 * attempt at Temporal. The longer its executions have been on their way the longer it waits: some are, for weeks.
 */
async function listening(
  ledger: PollDependencies['ledger'],
  run: RunRow,
  { accepted, now, untilLookMs }: { accepted: readonly Execution[]; now: number; untilLookMs: number },
): Promise<Error> {
  const others = (await ledger.verdicts.alsoInFlight(run.id)).length;
  const youngestMs = now - Math.max(...accepted.map(({ acceptedAt = now }) => acceptedAt));
  const askMs = Math.max(
    Math.min(run.request.poll.interval, Math.max(SOONEST_ASKED_MS, others * ASKED_BY_EACH_MS)),
    youngestMs * ASKED_AFTER_SHARE,
  );
  return retryLater(others > 0 ? Math.min(untilLookMs, askMs) : untilLookMs, `next poll in ${Math.ceil(untilLookMs / 1_000)} s`);
}

/** What was planned behind the last look, made again where executions were accepted since: with them it is worth more later. */
async function nextPoll(
  dependencies: PollDependencies,
  { run, input, now, accepted }: { run: RunRow; input: WatchInput; now: number; accepted: readonly Execution[] },
): Promise<number> {
  if (input.hurry) return (await dependencies.ledger.verdicts.lastPollAt(run.id)) + hurriedMs(run);
  const isPlanned = run.nextPollAt > 0 && accepted.every(({ polledAt }) => polledAt !== undefined);
  return isPlanned ? run.nextPollAt : now + (await nextLookMs(dependencies.ledger, run));
}

function hurriedMs(run: RunRow): number {
  return Math.min(run.request.poll.interval, HURRIED_MS);
}

/** What its own look would have done; its workflow is told when its watch asks next, which costs no call. */
async function afterRide(ledger: PollDependencies['ledger'], { run, changed, awaitsOutput }: CarriedAlong): Promise<void> {
  await planNextLook(ledger, { run, awaitsOutput });
  const snapshot = await ledger.runs.snapshot(run.id);
  const breaksNow = await stopAtBreach(ledger, run, snapshot);
  if (breaksNow || (changed > 0 && snapshot.counts.running === 0)) await ledger.verdicts.wake(run.id);
}

/** A process that ended behind its writes, or whose look carried this run along, may not have come to the end of a budget: it comes first. */
async function tell({ ledger }: PollDependencies, input: WatchInput, run: RunRow): Promise<WatchResult> {
  if (input.reported) await ledger.runs.setBlocked(input.runId, undefined);
  const snapshot = await ledger.runs.snapshot(input.runId);
  return { snapshot: (await stopAtBreach(ledger, run, snapshot)) ? await ledger.runs.snapshot(input.runId) : snapshot };
}

async function waitFor({ ledger }: PollDependencies, input: WatchInput, error: QualysError): Promise<WatchResult> {
  const waitMs = waitAfter(error, activityInfo().attempt);
  const blocked = waitMs >= WORTH_SAYING_MS || isAccessRefused(error) ? blockedBy(error) : undefined;
  // In the last minute of a cancelled run nobody is told: it would only ask again at once.
  if (blocked && !input.hurry && blocked.kind !== input.reported?.kind) {
    await ledger.runs.setBlocked(input.runId, blocked.why);
    return { snapshot: await ledger.runs.snapshot(input.runId), blocked };
  }
  throw retryLater(waitMs, error.message);
}
