/** Which runs can be searched by an index, and what of it is behind (ledger/sqlite/name-index.ts makes and fills it). */
export const NAME_INDEX: readonly string[] = [
  // `filled`: rows before this place are in. `whole`: all of them are.
  `CREATE TABLE name_index_runs (
    number INTEGER PRIMARY KEY, run_id TEXT NOT NULL UNIQUE, filled INTEGER NOT NULL DEFAULT 0, whole INTEGER NOT NULL DEFAULT 0)`,
  // Blocks of 32 rows, one of which was named since. A trigger, so that no statement can forget it; it fires for those that set a name.
  `CREATE TABLE name_index_behind (run_id TEXT NOT NULL, block INTEGER NOT NULL, PRIMARY KEY (run_id, block)) WITHOUT ROWID`,
  `CREATE TRIGGER name_index_renamed AFTER UPDATE OF name ON attempts WHEN old.name IS NOT new.name BEGIN
    INSERT INTO name_index_behind (run_id, block)
    SELECT new.run_id, new.seq / 32 WHERE EXISTS (SELECT 1 FROM name_index_runs WHERE run_id = new.run_id)
    ON CONFLICT DO NOTHING;
  END`,
  `CREATE INDEX runs_large ON runs (created_at) WHERE cohort_size > 5000`,
];
