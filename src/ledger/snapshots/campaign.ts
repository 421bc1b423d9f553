// Where a campaign stands: its own rows, and what its steps know that has not been taken over yet.
import { shownUnderWay } from '../../domain/campaign/asset-steps.js';
import type { CampaignStepName } from '../../domain/campaign/step.js';
import { emptyCounts, type LiveCounts, OUTCOMES, type Outcome } from '../../domain/run/outcome.js';
import type { Issued, RunSnapshot } from '../../domain/run/snapshot.js';
import { COMPLIANT, countOutcomes, LEFT_OUT } from '../rows/counts.js';
import { type StoredRun, stopOf } from '../rows/run.js';
import type { Sql } from '../sql/database.js';
import { JOIN_IN_ORDER } from '../sql/dialect.js';

const STEPS_NOT_TAKEN_OVER = `
  SELECT id, step, merged, CASE WHEN paused = 1 AND finished_at IS NULL THEN 1 ELSE 0 END AS held
  FROM runs
  WHERE campaign_id = ? AND (finished_at IS NULL OR merged = 0)`;

const OPEN_EXECUTIONS = `
  SELECT count(CASE WHEN state = 'claimed' THEN 1 END) AS unsent,
    count(CASE WHEN state = 'permitted' THEN 1 END) AS in_doubt,
    count(CASE WHEN state = 'accepted' THEN 1 END) AS watched,
    count(CASE WHEN slot_freed_at IS NULL THEN 1 END) AS slots
  FROM executions
  WHERE run_id IN (SELECT id FROM runs WHERE campaign_id = ?) AND state IN ('claimed', 'permitted', 'accepted')
    AND settled_at IS NULL`;

export async function campaignSnapshot(sql: Sql, run: StoredRun, at: number): Promise<Omit<RunSnapshot, keyof Issued>> {
  const steps = await sql.all<{ id: string; step: CampaignStepName; merged: number; held: number }>(STEPS_NOT_TAKEN_OVER, [run.id]);
  const counts = await countOutcomes(sql, run.id);
  for (const { id, step, merged } of steps)
    if (merged === 0 && hasOutcomesOfItsOwn(step)) layOver(counts, await unmergedOutcomes(sql, run.id, id), step);
  const open = await sql.first<{ unsent: number; in_doubt: number; watched: number; slots: number }>(OPEN_EXECUTIONS, [run.id]);
  const spent = await sql.first<{ accepted: number | null; calls: number | null }>(
    'SELECT sum(accepted) AS accepted, sum(api_calls) AS calls FROM runs WHERE campaign_id = ? OR id = ?',
    [run.id, run.id],
  );
  const held = steps.some((step) => step.held === 1);
  return {
    counts,
    unsent: open?.unsent ?? 0,
    inDoubt: open?.in_doubt ?? 0,
    watched: open?.watched ?? 0,
    slotsTaken: open?.slots ?? 0,
    waiting: counts.pending,
    outputsOwed: 0,
    accepted: spent?.accepted ?? 0,
    callsUsed: spent?.calls ?? 0,
    at,
    wakes: run.wakes,
    breached: held,
    held,
    attempted: await hasAttempted(sql, run.id),
    stop: stopOf(run),
    paused: run.paused === 1,
    maxInFlight: run.max_in_flight,
  };
}

const ANY_SPENT = `
  SELECT 1 AS found
  FROM sends
  WHERE run_id IN (SELECT id FROM runs WHERE campaign_id = ?) AND spent = 1
  LIMIT 1`;

/** True once a step of the campaign has used a permit. */
export async function hasAttempted(sql: Sql, campaignId: string): Promise<boolean> {
  const used = await sql.first(ANY_SPENT, [campaignId]);
  return used !== undefined;
}

const UNMERGED = `
  SELECT latest.outcome, count(*) AS n
  FROM attempts AS latest
  ${JOIN_IN_ORDER} attempts AS own ON own.run_id = ? AND own.seq = latest.seq AND own.attempt = 1
  WHERE latest.run_id = ? AND latest.last = 1 AND own.outcome = 'pending'
  GROUP BY 1`;

/**
 * What a step knows of assets that are still `pending` in the campaign's own rows: a step is taken over in parts. To be read after the
 * campaign's counts, which only ever fall behind.
 */
export async function unmergedOutcomes(sql: Sql, campaignId: string, stepId: string): Promise<LiveCounts> {
  const rows = await sql.all<{ outcome: keyof LiveCounts; n: number }>(UNMERGED, [campaignId, stepId]);
  const counts = emptyCounts();
  for (const { outcome, n } of rows) counts[outcome] = n;
  return counts;
}

/** The others judge or undo what an earlier step of their wave has found. */
function hasOutcomesOfItsOwn(step: CampaignStepName): boolean {
  return step !== 'verify' && step !== 'rollback';
}

/** What a step under way has found: its assets are `pending` in the campaign's own rows until its work is taken over. */
function layOver(counts: LiveCounts, of: LiveCounts, step: CampaignStepName): void {
  counts.running += of.running;
  counts.pending -= of.running;
  for (const outcome of OUTCOMES) {
    counts[shownUnderWay(step, outcome)] += of[outcome];
    counts.pending -= of[outcome];
  }
}

const WAVE_BY_OUTCOME = `
  SELECT outcome, kind, n
  FROM outcome_counts
  WHERE run_id = ? AND wave = ?`;

/** The assets of one wave by outcome, as they were taken over; and how many its rollback was left out of. */
export async function waveCounts(
  sql: Sql,
  campaignId: string,
  wave: number,
): Promise<{ counts: LiveCounts; compliant: number; notRolledBack: number }> {
  const rows = await sql.all<{ outcome: Outcome; kind: number; n: number }>(WAVE_BY_OUTCOME, [campaignId, wave]);
  const counts = emptyCounts();
  let [compliant, notRolledBack] = [0, 0];
  for (const row of rows) {
    counts[row.outcome] += row.n;
    counts.targeted += row.n;
    if (row.kind === COMPLIANT) compliant += row.n;
    if (row.kind === LEFT_OUT) notRolledBack += row.n;
  }
  return { counts, compliant, notRolledBack };
}
