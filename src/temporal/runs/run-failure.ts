// What went wrong when Temporal was asked about a run: command line and server each have their own words for these kinds.
import {
  isGrpcServiceError,
  QueryNotRegisteredError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { isWorkflowUnknown } from '../grpc-errors.js';
import { RunTooLarge, TemporalUnavailable } from '../start-run.js';
import { type UpdateLimit, updateLimitOf } from '../update-limits.js';

export type RunFailure =
  /** Unknown, or it has ended. */
  | { kind: 'not-live' }
  /** The run itself says no; `message` says why. */
  | { kind: 'refused'; message: string }
  /** Nobody answered in time: what was ordered may still take effect. */
  | { kind: 'no-answer' }
  | { kind: 'too-large'; message: string }
  | { kind: 'unavailable'; message: string }
  | { kind: 'no-run' }
  | { kind: 'limit'; limit: UpdateLimit }
  | { kind: 'unreachable'; message: string };

/** Undefined of an error that does not come from Temporal. */
export function runFailureOf(error: unknown): RunFailure | undefined {
  if (isWorkflowUnknown(error)) return { kind: 'not-live' };
  if (error instanceof WorkflowUpdateFailedError) return { kind: 'refused', message: error.cause?.message ?? error.message };
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return { kind: 'no-answer' };
  if (error instanceof RunTooLarge) return { kind: 'too-large', message: error.message };
  if (error instanceof TemporalUnavailable) return { kind: 'unavailable', message: error.message };
  if (error instanceof QueryNotRegisteredError) return { kind: 'no-run' };
  const grpc = isGrpcServiceError(error) ? error : error instanceof Error ? error.cause : undefined;
  if (!isGrpcServiceError(grpc)) return undefined;
  const limit = updateLimitOf(grpc);
  return limit === undefined ? { kind: 'unreachable', message: grpc.details || grpc.message } : { kind: 'limit', limit };
}
