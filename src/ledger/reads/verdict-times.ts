// When executions of a run or campaign were accepted, and when its verdicts came: what a rehearsal shows, and what the next one assumes.
import type { Sql } from '../sql/database.js';

/** Verdicts that came after the deadline of their execution are those of assets that came back. */
export interface VerdictTally {
  n: number;
  failed: number;
  decided: number;
  lost: number;
  late: number;
  away: number;
  /** How long after the acceptance the first and the last of the late ones came, milliseconds. */
  lateMin?: number | undefined;
  lateMax?: number | undefined;
}

const ENDED_AT = 'coalesce(attempts.ended_at, attempts.finished_at)';
const LATE_BY = `CASE WHEN ${ENDED_AT} > executions.deadline_at THEN ${ENDED_AT} - executions.accepted_at END`;

/** The newest attempts that were sent: of the run, or of all steps of the campaign. */
const TALLY = `
  SELECT count(*) AS n,
    count(CASE WHEN attempts.outcome = 'failed' THEN 1 END) AS failed,
    count(CASE WHEN attempts.outcome IN ('succeeded', 'failed') THEN 1 END) AS decided,
    count(CASE WHEN attempts.outcome = 'unverified' THEN 1 END) AS lost,
    count(CASE WHEN attempts.outcome = 'unreachable' THEN 1 END) AS away,
    count(${LATE_BY}) AS late,
    min(${LATE_BY}) AS late_min,
    max(${LATE_BY}) AS late_max
  FROM attempts
  JOIN executions ON executions.run_id = attempts.run_id AND executions.execution_no = attempts.execution_no
  WHERE attempts.last = 1 AND attempts.run_id IN (SELECT id FROM runs WHERE id = ? OR campaign_id = ?)`;

export async function tallyVerdicts(sql: Sql, runId: string): Promise<VerdictTally> {
  const none = { n: 0, failed: 0, decided: 0, lost: 0, late: 0, away: 0, late_min: null, late_max: null };
  const row = await sql.first<VerdictTally & { late_min: number | null; late_max: number | null }>(TALLY, [runId, runId]);
  const { late_min: lateMin, late_max: lateMax, ...counts } = row ?? none;
  return { ...counts, lateMin: lateMin ?? undefined, lateMax: lateMax ?? undefined };
}

/** What a step of a wave has had accepted, and from when to when. */
export interface SentStep {
  wave: number;
  step: string;
  n: number;
  first: number;
  last: number;
}

/** In the order in which they began. */
const SENT_BY_STEP = `
  SELECT runs.wave AS wave, runs.step AS step, count(*) AS n, min(accepted_at) AS first, max(accepted_at) AS last
  FROM executions
  JOIN runs ON runs.id = executions.run_id
  WHERE runs.campaign_id = ? AND accepted_at IS NOT NULL
  GROUP BY runs.id
  ORDER BY first`;

export function sentBySteps(sql: Sql, campaignId: string): Promise<SentStep[]> {
  return sql.all<SentStep>(SENT_BY_STEP, [campaignId]);
}

const LATE_VERDICTS = `
  SELECT attempts.asset_id AS asset_id, runs.wave AS wave, ${ENDED_AT} AS at
  FROM runs
  JOIN attempts ON attempts.run_id = runs.id
  JOIN executions ON executions.run_id = runs.id AND executions.execution_no = attempts.execution_no
  WHERE runs.campaign_id = ? AND attempts.outcome IN ('succeeded', 'failed', 'unverified') AND ${ENDED_AT} > executions.deadline_at
  ORDER BY at`;

/** Verdicts of the campaign's assets that came after the deadline of their execution. */
export async function lateVerdicts(sql: Sql, campaignId: string): Promise<{ assetId: string; wave: number; at: number }[]> {
  const rows = await sql.all<{ asset_id: string; wave: number; at: number }>(LATE_VERDICTS, [campaignId]);
  return rows.map(({ asset_id: assetId, wave, at }) => ({ assetId, wave, at }));
}
