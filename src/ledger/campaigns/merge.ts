// What the steps of a wave found becomes the outcome of the campaign's own rows, which stand at the same places.
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { rulesOf } from '../../domain/campaign/asset-steps.js';
import type { CampaignStepName } from '../../domain/campaign/step.js';
import { ROWS_PER_TRANSACTION } from '../cohort/freeze.js';
import { isOfThisClose } from '../rows/late.js';
import { type RuleSql, rulesSql } from '../rows/step-rules.js';
import type { Database, Sql } from '../sql/database.js';
import { byIndex, greatestOf } from '../sql/dialect.js';

/** `runs.merged` of a step: 0 not taken over yet, 1 so far, 2 for good. */
const FOR_GOOD = 2;

const STEP_TO_MERGE = `
  SELECT runs.campaign_id, runs.wave, runs.step, runs.finished_at
  FROM runs
  JOIN runs AS parent ON parent.id = runs.campaign_id
  WHERE runs.id = ? AND runs.merged < ${FOR_GOOD} AND parent.finished_at IS NULL`;

/**
 * Takes over what a step knows so far: finished outcomes, and `unreachable` ones that may yet become something else. Repeating it
 * changes nothing; a campaign that has its report is not changed any more, and one that is closing only under the number of that close
 * (`closing`). `verified`: a later step of the wave judges this one's work. Assets that were queued again since into another wave are left
 * alone: what that wave finds is their outcome.
 */
export async function mergeStep(
  database: Database,
  stepId: string,
  { verified, closing = 0 }: { verified: boolean; closing?: number },
): Promise<void> {
  const run = await database.first<{ campaign_id: string; wave: number; step: CampaignStepName; finished_at: number | null }>(
    STEP_TO_MERGE,
    [stepId],
  );
  if (!run) return;
  const rule = rulesSql(rulesOf(run.step, { verified }), { line: 'attempts', found: 's' });
  for (let after = 0; ; ) {
    const part = { stepId, campaignId: run.campaign_id, wave: run.wave, rule, after, closing };
    const last = await database.transaction((sql) => mergePart(sql, part));
    // A later attempt closes it, as beside one of a history that was reset: this one has no last word to say.
    if (last === 'refused' && closing > 0) throw new Error(`Another attempt is already closing the campaign ${run.campaign_id}.`);
    if (last === 'refused') return;
    if (last === undefined) break;
    after = last;
    // A wave may have a million rows: heartbeats, and everything else of the process, come in between.
    await yieldToLoop();
  }
  // A step that had ended before the first row was read has nothing more to say.
  await database.run(`UPDATE runs SET merged = ${greatestOf('merged', '?')} WHERE id = ?`, [
    run.finished_at === null ? 1 : FOR_GOOD,
    stepId,
  ]);
}

const LEFT_OUT = rulesSql(rulesOf('rollback', { nothing: true }), { line: 'attempts', found: 'nothing' });
const NOT_VERIFIED = rulesSql(rulesOf('verify', { nothing: true }), { line: 'attempts', found: 'nothing' });

const IS_FROZEN_STEP = `
  SELECT 1 AS found
  FROM runs
  JOIN runs AS parent ON parent.id = runs.campaign_id
  WHERE runs.id = ? AND runs.cohort_digest IS NOT NULL AND parent.finished_at IS NULL`;

/** Places of a wave, behind one of them. */
export const PAGE_OF_WAVE = `
  SELECT seq
  FROM attempts ${byIndex('attempts_wave')}
  WHERE run_id = ? AND wave = ? AND seq > ?
  ORDER BY seq
  LIMIT ?`;

/** Assets that the rollback does not have, and at which a remedy of this wave may have run. */
const NAME_LEFT_OUT = `
  UPDATE attempts
  SET outcome = ${LEFT_OUT.outcome}, reason = ${LEFT_OUT.reason}
  WHERE run_id = ? AND wave = ? AND seq > ? AND seq <= ? AND ${LEFT_OUT.fits} AND NOT EXISTS (
    SELECT 1
    FROM attempts AS back
    WHERE back.run_id = ? AND back.seq = attempts.seq
  ) AND EXISTS (
    SELECT 1
    FROM runs AS steps
    JOIN attempts AS sent ON sent.run_id = steps.id AND sent.seq = attempts.seq
    WHERE steps.campaign_id = attempts.run_id AND steps.wave = attempts.wave AND steps.step = 'remediate'
      AND sent.copy <> 'none'
  )`;

/**
 * Names the assets of a wave that its rollback is not for although the remedy was or may have been sent to them: they keep their outcome.
 * Repeating it changes nothing. Before the cohort of the rollback is whole nobody is left out.
 */
export async function nameLeftOut(
  database: Database,
  rollbackId: string,
  { campaignId, wave, closing }: { campaignId: string; wave: number; closing: number },
): Promise<void> {
  const isWhole = await database.first(IS_FROZEN_STEP, [rollbackId]);
  if (!isWhole) return;
  for (let after = 0; ; ) {
    const part = await database.all<{ seq: number }>(PAGE_OF_WAVE, [campaignId, wave, after, ROWS_PER_TRANSACTION]);
    const end = part.at(-1)?.seq;
    if (end === undefined) return;
    const named = await database.transaction(async (sql) => {
      if (!(await isOfThisClose(sql, campaignId, closing))) return undefined;
      return sql.run(NAME_LEFT_OUT, [campaignId, wave, after, end, rollbackId]);
    });
    if (named === undefined) return;
    after = end;
    await yieldToLoop();
  }
}

const TAKEN = [
  'name',
  'agent_uuid',
  'status',
  'exit_code',
  'correlation_uuid',
  'job_id',
  'started_at',
  'finished_at',
  'output_bytes',
  'rule',
];

interface Part {
  stepId: string;
  campaignId: string;
  wave: number;
  rule: RuleSql;
  /** Places up to this one are done. */
  after: number;
  closing: number;
}

async function mergePart(sql: Sql, { stepId, campaignId, wave, rule, after, closing }: Part): Promise<number | 'refused' | undefined> {
  // Where the campaign is being closed only the latest attempt to close it changes its rows.
  if (!(await isOfThisClose(sql, campaignId, closing))) return 'refused';
  const part = await sql.all<{ seq: number }>('SELECT DISTINCT seq FROM attempts WHERE run_id = ? AND seq > ? ORDER BY seq LIMIT ?', [
    stepId,
    after,
    ROWS_PER_TRANSACTION,
  ]);
  const end = part.at(-1)?.seq;
  if (end === undefined) return undefined;
  await sql.run(
    `
      UPDATE attempts
      SET outcome = ${rule.outcome}, reason = ${rule.reason},
        ${TAKEN.map((column) => `${column} = coalesce(s.${column}, attempts.${column})`).join(', ')}
      FROM attempts AS s
      WHERE attempts.run_id = ? AND attempts.attempt = 1 AND attempts.seq > ? AND attempts.seq <= ? AND attempts.wave = ?
        AND s.run_id = ? AND s.seq = attempts.seq AND s.last = 1 AND ${rule.fits}
        AND (attempts.outcome IS DISTINCT FROM ${rule.outcome} OR attempts.reason IS DISTINCT FROM ${rule.reason}
          OR attempts.correlation_uuid IS DISTINCT FROM coalesce(s.correlation_uuid, attempts.correlation_uuid))`,
    [campaignId, after, end, wave, stepId],
  );
  return end;
}

const PAGE_OF_SUCCEEDED = `
  SELECT seq
  FROM attempts ${byIndex('attempts_outcome')}
  WHERE run_id = ? AND last = 1 AND outcome = 'succeeded' AND seq > ?
  ORDER BY seq
  LIMIT ?`;

/** Successes that no verification has seen. */
const WITHDRAW_UNVERIFIED = `
  UPDATE attempts
  SET outcome = ${NOT_VERIFIED.outcome}, reason = ${NOT_VERIFIED.reason}
  WHERE run_id = ? AND attempt = 1 AND seq > ? AND seq <= ? AND ${NOT_VERIFIED.fits} AND NOT EXISTS (
    SELECT 1
    FROM runs
    JOIN attempts AS v ON v.run_id = runs.id AND v.seq = attempts.seq
    WHERE runs.campaign_id = attempts.run_id AND runs.step = 'verify' AND v.last = 1 AND v.outcome = 'succeeded'
  )`;

/** Successes of the remedy that no verification has confirmed: the last place checked, undefined when there is none. */
export async function withdrawPart(sql: Sql, id: string, after: number): Promise<number | undefined> {
  const part = await sql.all<{ seq: number }>(PAGE_OF_SUCCEEDED, [id, after, ROWS_PER_TRANSACTION]);
  const end = part.at(-1)?.seq;
  if (end === undefined) return undefined;
  await sql.run(WITHDRAW_UNVERIFIED, [id, after, end]);
  return end;
}
