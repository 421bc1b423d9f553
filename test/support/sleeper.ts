// A workflow for the tests of the support code itself.
import { sleep } from '@temporalio/workflow';

/** Sleeps and returns the milliseconds that passed by the workflow's clock. */
export async function sleeper(forMs: number): Promise<number> {
  const startedAt = Date.now();
  await sleep(forMs);
  return Date.now() - startedAt;
}
