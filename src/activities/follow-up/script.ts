// The script of a follow-up, read again: what was approved is what may be scheduled, also when a run has taken weeks.

import type { FollowUp } from '../../contracts/request.js';
import type { FrozenPlan } from '../../domain/run/plan-digest.js';
import type { NamedScript, RunRow } from '../../ledger/rows/run.js';
import type { Script } from '../../qualys/types.js';
import type { ActivityDependencies } from '../dependencies.js';
import { refusedScript } from '../policy/refused-script.js';

/** Waiting does not make such a follow-up possible. */
export class FollowUpRefused extends Error {}

/**
 * The run's own script as it is now, or what Qualys has under the name that the follow-up gives it. Throws `FollowUpRefused` when it may
 * not run, or is not what it was.
 */
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
  const isOwn = script.id === run.script.id;
  const approved = await approvedScripts(ledger, run);
  const pin = isOwn ? pinned(run, approved.own) : { script: approved.followUp, before: 'it was approved with' };
  const change = changeSince(script, pin);
  if (change) throw new FollowUpRefused(change);
  return isOwn ? (pin.script ?? run.script) : { id: script.id, title: script.title, sha256: script.sha256 };
}

interface Pin {
  script: NamedScript | undefined;
  before: string;
}

/** The request's pin outweighs what was recorded when the run was opened. */
function pinned({ request }: RunRow, own: NamedScript | undefined): Pin {
  const before = request.scriptSha256 === undefined ? 'it had when the run was opened' : 'that the request pins';
  return { script: own && { ...own, sha256: request.scriptSha256 ?? own.sha256 }, before };
}

/** What was read when the run was opened; of a campaign, what was last approved. */
async function approvedScripts(
  ledger: ActivityDependencies['ledger'],
  run: RunRow,
): Promise<{ own: NamedScript | undefined; followUp: NamedScript | undefined }> {
  const frozen = run.kind === 'campaign' ? (await ledger.campaigns.get<FrozenPlan>(run.id))?.frozen : undefined;
  return { own: frozen?.scripts['remediate'] ?? run.script, followUp: frozen ? frozen.scripts['followUp'] : run.followUpScript };
}

/** Where nothing was recorded there is nothing to compare. */
function changeSince(now: Script, pin: Pin): string | undefined {
  if (!pin.script) return undefined;
  const { id, title, sha256: expected } = pin.script;
  const named = `Script ${now.id} (${now.title})`;
  if (now.id !== id) return `${named} is not ${id} (${title}), the approved follow-up script. Nothing is scheduled.`;
  if (expected === undefined || now.sha256 === expected) return undefined;
  return `${named} has the content hash ${now.sha256 ?? 'unknown'} instead of ${expected}, ${pin.before}. It has changed since; nothing is scheduled.`;
}
