// Before the request of a permit leaves, Temporal has to know of the permit: should this worker die with its disk, the next attempt is
// told by Temporal what the restored ledger has forgotten.
import { activityInfo, heartbeat } from '@temporalio/activity';
import { ActivityCancelledError, ActivityNotFoundError, ActivityPausedError, ActivityResetError, type Client } from '@temporalio/client';
import type { Issued } from '../domain/run/snapshot.js';

/** `gone`: nobody waits for this attempt any more. `held`: an operator of Temporal wants it to stop. */
export type Reported = { kind: 'reported' } | { kind: 'gone' } | { kind: 'held' } | { kind: 'unreachable'; why: string };

/**
 * Heartbeats of one attempt that are acknowledged, each within `limitMs`. The SDK's own are throttled for up to 12 s, and nobody learns
 * whether they arrived. They are told the same first: what they send late would otherwise replace ours by something older.
 */
export function reportingToTemporal(client: Client): (issued: Issued, limitMs: number) => Promise<Reported> {
  /** The client tries again by itself, after its caller has given up too: nothing newer is told before that has ended. */
  let earlier: Promise<Reported> = Promise.resolve({ kind: 'reported' });
  return async (issued, limitMs) => {
    heartbeat(issued);
    const reporting = earlier.then(() => report(client, issued, limitMs));
    earlier = reporting;
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<Reported>((resolve) => {
      timer = setTimeout(() => resolve({ kind: 'unreachable', why: `no answer within ${Math.round(limitMs)} ms` }), Math.max(0, limitMs));
    });
    try {
      return await Promise.race([reporting, tooLate]);
    } finally {
      clearTimeout(timer);
    }
  };
}

async function report(client: Client, issued: Issued, limitMs: number): Promise<Reported> {
  const { taskToken } = activityInfo();
  try {
    await client.withDeadline(Date.now() + limitMs, () => client.activity.heartbeat(taskToken, issued));
    return { kind: 'reported' };
  } catch (error) {
    if (error instanceof ActivityNotFoundError || error instanceof ActivityCancelledError) return { kind: 'gone' };
    if (error instanceof ActivityPausedError || error instanceof ActivityResetError) return { kind: 'held' };
    return { kind: 'unreachable', why: error instanceof Error ? error.message : String(error) };
  }
}
