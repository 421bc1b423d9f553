import { createHash } from 'node:crypto';
import { type Database, jsonRows, type Sql } from './database.js';

export interface CohortAsset {
  assetId: string;
  name?: string | undefined;
  agentUuid?: string | undefined;
}

/** Rows a transaction writes at most: a longer one would keep other workers from their permits. */
export const ROWS_PER_TRANSACTION = 1_000;

/** The frozen list of assets a run was approved for. */
export class Cohort {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Adds assets while the run is being opened. Assets that are in already stay as they are, so a page added twice changes nothing; nothing joins a frozen cohort. */
  async add(runId: string, assets: readonly CohortAsset[]): Promise<void> {
    for (let start = 0; start < assets.length; start += ROWS_PER_TRANSACTION) {
      const part = assets.slice(start, start + ROWS_PER_TRANSACTION);
      await this.#database.transaction((sql) => addRows(sql, runId, part));
    }
  }

  async remove(runId: string, assetIds: readonly string[]): Promise<void> {
    await this.#database.run(
      `DELETE FROM attempts WHERE run_id = ? AND attempt = 1 AND execution_n IS NULL AND asset_id IN (SELECT value FROM json_each(?))
         AND EXISTS (SELECT 1 FROM runs WHERE id = ? AND cohort_digest IS NULL)`,
      [runId, jsonRows(assetIds), runId],
    );
  }

  /** Leaves these assets of the cohort alone, visibly. */
  async skip(runId: string, assetIds: readonly string[], reason: string): Promise<void> {
    await this.#database.run(
      `UPDATE attempts SET outcome = 'skipped', reason = ? WHERE run_id = ? AND attempt = 1 AND outcome = 'pending' AND execution_n IS NULL
         AND asset_id IN (SELECT value FROM json_each(?))`,
      [reason, runId, jsonRows(assetIds)],
    );
  }

  /** Closes the cohort: its size, and a digest over its ids in ascending order. The second call answers as the first. */
  async freeze(runId: string): Promise<{ size: number; digest: string }> {
    return this.#database.transaction(async (sql) => {
      const known = await sql.first<{ cohort_size: number; cohort_digest: string | null }>(
        'SELECT cohort_size, cohort_digest FROM runs WHERE id = ?',
        [runId],
      );
      if (known?.cohort_digest) return { size: known.cohort_size, digest: known.cohort_digest };
      const { size, digest } = await digestOf(sql, runId);
      await sql.run('UPDATE runs SET cohort_size = ?, cohort_digest = ? WHERE id = ?', [size, digest, runId]);
      return { size, digest };
    });
  }

  /** What was never sent is not sent any more. Returns how many assets that were. */
  async skipUnsent(runId: string, reason: string): Promise<number> {
    return this.#database.run(
      `UPDATE attempts SET outcome = 'skipped', reason = ?, lease = NULL WHERE run_id = ? AND outcome = 'pending' AND execution_n IS NULL AND attempt = 1`,
      [reason, runId],
    );
  }
}

async function addRows(sql: Sql, runId: string, assets: readonly CohortAsset[]): Promise<void> {
  const [row] = await sql.all<{ next_seq: number }>(
    'UPDATE runs SET next_seq = next_seq + ? WHERE id = ? AND cohort_digest IS NULL RETURNING next_seq',
    [assets.length, runId],
  );
  if (!row) return;
  await sql.run(
    `INSERT INTO attempts (run_id, seq, attempt, asset_id, name, agent_uuid, outcome)
     SELECT ?, ? + key, 1, json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), 'pending' FROM json_each(?) WHERE true
     ON CONFLICT (run_id, asset_id, attempt) DO NOTHING`,
    [
      runId,
      row.next_seq - assets.length,
      jsonRows(assets.map(({ assetId, name, agentUuid }) => [assetId, name ?? null, agentUuid ?? null])),
    ],
  );
}

async function digestOf(sql: Sql, runId: string): Promise<{ size: number; digest: string }> {
  const hash = createHash('sha256');
  let size = 0;
  let last = '';
  for (;;) {
    const rows = await sql.all<{ asset_id: string }>(
      'SELECT asset_id FROM attempts WHERE run_id = ? AND asset_id > ? ORDER BY asset_id LIMIT 10000',
      [runId, last],
    );
    for (const { asset_id: assetId } of rows) hash.update(`${assetId}\n`);
    size += rows.length;
    const lastRow = rows.at(-1);
    if (!lastRow) return { size, digest: hash.digest('hex') };
    last = lastRow.asset_id;
  }
}
