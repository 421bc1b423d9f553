/** Executions by tags, campaigns with waves and steps, and who is served next. */
export const TAGS_AND_CAMPAIGNS: readonly string[] = [
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
];
