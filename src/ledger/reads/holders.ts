// Which other runs have the assets that somebody wants: those that are in an open execution of theirs now.
import { readRun } from '../rows/run.js';
import type { Sql } from '../sql/database.js';
import { byIndex, elementOf, JOIN_IN_ORDER, rowsGiven } from '../sql/dialect.js';

/** A run, or the campaign of a step, by the name under which people look at it. */
export interface Holder {
  runId: string;
  requestedBy?: string | undefined;
  /** How many of the assets it has. */
  assets: number;
}

const HOLDERS_OF_WAITING = `
  SELECT coalesce(runs.campaign_id, runs.id) AS "runId", count(*) AS assets
  FROM attempts AS due ${byIndex('attempts_due')}
  ${JOIN_IN_ORDER} attempts AS held ${byIndex('attempts_lease')} ON held.asset_id = due.asset_id AND held.lease = 1
  ${JOIN_IN_ORDER} runs ON runs.id = held.run_id
  WHERE due.run_id = ? AND due.outcome = 'pending' AND due.execution_no IS NULL AND due.planned IS NULL AND due.wave IS NULL
    AND held.run_id <> due.run_id
  GROUP BY 1
  ORDER BY 2 DESC, 1`;

const HOLDERS_AMONG = `
  SELECT coalesce(runs.campaign_id, runs.id) AS "runId", count(*) AS assets
  FROM ${rowsGiven('wanted')}
  ${JOIN_IN_ORDER} attempts AS held ${byIndex('attempts_lease')} ON held.asset_id = ${elementOf('wanted')} AND held.lease = 1
  ${JOIN_IN_ORDER} runs ON runs.id = held.run_id
  GROUP BY 1
  ORDER BY 2 DESC, 1`;

/** Who has the assets that wait to be sent; the one with the most first. */
export function holdersOfWaiting(sql: Sql, runId: string): Promise<Holder[]> {
  return sql.all<Holder>(HOLDERS_OF_WAITING, [runId]).then((rows) => named(sql, rows));
}

/** Who has some of these assets. `assetIds`: a JSON array. */
export function holdersAmong(sql: Sql, assetIds: string): Promise<Holder[]> {
  return sql.all<Holder>(HOLDERS_AMONG, [assetIds]).then((rows) => named(sql, rows));
}

function named(sql: Sql, rows: readonly Holder[]): Promise<Holder[]> {
  return Promise.all(rows.map(async (row) => ({ ...row, requestedBy: (await readRun(sql, row.runId))?.request.requestedBy })));
}
