import { emptyCounts, type LiveCounts, type Outcome } from '../../domain/run/outcome.js';
import type { Sql } from '../sql/database.js';

/** Which `skipped` and which outcomes of a campaign are told apart (`outcome_counts.kind`). */
export const COMPLIANT = 1;
export const LEFT_OUT = 2;

const KEPT = 'SELECT outcome, sum(n) AS n FROM outcome_counts WHERE run_id = ? GROUP BY outcome';
const COUNTED = 'SELECT outcome, count(*) AS n FROM attempts WHERE run_id = ? AND last = 1 GROUP BY outcome';

/** The cohort by the outcome of each asset's last attempt, as it is kept beside the rows. */
export function countOutcomes(sql: Sql, id: string): Promise<LiveCounts> {
  return read(sql, KEPT, id);
}

/** The same by the rows themselves: for what is said once and for good. */
export function recountOutcomes(sql: Sql, id: string): Promise<LiveCounts> {
  return read(sql, COUNTED, id);
}

async function read(sql: Sql, statement: string, id: string): Promise<LiveCounts> {
  const rows = await sql.all<{ outcome: Outcome; n: number }>(statement, [id]);
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
