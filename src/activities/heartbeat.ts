import { heartbeat } from '@temporalio/activity';

const EVERY_MS = 3_000;

type Activity = (input: never) => Promise<unknown>;

/**
 * Lets Temporal know, as long as `work` goes on, that it does: the death of its worker is noticed after the heartbeat timeout, and not when
 * all the time is over that the largest cohort may need. `details`: what every beat says.
 */
export async function withHeartbeat<T>(work: () => Promise<T>, details: () => unknown = () => undefined): Promise<T> {
  const beat = setInterval(() => heartbeat(details()), EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
  }
}

/** The same of whole activities, whose functions stay callable outside of one, as the sweep does. */
export function eachWithHeartbeat<Activities extends Record<string, Activity>>(activities: Activities): Activities {
  const beaten = Object.entries(activities).map(([name, work]) => [name, (input: never) => withHeartbeat(() => work(input))]);
  return Object.fromEntries(beaten) as Activities;
}
