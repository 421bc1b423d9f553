// One page of runs and campaigns, the newest first, by keyset: those that begin meanwhile move nothing.
import { type RunKind, type RunRow, readRun } from '../rows/run.js';
import type { Sql } from '../sql/database.js';
import { TEXTS } from '../sql/dialect.js';
import { likePattern } from './like.js';

/** Where a page ended; the next begins behind it. */
export interface RunPlace {
  createdAt: number;
  id: string;
}

export interface RunSearch {
  kinds: readonly RunKind[];
  /** Part of a workflow id or script title, or a script id. */
  q?: string | undefined;
  /** Only those that have ended, or only those that have not. */
  ended?: boolean | undefined;
  after?: RunPlace | undefined;
}

const PAGE = `
  SELECT id, created_at
  FROM runs
  WHERE kind IN ${TEXTS} AND (created_at < ? OR created_at = ? AND id > ?)
    AND (? = 0 OR lower(id) LIKE lower(?) ESCAPE '\\' OR lower(script_title) LIKE lower(?) ESCAPE '\\' OR script_id = ?)
    AND (? = 0 OR finished_at IS NOT NULL) AND (? = 0 OR finished_at IS NULL)
  ORDER BY created_at DESC, id
  LIMIT ?`;

export async function readRunPage(sql: Sql, { kinds, q, ended, after }: RunSearch, limit: number): Promise<RunRow[]> {
  const { createdAt, id } = after ?? { createdAt: Number.MAX_SAFE_INTEGER, id: '' };
  const like = likePattern(q ?? '');
  const rows = await sql.all<{ id: string }>(PAGE, [
    JSON.stringify(kinds),
    createdAt,
    createdAt,
    id,
    q === undefined ? 0 : 1,
    like,
    like,
    q ?? '',
    ended === true ? 1 : 0,
    ended === false ? 1 : 0,
    limit,
  ]);
  const runs: RunRow[] = [];
  for (const row of rows) {
    const run = await readRun(sql, row.id);
    if (run) runs.push(run);
  }
  return runs;
}
