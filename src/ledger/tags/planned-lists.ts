import type { Sql } from '../sql/database.js';

/** What one execution names in its call. */
export interface CallLists {
  tagIds: string[];
  assetIds: string[];
  excludedAssetIds: string[];
}

export async function readLists(sql: Sql, runId: string, planned: number): Promise<CallLists> {
  const row = await sql.first<{ tag_ids: string; asset_ids: string; excluded_ids: string }>(
    'SELECT tag_ids, asset_ids, excluded_ids FROM planned WHERE run_id = ? AND plan_no = ?',
    [runId, planned],
  );
  if (!row) throw new Error(`The ledger has lost the planned execution ${planned} of ${runId}.`);
  const list = (text: string): string[] => (JSON.parse(text) as (string | number)[]).map(String);
  return { tagIds: list(row.tag_ids), assetIds: list(row.asset_ids), excludedAssetIds: list(row.excluded_ids) };
}
