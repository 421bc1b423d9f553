// Ledgers with their tables made: a hundred statements, which thousands of tests need not run again.
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqlite } from '../../src/ledger/sqlite/driver.js';
import { prepareTables } from '../../src/ledger/sqlite/tables.js';

let made: Promise<{ bytes: Buffer; id: string }> | undefined;

/** Puts an empty ledger with an identity of its own there; whoever opens it finds nothing left to make. */
export async function putEmptyLedger(path: string): Promise<void> {
  made ??= make();
  const { bytes, id } = await made;
  const copy = Buffer.from(bytes);
  copy.write(randomUUID(), copy.indexOf(id));
  await writeFile(path, copy, { mode: 0o600, flag: 'wx' });
}

async function make(): Promise<{ bytes: Buffer; id: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'empty-ledger-'));
  const path = join(folder, 'ledger.db');
  const database = openSqlite({ path, create: true });
  const id = await prepareTables(database);
  // Closing folds the log in: the file is then the whole of it.
  await database.close();
  const bytes = await readFile(path);
  await rm(folder, { recursive: true });
  if (bytes.indexOf(id) < 0 || bytes.indexOf(id) !== bytes.lastIndexOf(id)) throw new Error('The identity stands in more places than one.');
  return { bytes, id };
}
