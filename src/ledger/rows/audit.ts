import type { Database, Sql } from '../sql/database.js';
import { TEXTS } from '../sql/dialect.js';
import { fieldsOf } from './fields.js';

/** What was done to the whole ledger, or found of it: in the log of every run that was going. */
export const HELD = 'ledger-held';
export const LEDGER_WIDE: readonly string[] = ['halt', 'unhalt', HELD];

/** Why a run ended before anything was sent: `Type: message`, as its workflow failed. */
export const REFUSED = 'refused';

export interface AuditEntry {
  at: number;
  actor?: string | undefined;
  /** False: the name is a claim, as everything that did not come through the server's authentication. */
  verified: boolean;
  action: string;
  detail?: string | undefined;
}

/** The run's own, and those of the whole ledger from the time when it was going. */
const ENTRIES_OF_RUN = `
  SELECT id, at, actor, verified, action, detail
  FROM audit
  WHERE run_id = ?
  UNION ALL
  SELECT audit.id, audit.at, actor, verified, action, detail
  FROM audit
  JOIN runs ON runs.id = ?
  WHERE audit.run_id IS NULL AND action IN ${TEXTS} AND audit.at >= runs.created_at
    AND audit.at <= coalesce(runs.finished_at, audit.at)
  ORDER BY id`;

export type NewAuditEntry = Omit<AuditEntry, 'at' | 'verified'> & { verified?: boolean };

/** In the transaction of what it tells of. */
export async function addAudit(sql: Sql, runId: string | undefined, entry: NewAuditEntry): Promise<void> {
  await sql.run('INSERT INTO audit (run_id, at, actor, verified, action, detail) VALUES (?, ?, ?, ?, ?, ?)', [
    runId,
    await sql.now(),
    entry.actor,
    entry.verified ?? false,
    entry.action,
    entry.detail?.slice(0, 2_000),
  ]);
}

/** Who did what to a run, when and why. Rows are only ever added. */
export class Audit {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  add(runId: string | undefined, entry: NewAuditEntry): Promise<void> {
    return addAudit(this.#database, runId, entry);
  }

  /** The same for what an activity writes that may be attempted again: the same action and detail is one entry. */
  async addOnce(runId: string, entry: { action: string; detail: string }): Promise<void> {
    const detail = entry.detail.slice(0, 2_000);
    await this.#database.transaction(async (sql) => {
      const known = await sql.first('SELECT 1 AS found FROM audit WHERE run_id = ? AND action = ? AND detail = ?', [
        runId,
        entry.action,
        detail,
      ]);
      if (known) return;
      await sql.run('INSERT INTO audit (run_id, at, action, detail) VALUES (?, ?, ?, ?)', [runId, await sql.now(), entry.action, detail]);
    });
  }

  /** True once the run has an entry of that action. */
  async has(runId: string, action: string): Promise<boolean> {
    return (
      (await this.#database.first('SELECT 1 AS found FROM audit WHERE run_id = ? AND action = ? LIMIT 1', [runId, action])) !== undefined
    );
  }

  /** What was done to the run, and what was done to the whole ledger while it was going: the kill switch. */
  async of(runId: string): Promise<AuditEntry[]> {
    const rows = await this.#database.all<{ at: number; actor: string | null; verified: number; action: string; detail: string | null }>(
      ENTRIES_OF_RUN,
      [runId, runId, JSON.stringify(LEDGER_WIDE)],
    );
    return rows.map((row) => ({
      ...fieldsOf(row, { at: 'at', actor: 'actor', action: 'action', detail: 'detail' }),
      verified: row.verified === 1,
    }));
  }
}
