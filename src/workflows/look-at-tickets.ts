// A look at the tickets of a hook, as its schedule asks for it every few minutes; or at one ticket, as soon as an event hints at a change.
import { defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';
import type { LookInput, LookResult } from '../activities/tickets/look.js';
import { identifyLedger } from './shared/activity-proxies.js';

/** Something has changed since: a look that is under way may have been too early to see it. */
export const lookAgain = defineSignal('lookAgain');

/** Starts what is approved, and stops what is not any more. Returns what the last look has found. */
export async function lookAtTickets(input: LookInput): Promise<LookResult> {
  let asked = true;
  setHandler(lookAgain, () => {
    asked = true;
  });
  const { queue } = await identifyLedger();
  const { lookAtTickets: look } = proxyActivities<Activities>({
    taskQueue: queue,
    startToCloseTimeout: '15m',
    heartbeatTimeout: '30s',
    retry: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: '1m' },
  });
  let result: LookResult | undefined;
  while (asked) {
    asked = false;
    result = await look(input);
  }
  return result ?? { found: 0, started: [], refused: 0, stopped: [] };
}
