import { randomUUID } from 'node:crypto';
import { type Database, LedgerUnusable } from '../sql/database.js';

/** Raised with every change of the tables; `STEPS[i]` leads from version i to i + 1. */
const STEPS: readonly string[][] = [
  [
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
    // Every permit that was ever granted, with what became of it: the evidence behind an execution.
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
  ],
  [
    // Executions by tags (docs/tag-planner.md): what the plan wants sent, and which asset is meant to be hit by which of them.
    `ALTER TABLE runs ADD COLUMN planning INTEGER NOT NULL DEFAULT 0`,
    `ALTER TABLE runs ADD COLUMN plan TEXT`,
    `CREATE TABLE planned (
      run_id TEXT NOT NULL, plan_no INTEGER NOT NULL, tag_ids TEXT NOT NULL, asset_ids TEXT NOT NULL, excluded_ids TEXT NOT NULL,
      size INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'waiting', PRIMARY KEY (run_id, plan_no)) WITHOUT ROWID`,
    `CREATE INDEX planned_waiting ON planned (run_id, plan_no) WHERE state = 'waiting'`,
    `ALTER TABLE attempts ADD COLUMN planned INTEGER`,
    `CREATE INDEX attempts_planned ON attempts (run_id, planned, execution_no) WHERE planned IS NOT NULL`,
    // What the plan has given to a tag is not due by id: without this a claim by ids would read past all of it.
    `ALTER TABLE attempts ADD COLUMN wave INTEGER`,
    `DROP INDEX attempts_due`,
    `CREATE INDEX attempts_due ON attempts (run_id, due_at, seq) WHERE outcome = 'pending' AND execution_no IS NULL AND planned IS NULL AND wave IS NULL`,
    `ALTER TABLE executions ADD COLUMN planned INTEGER`,
    `ALTER TABLE executions ADD COLUMN leased INTEGER NOT NULL DEFAULT 1`,
    `ALTER TABLE executions ADD COLUMN tags_read_at INTEGER`,
    `ALTER TABLE executions ADD COLUMN tag_readings INTEGER NOT NULL DEFAULT 0`,
    `ALTER TABLE executions ADD COLUMN fanned_out INTEGER NOT NULL DEFAULT 0`,
    `CREATE INDEX executions_fanning ON executions (run_id) WHERE planned IS NOT NULL AND fanned_out = 0 AND settled_at IS NULL`,
    `ALTER TABLE runs ADD COLUMN tags_seen TEXT`,
    // Campaigns: the campaign's own rows have a wave and are never sent; each step of a wave is a run whose rows stand at the same places.
    `ALTER TABLE runs ADD COLUMN kind TEXT NOT NULL DEFAULT 'run'`,
    `ALTER TABLE runs ADD COLUMN campaign_id TEXT`,
    `ALTER TABLE runs ADD COLUMN wave INTEGER`,
    `ALTER TABLE runs ADD COLUMN step TEXT`,
    `ALTER TABLE runs ADD COLUMN calendar TEXT`,
    `ALTER TABLE runs ADD COLUMN on_breach TEXT`,
    `ALTER TABLE runs ADD COLUMN conflict TEXT`,
    `ALTER TABLE runs ADD COLUMN budget_accepted INTEGER`,
    `ALTER TABLE runs ADD COLUMN budget_base TEXT`,
    `ALTER TABLE runs ADD COLUMN script_checked_at INTEGER`,
    `ALTER TABLE runs ADD COLUMN parent_id TEXT`,
    `ALTER TABLE runs ADD COLUMN merged INTEGER NOT NULL DEFAULT 0`,
    `CREATE INDEX runs_campaign ON runs (campaign_id, wave, step) WHERE campaign_id IS NOT NULL`,
    `CREATE INDEX attempts_wave ON attempts (run_id, wave, seq) WHERE wave IS NOT NULL`,
    `CREATE TABLE campaigns (id TEXT PRIMARY KEY, plan TEXT NOT NULL, frozen TEXT, digest TEXT) WITHOUT ROWID`,
    `CREATE TABLE waves (
      campaign_id TEXT NOT NULL, wave_no INTEGER NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL, status TEXT NOT NULL DEFAULT 'waiting',
      approved_by TEXT NOT NULL DEFAULT '[]', why TEXT, opened_at INTEGER, closed_at INTEGER,
      requeued INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (campaign_id, wave_no)) WITHOUT ROWID`,
    // The shared budget (docs/decisions/013-fair-shares.md): who waits for what, how many executions a run still has to send, who was
    // served when.
    `CREATE TABLE turns (
      resource TEXT NOT NULL, contender TEXT NOT NULL, kind TEXT NOT NULL, served_at INTEGER, asks_from INTEGER, asks_until INTEGER,
      wants INTEGER NOT NULL DEFAULT 0, noted_at INTEGER NOT NULL, PRIMARY KEY (resource, contender)) WITHOUT ROWID`,
    `CREATE INDEX turns_asking ON turns (resource, kind, asks_until, asks_from, served_at) WHERE asks_until IS NOT NULL`,
    `CREATE INDEX turns_wants ON turns (resource, wants) WHERE wants > 0`,
    `CREATE INDEX turns_noted ON turns (resource, kind, noted_at)`,
    `CREATE TABLE ticket_streaks (resource TEXT PRIMARY KEY, ticket_streak INTEGER NOT NULL) WITHOUT ROWID`,
  ],
  [
    // How Qualys' clock was read, and in which order things happened.
    `DROP TABLE server_clock`,
    `CREATE TABLE server_clock (id INTEGER PRIMARY KEY CHECK (id = 1), samples TEXT NOT NULL, jumps INTEGER NOT NULL, jumped_at INTEGER NOT NULL)`,
    `CREATE TABLE ledger_clock (id INTEGER PRIMARY KEY CHECK (id = 1), offset_ms REAL NOT NULL, since REAL NOT NULL, mark INTEGER NOT NULL)`,
    `INSERT INTO ledger_clock (id, offset_ms, since, mark) VALUES (1, 0, 0, 0)`,
    `ALTER TABLE runs ADD COLUMN wakes INTEGER NOT NULL DEFAULT 0`,
    `ALTER TABLE runs ADD COLUMN polls INTEGER NOT NULL DEFAULT 0`,
    `ALTER TABLE executions ADD COLUMN poll INTEGER NOT NULL DEFAULT 0`,
    // What a dispatch attempt leaves behind, and that a run is closing.
    // What was given out that this ledger does not have: it was restored from a backup. Once seen it stays, whatever is written since.
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
  ],
];

/** Brings the tables to this build's version. Returns the ledger's identity, drawn once when it is created. */
export async function prepareTables(database: Database): Promise<string> {
  return database.transaction(async (sql) => {
    await sql.run('CREATE TABLE IF NOT EXISTS ledger_version (version INTEGER NOT NULL)');
    const found = (await sql.first<{ version: number }>('SELECT version FROM ledger_version'))?.version ?? 0;
    if (found > STEPS.length) {
      throw new LedgerUnusable(
        `The ledger has version ${found}, this build supports up to ${STEPS.length}. Use the newer Overhaul that wrote it.`,
      );
    }
    for (const statement of STEPS.slice(found).flat()) await sql.run(statement);
    if (found === 0) {
      await sql.run('INSERT INTO ledger_version (version) VALUES (?)', [STEPS.length]);
      await sql.run('INSERT INTO ledger (id, created_at) VALUES (?, ?)', [randomUUID(), await sql.now()]);
    } else {
      await sql.run('UPDATE ledger_version SET version = ?', [STEPS.length]);
    }
    return identityOf(await sql.first<{ id: string }>('SELECT id FROM ledger'));
  });
}

/** The identity of a ledger that must exist already; changes nothing. */
export async function readIdentity(database: Database): Promise<string> {
  const table = await database.first("SELECT 1 AS found FROM sqlite_master WHERE name = 'ledger'");
  if (!table) throw new LedgerUnusable('The ledger is empty: no worker has opened it.');
  const { version } = (await database.first<{ version: number }>('SELECT version FROM ledger_version')) ?? { version: 0 };
  if (version !== STEPS.length) throw new LedgerUnusable(`The ledger has version ${version}, this build reads ${STEPS.length}.`);
  return identityOf(await database.first<{ id: string }>('SELECT id FROM ledger'));
}

function identityOf(row: { id: string } | undefined): string {
  if (!row) throw new LedgerUnusable('The ledger has no identity. Restore it from a backup.');
  return row.id;
}
