/** What a campaign's step waits for at each asset. */
export const CHECK_INS: readonly string[] = [
  // When the last verdict was written, by the ledger's clock; null of what was decided before it was noted.
  `ALTER TABLE attempts ADD COLUMN decided_at INTEGER`,
  // Of a step: when its agents' check-ins are asked for next.
  `ALTER TABLE runs ADD COLUMN check_in_poll_at INTEGER NOT NULL DEFAULT 0`,
  // By asset of a step that waits for its agent: later than what (Qualys' clock), until when (the ledger's), and what was seen (Qualys').
  `CREATE TABLE check_ins (
    run_id TEXT NOT NULL, seq INTEGER NOT NULL, behind_at INTEGER, by_at INTEGER NOT NULL, seen_at INTEGER,
    PRIMARY KEY (run_id, seq)) WITHOUT ROWID`,
];
