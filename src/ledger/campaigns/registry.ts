// A campaign as the ledger keeps it: the plan that was frozen, its waves, and the runs that its steps are.

import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { batches } from '../../domain/basics/batches.js';
import { STEP_IS_FOR } from '../../domain/campaign/asset-steps.js';
import type { WaveStatus } from '../../domain/campaign/status.js';
import type { CampaignStepName, StepKey } from '../../domain/campaign/step.js';
import { mayWait, NEVER_DUE, type StepWaits } from '../../domain/campaign/step-after.js';
import { admitsOf } from '../../domain/campaign/wave-admits.js';
import type { CopyState } from '../../domain/execution/may-still-run.js';
import { emptyCounts, type LiveCounts } from '../../domain/run/outcome.js';
import type { FrozenPlan } from '../../domain/run/plan-digest.js';
import { ROWS_PER_TRANSACTION } from '../cohort/freeze.js';
import { giveBackUnsent } from '../leases/unsent.js';
import { noteScripts } from '../policy/approved-plan.js';
import { addAuditOnce } from '../rows/audit.js';
import { IS_OPEN, isClosing, isOfThisClose } from '../rows/late.js';
import { HAS_OPEN_OUT_OF_COHORT } from '../rows/out-of-cohort-copies.js';
import { isOneOf } from '../rows/step-rules.js';
import { type StoredWave, toWave, type WaveRow } from '../rows/wave.js';
import { waveCounts } from '../snapshots/campaign.js';
import { type Database, jsonRows, type Sql } from '../sql/database.js';
import { byIndex, INTEGERS, TEXTS } from '../sql/dialect.js';
import { writeWaits } from './check-ins.js';
import { mergeStep, nameLeftOut, PAGE_OF_WAVE, withdrawPart } from './merge.js';
import { retryRows, takeBackRows } from './retry.js';
import { withdrawUnsent } from './wave-end.js';

export interface StoredCampaign<Frozen = unknown> {
  /** The plan as it was written, without its targets. */
  plan: unknown;
  /** What approvals are bound to; undefined until the cohort is frozen. */
  frozen?: Frozen | undefined;
  digest?: string | undefined;
}

/** Assets of later waves that a step of this one hit. */
const MARK_HIT = `
  UPDATE attempts ${byIndex('attempts_asset')}
  SET outcome = 'unverified', reason = 'hit-by-another-wave', correlation_uuid = ?
  WHERE run_id = ? AND attempt = 1 AND outcome = 'pending' AND correlation_uuid IS NULL AND asset_id IN ${TEXTS}
    AND NOT EXISTS (
      SELECT 1
      FROM attempts AS own
      WHERE own.run_id = ? AND own.seq = attempts.seq
    )`;

const PAGE_OF_COHORT = `
  SELECT seq, asset_id
  FROM attempts
  WHERE run_id = ? AND seq > ? AND attempt = 1
  ORDER BY seq
  LIMIT 5000`;

/** Not once the campaign is closed, nor by an earlier attempt to close it. */
const SET_WAVE = `
  UPDATE waves
  SET status = ?, why = ?, approved_by = coalesce(?, approved_by),
    opened_at = CASE WHEN ? = 1 THEN coalesce(opened_at, ?) ELSE opened_at END,
    closed_at = CASE WHEN ? = 1 THEN coalesce(closed_at, ?) ELSE closed_at END
  WHERE campaign_id = ? AND wave_no = ? AND (closed_at IS NULL OR ? = 1) AND EXISTS (
    SELECT 1
    FROM runs
    WHERE id = waves.campaign_id AND finished_at IS NULL AND closing = ?
  )`;

const SPENT = `
  SELECT sum(accepted) AS executions, sum(api_calls) AS calls
  FROM runs
  WHERE campaign_id = ? OR id = ?`;

const COUNT_OUT_OF_COHORT = `
  SELECT count(DISTINCT asset_id) AS n
  FROM out_of_cohort
  WHERE run_id IN (SELECT id FROM runs WHERE campaign_id = ?)`;

/** Of the wave's assets that the step does not have. */
const OUTCOMES_BESIDE_STEP = `
  SELECT outcome, count(*) AS n
  FROM attempts AS own ${byIndex('attempts_wave')}
  WHERE run_id = ? AND wave = ? AND NOT EXISTS (
    SELECT 1
    FROM attempts AS mine
    WHERE mine.run_id = ? AND mine.seq = own.seq
  )
  GROUP BY 1`;

export class Campaigns {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async get<Frozen>(id: string): Promise<StoredCampaign<Frozen> | undefined> {
    const row = await this.#database.first<{ plan: string; frozen: string | null; digest: string | null }>(
      'SELECT plan, frozen, digest FROM campaigns WHERE id = ?',
      [id],
    );
    return (
      row && {
        plan: JSON.parse(row.plan) as unknown,
        frozen: row.frozen === null ? undefined : (JSON.parse(row.frozen) as Frozen),
        digest: row.digest ?? undefined,
      }
    );
  }

  /** Registers the plan once; its cohort is resolved into the run of the same id. */
  async register(id: string, plan: unknown): Promise<void> {
    await this.#database.run('INSERT INTO campaigns (id, plan) VALUES (?, ?) ON CONFLICT (id) DO NOTHING', [id, JSON.stringify(plan)]);
  }

  /**
   * Assets of later waves that an execution by tags hit although they were not meant: nobody sends to them again. Returns how many.
   * Their own wave counts them as `unverified`, because nobody approved of what ran there.
   */
  markHit(id: string, stepId: string, hit: { assetIds: readonly string[]; correlationUuid?: string | undefined }): Promise<number> {
    return this.#database.transaction(async (sql) => {
      if (await isClosing(sql, id)) {
        const detail = `a step of another wave hit ${hit.assetIds.join(', ')}`;
        if (hit.assetIds.length > 0) await addAuditOnce(sql, id, { action: 'late-hit', detail });
        return 0;
      }
      return sql.run(MARK_HIT, [hit.correlationUuid ?? 'unknown', id, jsonRows(hit.assetIds), stepId]);
    });
  }

  /** Gives each asset its wave: places of the cohort, wave by wave. Repeating it changes nothing. */
  async assignWaves(id: string, places: readonly (readonly number[])[]): Promise<void> {
    for (const [index, seqs] of places.entries()) {
      for (const part of batches(seqs, ROWS_PER_TRANSACTION)) {
        await this.#database.transaction(async (sql) => {
          if (await isClosing(sql, id)) return;
          await sql.run(`UPDATE attempts SET wave = ? WHERE run_id = ? AND attempt = 1 AND wave = 0 AND seq IN ${INTEGERS}`, [
            index + 1,
            id,
            jsonRows(part),
          ]);
        });
        await yieldToLoop();
      }
    }
  }

  /** Freezes the plan with its waves, which begins as good as approved. The first call's stands. */
  async freeze(id: string, plan: { frozen: unknown; digest: string; waves: readonly { name: string; size: number }[] }): Promise<void> {
    await this.#database.transaction(async (sql) => {
      if (await isClosing(sql, id)) return;
      const changed = await sql.run(`UPDATE campaigns SET frozen = ?, digest = ?, approved = ? WHERE id = ? AND digest IS NULL`, [
        JSON.stringify(plan.frozen),
        plan.digest,
        plan.digest,
        id,
      ]);
      if (changed === 0) return;
      for (const [index, { name, size }] of plan.waves.entries()) {
        await sql.run('INSERT INTO waves (campaign_id, wave_no, name, size) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING', [
          id,
          index + 1,
          name,
          size,
        ]);
      }
    });
  }

  /** The scripts were read again: another content makes another plan, which has to be approved. */
  noteScripts(id: string, scripts: FrozenPlan['scripts']): ReturnType<typeof noteScripts> {
    return this.#database.transaction((sql) => noteScripts(sql, id, scripts));
  }

  /** Takes over what the steps of a wave have found, in their order. */
  async mergeWave(id: string, wave: number, { closing = 0 } = {}): Promise<void> {
    const steps = (await this.steps(id)).filter((step) => step.wave === wave);
    const verified = steps.some(({ step }) => step === 'verify');
    const rollback = steps.find(({ step }) => step === 'rollback');
    for (const step of steps) await mergeStep(this.#database, step.id, { verified, closing });
    if (rollback) await nameLeftOut(this.#database, rollback.id, { campaignId: id, wave, closing });
  }

  /** The same for every wave that was begun: also late verdicts of waves that are closed. */
  async mergeAll(id: string, { closing = 0 } = {}): Promise<void> {
    for (const { waveNo, openedAt } of await this.waves(id)) if (openedAt !== undefined) await this.mergeWave(id, waveNo, { closing });
  }

  /** Takes back what a step has not sent, which may send nothing any more. */
  withdrawUnsent(stepId: string, reason = 'wave-over'): Promise<number> {
    return withdrawUnsent(this.#database, stepId, reason);
  }

  waveCounts(id: string, wave: number): ReturnType<typeof waveCounts> {
    return waveCounts(this.#database, id, wave);
  }

  /** The cohort in the order of its places, page by page. */
  async *places(id: string): AsyncGenerator<{ seq: number; assetId: string }[]> {
    for (let after = 0; ; ) {
      const rows = await this.#database.all<{ seq: number; asset_id: string }>(PAGE_OF_COHORT, [id, after]);
      if (rows.length === 0) return;
      after = rows.at(-1)?.seq ?? after;
      yield rows.map(({ seq, asset_id: assetId }) => ({ seq, assetId }));
    }
  }

  /**
   * Puts assets of finished waves into a wave of their own, to go through all steps again. Returns how many that were. For `unverified`
   * and `unreachable` the operator overrides the rule that forbids a second copy: their leases are freed.
   */
  async retry(id: string, outcomes: readonly string[]): Promise<number> {
    return this.#database.transaction((sql) => retryRows(sql, id, outcomes));
  }

  /** Where verification decides and never came, a success is not known to be one: nobody has looked. */
  async withdrawUnverified(id: string, { closing = 0 } = {}): Promise<void> {
    for (let after = 0; ; ) {
      const last = await this.#database.transaction(async (sql) =>
        (await isOfThisClose(sql, id, closing)) ? withdrawPart(sql, id, after) : undefined,
      );
      if (last === undefined) return;
      after = last;
      await yieldToLoop();
    }
  }

  /**
   * Assets that were queued again and never sent again keep what they had come to: they go back to their wave, whose steps say it. A
   * campaign that ends calls this before its last words.
   */
  async takeBackUnsent(id: string, { closing = 0 } = {}): Promise<void> {
    const back = await this.#database.transaction(async (sql) => ((await isOfThisClose(sql, id, closing)) ? takeBackRows(sql, id) : 0));
    if (back > 0) await this.mergeAll(id, { closing });
  }

  async waves(id: string): Promise<StoredWave[]> {
    const rows = await this.#database.all<WaveRow>('SELECT * FROM waves WHERE campaign_id = ? ORDER BY wave_no', [id]);
    return rows.map(toWave);
  }

  /** A wave that is over stays so, and keeps its status but for the last word of the campaign's own close (`closing`, its number). */
  async setWave(
    id: string,
    waveNo: number,
    to: {
      status: WaveStatus;
      why?: string | undefined;
      approvedBy?: readonly string[] | undefined;
      begins?: boolean;
      ends?: boolean;
      closing?: number;
    },
  ): Promise<void> {
    await this.#database.transaction(async (sql) => {
      const now = await sql.now();
      await sql.run(SET_WAVE, [
        to.status,
        to.why,
        to.approvedBy && JSON.stringify(to.approvedBy),
        to.begins ?? false,
        now,
        to.ends ?? false,
        now,
        id,
        waveNo,
        to.ends ?? false,
        to.closing ?? 0,
      ]);
      if (admitsOf('remediate', { status: to.status, closed: to.ends ?? false }) !== 'all') await giveBackUnsent(sql, id);
    });
  }

  /** The steps of a campaign that have no report yet. */
  async openSteps(id: string): Promise<string[]> {
    const rows = await this.#database.all<{ id: string }>('SELECT id FROM runs WHERE campaign_id = ? AND finished_at IS NULL', [id]);
    return rows.map((row) => row.id);
  }

  async steps(id: string): Promise<{ id: string; wave: number; step: CampaignStepName; finished: boolean }[]> {
    const rows = await this.#database.all<{ id: string; wave: number; step: CampaignStepName; finished_at: number | null }>(
      'SELECT id, wave, step, finished_at FROM runs WHERE campaign_id = ? ORDER BY created_at, wave',
      [id],
    );
    return rows.map(({ finished_at: finishedAt, ...row }) => ({ ...row, finished: finishedAt !== null }));
  }

  /** How much over the budget of a wave a person has accepted by resuming. */
  async budgetAccepted(id: string, wave: number): Promise<number> {
    const row = await this.#database.first<{ n: number | null }>(
      'SELECT max(budget_accepted) AS n FROM runs WHERE campaign_id = ? AND wave = ?',
      [id, wave],
    );
    return row?.n ?? 0;
  }

  /** What the steps of a campaign spent, over all of them. */
  async spent(id: string): Promise<{ executions: number; apiCalls: number; outOfCohort: number }> {
    const row = await this.#database.first<{ executions: number | null; calls: number | null }>(SPENT, [id, id]);
    const outOfCohort = await this.#database.first<{ n: number }>(COUNT_OUT_OF_COHORT, [id]);
    return { executions: row?.executions ?? 0, apiCalls: row?.calls ?? 0, outOfCohort: outOfCohort?.n ?? 0 };
  }

  /** What of its wave a step is not for; written once, when its cohort is filled. */
  async setBudgetBase(stepId: string, { campaignId, wave }: StepKey): Promise<void> {
    const rows = await this.#database.all<{ outcome: keyof LiveCounts; n: number }>(OUTCOMES_BESIDE_STEP, [campaignId, wave, stepId]);
    const base = emptyCounts();
    for (const { outcome, n } of rows) {
      base.targeted += n;
      if (outcome !== 'pending' && outcome !== 'running') base[outcome] += n;
    }
    await this.#database.run(`UPDATE runs SET budget_base = ? WHERE id = ? AND budget_base IS NULL AND ${IS_OPEN}`, [
      JSON.stringify(base),
      stepId,
    ]);
  }

  /**
   * The cohort of a step: the assets of its wave that the step is for, at the same places, with what is known of them. Fills it in
   * parts; a repeated call goes on where the one before ended. `after`: what each of them waits for before it is sent to.
   */
  async fillStep(stepId: string, { campaignId, wave, step }: StepKey, waits: StepWaits = {}): Promise<void> {
    for (let from = 0; ; ) {
      const [rows, last] = await this.#database.transaction(async (sql): Promise<[number, number]> => {
        const run = await sql.first<{ created_at: number }>(
          `SELECT created_at FROM runs WHERE id = ? AND cohort_digest IS NULL AND ${IS_OPEN}`,
          [stepId],
        );
        if (!run) return [0, 0];
        const part = await sql.all<{ seq: number }>(PAGE_OF_WAVE, [campaignId, wave, from, ROWS_PER_TRANSACTION]);
        const end = part.at(-1)?.seq ?? 0;
        if (part.length === 0) return [0, 0];
        await copyRows(sql, stepId, { campaignId, step, wave, from, end, dueAt: mayWait(waits) ? NEVER_DUE : 0 });
        if (mayWait(waits)) await writeWaits(sql, stepId, { campaignId, wave, waits, from, end, now: run.created_at });
        return [part.length, end];
      });
      if (rows === 0) return;
      from = last;
      await yieldToLoop();
    }
  }
}

/** Of the campaign's row `attempts`: a step of its wave has such a copy with the asset. */
function hasCopy(copy: CopyState, step = "steps.step <> 'rollback'"): string {
  return `EXISTS (SELECT 1 FROM runs AS steps JOIN attempts AS sent ON sent.run_id = steps.id AND sent.seq = attempts.seq
    WHERE steps.campaign_id = attempts.run_id AND steps.wave = attempts.wave AND ${step} AND sent.copy = '${copy}')`;
}

/** The remedy ran and has ended there, and nothing else of the wave may be running. */
const REMEDY_IS_OVER = `${hasCopy('over', "steps.step = 'remediate'")} AND NOT ${hasCopy('open')} AND NOT ${HAS_OPEN_OUT_OF_COHORT}`;

/** Of the campaign's rows of a wave: which of them a step is for. Those that a rollback leaves out are named (`nameLeftOut`). */
function isMeantFor(step: CampaignStepName): string {
  const { outcomes, behindRemedy } = STEP_IS_FOR[step];
  return `${isOneOf('outcome', outcomes)}${behindRemedy ? ` AND ${REMEDY_IS_OVER}` : ''}`;
}

async function copyRows(
  sql: Sql,
  stepId: string,
  of: { campaignId: string; wave: number; step: CampaignStepName; from: number; end: number; dueAt: number },
): Promise<void> {
  await sql.run(
    `
      INSERT INTO attempts (run_id, seq, attempt, asset_id, name, agent_uuid, aliases, outcome, due_at, despite)
      SELECT ?, seq, 1, asset_id, name, agent_uuid, aliases, 'pending', ?, despite
      FROM attempts ${byIndex('attempts_wave')}
      WHERE run_id = ? AND wave = ? AND seq > ? AND seq <= ? AND ${isMeantFor(of.step)}
      ON CONFLICT DO NOTHING`,
    [stepId, of.dueAt, of.campaignId, of.wave, of.from, of.end],
  );
}
