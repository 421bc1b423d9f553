/** Clocks that jump, a ledger from a backup, scripts that may still run, the policy that holds, and whose job it was. */
export const CLOCKS_COPIES_AND_POLICY: readonly string[] = [
  // How Qualys' clock was read, and in which order things happened.
  `DROP TABLE server_clock`,
  `CREATE TABLE server_clock (id INTEGER PRIMARY KEY CHECK (id = 1), samples TEXT NOT NULL, jumps INTEGER NOT NULL, jumped_at INTEGER NOT NULL)`,
  `CREATE TABLE ledger_clock (id INTEGER PRIMARY KEY CHECK (id = 1), offset_ms REAL NOT NULL, since REAL NOT NULL, mark INTEGER NOT NULL)`,
  `INSERT INTO ledger_clock (id, offset_ms, since, mark) VALUES (1, 0, 0, 0)`,
  `ALTER TABLE runs ADD COLUMN wakes INTEGER NOT NULL DEFAULT 0`,
  `ALTER TABLE runs ADD COLUMN polls INTEGER NOT NULL DEFAULT 0`,
  `ALTER TABLE executions ADD COLUMN poll INTEGER NOT NULL DEFAULT 0`,
  // What a dispatch attempt leaves behind, and that a run is closing.
  // What was issued that this ledger does not have: it was restored from a backup. Once seen it stays, whatever is written since.
  `ALTER TABLE runs ADD COLUMN stale TEXT`,
  // Why the whole ledger is held: it is old. And the runs by which that showed, also those that it does not know.
  `ALTER TABLE ledger ADD COLUMN held_why TEXT`,
  `CREATE TABLE stale_signs (run_id TEXT PRIMARY KEY, sign TEXT NOT NULL, noted_at INTEGER NOT NULL) WITHOUT ROWID`,
  // How often a close was begun: more than 0, and nothing but the latest writes to the run.
  `ALTER TABLE runs ADD COLUMN closing INTEGER NOT NULL DEFAULT 0`,
  `CREATE TABLE late_verdicts (
    run_id TEXT NOT NULL, asset_id TEXT NOT NULL, outcome TEXT NOT NULL, status TEXT, exit_code INTEGER, seen_at INTEGER NOT NULL,
    PRIMARY KEY (run_id, asset_id)) WITHOUT ROWID`,
  // Whether the script may still run at an asset.
  `ALTER TABLE attempts ADD COLUMN copy TEXT NOT NULL DEFAULT 'none'`,
  // An operator has let this attempt go although an earlier copy may still run.
  `ALTER TABLE attempts ADD COLUMN despite INTEGER NOT NULL DEFAULT 0`,
  `ALTER TABLE runs ADD COLUMN despite_copies INTEGER NOT NULL DEFAULT 0`,
  // Across all runs of the ledger: a copy outlives the lease, which ends with its run.
  `CREATE INDEX attempts_copy ON attempts (asset_id) WHERE copy = 'open'`,
  `CREATE INDEX attempts_unseen ON attempts (asset_id) WHERE copy = 'unseen'`,
  `CREATE TABLE out_of_cohort_copies (
    asset_id TEXT NOT NULL, run_id TEXT NOT NULL, execution_no INTEGER NOT NULL, job_id TEXT NOT NULL, name TEXT, status TEXT,
    copy TEXT NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (asset_id, run_id, execution_no)) WITHOUT ROWID`,
  `CREATE INDEX out_of_cohort_copies_open ON out_of_cohort_copies (asset_id) WHERE copy = 'open'`,
  // When Qualys is asked next about the copies of a closed run's execution, and how often it was.
  `ALTER TABLE executions ADD COLUMN copies_asked INTEGER NOT NULL DEFAULT 0`,
  `ALTER TABLE executions ADD COLUMN copies_ask_at INTEGER`,
  `ALTER TABLE executions ADD COLUMN copies_asked_at INTEGER`,
  `CREATE INDEX executions_copies_asked ON executions (copies_asked_at) WHERE copies_asked_at IS NOT NULL`,
  // What was approved, and which policy holds.
  // One policy a ledger, the newest: it holds for every run, whatever file a worker started with. A run has applied one of them to its
  // cohort.
  `CREATE TABLE policies (
    version INTEGER PRIMARY KEY, digest TEXT NOT NULL, body TEXT NOT NULL, source TEXT, changed_at INTEGER NOT NULL, read_at INTEGER NOT NULL)`,
  `CREATE TABLE policy_holders (
    holder TEXT PRIMARY KEY, digest TEXT NOT NULL, source TEXT, problem TEXT, read_at INTEGER NOT NULL, seen_at INTEGER NOT NULL) WITHOUT ROWID`,
  // What a version's neverTouch stands for, as Qualys last told it: a reading is there when all of its assets are.
  `CREATE TABLE untouched_readings (
    id INTEGER PRIMARY KEY, version INTEGER NOT NULL, read_at INTEGER NOT NULL, calls INTEGER NOT NULL, unknown TEXT NOT NULL, unreadable INTEGER NOT NULL)`,
  `CREATE TABLE untouched (reading INTEGER NOT NULL, asset_id TEXT NOT NULL, PRIMARY KEY (reading, asset_id)) WITHOUT ROWID`,
  `ALTER TABLE runs ADD COLUMN policy_version INTEGER`,
  `ALTER TABLE runs ADD COLUMN untouched_reading INTEGER`,
  `ALTER TABLE runs ADD COLUMN warnings TEXT NOT NULL DEFAULT '[]'`,
  // A reading of the script is good for a send while none was asked for since (ledger/policy/script-reading.ts).
  `ALTER TABLE runs ADD COLUMN script_needed INTEGER NOT NULL DEFAULT 0`,
  `ALTER TABLE runs ADD COLUMN script_read INTEGER NOT NULL DEFAULT 0`,
  // What a follow-up with a script of its own was approved with; and the digest of a campaign that needs no further approval.
  `ALTER TABLE runs ADD COLUMN follow_up_script TEXT`,
  `ALTER TABLE runs ADD COLUMN approval TEXT`,
  `ALTER TABLE campaigns ADD COLUMN approved TEXT`,
  // All that an inventory holds was asked for: written with the frozen cohort, whose digest does not tell it.
  `ALTER TABLE runs ADD COLUMN everything INTEGER NOT NULL DEFAULT 0`,
  // Host names beside `name`, one a line: policy may name an asset by any of them.
  `ALTER TABLE attempts ADD COLUMN aliases TEXT`,
  // The jobs of an execution, and who we are in the trail.
  `CREATE TABLE execution_jobs (
    run_id TEXT NOT NULL, execution_no INTEGER NOT NULL, job_id TEXT NOT NULL, correlation_uuid TEXT NOT NULL, created_at INTEGER NOT NULL,
    PRIMARY KEY (run_id, execution_no, job_id)) WITHOUT ROWID`,
  `CREATE TABLE twins (correlation_uuid TEXT PRIMARY KEY, run_id TEXT NOT NULL, execution_no INTEGER NOT NULL) WITHOUT ROWID`,
  `CREATE INDEX twins_execution ON twins (run_id, execution_no)`,
  `CREATE TABLE trail_votes (
    sender TEXT NOT NULL, correlation_uuid TEXT NOT NULL, name TEXT, uuid TEXT, PRIMARY KEY (sender, correlation_uuid)) WITHOUT ROWID`,
  // Waits that Qualys told, and limits that it named.
  `ALTER TABLE scripts ADD COLUMN too_soon_ms INTEGER`,
  `ALTER TABLE scripts ADD COLUMN too_soon_at INTEGER`,
  `ALTER TABLE scripts ADD COLUMN refused_for TEXT`,
  `ALTER TABLE scripts ADD COLUMN refused_words TEXT`,
];
