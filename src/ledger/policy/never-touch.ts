// What policy forbids to touch, in a cohort: left alone, visibly, with one word for every way it came about.

import type { Problem } from '../../contracts/request.js';
import { hostMatcher } from '../../domain/targets/host-names.js';
import type { Database, Sql } from '../sql/database.js';

/** The reason of assets that policy keeps from every script. */
export const NEVER_TOUCH = 'never-touch';

export interface Untouched {
  assetIds: readonly string[];
  /** Compared with the names of the cohort's own rows, too, whatever a search for them finds. */
  hostnames: readonly string[];
}

/** What a version's neverTouch stands for, as Qualys told it. */
export interface UntouchedReading {
  id: number;
  version: number;
  readAt: number;
  /** What it took. */
  calls: number;
  /** Tags and names that Qualys does not know. */
  unknown: Problem[];
  /** Rows that could not be understood: any asset may be among them. */
  unreadable: number;
}

const ROWS_A_PAGE = 5_000;

/** Of a row of `attempts`. */
export interface Named {
  name: string | null;
  aliases: string | null;
}

/** Everything that the ledger knows an asset to be called. */
export function namesOf({ name, aliases }: Named): string[] {
  return [...(name ? [name] : []), ...(aliases ? aliases.split('\n') : [])];
}

const PAGE_OF_COHORT = `
  SELECT seq, asset_id, name, aliases
  FROM attempts
  WHERE run_id = ? AND seq > ? AND last = 1
  ORDER BY seq
  LIMIT ?`;

/** The assets of the cohort, by id, that the ledger knows under one of these names. Page by page: a cohort may have a million. */
export async function namedInCohort(database: Database, runId: string, hostnames: readonly string[]): Promise<string[]> {
  if (hostnames.length === 0) return [];
  const matches = hostMatcher(hostnames);
  const found = new Set<string>();
  for (let after = 0; ; ) {
    const rows = await database.all<{ seq: number; asset_id: string } & Named>(PAGE_OF_COHORT, [runId, after, ROWS_A_PAGE]);
    for (const row of rows) if (namesOf(row).some(matches)) found.add(row.asset_id);
    const last = rows.at(-1);
    if (!last) return [...found];
    after = last.seq;
  }
}

export async function newestReading(sql: Sql, version: number): Promise<UntouchedReading | undefined> {
  const row = await sql.first<{ id: number; version: number; read_at: number; calls: number; unknown: string; unreadable: number }>(
    'SELECT * FROM untouched_readings WHERE version = ? ORDER BY id DESC LIMIT 1',
    [version],
  );
  if (!row) return undefined;
  const { read_at: readAt, unknown, ...rest } = row;
  return { ...rest, readAt, unknown: JSON.parse(unknown) as Problem[] };
}
