import { appendEntry } from '../audit/chain.js';
import { type Database, type Sql, storableText } from '../sql/database.js';
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

/** With its place in the log, which grows. */
export type StoredAuditEntry = AuditEntry & { id: number };

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

const SAME_ENTRY = `SELECT 1 AS found FROM audit WHERE run_id = ? AND action = ? AND detail = ? AND coalesce(actor, '') = ?`;

export type NewAuditEntry = Omit<AuditEntry, 'at' | 'verified'> & { verified?: boolean };

const LONGEST_DETAIL = 2_000;

/** In the transaction of what it tells of, and in the chain of all entries. No other statement writes to the table. */
export async function addAudit(sql: Sql, runId: string | undefined, entry: NewAuditEntry): Promise<void> {
  await appendEntry(sql, runId, { ...entry, at: await sql.now(), detail: entry.detail?.slice(0, LONGEST_DETAIL) });
}

/** The same for what may be told again: the same action and detail of the same person is one entry of the run. */
export async function addAuditOnce(
  sql: Sql,
  runId: string,
  entry: { action: string; detail: string; actor?: string | undefined },
): Promise<void> {
  const detail = storableText(entry.detail.slice(0, LONGEST_DETAIL));
  const known = await sql.first(SAME_ENTRY, [runId, entry.action, detail, entry.actor ?? '']);
  if (!known) await addAudit(sql, runId, { ...entry, detail });
}

/** Who did what to a run, when and why. Rows are only ever added. */
export class Audit {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  add(runId: string | undefined, entry: NewAuditEntry): Promise<void> {
    return this.#database.transaction((sql) => addAudit(sql, runId, entry));
  }

  /** Several in one transaction, each of the run that it names. */
  async addAll(entries: readonly { runId?: string | undefined; entry: NewAuditEntry }[]): Promise<void> {
    await this.#database.transaction(async (sql) => {
      for (const { runId, entry } of entries) await addAudit(sql, runId, entry);
    });
  }

  /** The same for what an activity writes that may be attempted again. */
  addOnce(runId: string, entry: { action: string; detail: string; actor?: string | undefined }): Promise<void> {
    return this.#database.transaction((sql) => addAuditOnce(sql, runId, entry));
  }

  /** True once the run has an entry of that action. */
  async has(runId: string, action: string): Promise<boolean> {
    return (
      (await this.#database.first('SELECT 1 AS found FROM audit WHERE run_id = ? AND action = ? LIMIT 1', [runId, action])) !== undefined
    );
  }

  /** What was done to the run itself behind an entry, in its order. */
  async after(runId: string, id: number, limit: number): Promise<StoredAuditEntry[]> {
    const rows = await this.#database.all<StoredEntry & { id: number }>(
      'SELECT id, at, actor, verified, action, detail FROM audit WHERE run_id = ? AND id > ? ORDER BY id LIMIT ?',
      [runId, id, limit],
    );
    return rows.map((row) => ({ id: row.id, ...entryOf(row) }));
  }

  /** 0 of a run without any. */
  async lastId(runId: string): Promise<number> {
    const row = await this.#database.first<{ id: number | null }>('SELECT max(id) AS id FROM audit WHERE run_id = ?', [runId]);
    return row?.id ?? 0;
  }

  /** What was done to the run, and what was done to the whole ledger while it was going: the kill switch. */
  async of(runId: string): Promise<AuditEntry[]> {
    const rows = await this.#database.all<StoredEntry>(ENTRIES_OF_RUN, [runId, runId, JSON.stringify(LEDGER_WIDE)]);
    return rows.map(entryOf);
  }
}

interface StoredEntry {
  at: number;
  actor: string | null;
  verified: number;
  action: string;
  detail: string | null;
}

function entryOf(row: StoredEntry): AuditEntry {
  return { ...fieldsOf(row, { at: 'at', actor: 'actor', action: 'action', detail: 'detail' }), verified: row.verified === 1 };
}
