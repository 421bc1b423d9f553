// A backup of a ledger file as an operator takes it, and what it means to put it back.
import { copyFile, rm } from 'node:fs/promises';
import SqliteDatabase from 'libsql';

/** Takes a whole copy, also while a worker has the ledger open. */
export function backUpLedger(ledgerPath: string, backupPath: string): void {
  const connection = new SqliteDatabase(ledgerPath, { timeout: 10_000 });
  connection.exec(`VACUUM INTO '${backupPath.replaceAll("'", "''")}'`);
  connection.close();
}

/** The ledger is gone with its log; the backup, where there is one, takes its place. */
export async function replaceLedger(ledgerPath: string, backupPath?: string): Promise<void> {
  for (const suffix of ['', '-wal', '-shm']) await rm(`${ledgerPath}${suffix}`, { force: true });
  if (backupPath) await copyFile(backupPath, ledgerPath);
}
