// What operators queued again: assets of finished waves, in a wave of their own that runs last.
import { OVERRIDING } from '../../domain/execution/may-still-run.js';
import { addAudit } from '../rows/audit.js';
import { IS_OPEN } from '../rows/late.js';
import { HAS_OPEN_OUT_OF_COHORT } from '../rows/out-of-cohort-copies.js';
import { jsonRows, type Sql } from '../sql/database.js';
import { byIndex, leastOf, TEXTS } from '../sql/dialect.js';

/** Of the campaign's row `attempts`: a step of its may still have something with the agent. */
const HAS_OPEN_COPY = `(${HAS_OPEN_OUT_OF_COHORT} OR EXISTS (
  SELECT 1
  FROM attempts AS sent ${byIndex('attempts_copy')}
  WHERE sent.asset_id = attempts.asset_id AND sent.copy = 'open'
    AND sent.run_id IN (SELECT steps.id FROM runs AS steps WHERE steps.campaign_id = attempts.run_id)))`;

/** The plan's, at most a hundred, and half as many again: the report names each of them, and travels through workflow history. */
export const WAVES_AT_MOST = 150;

export async function retryRows(sql: Sql, id: string, outcomes: readonly string[]): Promise<number> {
  if (!(await sql.first(`SELECT 1 AS found FROM runs WHERE id = ? AND ${IS_OPEN} AND stop_cause IS NULL`, [id]))) return 0;
  const waves = await sql.all<{ wave_no: number; name: string }>('SELECT wave_no, name FROM waves WHERE campaign_id = ? ORDER BY wave_no', [
    id,
  ]);
  if (waves.length >= WAVES_AT_MOST) {
    const detail = `nothing is queued: the campaign has ${waves.length} waves, the maximum is ${WAVES_AT_MOST}. Start another campaign`;
    await addAudit(sql, id, { action: 'retry-refused', detail });
    return 0;
  }
  const waveNo = (waves.at(-1)?.wave_no ?? 0) + 1;
  const chosen = `run_id = ? AND attempt = 1 AND outcome IN ${TEXTS}
    AND wave IN (SELECT wave_no FROM waves WHERE campaign_id = ? AND closed_at IS NOT NULL AND status <> 'rolled-back')
    AND (NOT ${HAS_OPEN_COPY} OR outcome IN (${OVERRIDING.map((outcome) => `'${outcome}'`).join(', ')}))`;
  const list = jsonRows(outcomes);
  await sql.run(
    `
      UPDATE attempts
      SET lease = NULL
      WHERE lease = 1 AND run_id IN (SELECT id FROM runs WHERE campaign_id = ?) AND asset_id IN (
        SELECT asset_id
        FROM attempts ${byIndex('attempts_outcome')}
        WHERE ${chosen} AND last = 1
      )`,
    [id, id, list, id],
  );
  const again = `wave = ?, outcome = 'pending', reason = NULL, correlation_uuid = NULL, 
      despite = CASE WHEN ${HAS_OPEN_COPY} THEN 1 ELSE despite END`;
  const moved = await sql.run(`UPDATE attempts SET ${again} WHERE ${chosen}`, [waveNo, id, list, id]);
  if (moved > 0)
    await sql.run('INSERT INTO waves (campaign_id, wave_no, name, size, requeued) VALUES (?, ?, ?, ?, 1)', [
      id,
      waveNo,
      retryName(waves),
      moved,
    ]);
  return moved;
}

/** Of the campaign's row `attempts`: a step of its present wave may have changed something there. */
const SENT_IN_ITS_WAVE = `EXISTS (
  SELECT 1
  FROM runs AS steps
  JOIN attempts AS tried ON tried.run_id = steps.id AND tried.seq = attempts.seq
  WHERE steps.campaign_id = attempts.run_id AND steps.wave = attempts.wave AND steps.step <> 'assess'
    AND tried.execution_no IS NOT NULL)`;
/** The last of the other waves in which one did. */
const WAVE_BEFORE = `(
  SELECT max(steps.wave)
  FROM runs AS steps
  JOIN attempts AS tried ON tried.run_id = steps.id AND tried.seq = attempts.seq
  WHERE steps.campaign_id = attempts.run_id AND steps.wave < attempts.wave AND tried.execution_no IS NOT NULL)`;

/** Assets that no step of their retry wave has touched go back to the wave before. */
const TAKE_BACK = `
  UPDATE attempts
  SET wave = ${WAVE_BEFORE}, outcome = 'pending', reason = NULL, correlation_uuid = NULL
  WHERE run_id = ? AND attempt = 1 AND wave >= ? AND outcome IN ('pending', 'skipped')
    AND coalesce(reason, '') <> 'compliant' AND NOT ${SENT_IN_ITS_WAVE} AND ${WAVE_BEFORE} IS NOT NULL`;

export async function takeBackRows(sql: Sql, id: string): Promise<number> {
  const again = await sql.first<{ wave_no: number | null }>(
    'SELECT min(wave_no) AS wave_no FROM waves WHERE campaign_id = ? AND requeued = 1',
    [id],
  );
  if (!again?.wave_no) return 0;
  const moved = await sql.run(TAKE_BACK, [id, again.wave_no]);
  // Those waves' steps are read once more.
  if (moved > 0) await sql.run(`UPDATE runs SET merged = ${leastOf('merged', '1')} WHERE campaign_id = ?`, [id]);
  return moved;
}

/** The plan may have waves of such names, and a step's workflow is known by the name of its wave. */
function retryName(waves: readonly { name: string }[]): string {
  const names = new Set(waves.map(({ name }) => name.toLowerCase()));
  let n = 1;
  while (names.has(`retry ${n}`)) n += 1;
  return `retry ${n}`;
}
