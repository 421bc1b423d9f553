// Why a script may not run: by policy, by its own state, or because its content is not the one that is pinned.

import type { Policy } from '../../contracts/policy.js';
import type { StoredRequest } from '../../ledger/rows/run.js';
import type { Script } from '../../qualys/types.js';

/** Why the script may not run, by policy or by its own state. */
export function refusedScript(
  script: Pick<Script, 'id' | 'title' | 'status'>,
  allowed: readonly string[] | undefined,
): { type: 'PolicyViolation' | 'ScriptNotRunnable'; message: string } | undefined {
  const named = `${script.id} (${script.title})`;
  if (allowed && !allowed.includes(script.id)) {
    const message = `Policy does not allow script ${named}. Allowed: ${allowed.slice(0, 20).join(', ') || 'none'}.`;
    return { type: 'PolicyViolation', message };
  }
  if (script.status === '' || script.status === 'APPROVED') return undefined;
  return { type: 'ScriptNotRunnable', message: `Script ${named} is ${script.status}. Only approved scripts may run.` };
}

/** The same for a run, whose content is pinned; `pinnedBy` says by what. */
export function refusedForRun(
  script: Script,
  { scriptSha256 }: Pick<StoredRequest, 'scriptSha256'>,
  { scripts }: Pick<Policy, 'scripts'>,
  pinnedBy = 'the request pins',
): ReturnType<typeof refusedScript> {
  const refusal = refusedScript(script, scripts?.allow);
  if (refusal || scriptSha256 === undefined || script.sha256 === scriptSha256) return refusal;
  const message = `Script ${script.id} (${script.title}) has content hash ${script.sha256 ?? 'unknown'}, ${pinnedBy} ${scriptSha256}. It has changed since.`;
  return { type: 'ScriptNotRunnable', message };
}
