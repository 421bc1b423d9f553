// The kill switch of a ledger. Every permit reads it in the transaction that would write the intent, so whatever was permitted before
// the switch was thrown has started within the permit's own few seconds, and nothing starts after them.

import { needReadings } from '../policy/script-reading.js';
import { addAudit, HELD } from '../rows/audit.js';
import { HELD_BY, heldAs } from '../snapshots/stale-ledger.js';
import { type Database, type Sql, storableText } from '../sql/database.js';

export interface HaltState {
  by?: string | undefined;
  reason?: string | undefined;
  /** Epoch milliseconds by the ledger's clock; unknown of a switch that was not thrown through here. */
  at?: number | undefined;
}

export interface HaltOrder {
  /** Who says so; a claim, as on every command line. */
  by: string;
  reason?: string | undefined;
}

/** What the order found and left; `liveRuns` are the runs that it holds back or lets go on. */
export interface HaltAnswer {
  before: HaltState | undefined;
  liveRuns: number;
  at: number;
}

export class KillSwitch {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Undefined while executions are allowed. */
  state(): Promise<HaltState | undefined> {
    return readHalt(this.#database);
  }

  /** From now on no permit is granted in this ledger. A ledger that is halted already keeps its first reason; the audit log has both. */
  halt(order: HaltOrder): Promise<HaltAnswer> {
    return this.#throwSwitch('halt', order, async (sql) => {
      await sql.run('UPDATE ledger SET halted = 1, halted_by = ?, halted_why = ? WHERE halted = 0', [
        storableText(order.by),
        storedReason(order),
      ]);
    });
  }

  /** Also lets a ledger send that is held because it is old. */
  unhalt(order: HaltOrder): Promise<HaltAnswer> {
    return this.#throwSwitch('unhalt', order, async (sql) => {
      await sql.run('UPDATE ledger SET halted = 0, halted_by = NULL, halted_why = NULL, held_why = NULL');
      await needReadings(sql);
    });
  }

  #throwSwitch(action: 'halt' | 'unhalt', order: HaltOrder, change: (sql: Sql) => Promise<void>): Promise<HaltAnswer> {
    return this.#database.transaction(async (sql) => {
      const before = await readHalt(sql);
      await change(sql);
      const live = await sql.first<{ n: number }>('SELECT count(*) AS n FROM runs WHERE finished_at IS NULL');
      const liveRuns = live?.n ?? 0;
      const reason = storedReason(order);
      const effect = (action === 'halt') === (before === undefined) ? {} : { changed: false };
      await addAudit(sql, undefined, {
        actor: storableText(order.by),
        action,
        detail: JSON.stringify({ ...effect, ...(reason === undefined ? {} : { reason }), liveRuns }),
      });
      return { before, liveRuns, at: await sql.now() };
    });
  }
}

function storedReason({ reason }: HaltOrder): string | undefined {
  return reason === undefined ? undefined : storableText(reason);
}

async function readHalt(sql: Sql): Promise<HaltState | undefined> {
  const row = await sql.first<{ halted: number; halted_by: string | null; halted_why: string | null }>(
    'SELECT halted, halted_by, halted_why FROM ledger',
  );
  // Before an operator's own halt: nobody should lift that one without knowing of this one.
  const held = await heldAs(sql);
  if (held !== undefined) return { by: HELD_BY, reason: held, at: await haltedAt(sql, HELD_BY) };
  if (!row?.halted) return undefined;
  return { by: row.halted_by ?? undefined, reason: row.halted_why ?? undefined, at: await haltedAt(sql, row.halted_by) };
}

/** By this operator, or the end of it by any; an order that changed nothing is none. */
const LATEST_ORDER = `
  SELECT at, action, actor
  FROM audit
  WHERE run_id IS NULL AND action IN ('halt', 'unhalt', '${HELD}') AND detail NOT LIKE '{"changed":false%'
    AND (action = 'unhalt' OR actor = ?)
  ORDER BY id DESC
  LIMIT 1`;

/** The latest change of the switch in the audit log, if it is this halt: somebody may have set the table by hand. */
async function haltedAt(sql: Sql, by: string | null): Promise<number | undefined> {
  const changed = await sql.first<{ at: number; action: string; actor: string | null }>(LATEST_ORDER, [by]);
  return changed !== undefined && changed.action !== 'unhalt' && changed.actor === by ? changed.at : undefined;
}
