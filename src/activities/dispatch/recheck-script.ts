// A run may wait for days, for its approval or its window: what was approved is what runs, so the script is read again before a send.

import type { RunRow } from '../../ledger/rows/run.js';
import { QualysError } from '../../qualys/errors.js';
import type { ActivityDependencies } from '../dependencies.js';
import { blockedBy, nonRetryable, type Wait, waitAfter } from '../failures.js';
import { refusedForRun } from '../policy/refused-script.js';

/** A script that is refused may be approved again, or restored. */
const REFUSED_WAIT_MS = 60_000;

/**
 * Reads the script of a run whose permit was refused for lack of a reading. Undefined when it is what it was when the run was opened:
 * approved, allowed, with the same content. Else what to wait for; a run of which nothing was attempted fails as `ScriptNotRunnable`.
 */
export async function recheckScript(dependencies: ActivityDependencies, run: RunRow): Promise<Wait | undefined> {
  const { ledger, qualys } = dependencies;
  if (!run.script) throw new Error(`The ledger knows no script of the run ${run.id}.`);
  const reading = await ledger.scriptReadings.begin(run.id);
  try {
    const { policy } = await ledger.policies.inForce(dependencies.policy);
    const script = await qualys.script(run.script.id, { runId: run.id });
    const refusal =
      refusedForRun(script, { scriptSha256: run.request.scriptSha256 ?? run.script.sha256 }, policy, approvedBy(run)) ??
      (script.id === run.script.id ? undefined : { type: 'ScriptNotRunnable', message: `Script ${run.script.id} is now ${script.id}.` });
    if (!refusal) {
      await ledger.scriptReadings.end(run.id, reading);
      return undefined;
    }
    return await refusedOrWait(dependencies, run, refusal);
  } catch (error) {
    if (!(error instanceof QualysError)) throw error;
    if (error.kind !== 'not-found') return { waitMs: waitAfter(error, 3), blocked: blockedBy(error) };
    const message = `Script ${run.script.id} (${run.script.title}) no longer exists: ${error.message}`;
    return await refusedOrWait(dependencies, run, { type: 'ScriptNotFound', message });
  }
}

/** A step's campaign asks; a run that has sent something fails no more. */
async function refusedOrWait(
  { ledger }: ActivityDependencies,
  run: RunRow,
  { type, message }: { type: string; message: string },
): Promise<Wait> {
  const { attempted } = await ledger.runs.snapshot(run.id);
  if (run.kind === 'run' && !attempted) throw nonRetryable(type, message);
  return { waitMs: REFUSED_WAIT_MS, blocked: { kind: 'rejected', why: message } };
}

function approvedBy({ request }: RunRow): string {
  return request.scriptSha256 === undefined ? 'the run was opened with' : 'the request pins';
}
