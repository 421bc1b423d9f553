// What a policy's neverTouch stands for at Qualys, read once for all runs of the ledger, and what happens to it in a cohort that is under
// way.
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { batches } from '../../domain/basics/batches.js';
import { ROWS_PER_TRANSACTION } from '../cohort/freeze.js';
import { releaseBatch } from '../leases/unsent.js';
import { NEVER_TOUCH, namedInCohort, newestReading, type UntouchedReading } from '../policy/never-touch.js';
import { addAudit } from '../rows/audit.js';
import { transition } from '../rows/execution.js';
import { IS_OPEN, isClosing } from '../rows/late.js';
import { type Database, jsonRows, type Sql } from '../sql/database.js';
import { byIndex, elementOf, PAIRS, rowsGiven, TEXTS } from '../sql/dialect.js';

/** What was done to a run: assets that are left alone from now on, executions by tags that have to be given up first. */
export interface KeptFrom {
  assets: number;
  giveUp: number[];
}

const ADD_UNTOUCHED = `
  INSERT INTO untouched (reading, asset_id)
  SELECT ?, ${elementOf('asset')}
  FROM ${rowsGiven('asset')}
  WHERE true
  ON CONFLICT DO NOTHING`;

const FINISH_READING = `
  UPDATE untouched_readings
  SET version = ?, read_at = ?, calls = ?, unknown = ?, unreadable = ?
  WHERE id = ?`;

const ANY_WITHOUT_NAME = `
  SELECT 1 AS found
  FROM attempts ${byIndex('attempts_outcome')}
  WHERE run_id = ? AND last = 1 AND outcome = 'pending' AND name IS NULL
  LIMIT 1`;

/** Of no version: its assets are not all in. */
const UNFINISHED = -1;
const BEGIN_READING = `
  INSERT INTO untouched_readings (version, read_at, calls, unknown, unreadable)
  VALUES (${UNFINISHED}, ?, 0, '[]', 0)
  RETURNING id`;

export class NeverTouchLists {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  newest(version: number): Promise<UntouchedReading | undefined> {
    return newestReading(this.#database, version);
  }

  /** Writes a reading, which holds from its last row on. Older ones are dropped. */
  async store(reading: Omit<UntouchedReading, 'id' | 'readAt'> & { assetIds: readonly string[] }): Promise<UntouchedReading> {
    const assetIds = [...new Set(reading.assetIds)];
    const id = await this.#draw();
    for (const part of batches(assetIds, ROWS_PER_TRANSACTION)) {
      await this.#database.run(ADD_UNTOUCHED, [id, jsonRows(part)]);
      await yieldToLoop();
    }
    const readAt = await this.#database.now();
    const { version, calls, unknown, unreadable } = reading;
    await this.#database.run(FINISH_READING, [version, readAt, calls, jsonRows(unknown), unreadable, id]);
    await this.#dropOlder(id, readAt);
    return { id, version, readAt, calls, unknown, unreadable };
  }

  /** Those of the assets that the reading holds. */
  async among(reading: number, assetIds: readonly string[]): Promise<string[]> {
    const rows = await this.#database.all<{ asset_id: string }>(
      `SELECT asset_id FROM untouched WHERE reading = ? AND asset_id IN ${TEXTS}`,
      [reading, jsonRows(assetIds)],
    );
    return rows.map(({ asset_id: assetId }) => assetId);
  }

  /** The number of the reading that the run's cohort has been compared with. */
  async appliedTo(runId: string): Promise<number | undefined> {
    const row = await this.#database.first<{ reading: number | null }>('SELECT untouched_reading AS reading FROM runs WHERE id = ?', [
      runId,
    ]);
    return row?.reading ?? undefined;
  }

  /** An asset that is to be sent to, and of which the ledger knows no name: it may be the one that a row hides. */
  async hasNameless(runId: string): Promise<boolean> {
    const row = await this.#database.first(ANY_WITHOUT_NAME, [runId]);
    return row !== undefined;
  }

  /**
   * Leaves alone what the run has not sent yet and policy keeps from scripts. What is on its way cannot be called back. Executions by tags
   * that hit such an asset are named: they have to be given up, and this repeated.
   */
  async keepFrom(
    runId: string,
    { reading, version, hostnames }: { reading: number; version: number; hostnames: readonly string[] },
  ): Promise<KeptFrom> {
    const named = await namedInCohort(this.#database, runId, hostnames);
    const kept: KeptFrom = { assets: 0, giveUp: [] };
    for (;;) {
      const part = await this.#database.transaction((sql) => keepPart(sql, { runId, reading, named }));
      kept.assets += part.assets;
      kept.giveUp.push(...part.giveUp);
      if (part.giveUp.length > 0) return kept;
      if (part.rows === 0) break;
      await yieldToLoop();
    }
    if (kept.assets > 0) await this.#tell(runId, version, kept.assets);
    await this.#database.run(`UPDATE runs SET policy_version = ?, untouched_reading = ? WHERE id = ? AND ${IS_OPEN}`, [
      version,
      reading,
      runId,
    ]);
    return kept;
  }

  async #tell(runId: string, version: number, assets: number): Promise<void> {
    const detail = `policy version ${version} excludes ${assets} more asset(s) from the script`;
    await this.#database.transaction((sql) => addAudit(sql, runId, { action: NEVER_TOUCH, detail }));
  }

  /** A number of its own, which is no reading of any version yet. */
  async #draw(): Promise<number> {
    const [row] = await this.#database.all<{ id: number }>(BEGIN_READING, [await this.#database.now()]);
    return (row as { id: number }).id;
  }

  async #dropOlder(id: number, now: number): Promise<void> {
    // One that another worker is still writing is not old.
    const old = await this.#database.all<{ id: number }>(
      `SELECT id FROM untouched_readings WHERE id < ? AND (version <> ${UNFINISHED} OR read_at < ?)`,
      [id, now - UNFINISHED_FOR_MS],
    );
    for (const { id: reading } of old) {
      await this.#database.run('DELETE FROM untouched_readings WHERE id = ?', [reading]);
      while ((await this.#database.run(DELETE_PART, [reading, reading, ROWS_PER_TRANSACTION])) > 0) await yieldToLoop();
    }
  }
}

const UNFINISHED_FOR_MS = 3_600_000;
const DELETE_PART = `
  DELETE FROM untouched
  WHERE reading = ? AND asset_id IN (SELECT asset_id FROM untouched WHERE reading = ? LIMIT ?)`;

interface PendingRow {
  seq: number;
  attempt: number;
  execution_no: number | null;
  sends: number | null;
  planned: number | null;
}

/** Assets never touched that nothing was sent to yet: by the reading at Qualys, or by the names that policy lists. */
const TO_BE_KEPT = `
  SELECT mine.seq, mine.attempt, mine.execution_no, executions.sends, executions.planned
  FROM attempts AS mine ${byIndex('attempts_outcome')}
  LEFT JOIN executions ON executions.run_id = mine.run_id AND executions.execution_no = mine.execution_no
  WHERE mine.run_id = ? AND mine.last = 1 AND mine.outcome = 'pending'
    AND (executions.state IS NULL OR executions.state = 'claimed')
    AND (EXISTS (SELECT 1 FROM untouched WHERE untouched.reading = ? AND untouched.asset_id = mine.asset_id) OR mine.asset_id IN ${TEXTS})
  LIMIT ?`;

/** Half the rows of a transaction, as a further attempt concerns two. */
async function keepPart(
  sql: Sql,
  { runId, reading, named }: { runId: string; reading: number; named: readonly string[] },
): Promise<KeptFrom & { rows: number }> {
  if (await isClosing(sql, runId)) return { assets: 0, giveUp: [], rows: 0 };
  const rows = await sql.all<PendingRow>(TO_BE_KEPT, [runId, reading, jsonRows(named), ROWS_PER_TRANSACTION / 2]);
  const giveUp = [...new Set(rows.flatMap(({ execution_no: no, planned }) => (no !== null && planned !== null ? [no] : [])))];
  if (giveUp.length > 0) return { assets: 0, giveUp, rows: rows.length };
  const claimed = new Map(rows.flatMap(({ execution_no: no, sends }) => (no === null ? [] : [[no, sends ?? 0] as const])));
  // First the batches: their rows are free, or lost, afterwards, and checked again.
  for (const [executionNo, sends] of claimed) {
    if (sends === 0) await releaseBatch(sql, runId, executionNo);
    else await abandon(sql, runId, executionNo);
  }
  if (claimed.size > 0) return { assets: 0, giveUp: [], rows: rows.length };
  await leaveAlone(sql, runId, rows);
  return { assets: rows.length, giveUp: [], rows: rows.length };
}

const ABANDON = `
  UPDATE attempts ${byIndex('attempts_execution')}
  SET outcome = 'unverified', reason = 'policy-changed'
  WHERE run_id = ? AND execution_no = ? AND outcome IN ('pending', 'running')`;

/** Sent before, and proved not executed: a part of it is not sent under another number, which could be sent twice again. */
async function abandon(sql: Sql, runId: string, executionNo: number): Promise<void> {
  const now = await sql.now();
  if (
    !(await transition(sql, { runId, executionNo, event: 'abandon' }, 'settled_at = ?, slot_freed_at = ?, note = ?', [
      now,
      now,
      'policy-changed',
    ]))
  )
    return;
  await sql.run(ABANDON, [runId, executionNo]);
}

async function leaveAlone(sql: Sql, runId: string, rows: readonly PendingRow[]): Promise<void> {
  const first = rows.filter(({ attempt }) => attempt === 1);
  await sql.run(`UPDATE attempts SET outcome = 'skipped', reason = '${NEVER_TOUCH}' WHERE ${CHOSEN}`, [runId, keysOf(first)]);
  // A further attempt that is not sent leaves the verdict of the one before as the asset's last word.
  const further = rows.filter(({ attempt }) => attempt > 1);
  await sql.run(`DELETE FROM attempts WHERE ${CHOSEN}`, [runId, keysOf(further)]);
  await sql.run(`UPDATE attempts SET last = 1 WHERE ${CHOSEN}`, [
    runId,
    keysOf(further.map(({ seq, attempt }) => ({ seq, attempt: attempt - 1 }))),
  ]);
}

const CHOSEN = `run_id = ? AND (seq, attempt) IN ${PAIRS}`;

function keysOf(rows: readonly Pick<PendingRow, 'seq' | 'attempt'>[]): string {
  return jsonRows(rows.map(({ seq, attempt }) => [seq, attempt]));
}
