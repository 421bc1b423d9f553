/** What is to be written into tickets, until it is there. */
export const TICKET_POSTS: readonly string[] = [
  // 0: milestones of the run may still have to be told; 1: its last one is among the posts, or no ticket has started it.
  `ALTER TABLE runs ADD COLUMN ticket_told INTEGER NOT NULL DEFAULT 0`,
  // The milestone of its newest post.
  `ALTER TABLE runs ADD COLUMN ticket_milestone TEXT`,
  // Where a system has entries edited, which one is the run's.
  `ALTER TABLE runs ADD COLUMN ticket_entry TEXT`,
  // What has ended before is not told afterwards.
  `UPDATE runs SET ticket_told = 1 WHERE finished_at IS NOT NULL OR kind = 'step'`,
  `CREATE INDEX runs_ticket ON runs (created_at) WHERE ticket_told = 0`,

  `CREATE TABLE ticket_posts (
    id INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL,
    -- Whose ticket, as the run's request has it.
    system TEXT NOT NULL,
    ticket_id TEXT NOT NULL,
    -- status, line, report, move
    kind TEXT NOT NULL,
    -- With kind and run, which post it is: its marker on the ticket.
    post_key TEXT NOT NULL,
    -- Of a line: what is said.
    words TEXT,
    -- waiting: never sent; sent: may be on the ticket, or not; done; given-up.
    state TEXT NOT NULL DEFAULT 'waiting',
    created_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    trouble TEXT,
    ended_at INTEGER
  )`,
  `CREATE UNIQUE INDEX ticket_posts_key ON ticket_posts (run_id, kind, post_key)`,
  `CREATE INDEX ticket_posts_open ON ticket_posts (due_at, id) WHERE ended_at IS NULL`,

  // Of each ticket: who writes into it now, and from when the next write is allowed.
  `CREATE TABLE ticket_turns (
    system TEXT NOT NULL,
    ticket_id TEXT NOT NULL,
    holder TEXT,
    held_until INTEGER NOT NULL DEFAULT 0,
    free_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (system, ticket_id)
  )`,
];
