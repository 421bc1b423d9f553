import { CancellationScope, continueAsNew, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { OpenRunResult } from '../../activities/opening/run.js';
import { parseRequest, type RemediationRequest } from '../../contracts/request.js';
import type { ApprovalAsk, PlaybookApproval } from '../../domain/run/approval.js';
import type { RunReport } from '../../domain/run/outcome.js';
import type { RunSnapshot } from '../../domain/run/snapshot.js';
import type { TicketStart } from '../../domain/run/ticket-start.js';
import { abandoned } from '../shared/abandoned.js';
import { activitiesOf, identifyLedger, type RunActivities } from '../shared/activity-proxies.js';
import { carriedOver, carriedState } from '../shared/carried-state.js';
import { contractFailure, endsByCancel, invalidRequest, isContinued } from '../shared/failures.js';
import { firstState, type RunState, takeSnapshot } from '../shared/state.js';
import { approved } from './approval.js';
import { handleMessages } from './handlers.js';
import { endCancelled, finishRun, startRun, workOn } from './life.js';
import { answered } from './wait-until-available.js';
import type { Work } from './work.js';

/**
 * Runs one script over one cohort, once per asset and attempt. `input` is a `RemediationRequest` (docs/requests.md), unvalidated
 * as the Temporal CLI sends it; `carried` is what the run hands itself when it continues as new.
 * Fails only when nothing was attempted; otherwise it completes with a report, also when it is cancelled.
 */
export async function remediationRun(input: unknown, carried?: unknown): Promise<RunReport> {
  const request = isContinued() ? undefined : parsedOrFail(input);
  const state = request ? firstState(request) : carriedState(carried);
  const runId = workflowInfo().workflowId;
  let activities = state.queue === undefined ? undefined : activitiesOf(state.queue);
  let work: Work | undefined;
  handleMessages({ runId, state, activities: () => activities, wake: () => work?.wake() });

  try {
    if (request) {
      state.queue = (await identifyLedger()).queue;
      activities = activitiesOf(state.queue);
      const { ask, started } = await open(activities, state, request);
      if (ask) await approval(activities, state, ask);
      else await start(activities, state, started);
    }
    activities ??= activitiesOf(state.queue ?? '');
    const living = { runId, state, activities };
    // Stopped before this history as well, as of one that was reset: what is in flight is watched to its end.
    if ((await workOn(living, begun)) === 'interrupted') await continueAsNew<typeof remediationRun>({}, carriedOver(state));
    return await finishRun(living);
  } catch (error) {
    if (endsByCancel(error)) return await CancellationScope.nonCancellable(() => afterCancel(activities, state, { runId, work, request }));
    throw await abandoned(error, { runId, activities });
  }

  function begun(current: Work): void {
    work = current;
  }
}

function parsedOrFail(input: unknown): RemediationRequest {
  const parsed = parseRequest(input);
  if (!parsed.ok) throw invalidRequest(parsed.problems);
  return parsed.value;
}

interface Opened {
  /** What has to be approved. */
  ask?: ApprovalAsk | undefined;
  started?: RunSnapshot | undefined;
}

/**
 * Registers the run, freezes its cohort, and starts it where nobody has to approve it. Waits, visibly, up to an hour for a Qualys that gives
 * no answer.
 */
async function open(activities: RunActivities, state: RunState, request: RemediationRequest): Promise<Opened> {
  const playbookApproval = workflowInfo().memo?.approval as PlaybookApproval | undefined;
  const opened = await answered<OpenRunResult>(state, () =>
    activities.openRun({ ...registration(request), playbookApproval, reported: state.blocked, start: true }),
  );
  const { approval: rule, digest, started } = opened;
  return { ask: rule && { rule, digest, requestedBy: request.requestedBy, approvals: [] }, started };
}

function registration({ targets: _targets, ...request }: RemediationRequest) {
  const { workflowId, firstExecutionRunId, namespace, memo } = workflowInfo();
  const parentId = typeof memo?.recheckOf === 'string' ? memo.recheckOf : undefined;
  const ticketStart = memo?.ticketStart as TicketStart | undefined;
  return { runId: workflowId, firstExecutionId: firstExecutionRunId, namespace, request, parentId, ticketStart };
}

async function start(activities: RunActivities, state: RunState, started: RunSnapshot | undefined): Promise<void> {
  if (started) {
    takeSnapshot(state, started);
    state.phase = 'running';
  }
  // As an activity of its own in histories that began before runs were started as they were opened.
  else await startRun({ runId: workflowInfo().workflowId, state, activities });
  showSize(state);
}

function showSize(state: RunState): void {
  setCurrentDetails(`${state.snapshot?.counts.targeted ?? 0} assets`);
}

/** Waits for whoever has to approve. Rejected or expired, the run ends as `stopped` with nothing sent. */
async function approval(activities: RunActivities, state: RunState, ask: ApprovalAsk): Promise<void> {
  const runId = workflowInfo().workflowId;
  if (await approved({ runId, state, activities }, ask)) return showSize(state);
  const why = state.rejectedBy === undefined ? 'approval-expired' : 'rejected';
  const stopped = await activities.controlRun({
    runId,
    issued: state.issued,
    command: { kind: 'stop', cause: 'stopped', why },
    by: state.rejectedBy,
  });
  takeSnapshot(state, stopped.snapshot);
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
  return endCancelled({ runId, state, activities: using }, work);
}

async function registered(using: RunActivities, request: RemediationRequest): Promise<void> {
  try {
    await using.registerRun(registration(request));
  } catch (error) {
    throw contractFailure(error) ?? error;
  }
}
