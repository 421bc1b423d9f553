// A run that waits for the discovery sync of an EASM profile, so that its targets are chosen from what the sync has found.
import { spanText } from '../../domain/clock/span.js';
import type { StoredRequest } from '../../ledger/rows/run.js';
import type { EasmProfile, QualysOperations } from '../../qualys/operations.js';
import type { ActivityDependencies } from '../dependencies.js';
import { NotReady, nonRetryable } from '../failures.js';

type WaitFor = NonNullable<StoredRequest['waitFor']>;

/** What the profiles say of the wait. */
export type EasmState =
  | { kind: 'completed' }
  | { kind: 'syncing'; profiles: EasmProfile[] }
  /** The one asked for, or any at all, is not among the active ones. */
  | { kind: 'no-profile'; problem: string };

const PASSED = 'easm-passed';

/**
 * Returns once the sync has been completed, also when another one has begun since; until then it throws `NotReady`, and after `timeout` the
 * contract's `QualysUnavailable`: what the run needs of Qualys did not come. Without such a profile there is nothing to wait for, and the
 * request is wrong.
 */
export async function passEasmGate(
  { ledger, qualys }: Pick<ActivityDependencies, 'ledger' | 'qualys'>,
  { runId, request }: { runId: string; request: StoredRequest },
): Promise<void> {
  const { waitFor, poll } = request;
  if (!waitFor || (await ledger.audit.has(runId, PASSED))) return;
  const state = await easmState(qualys, waitFor, { runId });
  if (state.kind === 'no-profile') throw nonRetryable('InvalidRequest', state.problem, [{ path: 'waitFor.easm', problem: state.problem }]);
  if (state.kind === 'completed') {
    await ledger.runs.setBlocked(runId, undefined);
    return ledger.audit.addOnce(runId, { action: PASSED, detail: JSON.stringify({ easm: waitFor.easm }) });
  }
  const waitedMs = (await ledger.database.now()) - ((await ledger.runs.get(runId))?.createdAt ?? 0);
  const leftMs = waitFor.timeout - waitedMs;
  const now = state.profiles.map(({ profileId, status }) => `${profileId} is ${status || 'without a status'}`).join(', ');
  if (leftMs <= 0) {
    throw nonRetryable(
      'QualysUnavailable',
      `The EASM sync was not completed within ${spanText(waitFor.timeout)}: ${now}. Nothing was sent.`,
    );
  }
  const why = `waiting for the EASM sync: ${now}`;
  await ledger.runs.setBlocked(runId, why);
  // Half as often as executions are polled: a sync takes minutes to hours, and Qualys asks to poll slowly
  // (docs/qualys-api.md#easm-profiles).
  throw new NotReady({ kind: 'easm', why }, Math.min(2 * poll.interval, leftMs));
}

export async function easmState(
  qualys: Pick<QualysOperations, 'easmStatus'>,
  { easm }: Pick<WaitFor, 'easm'>,
  { runId }: { runId: string },
): Promise<EasmState> {
  const active = await qualys.easmStatus({ runId });
  const profiles = easm === true ? active : active.filter(({ profileId }) => profileId === easm);
  if (profiles.length === 0) {
    const known = active.length === 0 ? 'no EASM profile is active' : `active are ${active.map(({ profileId }) => profileId).join(', ')}`;
    return { kind: 'no-profile', problem: `${easm === true ? 'nothing to wait for' : `profile ${easm} is not active`}: ${known}` };
  }
  return profiles.every(({ isCompleted }) => isCompleted) ? { kind: 'completed' } : { kind: 'syncing', profiles };
}
