// Ledgers on SQLite, each in a directory of its own.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyAudit } from '../../../src/ledger/audit/verify.js';
import type { LedgerKind } from '../../../src/ledger/conformance/ledgers.js';
import { type Ledger, openLedger, sqlitePath } from '../../../src/ledger/index.js';
import { putEmptyLedger } from '../empty-ledger.js';
import { signedNow } from './audit.js';
import { backUpLedger } from './backup.js';

/** Outcomes of which the ledger keeps another number than its rows have. */
const MISCOUNTED = `
  SELECT run_id, wave, outcome, kind, sum(n) AS too_many
  FROM (
    SELECT run_id, wave, outcome, kind, n FROM outcome_counts
    UNION ALL
    SELECT run_id, coalesce(wave, -1), outcome, CASE WHEN outcome = 'skipped' AND reason = 'compliant' THEN 1
      WHEN reason LIKE 'not-rolled-back%' THEN 2 ELSE 0 END, -count(*)
    FROM attempts
    WHERE last = 1
    GROUP BY 1, 2, 3, 4
  ) AS both
  GROUP BY 1, 2, 3, 4
  HAVING sum(n) <> 0`;

export function sqliteLedgers(): LedgerKind {
  const directories: string[] = [];
  const place = async (): Promise<string> => {
    const directory = await mkdtemp(join(tmpdir(), 'ledger-test-'));
    directories.push(directory);
    return join(directory, 'ledger.db');
  };
  return {
    name: 'SQLite',
    open: openLedger,
    async make({ bare = false } = {}) {
      const path = await place();
      if (!bare) await putEmptyLedger(path);
      return `sqlite:${path}`;
    },
    async copy(url) {
      const path = await place();
      backUpLedger(sqlitePath(url), path);
      return `sqlite:${path}`;
    },
    async check({ id, database, isInPlace }) {
      if (!isInPlace()) return;
      const wrong = await database.all(MISCOUNTED);
      if (wrong.length > 0) throw new Error(`What is kept is not what is counted: ${JSON.stringify(wrong)}`);
      const { broken } = await verifyAudit(database, id, await signedNow({ id, database }));
      if (broken) throw new Error(`The audit log is not whole: ${broken.why}`);
    },
    async drop() {
      for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The URL of a ledger that somebody else has opened: what a command needs to open it, too. */
export async function urlOf({ database }: Ledger): Promise<string> {
  const main = await database.first<{ file: string }>('PRAGMA database_list');
  return `sqlite:${main?.file}`;
}
