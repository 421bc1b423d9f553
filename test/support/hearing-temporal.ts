// A Temporal that only hears heartbeats, for activities that wait for its word before they send.
import type { Client } from '@temporalio/client';

export interface HearingTemporal {
  client: Pick<Client, 'withDeadline' | 'activity'>;
  /** The details of every heartbeat that it acknowledged. */
  heard: unknown[];
}

/** `answer` is run before it acknowledges; what that throws is its answer. */
export function hearingTemporal(answer: () => void = () => undefined): HearingTemporal {
  const heard: unknown[] = [];
  const client = {
    withDeadline: <T>(_at: number | Date, call: () => Promise<T>) => call(),
    activity: {
      async heartbeat(_token: Uint8Array, details: unknown) {
        answer();
        heard.push(details);
      },
    },
  };
  return { client: client as unknown as HearingTemporal['client'], heard };
}
