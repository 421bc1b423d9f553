// What a run found otherwise than the run before it.
import type { Outcome, OutcomeChange } from '../../domain/run/outcome.js';
import type { Database } from '../sql/database.js';

const CHANGES = `
  SELECT earlier.outcome AS before, later.outcome AS now, count(*) AS assets
  FROM attempts AS later
  JOIN attempts AS earlier ON earlier.run_id = ? AND earlier.asset_id = later.asset_id AND earlier.last = 1
  WHERE later.run_id = ? AND later.last = 1
  GROUP BY 1, 2
  ORDER BY 1, 2`;

/** By outcome before and now, over the assets of the later run; those that the earlier one did not have are left out. */
export async function changesSince(database: Database, runId: string, parentId: string): Promise<OutcomeChange[]> {
  const rows = await database.all<{ before: Outcome; now: Outcome; assets: number }>(CHANGES, [parentId, runId]);
  return rows.map(({ before, now, assets }) => ({ before, now, assets }));
}
