// A run whose targets are resolved by the real client, without anything that makes it wait.

import { type ResolvingWith, resolveTargets } from '../../src/activities/opening/resolve-targets.js';
import { defaultPolicy, type NeverTouch, type Policy } from '../../src/contracts/policy.js';
import { parseRequest, type RemediationRequestInput } from '../../src/contracts/request.js';
import type { Ledger } from '../../src/ledger/index.js';

export const NOBODY_WAITS = {
  enter: async () => ({ kind: 'go' as const, callId: 1 }),
  leave: async () => undefined,
  cancel: async () => undefined,
};

export const MACHINE_TIME = { observe: async () => undefined, now: async () => Date.now() };

export interface Resolving {
  ledger: Ledger;
  qualys: ResolvingWith['qualys'];
  targets: RemediationRequestInput['targets'];
  neverTouch?: Partial<NeverTouch>;
  platform?: string;
}

/** Opens the run `r` of the ledger, and freezes its cohort. */
export async function resolveCohort({ ledger, qualys, targets, neverTouch, platform = '' }: Resolving): ReturnType<typeof resolveTargets> {
  const parsed = parseRequest({ script: 7, targets });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { targets: wanted, ...request } = parsed.value;
  await ledger.runs.open({ id: 'r', firstExecutionId: 'f', namespace: 'default', request });
  const opening = await ledger.cohort.begin('r');
  if (!opening || 'frozen' in opening) throw new Error('nothing to open');
  const nothing: NeverTouch = { assetIds: [], tags: [], hostnames: [] };
  const policy: Policy = { ...defaultPolicy(), ...(neverTouch && { neverTouch: { ...nothing, ...neverTouch } }) };
  return resolveTargets(
    { ledger, qualys, policy },
    { runId: 'r', attempt: opening.attempt, targets: wanted, script: { platform }, onPage: () => undefined },
  );
}
