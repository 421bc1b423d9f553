// What is remembered of a script's execution interval (domain/interval.ts decides, this stores).
import { afterAcceptance, afterRefusal, type IntervalMemory, type IntervalPlan } from '../domain/interval.js';
import type { Sql } from './database.js';

/** The execution was accepted: the next one of its script waits for the interval. */
export async function rememberAcceptance(sql: Sql, runId: string, n: number, configuredMs: number | undefined): Promise<void> {
  const scriptId = await scriptOf(sql, runId, n);
  await saveInterval(sql, scriptId, afterAcceptance(await intervalOf(sql, scriptId), await sql.now(), configuredMs));
}

/** The execution was refused because its script ran inside its interval. */
export async function rememberRefusal(sql: Sql, runId: string, n: number, configuredMs: number | undefined): Promise<void> {
  const scriptId = await scriptOf(sql, runId, n);
  await saveInterval(sql, scriptId, afterRefusal(await intervalOf(sql, scriptId), await sql.now(), configuredMs));
}

async function scriptOf(sql: Sql, runId: string, n: number): Promise<string> {
  return (
    (await sql.first<{ script_id: string }>('SELECT script_id FROM executions WHERE run_id = ? AND n = ?', [runId, n]))?.script_id ?? ''
  );
}

async function intervalOf(sql: Sql, scriptId: string): Promise<IntervalMemory> {
  const row = await sql.first<{ interval_ms: number | null; backoff_ms: number | null; last_accepted_at: number | null }>(
    'SELECT * FROM scripts WHERE script_id = ?',
    [scriptId],
  );
  return {
    intervalMs: row?.interval_ms ?? undefined,
    backoffMs: row?.backoff_ms ?? undefined,
    lastAcceptedAt: row?.last_accepted_at ?? undefined,
  };
}

async function saveInterval(sql: Sql, scriptId: string, plan: IntervalPlan): Promise<void> {
  await sql.run(
    `INSERT INTO scripts (script_id, interval_ms, backoff_ms, last_accepted_at, next_execute_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (script_id) DO UPDATE SET interval_ms = excluded.interval_ms, backoff_ms = excluded.backoff_ms,
       last_accepted_at = excluded.last_accepted_at, next_execute_at = excluded.next_execute_at`,
    [scriptId, plan.intervalMs, plan.backoffMs, plan.lastAcceptedAt, plan.nextExecuteAt],
  );
}
