import { CancellationScope } from '@temporalio/workflow';
import type { RunActivities } from './activity-proxies.js';
import { contractFailure } from './failures.js';

/** What the workflow fails with. A failure of the contract means that nothing was attempted: the ledger closes the run without a report. */
export async function abandoned(
  error: unknown,
  { runId, activities }: { runId: string; activities: Pick<RunActivities, 'abandonRun'> | undefined },
): Promise<unknown> {
  const failure = contractFailure(error);
  if (!failure) return error;
  if (activities && failure.type !== 'AlreadyRun') {
    const abandon = activities.abandonRun;
    await CancellationScope.nonCancellable(() => abandon({ runId, reason: failure.type ?? 'failed', why: failure.message }));
  }
  return failure;
}
