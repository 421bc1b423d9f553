import { describe, expect, test } from '@jest/globals';
import {
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, RetryState, TerminatedFailure } from '@temporalio/common';
import { endWithout } from '../../temporal/runs/run-client.js';
import { RunTooLarge, TemporalUnavailable } from '../../temporal/start-run.js';
import { commandFailure } from './temporal-client.js';

/** As grpc-js raises it. */
function grpc(code: number, details: string): Error {
  return Object.assign(new Error(`${code}: ${details}`), { code, details, metadata: {} });
}

describe('what goes wrong at Temporal', () => {
  test.each([
    [new WorkflowNotFoundError('not found', 'patch', undefined), 2, 'Temporal has no live run patch'],
    [grpc(5, 'workflow not found for ID: patch'), 2, 'Temporal has no live run patch'],
    [
      new WorkflowUpdateFailedError('failed', new Error('Nothing is waiting for approval.')),
      1,
      'The run patch refused: Nothing is waiting for approval.',
    ],
    [
      new WorkflowUpdateRPCTimeoutOrCancelledError('timed out'),
      3,
      "No response for patch in time. Either no worker is running (start one), or ten orders are in flight, Temporal's limit",
    ],
    [
      new ServiceError('Workflow Update failed', {
        cause: grpc(8, 'limit on number of concurrent in-flight updates has been reached (10)'),
      }),
      1,
      'patch did not accept it: ten orders are in flight',
    ],
    [
      new ServiceError('Workflow Update failed', {
        cause: grpc(9, 'The limit on the total number of distinct updates in this workflow has been reached (2000). Make sure'),
      }),
      1,
      'patch did not accept it: its current history has 2,000 orders',
    ],
    [new ServiceError('failed', { cause: grpc(8, 'namespace rate limit exceeded') }), 3, 'Temporal did not respond: namespace rate limit'],
    [new RunTooLarge('reason is too large'), 2, 'reason is too large'],
    [new TemporalUnavailable('Temporal did not accept the request: away'), 3, 'Temporal did not accept the request: away'],
    [grpc(14, 'No connection established'), 3, 'Temporal did not respond: No connection established'],
    [new ServiceError('failed', { cause: grpc(4, 'Deadline exceeded') }), 3, 'Temporal did not respond: Deadline exceeded'],
  ])('%s has its exit code and its sentence', (error, exitCode, sentence) => {
    const failure = commandFailure(error, 'patch');
    expect(failure).toMatchObject({ name: 'CommandFailed', exitCode, message: expect.stringContaining(sentence) });
  });

  test('an error of our own stays what it is', () => {
    const error = new TypeError('x is not a function');
    expect(commandFailure(error, 'patch')).toBe(error);
  });
});

describe('a run that ended without a report', () => {
  test('tells type, message and problems of the failure', () => {
    const failure = ApplicationFailure.nonRetryable('The request has 1 problem', 'InvalidRequest', [
      { path: 'script', problem: 'missing' },
    ]);
    expect(endWithout(failure)).toEqual({
      kind: 'failed',
      type: 'InvalidRequest',
      message: 'The request has 1 problem',
      problems: [{ path: 'script', problem: 'missing' }],
    });
  });

  test('looks through the activity that failed', () => {
    const inner = ApplicationFailure.nonRetryable('no such script', 'ScriptNotFound');
    const failure = new ActivityFailure('Activity task failed', 'openRun', '1', RetryState.NON_RETRYABLE_FAILURE, 'worker', inner);
    expect(endWithout(failure)).toMatchObject({ type: 'ScriptNotFound', message: 'no such script', problems: [] });
  });

  test('names a termination', () => {
    expect(endWithout(new TerminatedFailure('Workflow execution terminated'))).toMatchObject({ type: 'Terminated' });
  });
});
