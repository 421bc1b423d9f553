// What an order does to its run, in the transaction that notes the order.
import type { ErrorBudget } from '../../contracts/request.js';
import { DEFAULT_IN_FLIGHT } from '../../domain/polling/in-flight.js';
import type { InFlightLimit } from '../../domain/run/command.js';
import { budgetSpent } from '../../domain/run/error-budget.js';
import type { StopCause } from '../../domain/run/outcome.js';
import type { RunPhase } from '../../domain/run/snapshot.js';
import { giveBackUnsent } from '../leases/unsent.js';
import { countOutcomes, withBase } from '../rows/counts.js';
import { IS_OPEN } from '../rows/late.js';
import { baseOf, type StoredRun } from '../rows/run.js';
import type { Sql } from '../sql/database.js';

export interface AdjustedTerms {
  maxInFlight?: InFlightLimit | undefined;
  deadlineMs?: number | undefined;
  errorBudget?: ErrorBudget | undefined;
}

const HELD_BUDGETS = `
  SELECT id, error_budget, budget_base
  FROM runs
  WHERE (campaign_id = ? AND paused = 1 OR id = ?) AND ${IS_OPEN} AND on_breach IS NOT NULL`;

/** Assessments and rollbacks keep the error budget that they have. */
const SET_TERMS = `
  UPDATE runs
  SET max_in_flight = coalesce(?, max_in_flight), auto_in_flight = coalesce(?, auto_in_flight), deadline_ms = coalesce(?, deadline_ms),
    error_budget = CASE WHEN step IN ('assess', 'rollback') THEN error_budget ELSE coalesce(?, error_budget) END
  WHERE (id = ? OR campaign_id = ?) AND ${IS_OPEN}`;

const MOVE_DEADLINES = `
  UPDATE executions
  SET deadline_at = accepted_at + ?
  WHERE run_id IN (SELECT id FROM runs WHERE (id = ? OR campaign_id = ?) AND ${IS_OPEN}) AND state = 'accepted'`;

/** A cancellation outranks a stop, and nothing outranks a cancellation. */
const STOP = `
  UPDATE runs
  SET stop_cause = ?, stop_reason = ?
  WHERE id = ? AND finished_at IS NULL AND (stop_cause IS NULL OR (stop_cause = 'stopped' AND ? = 'cancelled'))`;

export async function setPhase(sql: Sql, id: string, phase: RunPhase): Promise<void> {
  await sql.run(`UPDATE runs SET phase = ?, started_at = coalesce(started_at, ?) WHERE id = ? AND ${IS_OPEN}`, [
    phase,
    phase === 'running' ? await sql.now() : null,
    id,
  ]);
}

/**
 * A resumed campaign also takes up the steps that a breach holds: what they have spent is accepted, and the next of it holds them again.
 */
export async function setPaused(sql: Sql, id: string, paused: boolean): Promise<void> {
  const changed = await sql.run(`UPDATE runs SET paused = ? WHERE id = ? AND ${IS_OPEN}`, [paused, id]);
  if (paused) await giveBackUnsent(sql, id);
  if (paused || changed === 0) return;
  const held = await sql.all<Pick<StoredRun, 'id' | 'error_budget' | 'budget_base'>>(HELD_BUDGETS, [id, id]);
  for (const run of held) {
    const budget = run.error_budget ? (JSON.parse(run.error_budget) as ErrorBudget) : undefined;
    const spent = budget ? budgetSpent(budget, withBase(await countOutcomes(sql, run.id), baseOf(run))) : null;
    await sql.run('UPDATE runs SET paused = 0, budget_accepted = ? WHERE id = ?', [spent, run.id]);
  }
}

/** `max_in_flight` and `auto_in_flight`: what follows the call budget begins with the default. */
export function inFlightColumns(limit: InFlightLimit | undefined): [number | null, number | null] {
  if (limit === undefined) return [null, null];
  return limit === 'auto' ? [DEFAULT_IN_FLIGHT, 1] : [limit, 0];
}

export async function adjustTerms(sql: Sql, id: string, { maxInFlight, deadlineMs, errorBudget }: AdjustedTerms): Promise<void> {
  // Failures of an assessment are what it is for, and a rollback goes to its end: neither has a budget.
  await sql.run(SET_TERMS, [...inFlightColumns(maxInFlight), deadlineMs, errorBudget ? JSON.stringify(errorBudget) : null, id, id]);
  if (deadlineMs !== undefined) await sql.run(MOVE_DEADLINES, [deadlineMs, id, id]);
}

/** From now on no permit is granted for the run. The first cause stands, except that a cancel overrides a stop. */
export async function stopRun(sql: Sql, id: string, cause: StopCause, reason: string): Promise<void> {
  await sql.run(STOP, [cause, reason, id, cause]);
  await giveBackUnsent(sql, id);
}
