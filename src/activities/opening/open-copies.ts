// Assets that still have a copy of the script from an earlier run: before a cohort is frozen, and a step's, Qualys is asked whether it has
// ended by now. Between openings the sweep asks (`activities/copies/ask.ts`).
import { openCopyReason } from '../../domain/execution/may-still-run.js';
import type { Copies, StoredCopy } from '../../ledger/rows/copies.js';
import { lookUpCopies } from '../copies/look-up.js';
import type { ActivityDependencies } from '../dependencies.js';

export type LeavingWith = Pick<ActivityDependencies, 'ledger' | 'qualys'> & {
  /** The copies of another ledger, which is read only: that of the runs, for a dry run in one that is thrown away. */
  known?: Pick<Copies, 'of'> | undefined;
};

interface Leaving {
  runId: string;
  scriptId: string | undefined;
  /** Somebody has asked to send anyway. */
  despite: boolean;
  /** These are left alone anyway. */
  neverTouch?: readonly string[];
  onPage: (found: { source: string; rows: number }) => void;
}

/** Copies that one opening looks up; what is beyond them stays as it is known. 100 a call. */
const LOOKED_UP_AT_MOST = 5_000;

export async function leaveOpenCopies(dependencies: LeavingWith, leaving: Leaving): Promise<void> {
  const { ledger, known = ledger.copies } = dependencies;
  const { runId, scriptId, despite, onPage } = leaving;
  if (scriptId === undefined) return;
  const untouched = new Set(leaving.neverTouch);
  let [lookedUp, overridden] = [0, 0];
  for await (const assetIds of ledger.copies.waiting(runId)) {
    const copies = (await known.of(scriptId, assetIds)).filter(({ assetId }) => !untouched.has(assetId));
    if (copies.length === 0) continue;
    const asked = copies.slice(0, Math.max(0, LOOKED_UP_AT_MOST - lookedUp));
    lookedUp += asked.length;
    const { over, appeared } = await lookUpCopies(dependencies, runId, asked);
    if (known === ledger.copies) {
      await ledger.copies.end(over);
      await ledger.copies.reopen(appeared);
    }
    onPage({ source: 'open copies', rows: asked.length });
    const ended = new Set(over);
    const open = [...copies.filter((copy) => copy.copy === 'open' && !ended.has(copy)), ...appeared];
    if (despite) overridden += new Set(open.map(({ assetId }) => assetId)).size;
    else await skip(dependencies, runId, open);
  }
  if (!despite) return;
  await ledger.runs.addWarning(runId, despiteText(overridden));
  await ledger.copies.override(runId, { by: (await ledger.runs.get(runId))?.request.requestedBy, assets: overridden });
}

/** For whoever is asked about the run, or looks at it. */
function despiteText(assets: number): string {
  return `targets.despiteOpenCopies: an earlier copy of the script may still be running on ${assets} asset(s); it is sent there anyway`;
}

async function skip({ ledger }: LeavingWith, runId: string, open: readonly StoredCopy[]): Promise<void> {
  for (const other of new Set(open.map((copy) => copy.runId))) {
    const assetIds = open.filter((copy) => copy.runId === other).map(({ assetId }) => assetId);
    await ledger.cohort.skip(runId, assetIds, openCopyReason(other));
  }
}
