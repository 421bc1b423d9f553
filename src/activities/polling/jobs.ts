// Which jobs the executions in flight have: those that their asset jobs have shown, and those that a search for jobs finds.
import { jobSearchIsDue } from '../../domain/polling/job-search.js';
import { idTerm } from '../../domain/targets/qql.js';
import type { Execution } from '../../ledger/executions/registry.js';
import type { RunRow } from '../../ledger/rows/run.js';
import type { PollDependencies } from '../dependencies.js';
import { LARGEST_PAGE, type Watched } from './asset-jobs.js';

/** Jobs are searched from this much before the first acceptance: our reading of Qualys' clock may be off. */
const SKEW_MS = 120_000;

export async function watchedOf(ledger: PollDependencies['ledger'], run: RunRow, executions: readonly Execution[]): Promise<Watched[]> {
  const jobs = await ledger.verdicts.jobsOf(
    run.id,
    executions.map(({ executionNo }) => executionNo),
  );
  return executions.map((execution) => {
    const mine = jobs.filter(({ executionNo }) => executionNo === execution.executionNo);
    const own = mine.filter(({ twinUuid }) => twinUuid === '').map(({ jobId }) => jobId);
    const twins = mine.filter(({ twinUuid }) => twinUuid !== '');
    return {
      execution,
      jobIds: new Set(execution.jobId === undefined ? own : [execution.jobId, ...own]),
      twinIds: new Set(twins.map(({ jobId }) => jobId)),
      twinUuids: new Set(twins.map(({ twinUuid }) => twinUuid)),
    };
  });
}

export function jobSearchDue({ acceptedAt = 0, jobSoughtAt, deadlineAt }: Execution, { run, now }: { run: RunRow; now: number }): boolean {
  const decidesAt = deadlineAt === undefined ? [] : [deadlineAt, deadlineAt + run.request.unreachable.wait];
  return jobSearchIsDue({ now, acceptedAt, soughtAt: jobSoughtAt, decidesAt });
}

interface Searching {
  run: RunRow;
  executions: readonly Execution[];
  now: number;
  /** Server time from which the grace of a job counts that was found beside others; default: when it was made. */
  seenAt?: number;
}

export interface FoundJobs {
  /** The numbers of the executions that have a job which was not known. */
  found: ReadonlySet<number>;
  /** False when a row could not be read: it may be a job of any of the others. */
  complete: boolean;
}

/**
 * One search finds the jobs of all these executions, further ones among them, and writes them down: a correlation UUID is not a job id
 * (docs/qualys-api.md#execute).
 */
export async function findJobs({ qualys, ledger }: PollDependencies, { run, executions, now, seenAt }: Searching): Promise<FoundJobs> {
  const known = new Map((await watchedOf(ledger, run, executions)).map((one) => [one.execution.correlationUuid, one]));
  const bare = new Set(executions.filter(({ jobId }) => jobId === undefined).map(({ executionNo }) => executionNo));
  const isOnlyForFirst = bare.size === executions.length;
  const found = new Set<number>();
  const startAt =
    Math.min(...executions.map(({ acceptedServerAt = 0, serverAt }) => Math.min(acceptedServerAt, serverAt ?? acceptedServerAt))) - SKEW_MS;
  const filter = idTerm('scriptId', run.script?.id ?? '');
  const pageSize = Math.min(LARGEST_PAGE, 100 + executions.length * 2);
  let complete = true;
  for await (const page of qualys.searchJobs({ filter, startAt, pageSize, runId: run.id })) {
    if ((page.unreadable ?? 0) > 0) complete = false;
    for (const job of page.rows) {
      const watched = known.get(job.correlationUuid);
      if (!watched || watched.jobIds.has(job.id)) continue;
      await ledger.verdicts.setJob(run.id, watched.execution.executionNo, {
        jobId: job.id,
        createdAt: job.createdAt,
        ...(seenAt === undefined ? {} : { seenAt }),
      });
      found.add(watched.execution.executionNo);
    }
    // Newest first: a gateway that takes no notice of `startAt` is not walked to the beginning of its history at every poll.
    const oldestAt = page.rows.at(-1)?.createdAt ?? 0;
    if ((isOnlyForFirst && found.size === bare.size) || (oldestAt > 0 && oldestAt < startAt)) break;
  }
  const inVain = executions.map(({ executionNo }) => executionNo).filter((n) => !found.has(n));
  await ledger.verdicts.setJobSought(run.id, inVain, now);
  return { found, complete };
}
