import { type Client, isGrpcServiceError } from '@temporalio/client';

/** PERMISSION_DENIED, UNIMPLEMENTED, UNAUTHENTICATED: this client is never told. */
const NOT_TOLD: readonly number[] = [7, 12, 16];

/** Tells this namespace from one of the same name at another Temporal; undefined where the client may not ask. */
export async function namespaceIdOf(client: Client, namespace: string): Promise<string | undefined> {
  try {
    const { namespaceInfo } = await client.workflowService.describeNamespace({ namespace });
    return namespaceInfo?.id || undefined;
  } catch (error) {
    if (isGrpcServiceError(error) && NOT_TOLD.includes(error.code)) return undefined;
    throw error;
  }
}
