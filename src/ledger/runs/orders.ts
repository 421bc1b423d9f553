// What operators and the workflow order, each carried out once: the note of it is written with its effect, or neither is.

import type { ErrorBudget } from '../../contracts/request.js';
import { type Command as AnyCommand, inEffect } from '../../domain/run/command.js';
import type { Issued } from '../../domain/run/snapshot.js';
import { retryRows } from '../campaigns/retry.js';
import { requeueAssets } from '../executions/requeue.js';
import { digestOf, noteAdjusted, noteApproved } from '../policy/approved-plan.js';
import { needReading } from '../policy/script-reading.js';
import { addAudit } from '../rows/audit.js';
import { readRun } from '../rows/run.js';
import { noteStale } from '../snapshots/stale-ledger.js';
import type { Database, Sql } from '../sql/database.js';
import { byIndex } from '../sql/dialect.js';
import { isAuthenticated } from './authenticated-orders.js';
import { adjustTerms, setPaused, setPhase, stopRun } from './effects.js';

type Command = AnyCommand<ErrorBudget>;

export interface Order {
  /** The same for every attempt to carry it out. */
  id: string;
  /** Grows with every order of the run: what was ordered later stands, whichever arrives last. */
  number: number;
  command: Command;
  by?: string | undefined;
  reason?: string | undefined;
  /** What the workflow knows to have been issued and ordered before. */
  issued?: Issued | undefined;
}

/**
 * The result of an order without effect: an approval, or a start behind one, whose digest is not the one that would start now, and a
 * resume where nothing is paused.
 */
export const REFUSED = -1;

export class Orders {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Carries the order out, with its entry in the audit log. Returns the assets that it queued again, or `REFUSED`; a second call returns
   * the first one's and changes nothing.
   */
  carryOut(runId: string, order: Order): Promise<number> {
    return this.#database.transaction(async (sql) => {
      await noteStale(sql, runId, order.issued);
      const done = await sql.first<{ result: number }>('SELECT result FROM orders WHERE run_id = ? AND order_id = ?', [runId, order.id]);
      if (done) return done.result;
      const run = await sql.first<{ over: number }>('SELECT closing > 0 OR finished_at IS NOT NULL AS over FROM runs WHERE id = ?', [
        runId,
      ]);
      if (!run) throw new Error(`The ledger does not know the run ${runId}.`);
      const command = run.over === 0 ? inEffect(order.command, await later(sql, runId, order.number)) : undefined;
      const before = command?.kind === 'adjust' ? await digestOf(sql, runId) : undefined;
      const letGo = await lettingGo(sql, runId, command);
      const result = command ? await carryOut(sql, runId, command) : 0;
      const despite = (await lettingGo(sql, runId, command)) - letGo;
      const ignored = order.command.kind === 'resume' ? 'nothing is paused' : 'another digest is pending';
      const why = result === REFUSED ? ignored : run.over === 0 ? 'a later order stands' : 'the run is finished';
      await note(sql, runId, { order, why, command: result === REFUSED ? undefined : command, result, despite });
      if (command?.kind === 'adjust') await voidApprovals(sql, runId, { order, before });
      await sql.run('INSERT INTO orders (run_id, order_id, number, command, result) VALUES (?, ?, ?, ?, ?)', [
        runId,
        order.id,
        order.number,
        JSON.stringify(order.command),
        result,
      ]);
      return result;
    });
  }
}

const ANY_PAUSED_OR_BLOCKED = `
  SELECT 1 AS found
  FROM runs
  WHERE (id = ? OR campaign_id = ?) AND (paused = 1 OR blocked IS NOT NULL) AND finished_at IS NULL
  LIMIT 1`;

/** A run, or a campaign of which a step is held: a breach holds that step alone. What is blocked is looked at again when it is resumed. */
async function isPausedOrBlocked(sql: Sql, runId: string): Promise<boolean> {
  const paused = await sql.first(ANY_PAUSED_OR_BLOCKED, [runId, runId]);
  return paused !== undefined;
}

async function later(sql: Sql, runId: string, number: number): Promise<Command[]> {
  const rows = await sql.all<{ command: string }>('SELECT command FROM orders WHERE run_id = ? AND number > ?', [runId, number]);
  return rows.map(({ command }) => JSON.parse(command) as Command);
}

interface Noted {
  order: Order;
  /** Undefined when the order comes too late to have any effect. */
  command: Command | undefined;
  why: string;
  /** Assets that it queued again. */
  result: number;
  /** Those of them where an earlier copy may still run. */
  despite: number;
}

const COUNT_LET_GO = `
  SELECT count(*) AS n
  FROM attempts ${byIndex('attempts_outcome')}
  WHERE run_id = ? AND last = 1 AND outcome = 'pending' AND despite = 1`;

/** Assets that wait to be sent although an earlier copy may still run; of an order that puts none back nobody asks. */
async function lettingGo(sql: Sql, runId: string, command: Command | undefined): Promise<number> {
  if (command?.kind !== 'retry') return 0;
  const row = await sql.first<{ n: number }>(COUNT_LET_GO, [runId]);
  return row?.n ?? 0;
}

async function note(sql: Sql, runId: string, { order, command, why, result, despite }: Noted): Promise<void> {
  const { kind, ...detail } = order.command;
  const effect = command?.kind === 'retry' ? { assets: result, ...(despite > 0 ? { despiteOpenCopies: despite } : {}) } : {};
  const reason = order.reason === undefined ? {} : { reason: order.reason };
  await addAudit(sql, runId, {
    actor: order.by,
    verified: await isAuthenticated(sql, runId, order),
    action: kind,
    detail: JSON.stringify({ ...detail, ...effect, ...reason, ...(command ? {} : { ignored: why }) }),
  });
}

/** Limits are part of what is approved: whoever said yes to others has to be asked again. */
async function voidApprovals(sql: Sql, runId: string, { order, before }: { order: Order; before: string | undefined }): Promise<void> {
  const now = await digestOf(sql, runId);
  if ((await readRun(sql, runId))?.phase !== 'awaiting-approval' || now === before) return;
  await addAudit(sql, runId, {
    actor: order.by,
    action: 'approvals-voided',
    detail: JSON.stringify({ why: 'the limits were adjusted', was: before, digest: now }),
  });
}

async function carryOut(sql: Sql, runId: string, command: Command): Promise<number> {
  switch (command.kind) {
    case 'start':
      if ((await readRun(sql, runId))?.phase === 'awaiting-approval') {
        if (command.digest === undefined || command.digest !== (await digestOf(sql, runId))) return REFUSED;
        await noteApproved(sql, runId, command.digest);
        await needReading(sql, runId);
      }
      await setPhase(sql, runId, 'running');
      return 0;
    case 'await-approval':
      await setPhase(sql, runId, 'awaiting-approval');
      return 0;
    case 'approve':
      return command.digest === (await digestOf(sql, runId)) ? 0 : REFUSED;
    case 'reject':
      return 0;
    case 'pause':
      await setPaused(sql, runId, true);
      return 0;
    case 'resume': {
      const waits = await isPausedOrBlocked(sql, runId);
      await setPaused(sql, runId, false);
      await needReading(sql, runId);
      return waits ? 0 : REFUSED;
    }
    case 'stop':
      await stopRun(sql, runId, command.cause, command.why);
      return 0;
    case 'adjust':
      await adjustTerms(sql, runId, command);
      await noteAdjusted(sql, runId);
      return 0;
    case 'retry':
      return (await readRun(sql, runId))?.kind === 'campaign'
        ? retryRows(sql, runId, command.outcomes)
        : requeueAssets(sql, runId, command.outcomes);
  }
}
