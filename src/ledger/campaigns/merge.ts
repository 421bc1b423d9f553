// What the steps of a wave found becomes the outcome of the campaign's own rows, which stand at the same places.
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import type { CampaignStepName } from '../../domain/campaign/step.js';
import { NOT_ROLLED_BACK } from '../../domain/execution/may-still-run.js';
import { ROWS_PER_TRANSACTION } from '../cohort/freeze.js';
import { isOfThisClose } from '../rows/late.js';
import type { Database, Sql } from '../sql/database.js';
import { byIndex, greatestOf } from '../sql/dialect.js';

/**
 * Takes over what a step knows so far: finished outcomes, and `unreachable` ones that may yet become something else. Repeating it
 * changes nothing; a campaign that has its report is not changed any more, and one that is closing only under the number of that close
 * (`closing`). `verified`: a later step of the wave judges this one's work; `rolledBack`: the wave is being rolled back, or was. Assets
 * that were put back since into another wave are left alone: what that wave finds is their outcome.
 */
export async function mergeStep(
  database: Database,
  stepId: string,
  { verified, rolledBack, closing = 0 }: { verified: boolean; rolledBack: boolean; closing?: number },
): Promise<void> {
  const run = await database.first<{ campaign_id: string; wave: number; step: CampaignStepName; finished_at: number | null }>(
    `SELECT runs.campaign_id, runs.wave, runs.step, runs.finished_at FROM runs JOIN runs AS parent ON parent.id = runs.campaign_id
     WHERE runs.id = ? AND runs.merged < ${FOR_GOOD} AND parent.finished_at IS NULL`,
    [stepId],
  );
  if (!run) return;
  const rule = verified && run.step === 'remediate' ? LATE_BUT_UNVERIFIED : RULES[run.step];
  // What the rollback did or left out is the last word, but for a late verdict where it was left out.
  const rules = rolledBack ? [untold(rule), ...(run.step === 'remediate' ? [leftOut(verified)] : [])] : [rule];
  for (const each of rules) {
    for (let after = 0; ; ) {
      const part = { stepId, campaignId: run.campaign_id, wave: run.wave, rule: each, after, closing };
      const last = await database.transaction((sql) => mergePart(sql, part));
      // A later attempt closes it, as beside one of a history that was reset: this one has no last word to say.
      if (last === 'refused' && closing > 0) throw new Error(`Another attempt is already closing the campaign ${run.campaign_id}.`);
      if (last === 'refused') return;
      if (last === undefined) break;
      after = last;
      // A wave may have a million rows: heartbeats, and everything else of the process, come in between.
      await yieldToLoop();
    }
  }
  // A step that had ended before the first row was read has nothing more to say.
  await database.run(`UPDATE runs SET merged = ${greatestOf('merged', '?')} WHERE id = ?`, [
    run.finished_at === null ? 1 : FOR_GOOD,
    stepId,
  ]);
}

/** `runs.merged` of a step: 0 not taken over yet, 1 so far, 2 for good. */
const FOR_GOOD = 2;

interface Rule {
  /** Of the step's row `s` and the campaign's row: the campaign's outcome and reason. */
  outcome: string;
  reason: string;
  /** Rows that are taken over at all. */
  where: string;
}

const SETTLED = `s.outcome NOT IN ('pending', 'running')`;

const RULES: Record<CampaignStepName, Rule> = {
  assess: {
    outcome: `CASE s.outcome WHEN 'succeeded' THEN 'skipped' WHEN 'failed' THEN 'pending' ELSE s.outcome END`,
    reason: `CASE s.outcome WHEN 'succeeded' THEN 'compliant' WHEN 'failed' THEN NULL ELSE 'assess: ' || coalesce(s.reason, s.outcome) END`,
    // A late word of the assessment does not send an asset that the wave has left behind: it only says that nothing was to be done.
    where: `${SETTLED} AND (attempts.outcome = 'pending' AND attempts.correlation_uuid IS NULL
      OR attempts.outcome = 'unreachable' AND attempts.reason LIKE 'assess:%' AND s.outcome <> 'failed')`,
  },
  remediate: { outcome: 's.outcome', reason: 's.reason', where: SETTLED },
  // Never asked, or asked in vain: what the remedy did is not known to have helped (domain/campaign/asset-steps.ts).
  verify: {
    outcome: `CASE WHEN s.outcome IN ('skipped', 'missing') THEN 'unverified' ELSE s.outcome END`,
    reason: `CASE s.outcome WHEN 'succeeded' THEN NULL ELSE 'verify: ' || coalesce(s.reason, s.outcome) END`,
    where: SETTLED,
  },
  // What the rollback found is in its own report; the asset's line says that it was rolled back, or that nobody knows, or that it was not.
  rollback: {
    outcome: `CASE WHEN s.outcome = 'skipped' THEN attempts.outcome WHEN attempts.outcome = 'unverified' OR s.outcome <> 'succeeded' THEN 'unverified' ELSE 'failed' END`,
    reason: `CASE s.outcome WHEN 'succeeded' THEN 'rolled-back' WHEN 'skipped' THEN '${NOT_ROLLED_BACK}: ' || coalesce(s.reason, s.outcome) ELSE 'rollback: ' || s.outcome END`,
    where: SETTLED,
  },
};

/** Of the campaign's row: the rollback has had its say. */
const IS_TOLD = `(coalesce(attempts.reason, '') LIKE 'roll%' OR coalesce(attempts.reason, '') LIKE '${NOT_ROLLED_BACK}%')`;

function untold(rule: Rule): Rule {
  return { ...rule, where: `${rule.where} AND NOT ${IS_TOLD}` };
}

/** A verdict that came where the rollback was left out, because there was none: the asset's line says both. */
function leftOut(verified: boolean): Rule {
  return {
    outcome: verified ? `CASE s.outcome WHEN 'succeeded' THEN 'unverified' ELSE s.outcome END` : 's.outcome',
    reason: `'${NOT_ROLLED_BACK}: ' || ${verified ? `CASE s.outcome WHEN 'succeeded' THEN 'too-late-to-verify' ELSE coalesce(s.reason, s.outcome) END` : 'coalesce(s.reason, s.outcome)'}`,
    where: `s.copy = 'over' AND attempts.outcome IN ('unverified', 'unreachable') AND attempts.reason LIKE '${NOT_ROLLED_BACK}%'`,
  };
}

/**
 * Names the assets of a wave that its rollback is not for although the remedy was or may have been sent to them: they keep their outcome.
 * Repeating it changes nothing. Before the cohort of the rollback is whole nobody is left out.
 */
export async function nameLeftOut(
  database: Database,
  rollbackId: string,
  { campaignId, wave, closing }: { campaignId: string; wave: number; closing: number },
): Promise<void> {
  const isWhole = await database.first(
    'SELECT 1 AS found FROM runs JOIN runs AS parent ON parent.id = runs.campaign_id WHERE runs.id = ? AND runs.cohort_digest IS NOT NULL AND parent.finished_at IS NULL',
    [rollbackId],
  );
  if (!isWhole) return;
  for (let after = 0; ; ) {
    const part = await database.all<{ seq: number }>(
      `SELECT seq FROM attempts ${byIndex('attempts_wave')} WHERE run_id = ? AND wave = ? AND seq > ? ORDER BY seq LIMIT ?`,
      [campaignId, wave, after, ROWS_PER_TRANSACTION],
    );
    const end = part.at(-1)?.seq;
    if (end === undefined) return;
    const named = await database.transaction(async (sql) => {
      if (!(await isOfThisClose(sql, campaignId, closing))) return undefined;
      return sql.run(
        `UPDATE attempts SET reason = '${NOT_ROLLED_BACK}: ' || coalesce(reason, outcome)
       WHERE run_id = ? AND wave = ? AND seq > ? AND seq <= ? AND outcome NOT IN ('pending', 'running') AND NOT ${IS_TOLD}
         AND NOT EXISTS (SELECT 1 FROM attempts AS back WHERE back.run_id = ? AND back.seq = attempts.seq)
         AND EXISTS (SELECT 1 FROM runs AS steps JOIN attempts AS sent ON sent.run_id = steps.id AND sent.seq = attempts.seq
           WHERE steps.campaign_id = attempts.run_id AND steps.wave = attempts.wave AND steps.step = 'remediate' AND sent.copy <> 'none')`,
        [campaignId, wave, after, end, rollbackId],
      );
    });
    if (named === undefined) return;
    after = end;
    await yieldToLoop();
  }
}

/** A verdict that came after its wave was verified: nobody has looked whether the asset is well. */
const LATE_BUT_UNVERIFIED: Rule = {
  outcome: `CASE s.outcome WHEN 'succeeded' THEN 'unverified' ELSE s.outcome END`,
  reason: `CASE s.outcome WHEN 'succeeded' THEN 'too-late-to-verify' ELSE s.reason END`,
  where: `${SETTLED} AND attempts.outcome = 'unreachable' AND coalesce(attempts.reason, '') NOT LIKE 'verify:%'`,
};

const TAKEN = ['name', 'agent_uuid', 'status', 'exit_code', 'correlation_uuid', 'job_id', 'started_at', 'finished_at', 'output_bytes'];

interface Part {
  stepId: string;
  campaignId: string;
  wave: number;
  rule: Rule;
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
    `UPDATE attempts SET outcome = ${rule.outcome}, reason = ${rule.reason}, ${TAKEN.map((column) => `${column} = coalesce(s.${column}, attempts.${column})`).join(', ')}
     FROM attempts AS s
     WHERE attempts.run_id = ? AND attempts.attempt = 1 AND attempts.seq > ? AND attempts.seq <= ? AND attempts.wave = ?
       AND s.run_id = ? AND s.seq = attempts.seq AND s.last = 1 AND ${rule.where}
       AND (attempts.outcome IS DISTINCT FROM ${rule.outcome} OR attempts.reason IS DISTINCT FROM ${rule.reason} OR attempts.correlation_uuid IS DISTINCT FROM coalesce(s.correlation_uuid, attempts.correlation_uuid))`,
    [campaignId, after, end, wave, stepId],
  );
  return end;
}

/** Successes of the remedy that no verification has confirmed: the last place looked at, undefined when there is none. */
export async function withdrawPart(sql: Sql, id: string, after: number): Promise<number | undefined> {
  const part = await sql.all<{ seq: number }>(
    `SELECT seq FROM attempts ${byIndex('attempts_outcome')} WHERE run_id = ? AND last = 1 AND outcome = 'succeeded' AND seq > ? ORDER BY seq LIMIT ?`,
    [id, after, ROWS_PER_TRANSACTION],
  );
  const end = part.at(-1)?.seq;
  if (end === undefined) return undefined;
  await sql.run(
    `UPDATE attempts SET outcome = 'unverified', reason = CASE WHEN reason LIKE '${NOT_ROLLED_BACK}%' THEN '${NOT_ROLLED_BACK}: ' ELSE '' END || 'not-verified' WHERE run_id = ? AND attempt = 1 AND seq > ? AND seq <= ? AND outcome = 'succeeded'
       AND NOT EXISTS (SELECT 1 FROM runs JOIN attempts AS v ON v.run_id = runs.id AND v.seq = attempts.seq
         WHERE runs.campaign_id = attempts.run_id AND runs.step = 'verify' AND v.last = 1 AND v.outcome = 'succeeded')`,
    [id, after, end],
  );
  return end;
}
