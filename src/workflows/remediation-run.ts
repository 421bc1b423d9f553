import { allHandlersFinished, CancellationScope, condition, continueAsNew, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { OpenRunResult } from '../activities/open-run.js';
import type { WatchResult } from '../activities/watch.js';
import { isApproved, type PlaybookApproval } from '../domain/approval.js';
import type { RunReport } from '../domain/outcome.js';
import { parseRequest, type RemediationRequest } from '../schema/request.js';
import { activitiesOf, identifyLedger, type RunActivities } from './activity-proxies.js';
import { contractFailure, endsByCancel, invalidRequest, isCancelled, isContinued, qualysUnavailable } from './failures.js';
import { handleMessages } from './run-handlers.js';
import { carriedState, firstState, type RunState, takeReport, takeSnapshot } from './run-state.js';
import { UNAVAILABLE_MS, Work } from './work.js';

/** A new history after this many executions, or this many events, or when the server suggests it. */
const EXECUTIONS_A_HISTORY = 500;
const EVENTS_A_HISTORY = 6_000;
/** How long a cancelled run still collects what is in flight (contract section 3). */
const COLLECT_AFTER_CANCEL_MS = 60_000;

/**
 * Runs one script over one cohort, once per asset and attempt. `input` is a `RemediationRequest` (contract section 3), unvalidated
 * as the Temporal CLI sends it; `carried` is what the run hands itself when it continues as new.
 * Fails only when nothing was attempted; otherwise it completes with a report, also when it is cancelled.
 */
export async function remediationRun(input: unknown, carried?: unknown): Promise<RunReport> {
  const request = isContinued() ? undefined : parsedOrFail(input);
  const state = request ? firstState(request) : carriedState(carried);
  const runId = workflowInfo().workflowId;
  let activities = state.queue === undefined ? undefined : activitiesOf(state.queue);
  let work: Work | undefined;
  handleMessages({ runId, state, activities: () => activities, news: () => work?.news() });

  try {
    if (request) {
      state.queue = (await identifyLedger()).queue;
      activities = activitiesOf(state.queue);
      await open(activities, state, request);
      await approval(activities, state);
    }
    activities ??= activitiesOf(state.queue ?? '');
    if (!state.snapshot?.stop) work = await workOn(activities, state, runId);
    return await finish(activities, state, runId);
  } catch (error) {
    if (endsByCancel(error)) return await CancellationScope.nonCancellable(() => afterCancel(activities, state, { runId, work, request }));
    const failure = contractFailure(error);
    if (!failure) throw error;
    if (activities && failure.type !== 'AlreadyRun') {
      const abandon = activities.abandonRun;
      await CancellationScope.nonCancellable(() => abandon({ runId, reason: failure.type ?? 'failed' }));
    }
    throw failure;
  }

  async function workOn(using: RunActivities, on: RunState, id: string): Promise<Work> {
    const current = new Work(id, on, using);
    work = current;
    const startedWith = current.snapshot.claimed;
    const isFull = (): boolean => {
      const { continueAsNewSuggested, historyLength } = workflowInfo();
      return continueAsNewSuggested || historyLength >= EVENTS_A_HISTORY || current.snapshot.claimed - startedWith >= EXECUTIONS_A_HISTORY;
    };
    if ((await current.run(isFull)) === 'interrupted') {
      await current.drain();
      await condition(allHandlersFinished);
      await continueAsNew<typeof remediationRun>({}, on);
    }
    return current;
  }
}

function parsedOrFail(input: unknown): RemediationRequest {
  const parsed = parseRequest(input);
  if (!parsed.ok) throw invalidRequest(parsed.problems);
  return parsed.value;
}

/** Registers the run and freezes its cohort. Waits, visibly, up to an hour for a Qualys that gives no answer. */
async function open(activities: RunActivities, state: RunState, request: RemediationRequest): Promise<void> {
  const playbookApproval = workflowInfo().memo?.approval as PlaybookApproval | undefined;
  const attempt = (): Promise<OpenRunResult> => activities.openRun({ ...registration(request), playbookApproval, shown: state.blocked });
  let opened = await attempt();
  while (opened.kind === 'blocked') {
    const { blocked } = opened;
    state.blocked = blocked;
    state.unavailableSince = blocked.kind === 'unavailable' ? (state.unavailableSince ?? Date.now()) : undefined;
    opened =
      state.unavailableSince === undefined
        ? await attempt()
        : await within(UNAVAILABLE_MS - (Date.now() - state.unavailableSince), attempt, blocked.why);
  }
  state.blocked = undefined;
  state.unavailableSince = undefined;
  if (opened.approval) {
    state.ask = { rule: opened.approval, digest: opened.cohort.digest, requestedBy: request.requestedBy, approvals: [] };
  } else {
    await start(activities, state);
  }
}

function registration({ targets: _targets, ...request }: RemediationRequest) {
  const { workflowId, firstExecutionRunId, namespace } = workflowInfo();
  return { runId: workflowId, firstExecutionId: firstExecutionRunId, namespace, request };
}

async function within<T>(limitMs: number, work: () => Promise<T>, why: string): Promise<T> {
  try {
    return await CancellationScope.withTimeout(Math.max(1, limitMs), work);
  } catch (error) {
    if (isCancelled(error) && !CancellationScope.current().consideredCancelled) throw qualysUnavailable(why);
    throw error;
  }
}

async function start(activities: RunActivities, state: RunState): Promise<void> {
  const { snapshot } = await activities.controlRun({ runId: workflowInfo().workflowId, command: { kind: 'start' } });
  takeSnapshot(state, snapshot);
  state.phase = 'running';
  setCurrentDetails(`${snapshot.counts.targeted} assets`);
}

/** Waits for whoever has to approve. Rejected or expired, the run ends as `stopped` with nothing sent. */
async function approval(activities: RunActivities, state: RunState): Promise<void> {
  const { ask } = state;
  if (!ask) return;
  const runId = workflowInfo().workflowId;
  takeSnapshot(state, (await activities.controlRun({ runId, command: { kind: 'await-approval', digest: ask.digest } })).snapshot);
  state.phase = 'awaiting-approval';
  const decided = (): boolean => state.rejectedBy !== undefined || (state.ask !== undefined && isApproved(state.ask));
  await conditionWithin(decided, ask.rule.expiresMs);
  // A decision that was accepted counts, also when another one was carried out before it.
  await condition(allHandlersFinished);
  const isRejected = state.rejectedBy !== undefined;
  const approved = !isRejected && isApproved(state.ask ?? ask);
  state.ask = undefined;
  if (approved) return start(activities, state);
  const why = isRejected ? 'rejected' : 'approval-expired';
  const stopped = await activities.controlRun({ runId, command: { kind: 'stop', cause: 'stopped', why }, by: state.rejectedBy });
  takeSnapshot(state, stopped.snapshot);
}

async function conditionWithin(met: () => boolean, limitMs: number | undefined): Promise<void> {
  if (limitMs === undefined) await condition(met);
  else await condition(met, limitMs);
}

async function finish(activities: RunActivities, state: RunState, runId: string): Promise<RunReport> {
  if (state.hasFollowUp && !state.snapshot?.stop) {
    state.phase = 'following-up';
    for (;;) {
      const { blocked } = await activities.scheduleFollowUp({ runId, shown: state.blocked });
      state.blocked = blocked;
      if (!blocked) break;
    }
  }
  state.phase = 'closing';
  const report = await CancellationScope.nonCancellable(() =>
    activities.closeRun({ runId, reason: state.snapshot?.stop?.reason ?? 'not-sent', given: state.given }),
  );
  takeReport(state, report);
  await condition(allHandlersFinished);
  return report;
}

/** Nothing new is sent; what is in flight is collected for a minute, and is else `unverified`. */
async function afterCancel(
  activities: RunActivities | undefined,
  state: RunState,
  { runId, work, request }: { runId: string; work: Work | undefined; request: RemediationRequest | undefined },
): Promise<RunReport> {
  state.phase = 'closing';
  state.ask = undefined;
  state.queue ??= (await identifyLedger()).queue;
  const using = activities ?? activitiesOf(state.queue);
  if (request && !state.snapshot) await registered(using, request);
  const { snapshot } = await using.controlRun({ runId, command: { kind: 'stop', cause: 'cancelled', why: 'cancelled' } });
  takeSnapshot(state, snapshot);
  await work?.drain();
  await collectInFlight(using, state, runId);
  const report = await using.closeRun({ runId, reason: 'cancelled', given: state.given });
  takeReport(state, report);
  return report;
}

async function registered(using: RunActivities, request: RemediationRequest): Promise<void> {
  try {
    await using.registerRun(registration(request));
  } catch (error) {
    throw contractFailure(error) ?? error;
  }
}

async function collectInFlight(using: RunActivities, state: RunState, runId: string): Promise<void> {
  const endsAt = Date.now() + COLLECT_AFTER_CANCEL_MS;
  // What a cancelled dispatch sent last is known to the ledger only: it is asked at least once.
  let isInFlight = (state.snapshot?.counts.pending ?? 0) + (state.snapshot?.counts.running ?? 0) + (state.snapshot?.outputsOwed ?? 0) > 0;
  try {
    while (isInFlight && Date.now() < endsAt) {
      const toldAt: number = state.snapshot?.at ?? 0;
      const seen: WatchResult = await CancellationScope.withTimeout(endsAt - Date.now(), () => using.watch({ runId, toldAt, hurry: true }));
      takeSnapshot(state, seen.snapshot);
      isInFlight = seen.snapshot.watched > 0 || seen.snapshot.outputsOwed > 0;
    }
  } catch (error) {
    if (!isCancelled(error)) throw error;
  }
}
