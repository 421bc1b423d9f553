// What a cohort consists of: for a dry run, and for what follows a run.
import type { FinalOutcome } from '../../domain/run/outcome.js';
import type { Sql } from '../sql/database.js';
import { TEXTS } from '../sql/dialect.js';

const SKIPPED_BY_REASON = `
  SELECT reason, count(*) AS n
  FROM attempts
  WHERE run_id = ? AND outcome = 'skipped'
  GROUP BY reason
  ORDER BY reason`;

/** Assets that are left alone, by reason. */
export async function skippedByReason(sql: Sql, runId: string): Promise<Record<string, number>> {
  const rows = await sql.all<{ reason: string; n: number }>(SKIPPED_BY_REASON, [runId]);
  return Object.fromEntries(rows.map(({ reason, n }) => [reason, n]));
}

/** The executions by tags that the planner made of the run. */
export async function plannedSizes(sql: Sql, runId: string): Promise<{ size: number; tagIds: string[] }[]> {
  const rows = await sql.all<{ size: number; tag_ids: string }>('SELECT size, tag_ids FROM planned WHERE run_id = ?', [runId]);
  return rows.map(({ size, tag_ids: tagIds }) => ({ size, tagIds: JSON.parse(tagIds) as string[] }));
}

/** An asset with what names it beside its id; `aliases` are one a line. */
export interface NamedAsset {
  assetId: string;
  name: string | null;
  agentUuid: string | null;
  aliases: string | null;
}

const ENDED_AS = `
  SELECT asset_id, name, agent_uuid, aliases
  FROM attempts
  WHERE run_id = ? AND last = 1 AND outcome IN ${TEXTS}
  ORDER BY seq`;

/** Assets whose newest attempt has one of these outcomes, in cohort order. */
export async function assetsEndedAs(sql: Sql, runId: string, outcomes: readonly FinalOutcome[]): Promise<NamedAsset[]> {
  const rows = await sql.all<{ asset_id: string; name: string | null; agent_uuid: string | null; aliases: string | null }>(ENDED_AS, [
    runId,
    JSON.stringify(outcomes),
  ]);
  return rows.map((row) => ({ assetId: row.asset_id, name: row.name, agentUuid: row.agent_uuid, aliases: row.aliases }));
}
