// What an activity under way, or one that nobody waits for any more, has told Temporal by its heartbeats.
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { type Given, givenIn, mostGiven } from '../domain/run/snapshot.js';

/** The most that the pending activities of a workflow said was given out; undefined when they said nothing. */
export async function pendingGiven(client: Client, { raw }: Pick<WorkflowExecutionDescription, 'raw'>): Promise<Given | undefined> {
  let most: Given | undefined;
  for (const { heartbeatDetails } of raw.pendingActivities ?? []) {
    for (const value of await decodeArrayFromPayloads(client.options.loadedDataConverter, heartbeatDetails?.payloads)) {
      const given = givenIn(value);
      if (given) most = mostGiven(most, given);
    }
  }
  return most;
}
