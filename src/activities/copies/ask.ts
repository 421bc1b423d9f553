// Copies of scripts whose runs are closed: nobody watches them, so the sweep asks Qualys about them, more and more rarely.
import { isSettling, lateWordOf } from '../../domain/execution/may-still-run.js';
import { type Judging, judgingBy } from '../../domain/verdict/rules.js';
import type { StoredCopy } from '../../ledger/rows/copies.js';
import type { AssetJobRow } from '../../qualys/types.js';
import { COPIES_A_SEARCH, type LookingUpWith, lookUpCopies } from './look-up.js';

/**
 * One question a minute for the whole ledger, about as many copies as fit in it. A copy whose asset job has ended is over, and its word
 * stands beside the outcome in the report (`late`). Returns how many ended. Throws `QualysError`; then they are asked about at their next
 * time.
 */
export async function askAboutCopies(dependencies: LookingUpWith): Promise<number> {
  const { ledger } = dependencies;
  const copies = await ledger.copies.takeDue(COPIES_A_SEARCH);
  if (copies.length === 0) return 0;
  // Of no run: theirs have their reports, with the calls that they took.
  const { over: ended, jobs } = await lookUpCopies(dependencies, undefined, copies);
  const now = await ledger.serverClock.now();
  // Their last word is still on its way: the next question hears it.
  const over = ended.filter((copy) => !(jobs.get(copy) ?? []).some((job) => isSettling(job, now)));
  await keepWords(dependencies, over, jobs);
  await ledger.copies.end(over);
  return over.length;
}

/** A late word is handled like any other: the poll finds the run closed, and is kept beside its outcomes. */
async function keepWords(
  { ledger }: LookingUpWith,
  over: readonly StoredCopy[],
  jobs: ReadonlyMap<StoredCopy, AssetJobRow[]>,
): Promise<void> {
  for (const runId of new Set(over.map((copy) => copy.runId))) {
    const run = await ledger.runs.get(runId);
    const judging = judgingBy(run?.request.verdict, run?.campaign?.step);
    const ofRun = over.filter((copy) => copy.runId === runId && copy.place !== undefined && copy.correlationUuid !== undefined);
    for (const executionNo of new Set(ofRun.map(({ execution = 0 }) => execution))) {
      const told = ofRun
        .filter(({ execution = 0 }) => execution === executionNo)
        .flatMap((copy) => wordOf(copy, jobs.get(copy) ?? [], judging));
      if (told.length > 0)
        await ledger.verdicts.keepLate(runId, {
          executionNo,
          jobs: told.map(({ job }) => job),
          decisions: told.map(({ decision }) => decision),
        });
    }
  }
}

function wordOf({ assetId }: StoredCopy, rows: readonly AssetJobRow[], judging: Judging) {
  const outcome = lateWordOf(rows, judging);
  const [job] = rows.filter((row) => lateWordOf([row], judging) === outcome);
  if (outcome === undefined || job === undefined) return [];
  return [{ job: { ...job, assetId }, decision: { assetId, outcome, final: true, terminal: true } }];
}
