// Where a run stands, as the workflow carries it.

import type { ErrorBudget } from '../../contracts/request.js';
import { NEVER_DUE } from '../../domain/campaign/step-after.js';
import { MAX_ASSETS_PER_EXECUTION } from '../../domain/execution/state.js';
import { etaMs } from '../../domain/polling/cadence.js';
import { budgetSpent, isBreached } from '../../domain/run/error-budget.js';
import type { Issued, RunSnapshot } from '../../domain/run/snapshot.js';
import { countOutcomes, withBase } from '../rows/counts.js';
import { baseOf, readStored, stopOf } from '../rows/run.js';
import type { Sql } from '../sql/database.js';
import { byIndex } from '../sql/dialect.js';
import { campaignSnapshot, hasAttempted } from './campaign.js';

const OPEN_EXECUTIONS = `
  SELECT count(CASE WHEN state = 'claimed' THEN 1 END) AS unsent,
    count(CASE WHEN state = 'permitted' THEN 1 END) AS in_doubt,
    count(CASE WHEN state = 'accepted' THEN 1 END) AS watched,
    count(CASE WHEN slot_freed_at IS NULL THEN 1 END) AS slots
  FROM executions
  WHERE run_id = ? AND state IN ('claimed', 'permitted', 'accepted') AND settled_at IS NULL`;

/** How many assets wait to be sent by their ids, how many of them for their agents, and from when the others. */
const DUE = `
  SELECT count(*) AS n, count(CASE WHEN due_at = ${NEVER_DUE} THEN 1 END) AS away, min(CASE WHEN due_at < ${NEVER_DUE} THEN due_at END) AS next
  FROM attempts ${byIndex('attempts_due')}
  WHERE run_id = ? AND outcome = 'pending' AND execution_no IS NULL AND planned IS NULL AND wave IS NULL`;

const PLANNED = `
  SELECT count(*) AS executions, sum(size) AS assets
  FROM planned ${byIndex('planned_waiting')}
  WHERE run_id = ? AND state = 'waiting'`;

export async function snapshotOf(sql: Sql, id: string): Promise<RunSnapshot> {
  // Before the reads: what happens during them wakes the run after this snapshot.
  const at = await sql.now();
  const run = await readStored(sql, id);
  if (!run) throw new Error(`The ledger does not know the run ${id}.`);
  if (run.kind === 'campaign') return { ...(await campaignSnapshot(sql, run, at)), ...(await issuedOf(sql, id)) };
  const counts = await countOutcomes(sql, id);
  const open = await sql.first<{ unsent: number; in_doubt: number; watched: number; slots: number }>(OPEN_EXECUTIONS, [id]);
  const due = await sql.first<{ n: number; away: number; next: number | null }>(DUE, [id]);
  const byTags = await sql.first<{ executions: number; assets: number | null }>(PLANNED, [id]);
  // Those whose agents are waited for may be due when it is asked for them next.
  const dueAt = [due?.next, due?.away ? run.check_in_poll_at : null].filter((at) => typeof at === 'number');
  const waiting = (due?.n ?? 0) + (byTags?.assets ?? 0);
  const owed = await sql.first<{ n: number }>(`SELECT count(*) AS n FROM attempts WHERE run_id = ? AND output = 'owed'`, [id]);
  const used = await sql.first('SELECT 1 AS found FROM sends WHERE run_id = ? AND spent = 1 LIMIT 1', [id]);
  // Once something of a campaign was sent no failure of Qualys fails its steps.
  const attempted = used !== undefined || (run.campaign_id !== null && (await hasAttempted(sql, run.campaign_id)));
  const script = await sql.first<{ durations: string }>('SELECT durations FROM scripts WHERE script_id = ?', [run.script_id]);
  const durationsMs = script ? (JSON.parse(script.durations) as { localMs: number }[]).map(({ localMs }) => localMs) : [];
  const budget = run.error_budget ? (JSON.parse(run.error_budget) as ErrorBudget) : undefined;
  const judged = withBase(counts, baseOf(run));
  return {
    counts,
    unsent: open?.unsent ?? 0,
    inDoubt: open?.in_doubt ?? 0,
    watched: open?.watched ?? 0,
    slotsTaken: open?.slots ?? 0,
    waiting,
    nextDueAt: byTags?.executions ? 0 : dueAt.length > 0 ? Math.min(...dueAt) : undefined,
    outputsOwed: owed?.n ?? 0,
    ...(await issuedOf(sql, id)),
    accepted: run.accepted,
    callsUsed: run.api_calls,
    etaMs: etaMs({
      // As many assets by id as would take the same number of executions.
      waitingAssets: (due?.n ?? 0) + (byTags?.executions ?? 0) * MAX_ASSETS_PER_EXECUTION,
      inFlight: open?.watched ?? 0,
      maxInFlight: run.max_in_flight,
      durationsMs,
      batchSize: MAX_ASSETS_PER_EXECUTION,
    }),
    at,
    wakes: run.wakes,
    breached: isBreached(budget, judged) && budgetSpent(budget ?? { max: 0 }, judged) > (run.budget_accepted ?? -1),
    attempted,
    stop: stopOf(run),
    paused: run.paused === 1 || run.campaign_paused === 1,
    held: run.paused === 1,
    maxInFlight: run.max_in_flight,
  };
}

/** Of a row of `runs`: its own orders, its campaign's, and how often the kill switch was thrown. */
const ORDERS = `(SELECT count(*) FROM orders WHERE run_id IN (runs.id, runs.campaign_id))
  + (SELECT count(*) FROM audit WHERE run_id IS NULL AND action IN ('halt', 'unhalt'))`;

/** The highest numbers that were ever given out for the run. */
const ISSUED = `
  SELECT kind, next_execution_no - 1 AS claimed, (SELECT count(*) FROM sends WHERE run_id = runs.id) AS permits,
    ${ORDERS} AS orders, (SELECT count(*) FROM schedules WHERE run_id = runs.id) AS schedules
  FROM runs
  WHERE id = ?`;

/** How much of the run was issued and ordered; nothing of a run that the ledger does not know. */
export async function issuedOf(sql: Sql, id: string): Promise<Issued> {
  const row = await sql.first<Issued & { kind: string }>(ISSUED, [id]);
  if (!row) return { claimed: 0, permits: 0, orders: 0, schedules: 0 };
  const { kind, ...issued } = row;
  return kind === 'campaign' ? { ...issued, ...(await issuedToSteps(sql, id)) } : issued;
}

const ISSUED_TO_STEPS = `
  SELECT sum(next_execution_no - 1) AS claimed,
    (SELECT count(*) FROM sends WHERE run_id IN (SELECT id FROM runs WHERE campaign_id = ?)) AS permits
  FROM runs
  WHERE campaign_id = ? OR id = ?`;

async function issuedToSteps(sql: Sql, id: string): Promise<Pick<Issued, 'claimed' | 'permits'>> {
  const row = await sql.first<{ claimed: number | null; permits: number }>(ISSUED_TO_STEPS, [id, id, id]);
  return { claimed: row?.claimed ?? 0, permits: row?.permits ?? 0 };
}
