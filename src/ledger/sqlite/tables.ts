import { randomUUID } from 'node:crypto';
import { chainEarlierEntries } from '../audit/chain.js';
import { type Database, LedgerUnusable } from '../sql/database.js';
import { AUDIT_CHAIN } from './migrations/012-audit-chain.js';
import { MIGRATIONS } from './migrations/index.js';
import { createNameIndex } from './name-index.js';

/** Brings the tables to this build's version. Returns the ledger's identity, drawn once when it is created. */
export async function prepareTables(database: Database): Promise<string> {
  return database.transaction(async (sql) => {
    await sql.run('CREATE TABLE IF NOT EXISTS ledger_version (version INTEGER NOT NULL)');
    const found = (await sql.first<{ version: number }>('SELECT version FROM ledger_version'))?.version ?? 0;
    if (found > MIGRATIONS.length) {
      throw new LedgerUnusable(
        `The ledger has version ${found}, this build supports up to ${MIGRATIONS.length}. Use the newer Overhaul that wrote it.`,
      );
    }
    for (const statement of MIGRATIONS.slice(found).flat()) await sql.run(statement);
    await createNameIndex(sql);
    if (found === 0) {
      await sql.run('INSERT INTO ledger_version (version) VALUES (?)', [MIGRATIONS.length]);
      await sql.run('INSERT INTO ledger (id, created_at) VALUES (?, ?)', [randomUUID(), await sql.now()]);
    } else {
      await sql.run('UPDATE ledger_version SET version = ?', [MIGRATIONS.length]);
    }
    const id = identityOf(await sql.first<{ id: string }>('SELECT id FROM ledger'));
    if (found <= MIGRATIONS.indexOf(AUDIT_CHAIN)) await chainEarlierEntries(sql, id);
    return id;
  });
}

/** The identity of a ledger that must exist already; changes nothing. */
export async function readIdentity(database: Database): Promise<string> {
  const table = await database.first("SELECT 1 AS found FROM sqlite_master WHERE name = 'ledger'");
  if (!table) throw new LedgerUnusable('The ledger is empty: no worker has opened it.');
  const { version } = (await database.first<{ version: number }>('SELECT version FROM ledger_version')) ?? { version: 0 };
  if (version !== MIGRATIONS.length) throw new LedgerUnusable(`The ledger has version ${version}, this build reads ${MIGRATIONS.length}.`);
  return identityOf(await database.first<{ id: string }>('SELECT id FROM ledger'));
}

function identityOf(row: { id: string } | undefined): string {
  if (!row) throw new LedgerUnusable('The ledger has no identity. Restore it from a backup.');
  return row.id;
}
