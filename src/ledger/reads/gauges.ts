// What there is at the moment, in numbers for a monitor. Every statement goes by an index of what is open: it costs the same however much
// is done.
import type { Database } from '../sql/database.js';
import { byIndex } from '../sql/dialect.js';

export interface Gauges {
  /** Runs, campaigns and steps that are not finished, by phase. */
  live: { kind: string; phase: string; n: number }[];
  /** Runs, and waves of campaigns, that wait for a person's decision. */
  waiting: number;
  /** Waiting for an answer of which nobody knows what became of it, or for one that is on its way. */
  inDoubt: number;
  /** Sent, and not settled. */
  inFlight: number;
  /** Copies that may still run, of the runs that are over as well. */
  openCopies: number;
  auditEntries: number;
}

const LIVE = `
  SELECT kind, phase, count(*) AS n
  FROM runs ${byIndex('runs_live')}
  WHERE finished_at IS NULL
  GROUP BY kind, phase
  ORDER BY kind, phase`;

const COUNTS = `
  SELECT
    (SELECT count(*) FROM runs ${byIndex('runs_live')}
      WHERE finished_at IS NULL AND kind <> 'campaign' AND phase = 'awaiting-approval')
      + (SELECT count(*) FROM runs ${byIndex('runs_live')} JOIN waves ON waves.campaign_id = runs.id
        WHERE runs.finished_at IS NULL AND waves.status IN ('awaiting-approval', 'awaiting-decision')) AS waiting,
    (SELECT count(*) FROM executions ${byIndex('executions_permitted')} WHERE state = 'permitted') AS in_doubt,
    (SELECT count(*) FROM executions ${byIndex('executions_open')} WHERE settled_at IS NULL AND state IN ('permitted', 'accepted'))
      AS in_flight,
    (SELECT count(*) FROM attempts ${byIndex('attempts_copy')} WHERE copy = 'open') AS copies,
    (SELECT count(*) FROM out_of_cohort_copies ${byIndex('out_of_cohort_copies_open')} WHERE copy = 'open') AS strays,
    (SELECT coalesce(max(id), 0) FROM audit) AS entries`;

interface Counts {
  waiting: number;
  in_doubt: number;
  in_flight: number;
  copies: number;
  strays: number;
  entries: number;
}

export async function readGauges(database: Database): Promise<Gauges> {
  const live = await database.all<Gauges['live'][number]>(LIVE);
  const counts = await database.first<Counts>(COUNTS);
  return {
    live,
    waiting: counts?.waiting ?? 0,
    inDoubt: counts?.in_doubt ?? 0,
    inFlight: counts?.in_flight ?? 0,
    openCopies: (counts?.copies ?? 0) + (counts?.strays ?? 0),
    auditEntries: counts?.entries ?? 0,
  };
}
