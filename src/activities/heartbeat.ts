import { heartbeat } from '@temporalio/activity';

const EVERY_MS = 3_000;

type Activity = (input: never) => Promise<unknown>;

/**
 * Activities that let Temporal know that they go on: the death of their worker is noticed after the heartbeat timeout, and not when all
 * the time is over that the largest cohort may need. The functions themselves stay callable outside of an activity, as the sweep does.
 */
export function withHeartbeat<Activities extends Record<string, Activity>>(activities: Activities): Activities {
  const beaten = Object.entries(activities).map(([name, work]) => [name, (input: never) => whileWorking(() => work(input))]);
  return Object.fromEntries(beaten) as Activities;
}

async function whileWorking<T>(work: () => Promise<T>): Promise<T> {
  const beat = setInterval(() => heartbeat(), EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
  }
}
