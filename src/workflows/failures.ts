import { ActivityFailure, ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import { describeProblems, type Problem } from '../schema/request.js';

const PROBLEMS_LISTED = 200;

export function invalidRequest(problems: readonly Problem[]): ApplicationFailure {
  return ApplicationFailure.nonRetryable(describeProblems(problems), 'InvalidRequest', problems.slice(0, PROBLEMS_LISTED));
}

export function qualysUnavailable(why: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(
    `Qualys gave no answer for an hour and nothing was sent: ${why}`.slice(0, 500),
    'QualysUnavailable',
  );
}

/** The contract's failure behind an activity that failed for good; undefined for anything else. */
export function contractFailure(error: unknown): ApplicationFailure | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (!(cause instanceof ApplicationFailure) || !cause.nonRetryable || !cause.type) return undefined;
  return ApplicationFailure.nonRetryable(cause.message, cause.type, ...(cause.details ?? []));
}

/** State may only come from this workflow's own continue-as-new, never from whoever starts it. */
export function isContinued(): boolean {
  return workflowInfo().continuedFromExecutionRunId !== undefined;
}
