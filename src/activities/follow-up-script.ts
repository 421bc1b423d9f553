// The script of a follow-up, read again: what was approved is what may be scheduled, also when a run has taken weeks.
import type { RunRow } from '../ledger/run-row.js';
import type { Script } from '../qualys/qualys.js';
import type { FollowUp } from '../schema/request.js';
import type { ActivityDependencies } from './dependencies.js';
import { refusedScript } from './refused-script.js';

export interface NamedScript {
  id: string;
  title: string;
}

/** Waiting does not make such a follow-up possible. */
export class FollowUpRefused extends Error {}

/** The run's own script as it is now, or what Qualys has under the name that the follow-up gives it. Throws `FollowUpRefused` when it may not run, or is not what it was. */
export async function followUpScript(
  { ledger, qualys, policy: own }: ActivityDependencies,
  run: RunRow,
  followUp: FollowUp,
): Promise<NamedScript> {
  if (!run.script) throw new FollowUpRefused('The run has no script.');
  const script = await qualys.script(followUp.script ?? run.script.id, { runId: run.id });
  const { policy } = await ledger.policies.inForce(own);
  const refusal = refusedScript(script, policy.scripts?.allow);
  if (refusal) throw new FollowUpRefused(refusal.message);
  if (script.id !== run.script.id) return { id: script.id, title: script.title };
  const change = changeSince(run, script);
  if (change) throw new FollowUpRefused(change);
  return { id: run.script.id, title: run.script.title };
}

/** The request's pin outweighs what was recorded when the run was opened; without either there is nothing to compare. */
function changeSince({ request, script: opened }: RunRow, now: Script): string | undefined {
  const expected = request.scriptSha256 ?? opened?.sha256;
  if (expected === undefined || now.sha256 === expected) return undefined;
  const before = request.scriptSha256 === undefined ? 'it had when the run was opened' : 'that the request pins';
  return `Script ${now.id} (${now.title}) has the content hash ${now.sha256 ?? 'unknown'} instead of ${expected}, ${before}: it was changed since, so nothing is scheduled.`;
}
