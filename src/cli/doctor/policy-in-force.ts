// Which policy the workers have, and whether the file that this command sees says the same.

import type { Policy } from '../../contracts/policy.js';
import { policyDigest } from '../../contracts/policy-digest.js';
import type { PolicyHolder, StoredPolicy } from '../../ledger/policy/versions.js';
import type { PolicyInForce } from '../../runs/shown.js';
import { findLedger } from '../data/ledger-access.js';
import type { Invocation } from '../invocation/context.js';
import type { Check } from './checks.js';

export function inForceOf({ version, digest, source, readAt }: StoredPolicy, own: Policy | undefined): PolicyInForce {
  const differs = own !== undefined && policyDigest(own) !== digest;
  return { version, digest, ...(source === undefined ? {} : { source }), readAt: new Date(readAt).toISOString(), differs };
}

export function inForceText({ version, digest, source, readAt, differs }: PolicyInForce): string {
  const text = `version ${version} (${shortDigest(digest)}), read ${readAt} from ${source ?? 'the defaults'}`;
  return differs ? `${text}; the configuration here differs and is not in force` : text;
}

/** What the workers of the ledger go by; undefined where there is no ledger yet, or none of them has said. */
export async function policyOfWorkers(invocation: Invocation): Promise<StoredPolicy | undefined> {
  const { ledger } = await findLedger(invocation);
  if (!ledger) return undefined;
  try {
    return await ledger.policies.newest();
  } finally {
    await ledger.close();
  }
}

export function* policyChecks(
  holds: StoredPolicy,
  { holders, own }: { holders: readonly PolicyHolder[]; own: Policy | undefined },
): Generator<Check> {
  const shown = inForceOf(holds, own);
  if (shown.differs)
    yield {
      name: 'policy',
      state: 'wrong',
      detail: `the workers use ${inForceText({ ...shown, differs: false })}; the configuration here (${shortDigest(policyDigest(own as Policy))}) differs`,
      fix:
        holders.length > 0
          ? "Workers load a changed file within 10 s. If this persists, they read another file: compare OVERHAUL_CONFIG, then save the workers' file again."
          : 'No worker is running. It loads the file when it starts.',
    };
  else yield { name: 'policy', state: 'ok', detail: `the workers use ${inForceText(shown)}` };
  for (const { holder, problem, digest, source } of holders) {
    const where = `worker ${holder}, ${source ?? 'no file'}`;
    if (problem !== undefined)
      yield {
        name: 'policy',
        state: 'wrong',
        detail: `${where}: the file is invalid and was ignored: ${problem}`,
        fix: 'Fix the file. The worker loads it within 10 s.',
      };
    else if (digest !== holds.digest)
      yield {
        name: 'policy',
        state: 'wrong',
        detail: `${where}: its file (${shortDigest(digest)}) differs from the policy in force (${shortDigest(holds.digest)})`,
        fix: 'Give every worker the same file. The file that was saved last wins.',
      };
  }
}

function shortDigest(digest: string): string {
  return digest.slice(0, 12);
}
