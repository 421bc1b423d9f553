// Who waits for what, and who was served when: the memory of domain/limits/fair-share.ts. It is read and written in the transaction that
// gives the thing out, so workers cannot disagree, and a restart forgets nothing.
import { type Contender, type ContenderRef, type Turn, turnOf } from '../../domain/limits/fair-share.js';
import { HOUR_MS } from '../../domain/limits/rate-window.js';
import type { RunKind, RunRow } from '../rows/run.js';
import type { Sql } from '../sql/database.js';
import { byIndex, JOIN_IN_ORDER } from '../sql/dialect.js';

/**
 * What is shared: the executions of a day, the executes of one script one after the other, the calls of the window, and the places of
 * calls that run at once.
 */
export type Resource = 'day' | 'calls' | 'places' | `script ${string}`;

/** Whoever was told to come back counts from a little before that time until this much after it: then it is asleep, or dead. */
const EARLY_MS = 250;
const LATE_MS = 5_000;
/** No attempt waits longer before it asks again (activities/failures.ts). */
const LONGEST_WAIT_MS = HOUR_MS;
/**
 * A run looks at what it has in flight at least every 15 minutes (domain/polling/cadence.ts): one that was not heard of for longer keeps
 * nothing.
 */
const SEEN_MS = 20 * 60_000;
/** As long as the calls are remembered. */
const FORGOTTEN_MS = 25 * HOUR_MS;

export function contenderOf({ id, kind, campaignId = id }: { id: string; kind: RunKind; campaignId?: string | undefined }): ContenderRef {
  return kind === 'run' ? { id, kind: 'ticket' } : { id: campaignId, kind: 'campaign' };
}

interface TurnRow {
  contender: string;
  kind: ContenderRef['kind'];
  served_at: number | null;
}

export interface Asked {
  resource: Resource;
  contender: ContenderRef;
  now: number;
}

interface Offer {
  free: number;
  /** Others that count besides those who are expected to ask. */
  live?: readonly Contender[];
  kept?: number;
}

/** Whether the contender may take one of the `free`. */
export async function askTurn(sql: Sql, { resource, contender, now, free, live = [], kept = 0 }: Asked & Offer): Promise<Turn> {
  // With enough for everybody nobody has to be checked.
  if ((await countWaiting(sql, resource, now)) + live.length + kept < free) return { kind: 'go' };
  const others = (await asking(sql, { resource, contender, now, limit: kept < free ? free : 1 })).filter(
    ({ id }) => !live.some((known) => known.id === id),
  );
  const mine = await sql.first<{ served_at: number | null }>('SELECT served_at FROM turns WHERE resource = ? AND contender = ?', [
    resource,
    contender.id,
  ]);
  const row = await sql.first<{ ticket_streak: number }>('SELECT ticket_streak FROM ticket_streaks WHERE resource = ?', [resource]);
  const me = { ...contender, servedAt: mine?.served_at ?? undefined };
  return turnOf({ me, others: [...others, ...live], free, kept, ticketStreak: row?.ticket_streak ?? 0 });
}

const COUNT_WAITING = `
  SELECT count(*) AS n
  FROM turns ${byIndex('turns_asking')}
  WHERE resource = ? AND kind IN ('ticket', 'campaign') AND asks_until >= ?`;

export async function countWaiting(sql: Sql, resource: Resource, now: number): Promise<number> {
  const waiting = await sql.first<{ n: number }>(COUNT_WAITING, [resource, now]);
  return waiting?.n ?? 0;
}

/** The one that was served longest ago comes first. */
const WHO_ASKS = `
  SELECT contender, kind, served_at
  FROM turns ${byIndex('turns_asking')}
  WHERE resource = ? AND asks_until >= ? AND asks_from <= ? AND kind = ? AND contender <> ?
  ORDER BY coalesce(served_at, 0), contender
  LIMIT ?`;

/** Of each kind the first `limit` that are expected to ask about now, besides the contender itself: those behind them change nothing. */
export async function asking(sql: Sql, { resource, contender, now, limit }: Asked & { limit: number }): Promise<Contender[]> {
  const rows: TurnRow[] = [];
  for (const kind of ['ticket', 'campaign']) {
    const found = await sql.all<TurnRow>(WHO_ASKS, [resource, now, now, kind, contender.id, limit]);
    rows.push(...found);
  }
  return rows.map((row) => ({ id: row.contender, kind: row.kind, servedAt: row.served_at ?? undefined, asking: true }));
}

const QUEUE_UP = `
  INSERT INTO turns (resource, contender, kind, asks_from, asks_until, noted_at)
  VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (resource, contender) DO UPDATE SET asks_from = excluded.asks_from, asks_until = excluded.asks_until,
    noted_at = excluded.noted_at`;

/** It was refused, and comes back after `waitMs`; until `stayMs` from now the resource is kept for it already, when given. */
export async function queueUp(
  sql: Sql,
  { resource, contender, now, waitMs, stayMs }: Asked & { waitMs: number; stayMs?: number },
): Promise<void> {
  const asksAt = now + Math.min(waitMs, LONGEST_WAIT_MS);
  await sql.run(QUEUE_UP, [
    resource,
    contender.id,
    contender.kind,
    asksAt - EARLY_MS,
    stayMs === undefined ? asksAt + LATE_MS : now + stayMs,
    now,
  ]);
}

const LEAVE_QUEUE = `
  UPDATE turns
  SET asks_from = NULL, asks_until = NULL
  WHERE resource = ? AND contender = ? AND asks_until IS NOT NULL`;

/** It waits for nothing of these any more. */
export async function leaveQueues(sql: Sql, contender: ContenderRef, resources: readonly Resource[]): Promise<void> {
  for (const resource of resources) {
    await sql.run(LEAVE_QUEUE, [resource, contender.id]);
  }
}

const NOTE_SERVED = `
  INSERT INTO turns (resource, contender, kind, served_at, noted_at)
  VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (resource, contender) DO UPDATE SET served_at = excluded.served_at, asks_from = NULL, asks_until = NULL,
    noted_at = excluded.noted_at`;

/** Tickets in a row, while a campaign waits. */
const COUNT_TICKET = `
  INSERT INTO ticket_streaks (resource, ticket_streak)
  SELECT ?, 1
  WHERE EXISTS (
    SELECT 1
    FROM turns ${byIndex('turns_asking')}
    WHERE resource = ? AND asks_until >= ? AND kind = 'campaign'
  )
  ON CONFLICT (resource) DO UPDATE SET ticket_streak = ticket_streaks.ticket_streak + 1`;

export async function serve(sql: Sql, { resource, contender, now }: Asked): Promise<void> {
  await sql.run(NOTE_SERVED, [resource, contender.id, contender.kind, now, now]);
  if (contender.kind === 'campaign') await sql.run('DELETE FROM ticket_streaks WHERE resource = ?', [resource]);
  else await sql.run(COUNT_TICKET, [resource, resource, now]);
  await sql.run(`DELETE FROM turns WHERE resource = ? AND kind = ? AND noted_at < ?`, [resource, contender.kind, now - FORGOTTEN_MS]);
}

const NOTE_WANTS = `
  INSERT INTO turns (resource, contender, kind, wants, noted_at)
  VALUES ('day', ?, ?, ?, ?)
  ON CONFLICT (resource, contender) DO UPDATE SET wants = excluded.wants, noted_at = excluded.noted_at`;

/** How many executions a run still has to send: campaigns leave it that many of the day's. */
export async function noteWants(sql: Sql, { contender, now, wants }: Omit<Asked, 'resource'> & { wants: number }): Promise<void> {
  await sql.run(NOTE_WANTS, [contender.id, contender.kind, wants, now]);
}

const STILL_TO_SEND = `
  SELECT (SELECT count(*) FROM executions WHERE run_id = ? AND state = 'claimed' AND settled_at IS NULL) AS claimed,
    (SELECT count(*) FROM planned ${byIndex('planned_waiting')} WHERE run_id = ? AND state = 'waiting') AS planned,
    CASE WHEN EXISTS (
      SELECT 1
      FROM attempts ${byIndex('attempts_due')}
      WHERE run_id = ? AND outcome = 'pending' AND execution_no IS NULL AND planned IS NULL AND wave IS NULL
    ) THEN 1 ELSE 0 END AS due`;

/** Executions claimed and planned, and, roughly, what the rest of the cohort takes by ids. */
export async function executionsWanted(sql: Sql, run: RunRow, batchSize: number): Promise<number> {
  const open = await sql.first<{ claimed: number; planned: number; due: number }>(STILL_TO_SEND, [run.id, run.id, run.id]);
  // Counting what is due would read a large cohort; beyond the first attempts it is a few.
  const byIds = open?.due ? Math.max(1, Math.ceil(run.cohort.size / batchSize) - run.claimed) : 0;
  return (open?.claimed ?? 0) + (open?.planned ?? 0) + byIds;
}

/** Live runs that have something to send. The few rows of `turns` come first: by itself SQLite would begin with all live runs. */
const LIVE = `
  FROM turns AS day ${byIndex('turns_wants')}
  ${JOIN_IN_ORDER} runs ON runs.id = day.contender
  LEFT JOIN turns AS calls ON calls.resource = 'calls' AND calls.contender = day.contender
  WHERE day.resource = 'day' AND day.wants > 0 AND (day.noted_at >= ? OR calls.noted_at >= ?)
    AND (day.asks_until IS NULL OR day.asks_until >= ?)
    AND runs.phase = 'running' AND runs.paused = 0 AND runs.stop_cause IS NULL AND runs.finished_at IS NULL`;

const KEPT = `
  SELECT sum(day.wants) AS n
  ${LIVE}`;

/** The one that was served longest ago. */
const FIRST_KEPT = `
  SELECT day.contender, day.served_at, day.wants, CASE WHEN day.asks_from <= ? THEN 1 ELSE 0 END AS asking
  ${LIVE}
  ORDER BY coalesce(day.served_at, 0), day.contender
  LIMIT 1`;

/**
 * How many executions live runs have to send, and the first of them, where that is more than is left. A run that was to ask by now and
 * did not has died, and keeps nothing.
 */
export async function keptForRuns(sql: Sql, now: number, free: number): Promise<{ kept: number; live: Contender[] }> {
  const most = await sql.first<{ wants: number | null }>(
    `SELECT sum(wants) AS wants FROM turns ${byIndex('turns_wants')} WHERE resource = 'day' AND wants > 0`,
  );
  if (!most?.wants) return { kept: 0, live: [] };
  const since = [now - SEEN_MS, now - SEEN_MS, now];
  if (most.wants < free) return { kept: most.wants, live: [] };
  const kept = (await sql.first<{ n: number | null }>(KEPT, since))?.n ?? 0;
  const first = await sql.first<TurnRow & { wants: number; asking: number }>(FIRST_KEPT, [now, ...since]);
  if (!first) return { kept, live: [] };
  const { contender: id, wants } = first;
  return { kept, live: [{ id, kind: 'ticket', servedAt: first.served_at ?? undefined, asking: first.asking === 1, wants }] };
}

const WANTS_OF_LIVE_RUNS = `
  SELECT coalesce(day.wants, 1) AS wants
  FROM turns AS calls ${byIndex('turns_noted')}
  ${JOIN_IN_ORDER} runs ON runs.id = calls.contender
  LEFT JOIN turns AS day ON day.resource = 'day' AND day.contender = calls.contender
  WHERE calls.resource = 'calls' AND calls.kind = 'ticket' AND calls.noted_at >= ?
    AND runs.phase <> 'awaiting-approval' AND runs.paused = 0 AND runs.finished_at IS NULL
  LIMIT ?`;

/** Of each live run, how many executions it has to send; at most `limit` runs. */
export async function liveRuns(sql: Sql, now: number, limit: number): Promise<number[]> {
  const rows = await sql.all<{ wants: number | null }>(WANTS_OF_LIVE_RUNS, [now - SEEN_MS, limit]);
  return rows.map(({ wants }) => wants ?? 0);
}
