// The policy of a ledger: one, the newest that a worker has read from a changed file. Whoever sends asks here what holds, at every use.
import type { Policy } from '../../contracts/policy.js';
import { policyDigest } from '../../contracts/policy-digest.js';
import { addAudit } from '../rows/audit.js';
import type { Database, Sql } from '../sql/database.js';

export interface StoredPolicy {
  version: number;
  digest: string;
  policy: Policy;
  /** The file it was read from; undefined for the defaults, where there is none. */
  source?: string | undefined;
  /** When that file was changed, by its own date, and when it was read. */
  changedAt: number;
  readAt: number;
}

/** What a worker has read. */
export interface OfferedPolicy {
  policy: Policy;
  source?: string | undefined;
  /** The file's own date; undefined where there is no file, which then outweighs nothing. */
  changedAt?: number | undefined;
  /** The file was changed under the eyes of a running worker: that is newer than whatever was stored, dates or not. */
  isChange: boolean;
}

/** `same`: it holds already. `older`: a newer one holds, and this one does not. */
export interface Offered {
  kind: 'same' | 'stored' | 'older';
  holds: StoredPolicy;
}

/** A worker, and what its file says. */
export interface PolicyHolder {
  holder: string;
  digest: string;
  source?: string | undefined;
  /** Why its file changes nothing at present. */
  problem?: string | undefined;
  readAt: number;
  seenAt: number;
}

/** A worker that has not been seen for so long is gone. */
const HOLDER_GONE_MS = 60_000;

interface PolicyRow {
  version: number;
  digest: string;
  body: string;
  source: string | null;
  changed_at: number;
  read_at: number;
}

const NOTE_HOLDER = `
  INSERT INTO policy_holders (holder, digest, source, problem, read_at, seen_at)
  VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (holder) DO UPDATE SET digest = excluded.digest, source = excluded.source, problem = excluded.problem,
    read_at = excluded.read_at, seen_at = excluded.seen_at`;

export class Policies {
  readonly #database: Database;
  #last: StoredPolicy | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Undefined in a ledger that no worker has told one. */
  async newest(sql: Sql = this.#database): Promise<StoredPolicy | undefined> {
    const version = await newestVersion(sql);
    if (version === undefined) return undefined;
    if (this.#last?.version === version) return this.#last;
    const row = await sql.first<PolicyRow>('SELECT * FROM policies WHERE version = ?', [version]);
    this.#last = row && toPolicy(row);
    return this.#last;
  }

  /** What holds now: the ledger's, else the caller's own. */
  async inForce(own: Policy): Promise<{ version?: number | undefined; policy: Policy }> {
    const newest = await this.newest();
    return newest ? { version: newest.version, policy: newest.policy } : { policy: own };
  }

  /** Takes a policy in, as the next version, if it is newer than what holds and says anything else. */
  async offer({ policy, source, changedAt = 0, isChange }: OfferedPolicy): Promise<Offered> {
    const digest = policyDigest(policy);
    return this.#database.transaction(async (sql) => {
      const holds = await this.newest(sql);
      if (holds?.digest === digest) return { kind: 'same', holds };
      const now = await sql.now();
      // A file from the future would keep every later one out.
      const at = isChange ? now : Math.min(changedAt, now);
      if (holds && !isChange && at <= holds.changedAt) return { kind: 'older', holds };
      const row: PolicyRow = {
        version: (holds?.version ?? 0) + 1,
        digest,
        body: JSON.stringify(policy),
        source: source ?? null,
        changed_at: at,
        read_at: now,
      };
      await sql.run('INSERT INTO policies (version, digest, body, source, changed_at, read_at) VALUES (?, ?, ?, ?, ?, ?)', [
        row.version,
        row.digest,
        row.body,
        row.source,
        row.changed_at,
        row.read_at,
      ]);
      const detail = `version ${row.version}, digest ${digest.slice(0, 12)}, ${source ?? 'the defaults'}`;
      await addAudit(sql, undefined, { action: 'policy', detail });
      return { kind: 'stored', holds: toPolicy(row) };
    });
  }

  /** Says that a worker is there, and what its file says: `doctor` compares. */
  async announce(
    holder: string,
    its: { digest: string; source?: string | undefined; problem?: string | undefined; readAt: number },
  ): Promise<void> {
    await this.#database.transaction(async (sql) => {
      const now = await sql.now();
      await sql.run(NOTE_HOLDER, [holder, its.digest, its.source, its.problem, its.readAt, now]);
      await sql.run('DELETE FROM policy_holders WHERE seen_at < ?', [now - HOLDER_GONE_MS]);
    });
  }

  async leave(holder: string): Promise<void> {
    await this.#database.run('DELETE FROM policy_holders WHERE holder = ?', [holder]);
  }

  /** Workers that are there. */
  async holders(): Promise<PolicyHolder[]> {
    const rows = await this.#database.all<{
      holder: string;
      digest: string;
      source: string | null;
      problem: string | null;
      read_at: number;
      seen_at: number;
    }>('SELECT * FROM policy_holders WHERE seen_at >= ? ORDER BY holder', [(await this.#database.now()) - HOLDER_GONE_MS]);
    return rows.map(({ read_at: readAt, seen_at: seenAt, source, problem, ...row }) => ({
      ...row,
      source: source ?? undefined,
      problem: problem ?? undefined,
      readAt,
      seenAt,
    }));
  }
}

/** Undefined in a ledger that has none. */
export async function newestVersion(sql: Sql): Promise<number | undefined> {
  const row = await sql.first<{ version: number | null }>('SELECT max(version) AS version FROM policies');
  return row?.version ?? undefined;
}

/** The caps of the ledger's policy, changed or not since the process began. Undefined in a ledger that has none. */
export async function capsInForce(sql: Sql): Promise<Policy['caps'] | undefined> {
  return (await newestPolicy(sql))?.policy.caps;
}

/** For those who are in a transaction. */
export async function newestPolicy(sql: Sql): Promise<Pick<StoredPolicy, 'version' | 'policy'> | undefined> {
  const row = await sql.first<Pick<PolicyRow, 'version' | 'body'>>('SELECT version, body FROM policies ORDER BY version DESC LIMIT 1');
  return row && { version: row.version, policy: JSON.parse(row.body) as Policy };
}

function toPolicy({ version, digest, body, source, changed_at: changedAt, read_at: readAt }: PolicyRow): StoredPolicy {
  return { version, digest, policy: JSON.parse(body) as Policy, source: source ?? undefined, changedAt, readAt };
}
