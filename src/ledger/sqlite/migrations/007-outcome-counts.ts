const KEY = (row: 'old' | 'new' | 'attempts'): string => `${row}.run_id, coalesce(${row}.wave, -1), ${row}.outcome, ${KIND(row)}`;
/** 1 is compliant, 2 is left out of its wave's rollback (`kind` in ledger/rows/counts.ts). */
const KIND = (row: 'old' | 'new' | 'attempts'): string =>
  `CASE WHEN ${row}.outcome = 'skipped' AND ${row}.reason = 'compliant' THEN 1 WHEN ${row}.reason LIKE 'not-rolled-back%' THEN 2 ELSE 0 END`;
const TAKE_OLD = `
    UPDATE outcome_counts SET n = n - 1
    WHERE old.last = 1 AND run_id = old.run_id AND wave = coalesce(old.wave, -1) AND outcome = old.outcome AND kind = ${KIND('old')};`;
const ADD_NEW = `
    INSERT INTO outcome_counts (run_id, wave, outcome, kind, n)
    SELECT ${KEY('new')}, 1 WHERE new.last = 1
    ON CONFLICT (run_id, wave, outcome, kind) DO UPDATE SET n = n + 1;`;

/** How many assets of a run have which outcome: kept with the rows, as a look at a run of a million would count them each time. */
export const OUTCOME_COUNTS: readonly string[] = [
  // Of the last attempt of each asset; `wave` is -1 where the rows have none.
  `CREATE TABLE outcome_counts (
    run_id TEXT NOT NULL, wave INTEGER NOT NULL, outcome TEXT NOT NULL, kind INTEGER NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (run_id, wave, outcome, kind)) WITHOUT ROWID`,
  `INSERT INTO outcome_counts (run_id, wave, outcome, kind, n) SELECT ${KEY('attempts')}, count(*) FROM attempts WHERE last = 1 GROUP BY 1, 2, 3, 4`,
  // Some sixty statements write these rows; none of them can forget to count, as none does.
  `CREATE TRIGGER outcome_counts_insert AFTER INSERT ON attempts WHEN new.last = 1 BEGIN${ADD_NEW}
  END`,
  `CREATE TRIGGER outcome_counts_delete AFTER DELETE ON attempts WHEN old.last = 1 BEGIN${TAKE_OLD}
  END`,
  `CREATE TRIGGER outcome_counts_update AFTER UPDATE OF run_id, last, wave, outcome, reason ON attempts
  WHEN old.run_id <> new.run_id OR old.last <> new.last OR old.wave IS NOT new.wave OR old.outcome <> new.outcome
    OR old.reason IS NOT new.reason BEGIN${TAKE_OLD}${ADD_NEW}
  END`,
];
