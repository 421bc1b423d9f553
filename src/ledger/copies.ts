// Copies of scripts that may still lie with an agent, over all runs of the ledger. A lease ends with its run; the copy does not.
import { OPEN_COPY, openCopyReason } from '../domain/may-still-run.js';
import { jsonRows, type Sql } from './database.js';
import type { RunRow } from './run-row.js';

/**
 * The runs that have an open copy of the script with these assets, by asset id; assets without one are left out. What a live run still
 * waits for in time is not among them: its lease keeps others away until it knows more.
 */
export async function openCopies(sql: Sql, scriptId: string, assetIds: readonly string[]): Promise<Map<string, string>> {
  if (assetIds.length === 0) return new Map();
  const rows = await sql.all<{ asset_id: string; run_id: string }>(
    `SELECT sent.asset_id, min(sent.run_id) AS run_id FROM json_each(?) AS wanted
       CROSS JOIN attempts AS sent INDEXED BY attempts_copy ON sent.asset_id = wanted.value AND sent.copy = 'open'
       CROSS JOIN runs ON runs.id = sent.run_id
     WHERE runs.script_id = ? AND (sent.lease IS NULL OR sent.outcome NOT IN ('pending', 'running')) GROUP BY 1`,
    [jsonRows(assetIds), scriptId],
  );
  return new Map(rows.map(({ asset_id: assetId, run_id: runId }) => [assetId, runId]));
}

/** An asset of a run that waits to be sent. */
export interface DueRow {
  seq: number;
  attempt: number;
  asset_id: string;
  /** 1: an operator has let it go although a copy may still run. */
  despite: number;
}

/** Those of the rows that may not be sent, with the run whose copy it is. */
export async function heldByCopies(
  sql: Sql,
  run: Pick<RunRow, 'script' | 'despiteOpenCopies'>,
  rows: readonly DueRow[],
): Promise<{ row: DueRow; runId: string }[]> {
  if (run.despiteOpenCopies || !run.script) return [];
  const asking = rows.filter(({ despite }) => despite === 0);
  const copies = await openCopies(
    sql,
    run.script.id,
    asking.map((row) => row.asset_id),
  );
  return asking.flatMap((row) => {
    const runId = copies.get(row.asset_id);
    return runId === undefined ? [] : [{ row, runId }];
  });
}

/** They are not sent: a first attempt is `skipped`; a further one leaves the verdict of the one before, and the audit log says why. */
export async function leaveToCopies(sql: Sql, runId: string, held: readonly { row: DueRow; runId: string }[]): Promise<void> {
  for (const { row, runId: other } of held) {
    if (row.attempt === 1) {
      await sql.run(`UPDATE attempts SET outcome = 'skipped', reason = ?, planned = NULL WHERE run_id = ? AND seq = ? AND attempt = 1`, [
        openCopyReason(other),
        runId,
        row.seq,
      ]);
      continue;
    }
    await withdrawFurther(sql, runId, [row]);
    await sql.run('INSERT INTO audit (run_id, at, action, detail) VALUES (?, ?, ?, ?)', [
      runId,
      await sql.now(),
      OPEN_COPY,
      `attempt ${row.attempt} at asset ${row.asset_id} was not sent: the copy of ${other} may still run there`,
    ]);
  }
}

/** Further attempts that were never sent are taken back: the verdict before them is the asset's last word. */
export async function withdrawFurther(sql: Sql, runId: string, rows: readonly Pick<DueRow, 'seq' | 'attempt'>[]): Promise<void> {
  const keys = (less: number): string => jsonRows(rows.map(({ seq, attempt }) => [seq, attempt - less]));
  await sql.run(`UPDATE attempts SET last = 1 WHERE ${CHOSEN}`, [runId, keys(1)]);
  await sql.run(`DELETE FROM attempts WHERE ${CHOSEN} AND outcome = 'pending' AND execution_n IS NULL`, [runId, keys(0)]);
}

const CHOSEN = `run_id = ? AND (seq, attempt) IN (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))`;
