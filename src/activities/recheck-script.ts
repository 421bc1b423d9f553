// A run may wait for days, for its approval or its window: what was approved is what runs, so the script is read again before a send.

import type { RunRow } from '../ledger/run-row.js';
import { QualysError } from '../qualys/errors.js';
import type { ActivityDependencies } from './dependencies.js';
import { refusedForRun } from './open-run.js';
import { blockedBy, never, waitAfter } from './outcome-of-attempt.js';
import type { Wait } from './send-execution.js';

/** A reading of the script is trusted this long: four calls an hour of a run that lasts. */
const TRUSTED_MS = 15 * 60_000;
/** A script that is refused may be approved again, or restored. */
const REFUSED_WAIT_MS = 60_000;

/**
 * Undefined while the script is what it was when the run was opened: approved, allowed, with the same content. Else what to wait for;
 * a run of which nothing was attempted fails as `ScriptNotRunnable`.
 */
export async function recheckScript(dependencies: ActivityDependencies, run: RunRow): Promise<Wait | undefined> {
  const { ledger, qualys } = dependencies;
  const now = await ledger.database.now();
  if (!run.script || now - (run.scriptCheckedAt ?? run.createdAt) < TRUSTED_MS) return undefined;
  try {
    const { policy } = await ledger.policies.inForce(dependencies.policy);
    const script = await qualys.script(run.script.id, { runId: run.id });
    const refusal =
      refusedForRun(script, { scriptSha256: run.request.scriptSha256 ?? run.script.sha256 }, policy) ??
      (script.id === run.script.id ? undefined : { type: 'ScriptNotRunnable', message: `Script ${run.script.id} is now ${script.id}.` });
    if (!refusal) {
      await ledger.runs.setScriptChecked(run.id, now);
      return undefined;
    }
    // A step's campaign asks; a run that has sent something fails no more.
    const { attempted } = await ledger.runs.snapshot(run.id);
    if (run.kind === 'run' && !attempted) throw never(refusal.type, refusal.message);
    return { waitMs: REFUSED_WAIT_MS, blocked: { kind: 'rejected', why: refusal.message } };
  } catch (error) {
    if (!(error instanceof QualysError)) throw error;
    if (error.kind === 'not-found') {
      const why = `Script ${run.script.id} (${run.script.title}) is not there any more: ${error.message}`;
      const { attempted } = await ledger.runs.snapshot(run.id);
      if (run.kind === 'run' && !attempted) throw never('ScriptNotFound', why);
      return { waitMs: REFUSED_WAIT_MS, blocked: { kind: 'rejected', why } };
    }
    return { waitMs: waitAfter(error, 3), blocked: blockedBy(error) };
  }
}
