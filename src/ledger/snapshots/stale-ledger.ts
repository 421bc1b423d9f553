// A ledger that was restored from a backup has forgotten what was sent since: by the run in which that shows, and by others in which it
// does not. So the whole ledger is held at the first sign of it, until an operator says that it may send.
import { type Issued, inWords, isStale } from '../../domain/run/snapshot.js';
import { addAudit, HELD } from '../rows/audit.js';
import { readStored } from '../rows/run.js';
import { type Database, type Sql, storableText } from '../sql/database.js';
import { issuedOf } from './run.js';

/** Who holds the ledger, where everybody else has a name. */
export const HELD_BY = 'overhaul';

export class StaleLedger {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Why nothing is sent out of this ledger; undefined when nothing has shown that it is old, or an operator lets it send. */
  held(): Promise<string | undefined> {
    return heldAs(this.#database);
  }

  /** True when the ledger lacks something of what was issued of the run, or was ever found to. */
  async isStale(runId: string, known: Issued | undefined): Promise<boolean> {
    // Every activity asks, and nearly all are answered by reading: no number falls, so what is there now is not lacked later.
    if (!(await whatLacks(this.#database, runId, known))) return false;
    return this.#database.transaction((sql) => noteStale(sql, runId, known));
  }

  /** Something of a run, other than its numbers, shows that the ledger is old. */
  note(runId: string, sign: string): Promise<void> {
    return this.#database.transaction((sql) => hold(sql, runId, sign));
  }
}

/**
 * Notes that the ledger lacks something of what was issued. To be asked before anything is written: what is written since would
 * make up for the numbers, not for what was forgotten. True when it lacks something, or ever did.
 */
export async function noteStale(sql: Sql, runId: string, known: Issued | undefined): Promise<boolean> {
  const lack = await whatLacks(sql, runId, known);
  if (lack && !lack.isNoted) {
    await sql.run('UPDATE runs SET stale = ? WHERE id = ? AND stale IS NULL', [JSON.stringify(known), runId]);
    await hold(sql, runId, lack.sign);
  }
  return lack !== undefined;
}

/** How it shows that the ledger is old; undefined where nothing shows it. */
async function whatLacks(
  sql: Sql,
  runId: string,
  known: Issued | undefined,
): Promise<{ isNoted: true } | { isNoted: false; sign: string } | undefined> {
  const run = await readStored(sql, runId);
  if (!run) return known && { isNoted: false, sign: `it does not know ${runId}` };
  if (run.stale !== null || run.campaign_stale !== null) return { isNoted: true };
  if (!known) return undefined;
  const issued = await issuedOf(sql, runId);
  if (!isStale(issued, known)) return undefined;
  return { isNoted: false, sign: `it knows ${inWords(issued)} of ${runId}, and ${inWords(known)} were issued` };
}

/** Once for each run: what an operator has seen, and let go, holds nothing again. */
async function hold(sql: Sql, runId: string, sign: string): Promise<void> {
  const isNew = await sql.run('INSERT INTO stale_signs (run_id, sign, noted_at) VALUES (?, ?, ?) ON CONFLICT (run_id) DO NOTHING', [
    runId,
    storableText(sign),
    await sql.now(),
  ]);
  if (isNew === 0) return;
  const why =
    `the ledger was restored from an older backup: ${sign}. What was sent since the backup could be sent again, by any run. Restore the newest ` +
    'ledger. Without one, cancel the runs named here, and allow executions again when they have ended: overhaul unhalt';
  await sql.run('UPDATE ledger SET held_why = coalesce(held_why, ?)', [storableText(why)]);
  // No order: the newest ledger, which is to be restored, has nothing of it, and is not behind for that.
  await addAudit(sql, undefined, { actor: HELD_BY, action: HELD, detail: JSON.stringify({ runId, why: sign }) });
}

export async function heldAs(sql: Sql): Promise<string | undefined> {
  return (await sql.first<{ held_why: string | null }>('SELECT held_why FROM ledger'))?.held_why ?? undefined;
}
