// A campaign as people read it: its waves with their counts, and its assets with what the step under way knows of them already.
import { shownUnderWay } from '../../domain/campaign/asset-steps.js';
import type { CampaignStepName } from '../../domain/campaign/step.js';
import { emptyCounts, LIVE_OUTCOMES, type LiveCounts, OUTCOMES, type Outcome } from '../../domain/run/outcome.js';
import { COMPLIANT, countOutcomes, LEFT_OUT } from '../rows/counts.js';
import { type StoredWave, toWave, type WaveRow } from '../rows/wave.js';
import type { Sql } from '../sql/database.js';

export interface WaveView extends Omit<StoredWave, 'size'> {
  counts: LiveCounts;
  /** How many of the `skipped` were compliant. */
  compliant: number;
  /** How many its rollback was left out of although the remedy may have changed them; undefined where there are none. */
  notRolledBack?: number | undefined;
}

/** The last step whose work may not be taken over yet, as long as it is for assets that have no outcome. */
export interface StepUnderWay {
  id: string;
  wave: number;
  step: CampaignStepName;
}

/** The newest whose findings are not all in the campaign's own rows yet. */
const STEP_UNDER_WAY = `
  SELECT runs.id, runs.wave, runs.step
  FROM runs
  JOIN runs AS parent ON parent.id = runs.campaign_id
  WHERE runs.campaign_id = ? AND (runs.merged = 0 OR runs.finished_at IS NULL)
    AND runs.step IN ('assess', 'remediate') AND parent.finished_at IS NULL
  ORDER BY runs.created_at DESC
  LIMIT 1`;

export async function stepUnderWay(sql: Sql, campaignId: string): Promise<StepUnderWay | undefined> {
  return sql.first<StepUnderWay>(STEP_UNDER_WAY, [campaignId]);
}

const WAVES_BY_OUTCOME = `
  SELECT wave, outcome, kind, n
  FROM outcome_counts
  WHERE run_id = ? AND n > 0`;

/** The waves in their order. */
export async function viewWaves(sql: Sql, campaignId: string): Promise<WaveView[]> {
  const waves = await sql.all<WaveRow>('SELECT * FROM waves WHERE campaign_id = ? ORDER BY wave_no', [campaignId]);
  const views = new Map(waves.map((row) => [row.wave_no, toView(row)]));
  const counted = await sql.all<{ wave: number; outcome: Outcome; kind: number; n: number }>(WAVES_BY_OUTCOME, [campaignId]);
  for (const { wave, outcome, kind, n } of counted) {
    const view = views.get(wave);
    if (!view) continue;
    view.counts[outcome] += n;
    view.counts.targeted += n;
    if (kind === COMPLIANT) view.compliant += n;
    if (kind === LEFT_OUT) view.notRolledBack = (view.notRolledBack ?? 0) + n;
  }
  const live = await stepUnderWay(sql, campaignId);
  const view = live && views.get(live.wave);
  if (live && view) await layOver(sql, view.counts, { campaignId, ...live });
  return [...views.values()];
}

/** What the step has found, of assets that are still `pending` in the campaign's own rows. */
const UNMERGED_OF_WAVE = `
  SELECT s.outcome, count(*) AS n
  FROM attempts AS s
  JOIN attempts AS a ON a.run_id = ? AND a.seq = s.seq AND a.attempt = 1
  WHERE s.run_id = ? AND s.last = 1 AND s.outcome <> 'pending' AND a.outcome = 'pending' AND a.wave = ?
  GROUP BY 1`;

/** What the step under way has found of assets that have no outcome in the campaign's own rows yet. */
async function layOver(sql: Sql, counts: LiveCounts, live: StepUnderWay & { campaignId: string }): Promise<void> {
  const rows = await sql.all<{ outcome: Outcome; n: number }>(UNMERGED_OF_WAVE, [live.campaignId, live.id, live.wave]);
  for (const { outcome, n } of rows) {
    counts[shownUnderWay(live.step, outcome)] += n;
    counts.pending -= n;
  }
}

/** What a campaign's steps do and spend together. */
export interface CampaignWork {
  inFlight: number;
  callsUsed: number;
  accepted: number;
  /** Why the newest of them that waits does so. */
  blocked?: string | undefined;
  /** The wave whose step a breach of its error budget holds back. */
  held?: { wave: number } | undefined;
}

const COUNT_IN_FLIGHT = `
  SELECT count(*) AS n
  FROM executions
  WHERE run_id IN (SELECT id FROM runs WHERE campaign_id = ?) AND state IN ('permitted', 'accepted')
    AND settled_at IS NULL`;

const WHY_BLOCKED = `
  SELECT blocked
  FROM runs
  WHERE (campaign_id = ? OR id = ?) AND finished_at IS NULL AND blocked IS NOT NULL
  ORDER BY created_at DESC
  LIMIT 1`;

const HELD_WAVE = `
  SELECT wave
  FROM runs
  WHERE campaign_id = ? AND paused = 1 AND finished_at IS NULL AND stop_cause IS NULL
  LIMIT 1`;

export async function campaignWork(sql: Sql, campaignId: string): Promise<CampaignWork> {
  const open = await sql.first<{ n: number }>(COUNT_IN_FLIGHT, [campaignId]);
  const spent = await sql.first<{ calls: number | null; accepted: number | null }>(
    'SELECT sum(api_calls) AS calls, sum(accepted) AS accepted FROM runs WHERE campaign_id = ? OR id = ?',
    [campaignId, campaignId],
  );
  const waiting = await sql.first<{ blocked: string }>(WHY_BLOCKED, [campaignId, campaignId]);
  const held = await sql.first<{ wave: number }>(HELD_WAVE, [campaignId]);
  return { held, inFlight: open?.n ?? 0, callsUsed: spent?.calls ?? 0, accepted: spent?.accepted ?? 0, blocked: waiting?.blocked };
}

/** Of the whole cohort; as it is being resolved, before there are waves. */
export async function campaignCounts(sql: Sql, campaignId: string, waves: readonly WaveView[]): Promise<LiveCounts> {
  if (waves.length === 0) return countOutcomes(sql, campaignId);
  const total = emptyCounts();
  for (const { counts } of waves) for (const kind of COUNTED) total[kind] += counts[kind];
  return total;
}

const COUNTED = ['targeted', ...OUTCOMES, ...LIVE_OUTCOMES] as const;

function toView(row: WaveRow): WaveView {
  const { size: _size, ...wave } = toWave(row);
  return { ...wave, counts: emptyCounts(), compliant: 0 };
}
