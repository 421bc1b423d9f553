// What an activity under way, or one that nobody waits for any more, has told Temporal by its heartbeats.
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { type Issued, issuedIn, mostIssued } from '../domain/run/snapshot.js';

/** The most that the pending activities of a workflow said was issued; undefined when they said nothing. */
export async function pendingIssued(client: Client, { raw }: Pick<WorkflowExecutionDescription, 'raw'>): Promise<Issued | undefined> {
  let most: Issued | undefined;
  for (const { heartbeatDetails } of raw.pendingActivities ?? []) {
    for (const value of await decodeArrayFromPayloads(client.options.loadedDataConverter, heartbeatDetails?.payloads)) {
      const issued = issuedIn(value);
      if (issued) most = mostIssued(most, issued);
    }
  }
  return most;
}
