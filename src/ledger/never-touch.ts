// What policy forbids to touch, in a cohort: left alone, visibly, with one word for every way it came about.
import { hostMatcher } from '../domain/host-names.js';
import type { Database } from './database.js';

/** The reason of assets that policy keeps from every script. */
export const NEVER_TOUCH = 'never-touch';

export interface Untouched {
  assetIds: readonly string[];
  /** Compared with the names of the cohort's own rows, too, whatever a search for them finds. */
  hostnames: readonly string[];
}

const ROWS_A_PAGE = 5_000;

/** The assets of the cohort, by id, that the ledger knows under one of these names. Page by page: a cohort may have a million. */
export async function namedInCohort(database: Database, runId: string, hostnames: readonly string[]): Promise<string[]> {
  if (hostnames.length === 0) return [];
  const matches = hostMatcher(hostnames);
  const found = new Set<string>();
  for (let after = 0; ; ) {
    const rows = await database.all<{ seq: number; asset_id: string; name: string | null }>(
      'SELECT seq, asset_id, name FROM attempts WHERE run_id = ? AND seq > ? AND last = 1 ORDER BY seq LIMIT ?',
      [runId, after, ROWS_A_PAGE],
    );
    for (const { asset_id: assetId, name } of rows) if (name && matches(name)) found.add(assetId);
    const last = rows.at(-1);
    if (!last) return [...found];
    after = last.seq;
  }
}
