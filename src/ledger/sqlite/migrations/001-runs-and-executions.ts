/** What a run, its executions and the shared budget need. */
export const RUNS_AND_EXECUTIONS: readonly string[] = [
  `CREATE TABLE ledger (id TEXT NOT NULL, created_at INTEGER NOT NULL, halted INTEGER NOT NULL DEFAULT 0, halted_by TEXT, halted_why TEXT)`,
  `CREATE TABLE runs (
    id TEXT PRIMARY KEY, first_execution_id TEXT NOT NULL, namespace TEXT NOT NULL, namespace_id TEXT, missing_since INTEGER, phase TEXT NOT NULL, request TEXT NOT NULL,
    script_id TEXT, script_title TEXT, script_sha256 TEXT, cohort_size INTEGER NOT NULL DEFAULT 0, cohort_digest TEXT,
    max_in_flight INTEGER NOT NULL, deadline_ms INTEGER NOT NULL, error_budget TEXT,
    paused INTEGER NOT NULL DEFAULT 0, stop_cause TEXT, stop_reason TEXT, blocked TEXT,
    fence INTEGER NOT NULL DEFAULT 0, next_execution_no INTEGER NOT NULL DEFAULT 1, next_seq INTEGER NOT NULL DEFAULT 1,
    accepted INTEGER NOT NULL DEFAULT 0, api_calls INTEGER NOT NULL DEFAULT 0,
    next_poll_at INTEGER NOT NULL DEFAULT 0, resolve_cursor TEXT, opening INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL, started_at INTEGER, finished_at INTEGER, report TEXT)`,
  `CREATE INDEX runs_live ON runs (created_at) WHERE finished_at IS NULL`,
  // One row per asset and attempt. The primary key is the position in the cohort, so a page of the table is a range of the key.
  `CREATE TABLE attempts (
    run_id TEXT NOT NULL, seq INTEGER NOT NULL, attempt INTEGER NOT NULL, asset_id TEXT NOT NULL, last INTEGER NOT NULL DEFAULT 1,
    name TEXT, agent_uuid TEXT, outcome TEXT NOT NULL, reason TEXT, status TEXT, exit_code INTEGER,
    due_at INTEGER NOT NULL DEFAULT 0, execution_no INTEGER, lease INTEGER, correlation_uuid TEXT, job_id TEXT,
    started_at INTEGER, finished_at INTEGER, ended_at INTEGER, status_since INTEGER, disconnected INTEGER,
    output TEXT NOT NULL DEFAULT 'none', output_bytes INTEGER,
    PRIMARY KEY (run_id, seq, attempt)) WITHOUT ROWID`,
  `CREATE UNIQUE INDEX attempts_asset ON attempts (run_id, asset_id, attempt)`,
  `CREATE INDEX attempts_due ON attempts (run_id, due_at, seq) WHERE outcome = 'pending' AND execution_no IS NULL`,
  `CREATE INDEX attempts_outcome ON attempts (run_id, outcome, seq) WHERE last = 1`,
  // Statements name this index: the planner, which has no statistics, would rather read the whole run by its primary key.
  `CREATE INDEX attempts_execution ON attempts (run_id, execution_no, seq) WHERE execution_no IS NOT NULL`,
  `CREATE INDEX attempts_output ON attempts (run_id, execution_no) WHERE output = 'owed'`,
  // The lease: no asset is in two open executions, whatever run or worker they belong to.
  `CREATE UNIQUE INDEX attempts_lease ON attempts (asset_id) WHERE lease = 1`,
  `CREATE TABLE executions (
    run_id TEXT NOT NULL, execution_no INTEGER NOT NULL, state TEXT NOT NULL, script_id TEXT NOT NULL, size INTEGER NOT NULL,
    sends INTEGER NOT NULL DEFAULT 0, fence INTEGER, sent_at INTEGER, send_by INTEGER, over_at INTEGER, resolve_at INTEGER, server_at INTEGER, polls TEXT, note TEXT, sender TEXT,
    correlation_uuid TEXT UNIQUE, adopted INTEGER NOT NULL DEFAULT 0, job_id TEXT, job_created_at INTEGER,
    accepted_at INTEGER, accepted_server_at INTEGER, deadline_at INTEGER, slot_freed_at INTEGER, settled_at INTEGER,
    rows_seen INTEGER NOT NULL DEFAULT 0, rows_changed_server_at INTEGER, polled_at INTEGER, job_sought_at INTEGER,
    PRIMARY KEY (run_id, execution_no)) WITHOUT ROWID`,
  `CREATE INDEX executions_open ON executions (run_id, state) WHERE settled_at IS NULL`,
  `CREATE INDEX executions_permitted ON executions (script_id) WHERE state = 'permitted'`,
  // Every permit that was ever granted, with what happened to it: the evidence behind an execution.
  `CREATE TABLE sends (
    run_id TEXT NOT NULL, execution_no INTEGER NOT NULL, permit INTEGER NOT NULL, fence INTEGER NOT NULL, permitted_at INTEGER NOT NULL,
    send_by INTEGER NOT NULL, answered_at INTEGER, answer TEXT, detail TEXT, spent INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (run_id, execution_no, permit)) WITHOUT ROWID`,
  `CREATE INDEX sends_spent ON sends (permitted_at) WHERE spent = 1`,
  `CREATE TABLE calls (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, endpoint TEXT NOT NULL, run_id TEXT, holds_until INTEGER)`,
  `CREATE INDEX calls_at ON calls (at)`,
  `CREATE INDEX calls_held ON calls (holds_until) WHERE holds_until IS NOT NULL`,
  `CREATE TABLE limits (
    id INTEGER PRIMARY KEY CHECK (id = 1), window_limit INTEGER, window_ms INTEGER, remaining INTEGER, observed_at INTEGER,
    blocked_until INTEGER, blocked_why TEXT, concurrency INTEGER, concurrency_until INTEGER, refusals INTEGER NOT NULL DEFAULT 0)`,
  `CREATE TABLE server_clock (
    id INTEGER PRIMARY KEY CHECK (id = 1), first_local INTEGER NOT NULL, first_server INTEGER NOT NULL, last_local INTEGER NOT NULL, last_server INTEGER NOT NULL)`,
  `CREATE TABLE scripts (
    script_id TEXT PRIMARY KEY, interval_ms INTEGER, backoff_ms INTEGER, last_accepted_at INTEGER, next_execute_at INTEGER NOT NULL DEFAULT 0,
    durations TEXT NOT NULL DEFAULT '[]', row_bytes INTEGER, output_page INTEGER)`,
  `CREATE TABLE outputs (
    run_id TEXT NOT NULL, asset_id TEXT NOT NULL, attempt INTEGER NOT NULL, bytes INTEGER NOT NULL, gzip BLOB NOT NULL,
    PRIMARY KEY (run_id, asset_id, attempt)) WITHOUT ROWID`,
  `CREATE TABLE schedules (
    run_id TEXT NOT NULL, title TEXT NOT NULL, state TEXT NOT NULL, schedule_id TEXT, detail TEXT, PRIMARY KEY (run_id, title)) WITHOUT ROWID`,
  // Every order that was carried out, with its effect: a second attempt at one finds it here.
  `CREATE TABLE orders (
    run_id TEXT NOT NULL, order_id TEXT NOT NULL, number INTEGER NOT NULL, command TEXT NOT NULL, result INTEGER NOT NULL,
    PRIMARY KEY (run_id, order_id)) WITHOUT ROWID`,
  `CREATE TABLE out_of_cohort (run_id TEXT NOT NULL, job_id TEXT NOT NULL, asset_id TEXT NOT NULL, PRIMARY KEY (run_id, job_id, asset_id)) WITHOUT ROWID`,
  `CREATE TABLE audit (
    id INTEGER PRIMARY KEY, run_id TEXT, at INTEGER NOT NULL, actor TEXT, verified INTEGER NOT NULL DEFAULT 0, action TEXT NOT NULL, detail TEXT)`,
  `CREATE INDEX audit_run ON audit (run_id, id)`,
];
