// What an earlier run or campaign came to, as the assumptions of a rehearsal.
import type { Ledger } from '../ledger/index.js';
import { tallyVerdicts } from '../ledger/reads/verdict-times.js';
import { type Curves, USUAL_CURVES } from './assumptions.js';

/** Undefined when the ledger does not know the run, or nothing of it was sent. */
export async function curvesOfRun({ database, runs, scripts }: Ledger, runId: string): Promise<Curves | undefined> {
  const run = await runs.get(runId);
  const tally = await tallyVerdicts(database, runId);
  if (!run || tally.n === 0) return undefined;
  const { durations } = await scripts.memory(run.script?.id ?? '');
  const tookMs = durations.map(({ serverMs }) => serverMs);
  return {
    failRate: tally.decided === 0 ? 0 : tally.failed / tally.decided,
    lostRate: tally.lost / tally.n,
    offline: {
      rate: (tally.late + tally.away) / tally.n,
      ...(tally.lateMin === undefined || tally.lateMax === undefined ? {} : { backAfterMs: { min: tally.lateMin, max: tally.lateMax } }),
    },
    executionMs: tookMs.length === 0 ? USUAL_CURVES.executionMs : { min: Math.min(...tookMs), max: Math.max(...tookMs) },
    executeIntervalMs: USUAL_CURVES.executeIntervalMs,
  };
}
