// What Temporal takes of updates: 10 at once, and 2,000 in one history. Both by the server's own words, since it has no other sign for
// them.
import { isGrpcServiceError } from '@temporalio/client';

/** `at-once`: passes when one of them ends. `in-all`: passes with the next history. */
export type UpdateLimit = 'at-once' | 'in-all';

/** gRPC status codes. */
const FAILED_PRECONDITION = 9;
const RESOURCE_EXHAUSTED = 8;

/** Which limit a call has met; what is no error of gRPC has met none. */
export function updateLimitOf(error: unknown): UpdateLimit | undefined {
  return isGrpcServiceError(error) ? updateLimitIn(error) : undefined;
}

export function updateLimitIn({ code, details }: { code: number; details: string }): UpdateLimit | undefined {
  if (code === RESOURCE_EXHAUSTED && /concurrent in-flight updates/i.test(details)) return 'at-once';
  if (code === FAILED_PRECONDITION && /total number of distinct updates/i.test(details)) return 'in-all';
  return undefined;
}
