import { isGrpcServiceError, WorkflowNotFoundError } from '@temporalio/client';

/** gRPC's status code. */
const NOT_FOUND = 5;

/** Temporal does not know such a workflow, or none that is alive. */
export function isWorkflowUnknown(error: unknown): boolean {
  return error instanceof WorkflowNotFoundError || (isGrpcServiceError(error) && error.code === NOT_FOUND);
}
