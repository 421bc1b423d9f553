import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  TemporalFailure,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import { describeProblems, type Problem } from '../../contracts/request.js';
import { clipped } from '../../domain/basics/well-formed.js';
import { type Issued, issuedIn } from '../../domain/run/snapshot.js';

const PROBLEMS_LISTED = 200;
/** Servers that name a timeout where none was asked for name one of many years. */
const LONGER_THAN_ANY_RUN_MS = 5 * 365 * 24 * 3_600_000;
const MESSAGE_LENGTH = 500;

export function invalidRequest(problems: readonly Problem[]): ApplicationFailure {
  return ApplicationFailure.nonRetryable(describeProblems(problems), 'InvalidRequest', problems.slice(0, PROBLEMS_LISTED));
}

export function qualysUnavailable(why: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(
    clipped(`No response from Qualys for an hour, and nothing was sent: ${why}`, MESSAGE_LENGTH),
    'QualysUnavailable',
  );
}

/** Why an update is not taken. What it quotes was said by somebody. */
export function refusedUpdate(why: string): Error {
  return new Error(clipped(why, MESSAGE_LENGTH));
}

/** The contract's failure behind an activity that failed for good; undefined for anything else. */
export function contractFailure(error: unknown): ApplicationFailure | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (!(cause instanceof ApplicationFailure) || !cause.nonRetryable || !cause.type) return undefined;
  return ApplicationFailure.nonRetryable(clipped(cause.message, MESSAGE_LENGTH), cause.type, ...(cause.details ?? []));
}

/** An attempt that is under way when its activity is cancelled may end with its own failure: then it is not tried again. */
export function isCancelled(error: unknown): boolean {
  return isCancellation(error) || (error instanceof ActivityFailure && error.retryState === 'CANCEL_REQUESTED');
}

/** What a dispatch that did not end by itself had issued: by its heartbeats, where its worker was not heard of any more. */
export function issuedBeforeFailure(error: unknown): Issued | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  if (cause instanceof TimeoutFailure) return issuedIn(cause.lastHeartbeatDetails);
  return cause instanceof ApplicationFailure ? issuedIn(cause.details?.[0]) : undefined;
}

/** True for whatever ends the work of a workflow that is asked to cancel: an activity's failure too, but not a continue-as-new. */
export function endsByCancel(error: unknown): boolean {
  return isCancellation(error) || (CancellationScope.current().consideredCancelled && error instanceof TemporalFailure);
}

/** State may only come from this workflow's own continue-as-new, never from whoever starts it. */
export function isContinued(): boolean {
  const { continuedFromExecutionRunId, cronSchedule, attempt, executionTimeoutMs = 0, runTimeoutMs = 0 } = workflowInfo();
  // A cron schedule and a retry policy continue a workflow too, with the arguments of whoever started it.
  if (cronSchedule) throw invalidRequest([{ path: '', problem: 'a run starts once: cron schedules are not supported' }]);
  if (attempt > 1) throw invalidRequest([{ path: '', problem: 'a run starts once: retry policies are not supported' }]);
  // An activity whose next wait would pass one ends at once, for good: with executions in flight (docs/decisions/015).
  if ([executionTimeoutMs, runTimeoutMs].some((limitMs) => limitMs > 0 && limitMs < LONGER_THAN_ANY_RUN_MS))
    throw invalidRequest([{ path: '', problem: 'a run ends by its deadlines: execution and run timeouts are not supported' }]);
  return continuedFromExecutionRunId !== undefined;
}
