// What an earlier run or campaign came to, as the assumptions of a rehearsal.
import type { Ledger } from '../ledger/index.js';
import { type Curves, USUAL_CURVES } from './assumptions.js';

interface Tally {
  n: number;
  failed: number;
  decided: number;
  lost: number;
  late: number;
  away: number;
  late_min: number | null;
  late_max: number | null;
}

/** By the ledger's own words: verdicts that came after the deadline of their execution are those of assets that came back. */
const TALLY = `SELECT count(*) AS n,
    count(CASE WHEN a.outcome = 'failed' THEN 1 END) AS failed, count(CASE WHEN a.outcome IN ('succeeded', 'failed') THEN 1 END) AS decided,
    count(CASE WHEN a.outcome = 'unverified' THEN 1 END) AS lost, count(CASE WHEN a.outcome = 'unreachable' THEN 1 END) AS away,
    count(CASE WHEN coalesce(a.ended_at, a.finished_at) > e.deadline_at THEN 1 END) AS late,
    min(CASE WHEN coalesce(a.ended_at, a.finished_at) > e.deadline_at THEN coalesce(a.ended_at, a.finished_at) - e.accepted_at END) AS late_min,
    max(CASE WHEN coalesce(a.ended_at, a.finished_at) > e.deadline_at THEN coalesce(a.ended_at, a.finished_at) - e.accepted_at END) AS late_max
  FROM attempts a JOIN executions e ON e.run_id = a.run_id AND e.execution_no = a.execution_no
  WHERE a.last = 1 AND a.run_id IN (SELECT id FROM runs WHERE id = ? OR campaign_id = ?)`;

/** Undefined when the ledger does not know the run, or nothing of it was sent. */
export async function curvesOfRun({ database, runs, scripts }: Ledger, runId: string): Promise<Curves | undefined> {
  const run = await runs.get(runId);
  const tally = await database.first<Tally>(TALLY, [runId, runId]);
  if (!run || !tally || tally.n === 0) return undefined;
  const { durations } = await scripts.memory(run.script?.id ?? '');
  const tookMs = durations.map(({ serverMs }) => serverMs);
  return {
    failRate: tally.decided === 0 ? 0 : tally.failed / tally.decided,
    lostRate: tally.lost / tally.n,
    offline: {
      rate: (tally.late + tally.away) / tally.n,
      ...(tally.late_min === null || tally.late_max === null ? {} : { backAfterMs: { min: tally.late_min, max: tally.late_max } }),
    },
    executionMs: tookMs.length === 0 ? USUAL_CURVES.executionMs : { min: Math.min(...tookMs), max: Math.max(...tookMs) },
    executeIntervalMs: USUAL_CURVES.executeIntervalMs,
  };
}
