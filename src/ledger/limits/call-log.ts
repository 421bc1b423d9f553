// The sliding-window log of calls to Qualys, shared by every worker of the ledger: one budget a subscription (docs/architecture/limits.md).
import type { CallGate, GateAnswer, LimitEvidence } from '../../domain/limits/call-gate.js';
import { type ContenderRef, callsKept, mostCallsKept } from '../../domain/limits/fair-share.js';
import { HOUR_MS, mayCall, type WindowFacts, wholeCap } from '../../domain/limits/rate-window.js';
import { capsInForce } from '../policy/versions.js';
import type { RunKind } from '../rows/run.js';
import type { Database, Sql } from '../sql/database.js';
import { asking, askTurn, contenderOf, countWaiting, leaveQueues, liveRuns, queueUp, type Resource, serve } from './fair-shares.js';

export interface CallCaps {
  callsPerHour: number;
  concurrency: number;
}

/** The gateway counts a call when it arrives, we when it leaves: a place is taken as free this much later than by our own log. */
const MARGIN_MS = 1_000;
/** A refusal that names no time: 10 s (docs/qualys-api.md#rate-limits), doubling with each further one up to 5 minutes. */
const NAMELESS_WAIT_MS = 10_000;
const LONGEST_NAMELESS_WAIT_MS = 300_000;

const CONTENDERS_KEPT = 10_000;
/** Whoever has to let others go first asks again this soon. */
const TURN_WAIT_MS = 100;
/** The same where calls are kept for runs that do not ask just now. */
const KEPT_WAIT_MS = 10_000;

interface LimitsRow {
  window_limit: number | null;
  window_ms: number | null;
  remaining: number | null;
  observed_at: number | null;
  blocked_until: number | null;
  blocked_why: string | null;
  concurrency: number | null;
  concurrency_until: number | null;
  refusals: number;
}

const READ_LIMITS = `
  SELECT window_limit, window_ms, remaining, observed_at, blocked_until, blocked_why, concurrency, concurrency_until, refusals
  FROM limits
  WHERE id = 1`;

const NTH_CALL_SINCE = 'SELECT at FROM calls WHERE at > ? ORDER BY at LIMIT 1 OFFSET ?';

export class CallLog implements CallGate {
  readonly #database: Database;
  readonly #caps: CallCaps;
  /** Which contender a run belongs to never changes. */
  readonly #contenders = new Map<string, ContenderRef>();

  /** `caps`: for a ledger that no worker has told a policy. */
  constructor(database: Database, caps: CallCaps) {
    this.#database = database;
    this.#caps = caps;
  }

  /** Calls of no run are a person's at a terminal, and wait for nobody's turn. */
  enter({ endpoint, runId, holdMs }: { endpoint: string; runId?: string | undefined; holdMs: number }): Promise<GateAnswer> {
    return this.#database.transaction(async (sql) => {
      const now = await sql.now();
      const facts = await this.#facts(sql, now);
      const contender = runId === undefined ? undefined : await this.#contenderOf(sql, runId);
      const answer = mayCall(facts);
      const refusal = answer.kind === 'wait' ? answer : contender && (await turnRefusal(sql, { facts, contender, now }));
      if (refusal) {
        if (contender) await queueUp(sql, { resource: scarceOf(facts, contender), contender, now, waitMs: refusal.waitMs });
        return refusal;
      }
      await sql.run('DELETE FROM calls WHERE at < ?', [now - 25 * HOUR_MS]);
      const [row] = await sql.all<{ id: number }>(
        'INSERT INTO calls (at, endpoint, run_id, holds_until) VALUES (?, ?, ?, ?) RETURNING id',
        [now, endpoint, runId, now + holdMs],
      );
      if (runId !== undefined) await sql.run('UPDATE runs SET api_calls = api_calls + 1 WHERE id = ?', [runId]);
      if (contender) await serve(sql, { resource: 'calls', contender, now });
      if (contender) await leaveQueues(sql, contender, ['places']);
      return { kind: 'go', callId: (row as { id: number }).id };
    });
  }

  async #contenderOf(sql: Sql, runId: string): Promise<ContenderRef> {
    const known = this.#contenders.get(runId);
    if (known) return known;
    const run = await sql.first<{ kind: RunKind; campaign_id: string | null }>('SELECT kind, campaign_id FROM runs WHERE id = ?', [runId]);
    const contender = contenderOf({ id: runId, kind: run?.kind ?? 'run', campaignId: run?.campaign_id ?? undefined });
    if (this.#contenders.size >= CONTENDERS_KEPT) this.#contenders.clear();
    if (run) this.#contenders.set(runId, contender);
    return contender;
  }

  async leave(callId: number, evidence: LimitEvidence | undefined): Promise<void> {
    await this.#database.transaction(async (sql) => {
      const [call] = await sql.all<{ at: number }>('UPDATE calls SET holds_until = NULL WHERE id = ? RETURNING at', [callId]);
      if (evidence && call) await learn(sql, call.at, evidence);
    });
  }

  async cancel(callId: number): Promise<void> {
    await this.#database.transaction(async (sql) => {
      const [call] = await sql.all<{ run_id: string | null }>('DELETE FROM calls WHERE id = ? RETURNING run_id', [callId]);
      if (call?.run_id) await sql.run('UPDATE runs SET api_calls = api_calls - 1 WHERE id = ?', [call.run_id]);
    });
  }

  /** What the tighter one of configured cap and announced window has left to give. */
  async left(): Promise<{ left: number; perWindow: number; windowMs: number }> {
    const facts = await this.#facts(this.#database, await this.#database.now());
    const ofCap = { left: Math.max(0, facts.callsPerHour - facts.sentInHour), perWindow: facts.callsPerHour, windowMs: HOUR_MS };
    const { announced } = facts;
    if (announced?.limit === undefined || announced.remaining === undefined) return ofCap;
    const windowMs = announced.windowMs ?? HOUR_MS;
    const ofWindow = {
      left: Math.max(0, announced.remaining - announced.sentSince),
      perWindow: announced.limit,
      windowMs,
    };
    return ofWindow.left < ofCap.left ? ofWindow : ofCap;
  }

  /** Calls that may run at once: the configured cap, or what the gateway announced within the hour where that is less. */
  async concurrency(): Promise<number> {
    return wholeCap((await this.#facts(this.#database, await this.#database.now())).concurrency);
  }

  async #facts(sql: Sql, now: number): Promise<WindowFacts> {
    const { callsPerHour, concurrency } = (await capsInForce(sql)) ?? this.#caps;
    const limits = await sql.first<LimitsRow>(READ_LIMITS);
    const hour = await sql.first<{ n: number }>('SELECT count(*) AS n FROM calls WHERE at > ?', [now - HOUR_MS]);
    const sentInHour = hour?.n ?? 0;
    const opener =
      sentInHour >= wholeCap(callsPerHour)
        ? await sql.first<{ at: number }>(NTH_CALL_SINCE, [now - HOUR_MS, sentInHour - wholeCap(callsPerHour)])
        : undefined;
    const running = await sql.first<{ n: number }>('SELECT count(*) AS n FROM calls WHERE holds_until > ?', [now]);
    const told = limits?.concurrency_until && limits.concurrency_until > now ? limits.concurrency : undefined;
    return {
      now,
      callsPerHour,
      sentInHour,
      hourOpensAt: opener?.at,
      announced: limits ? await announcedWindow(sql, limits, now) : undefined,
      blockedUntil: limits?.blocked_until ?? undefined,
      blockedWhy: limits?.blocked_why ?? undefined,
      concurrency: Math.max(1, Math.min(concurrency, told ?? concurrency)),
      running: running?.n ?? 0,
    };
  }
}

/** What keeps a call back when nothing but others does: where the window is nearly full everybody has a turn, in a place only tickets. */
async function turnRefusal(
  sql: Sql,
  { facts, contender, now }: { facts: WindowFacts; contender: ContenderRef; now: number },
): Promise<Extract<GateAnswer, { kind: 'wait' }> | undefined> {
  const { free, perWindow } = roomIn(facts);
  const most = mostCallsKept(perWindow);
  const kept = contender.kind === 'campaign' && free <= most ? callsKept(perWindow, await liveRuns(sql, now, most)) : 0;
  const window = await askTurn(sql, { resource: 'calls', contender, now, free, kept });
  if (window.kind === 'wait') {
    const waitMs = window.first?.asking ? TURN_WAIT_MS : KEPT_WAIT_MS;
    return { kind: 'wait', waitMs, why: `${window.why} (${perWindow} calls a window)` };
  }
  if (contender.kind === 'ticket') return undefined;
  const places = wholeCap(facts.concurrency) - facts.running;
  if ((await countWaiting(sql, 'places', now)) < places) return undefined;
  const live = await asking(sql, { resource: 'places', contender, now, limit: places });
  const place = await askTurn(sql, { resource: 'calls', contender, now, free: places, live });
  return place.kind === 'wait'
    ? { kind: 'wait', waitMs: TURN_WAIT_MS, why: `${place.why} (${facts.concurrency} calls at once)` }
    : undefined;
}

/** How many calls the tighter one of cap and announced window still gives. */
function roomIn({ callsPerHour, sentInHour, announced, now }: WindowFacts): { free: number; perWindow: number } {
  const ofCap = { free: wholeCap(callsPerHour) - sentInHour, perWindow: wholeCap(callsPerHour) };
  const isOver = (announced?.opensAt ?? 0) <= now;
  if (announced?.remaining === undefined || announced.limit === undefined || isOver) return ofCap;
  const free = announced.remaining - announced.sentSince;
  return free < ofCap.free ? { free, perWindow: announced.limit } : ofCap;
}

/** What a ticket waits for: places come back within seconds, calls of the window within the hour. */
function scarceOf(facts: WindowFacts, { kind }: ContenderRef): Resource {
  return kind === 'ticket' && facts.running >= wholeCap(facts.concurrency) && mayCall({ ...facts, running: 0 }).kind === 'go'
    ? 'places'
    : 'calls';
}

/** What remains of the window the API announced, corrected by what was sent since and by what has left the window meanwhile. */
async function announcedWindow(sql: Sql, limits: LimitsRow, now: number): Promise<WindowFacts['announced']> {
  const { remaining, observed_at: observedAt, window_ms: windowMs } = limits;
  if (remaining === null || observedAt === null) return undefined;
  const spanMs = (windowMs ?? HOUR_MS) + MARGIN_MS;
  // Calls sent after this were surely still counted in what was announced; older ones may have left, and do not leave twice.
  const countedFrom = observedAt - (windowMs ?? HOUR_MS) + MARGIN_MS;
  // The observing call itself is in the announcement, others of its millisecond may not be.
  const since = await sql.first<{ n: number }>('SELECT count(*) AS n FROM calls WHERE at >= ?', [observedAt]);
  const left = await sql.first<{ n: number }>('SELECT count(*) AS n FROM calls WHERE at > ? AND at <= ?', [countedFrom, now - spanMs]);
  const sentSince = Math.max(0, (since?.n ?? 0) - 1) - (left?.n ?? 0);
  const lacking = 1 - (remaining - sentSince);
  const opener =
    lacking > 0 ? await sql.first<{ at: number }>(NTH_CALL_SINCE, [Math.max(now - spanMs, countedFrom), lacking - 1]) : undefined;
  return {
    limit: limits.window_limit ?? undefined,
    windowMs: windowMs ?? HOUR_MS,
    remaining,
    observedAt,
    sentSince,
    opensAt: Math.min(opener?.at ?? observedAt, observedAt) + spanMs,
  };
}

const WRITE_LIMITS = `
  INSERT INTO limits (id, window_limit, window_ms, remaining, observed_at, blocked_until, blocked_why, concurrency,
    concurrency_until, refusals)
  VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET window_limit = excluded.window_limit, window_ms = excluded.window_ms,
    remaining = excluded.remaining, observed_at = excluded.observed_at, blocked_until = excluded.blocked_until,
    blocked_why = excluded.blocked_why, concurrency = excluded.concurrency,
    concurrency_until = excluded.concurrency_until, refusals = excluded.refusals`;

async function learn(sql: Sql, sentAt: number, evidence: LimitEvidence): Promise<void> {
  const now = await sql.now();
  const known = await sql.first<LimitsRow>(READ_LIMITS);
  const refusals = evidence.refused ? (known?.refusals ?? 0) + 1 : 0;
  const isNewest = sentAt >= (known?.observed_at ?? 0);
  // Concurrent calls may be counted in another order than they were sent: the lower word wins.
  const announced =
    evidence.remaining !== undefined && (isNewest || evidence.remaining < (known?.remaining ?? Infinity))
      ? evidence.remaining
      : known?.remaining;
  // Told when the next call may go, we need not guess it from a window that others may have filled, or that was never named.
  const remaining = (evidence.toWaitSec ?? 0) > 0 ? undefined : announced;
  const waitUntil = now + blockedForMs(evidence, refusals);
  await sql.run(WRITE_LIMITS, [
    evidence.limit ?? known?.window_limit,
    evidence.windowSec !== undefined ? evidence.windowSec * 1_000 : known?.window_ms,
    remaining,
    evidence.remaining === undefined ? known?.observed_at : Math.max(sentAt, known?.observed_at ?? 0),
    Math.max(waitUntil, known?.blocked_until ?? 0),
    waitUntil > now ? `Qualys asked to wait ${Math.ceil((waitUntil - now) / 1_000)} s` : known?.blocked_why,
    evidence.concurrencyLimit ?? known?.concurrency,
    evidence.concurrencyLimit === undefined ? known?.concurrency_until : now + HOUR_MS,
    refusals,
  ]);
}

function blockedForMs(evidence: LimitEvidence, refusals: number): number {
  if (evidence.toWaitSec !== undefined && evidence.toWaitSec > 0) return Math.ceil(evidence.toWaitSec * 1_000);
  if (!evidence.refused) return 0;
  return Math.min(NAMELESS_WAIT_MS * 2 ** Math.max(0, refusals - 1), LONGEST_NAMELESS_WAIT_MS);
}
