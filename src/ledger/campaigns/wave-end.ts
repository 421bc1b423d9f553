// The end of a wave, for the steps that it leaves behind: what they have not sent is taken back, and what is on its way is watched on.
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { Executions } from '../executions/registry.js';
import { type DueRow, withdrawFurther } from '../rows/copies.js';
import { isClosing } from '../rows/late.js';
import { type Database, jsonRows, type Sql } from '../sql/database.js';
import { byIndex, INTEGERS } from '../sql/dialect.js';
import { Planned } from '../tags/planned.js';

/** Rows a transaction takes back; a further attempt concerns two. */
const ROWS_A_PART = 500;

/**
 * Takes back everything of a run that waits to be sent: a further attempt leaves the verdict of the one before it, a first one is
 * `skipped`. Nothing can be claimed meanwhile, as its wave admits nothing. Returns how many assets that were.
 */
export async function withdrawUnsent(database: Database, runId: string, reason: string): Promise<number> {
  await new Executions(database).releaseClaimed(runId);
  await new Planned(database).dropWaiting(runId);
  let withdrawn = 0;
  for (;;) {
    const part = await database.transaction((sql) => withdrawPart(sql, runId, reason));
    if (part === 0) return withdrawn;
    withdrawn += part;
    await yieldToLoop();
  }
}

const PAGE_OF_DUE = `
  SELECT seq, attempt
  FROM attempts ${byIndex('attempts_due')}
  WHERE run_id = ? AND outcome = 'pending' AND execution_no IS NULL AND planned IS NULL AND wave IS NULL
  LIMIT ?`;

const SKIP = `
  UPDATE attempts
  SET outcome = 'skipped', reason = ?
  WHERE run_id = ? AND attempt = 1 AND seq IN ${INTEGERS}`;

async function withdrawPart(sql: Sql, runId: string, reason: string): Promise<number> {
  if (await isClosing(sql, runId)) return 0;
  const rows = await sql.all<Pick<DueRow, 'seq' | 'attempt'>>(PAGE_OF_DUE, [runId, ROWS_A_PART]);
  const first = rows.filter(({ attempt }) => attempt === 1).map(({ seq }) => seq);
  await sql.run(SKIP, [reason, runId, jsonRows(first)]);
  await withdrawFurther(
    sql,
    runId,
    rows.filter(({ attempt }) => attempt > 1),
  );
  return rows.length;
}
