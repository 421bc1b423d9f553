// The sliding-window log of calls to Qualys, shared by every worker of the ledger: one budget a subscription (design section 3).
import type { CallGate, GateAnswer, LimitEvidence } from '../domain/call-gate.js';
import { HOUR_MS, mayCall, type WindowFacts, wholeCap } from '../domain/rate-window.js';
import type { Database, Sql } from './database.js';

export interface CallCaps {
  callsPerHour: number;
  concurrency: number;
}

/** The gateway counts a call when it arrives, we when it leaves: a place is taken as free this much later than by our own log. */
const MARGIN_MS = 1_000;
/** A refusal that names no time: 10 s (E-06), doubling with each further one up to 5 minutes. */
const NAMELESS_WAIT_MS = 10_000;
const LONGEST_NAMELESS_WAIT_MS = 300_000;

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

export class CallLog implements CallGate {
  readonly #database: Database;
  readonly #caps: CallCaps;

  constructor(database: Database, caps: CallCaps) {
    this.#database = database;
    this.#caps = caps;
  }

  enter({ endpoint, runId, holdMs }: { endpoint: string; runId?: string | undefined; holdMs: number }): Promise<GateAnswer> {
    return this.#database.transaction(async (sql) => {
      const now = await sql.now();
      const answer = mayCall(await this.#facts(sql, now));
      if (answer.kind === 'wait') return answer;
      await sql.run('DELETE FROM calls WHERE at < ?', [now - 25 * HOUR_MS]);
      const [row] = await sql.all<{ id: number }>(
        'INSERT INTO calls (at, endpoint, run_id, holds_until) VALUES (?, ?, ?, ?) RETURNING id',
        [now, endpoint, runId, now + holdMs],
      );
      if (runId !== undefined) await sql.run('UPDATE runs SET api_calls = api_calls + 1 WHERE id = ?', [runId]);
      return { kind: 'go', callId: (row as { id: number }).id };
    });
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

  async #facts(sql: Sql, now: number): Promise<WindowFacts> {
    const { callsPerHour, concurrency } = this.#caps;
    const limits = await sql.first<LimitsRow>('SELECT * FROM limits WHERE id = 1');
    const hour = await sql.first<{ n: number }>('SELECT count(*) AS n FROM calls WHERE at > ?', [now - HOUR_MS]);
    const sentInHour = hour?.n ?? 0;
    const opener =
      sentInHour >= wholeCap(callsPerHour)
        ? await sql.first<{ at: number }>('SELECT at FROM calls WHERE at > ? ORDER BY at LIMIT 1 OFFSET ?', [
            now - HOUR_MS,
            sentInHour - wholeCap(callsPerHour),
          ])
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

/** What remains of the window the API announced, corrected by what was sent since and by what has left the window meanwhile. */
async function announcedWindow(sql: Sql, limits: LimitsRow, now: number): Promise<WindowFacts['announced']> {
  const { remaining, observed_at: observedAt, window_ms: windowMs } = limits;
  if (remaining === null || observedAt === null) return undefined;
  const spanMs = (windowMs ?? HOUR_MS) + MARGIN_MS;
  // Calls sent after this were surely still counted in what was announced; older ones may have left, and do not leave twice.
  const countedFrom = observedAt - (windowMs ?? HOUR_MS) + MARGIN_MS;
  // The observing call itself is in the announcement, others of its millisecond may not be.
  const since = await sql.first<{ n: number }>('SELECT max(0, count(*) - 1) AS n FROM calls WHERE at >= ?', [observedAt]);
  const left = await sql.first<{ n: number }>('SELECT count(*) AS n FROM calls WHERE at > ? AND at <= ?', [countedFrom, now - spanMs]);
  const sentSince = (since?.n ?? 0) - (left?.n ?? 0);
  const lacking = 1 - (remaining - sentSince);
  const opener =
    lacking > 0
      ? await sql.first<{ at: number }>('SELECT at FROM calls WHERE at > ? ORDER BY at LIMIT 1 OFFSET ?', [
          Math.max(now - spanMs, countedFrom),
          lacking - 1,
        ])
      : undefined;
  return {
    limit: limits.window_limit ?? undefined,
    windowMs: windowMs ?? HOUR_MS,
    remaining,
    observedAt,
    sentSince,
    opensAt: Math.min(opener?.at ?? observedAt, observedAt) + spanMs,
  };
}

async function learn(sql: Sql, sentAt: number, evidence: LimitEvidence): Promise<void> {
  const now = await sql.now();
  const known = await sql.first<LimitsRow>('SELECT * FROM limits WHERE id = 1');
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
  await sql.run(
    `INSERT INTO limits (id, window_limit, window_ms, remaining, observed_at, blocked_until, blocked_why, concurrency, concurrency_until, refusals)
     VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET window_limit = excluded.window_limit, window_ms = excluded.window_ms, remaining = excluded.remaining,
       observed_at = excluded.observed_at, blocked_until = excluded.blocked_until, blocked_why = excluded.blocked_why,
       concurrency = excluded.concurrency, concurrency_until = excluded.concurrency_until, refusals = excluded.refusals`,
    [
      evidence.limit ?? known?.window_limit,
      evidence.windowSec !== undefined ? evidence.windowSec * 1_000 : known?.window_ms,
      remaining,
      evidence.remaining === undefined ? known?.observed_at : Math.max(sentAt, known?.observed_at ?? 0),
      Math.max(waitUntil, known?.blocked_until ?? 0),
      waitUntil > now ? `Qualys asked to wait ${Math.ceil((waitUntil - now) / 1_000)} s` : known?.blocked_why,
      evidence.concurrencyLimit ?? known?.concurrency,
      evidence.concurrencyLimit === undefined ? known?.concurrency_until : now + HOUR_MS,
      refusals,
    ],
  );
}

function blockedForMs(evidence: LimitEvidence, refusals: number): number {
  if (evidence.toWaitSec !== undefined && evidence.toWaitSec > 0) return Math.ceil(evidence.toWaitSec * 1_000);
  if (!evidence.refused) return 0;
  return Math.min(NAMELESS_WAIT_MS * 2 ** Math.max(0, refusals - 1), LONGEST_NAMELESS_WAIT_MS);
}
