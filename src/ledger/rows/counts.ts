import { emptyCounts, type LiveCounts, type Outcome } from '../../domain/run/outcome.js';
import type { Sql } from '../sql/database.js';

/** The cohort by the outcome of each asset's last attempt. */
export async function countOutcomes(sql: Sql, id: string): Promise<LiveCounts> {
  const rows = await sql.all<{ outcome: Outcome; n: number }>(
    'SELECT outcome, count(*) AS n FROM attempts WHERE run_id = ? AND last = 1 GROUP BY outcome',
    [id],
  );
  const counts = emptyCounts();
  for (const { outcome, n } of rows) {
    counts[outcome] = n;
    counts.targeted += n;
  }
  return counts;
}

/** What a budget is measured against: in a step of a campaign the whole wave, also its assets that the step is not for. */
export function withBase(counts: LiveCounts, base: LiveCounts | undefined): LiveCounts {
  if (!base) return counts;
  const kinds = Object.keys(counts) as (keyof LiveCounts)[];
  return Object.fromEntries(kinds.map((kind) => [kind, counts[kind] + base[kind]])) as LiveCounts;
}
