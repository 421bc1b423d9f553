// What the newest policy of the ledger says against one execution. Asked by the permit, in its transaction: whatever a run has applied to
// its cohort, and whatever was queued again in it since, nothing that policy keeps from scripts is in a request.

import { keepsAnything } from '../../contracts/policy.js';
import { hostMatcher } from '../../domain/targets/host-names.js';
import type { Execution } from '../rows/execution.js';
import type { RunRow } from '../rows/run.js';
import type { Sql } from '../sql/database.js';
import { byIndex } from '../sql/dialect.js';
import { type Named, namesOf, newestReading } from './never-touch.js';
import { newestPolicy } from './versions.js';

/** An asset of the batch that the reading of `neverTouch` names. */
const FIRST_UNTOUCHED = `
  SELECT asset_id
  FROM attempts ${byIndex('attempts_execution')}
  WHERE run_id = ? AND execution_no = ? AND outcome = 'pending' AND EXISTS (
    SELECT 1
    FROM untouched
    WHERE untouched.reading = ? AND untouched.asset_id = attempts.asset_id
  )
  LIMIT 1`;

const NAMES_OF_BATCH = `
  SELECT name, aliases
  FROM attempts ${byIndex('attempts_execution')}
  WHERE run_id = ? AND execution_no = ? AND outcome = 'pending'`;

/** A sentence, or undefined where nothing stands against it. */
export async function policyObjection(sql: Sql, { id, script }: RunRow, { executionNo }: Execution): Promise<string | undefined> {
  const newest = await newestPolicy(sql);
  if (!newest) return undefined;
  const { neverTouch, scripts } = newest.policy;
  if (scripts && script && !scripts.allow.includes(script.id)) return `policy no longer allows script ${script.id} (${script.title})`;
  if (!keepsAnything(neverTouch)) return undefined;
  const reading = await newestReading(sql, newest.version);
  if (!reading) return "policy's exclusions must be read first";
  // An execution by tags has all of its rows when it is leased; before that it is refused for its tags, later in the same permit.
  const kept = await sql.first<{ asset_id: string }>(FIRST_UNTOUCHED, [id, executionNo, reading.id]);
  if (kept) return `policy excludes asset ${kept.asset_id} from all scripts`;
  if (neverTouch.hostnames.length === 0) return undefined;
  const rows = await sql.all<Named>(NAMES_OF_BATCH, [id, executionNo]);
  const named = rows.flatMap(namesOf).find(hostMatcher(neverTouch.hostnames));
  return named === undefined ? undefined : `policy excludes ${named} from all scripts`;
}
