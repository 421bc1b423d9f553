// While Qualys may still be handing out what an execution by tags hit, nothing else of the run is sent: it may have hit an asset that
// the next execution is meant for. Afterwards the watch has taken such assets in, and nobody sends to them again.

import type { RunRow } from '../rows/run.js';
import type { Sql } from '../sql/database.js';
import { byIndex } from '../sql/dialect.js';

/** Of the run or its campaign: an execution by tags that may yet hit assets nobody has seen. */
const OTHER_FANNING_OUT = `
  SELECT run_id, execution_no
  FROM executions ${byIndex('executions_fanning')}
  WHERE planned IS NOT NULL AND fanned_out = 0 AND settled_at IS NULL AND state IN ('permitted', 'accepted')
    AND (run_id = ? OR run_id IN (SELECT id FROM runs WHERE campaign_id = ?))
    AND NOT (run_id = ? AND execution_no = ?)
  LIMIT 1`;

/** The execution by tags, of this run or of any step of its campaign, whose asset jobs are not all known; undefined when there is none. */
export async function fanningOut(sql: Sql, run: RunRow, executionNo: number): Promise<string | undefined> {
  const row = await sql.first<{ run_id: string; execution_no: number }>(OTHER_FANNING_OUT, [
    run.id,
    run.campaign?.id ?? null,
    run.id,
    executionNo,
  ]);
  return (
    row &&
    `execution ${row.execution_no}${row.run_id === run.id ? '' : ` of ${row.run_id}`} went by tags, and not all of its asset jobs are known yet`
  );
}
