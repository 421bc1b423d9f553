// What is to be written into tickets, until it is there. A run and its workflow know nothing of it: a ticket system that is away keeps
// posts here, and nothing else. A post is noted as sent before it is written, so that a crash in between leaves one that may be on its
// ticket, and is looked for there before it is written again.
import type { WaveStatus } from '../../domain/campaign/status.js';
import type { RunPhase } from '../../domain/run/snapshot.js';
import { LAST_MILESTONES, milestoneOf } from '../../domain/tickets/milestone.js';
import { addAudit } from '../rows/audit.js';
import type { StoredRequest } from '../rows/run.js';
import { type Database, type Sql, storableText } from '../sql/database.js';
import { byIndex, jsonArraysOf } from '../sql/dialect.js';

/** `status`: one milestone; `line`: a sentence for people; `report`: all assets as a file; `move`: the ticket's own state, at the end. */
export type PostKind = 'status' | 'line' | 'report' | 'move';

export interface TicketPost {
  id: number;
  runId: string;
  system: string;
  ticketId: string;
  kind: PostKind;
  /** Unique within run and kind. Of a status its number and milestone, as in `2-finished`; of a move its place, as in `0`. */
  key: string;
  /** Of a line. */
  words?: string | undefined;
  /** An earlier attempt was not answered, or its answer was not noted: it may be on the ticket. */
  mayBeThere: boolean;
  /** A later status has taken its place. */
  isOvertaken: boolean;
  /** The entry that the run has on the ticket, where the system has entries edited. */
  entry?: string | undefined;
  /** By the ledger's clock. */
  createdAt: number;
  failures: number;
}

/** Between two writes into one ticket: Zendesk takes 30 in ten minutes of one user, the least of all systems. */
export const WRITE_EVERY_MS = 30_000;
/** A turn is one look for the marker and one write, each bounded; who does not give it back in this time is gone. */
const TURN_MS = 120_000;
/** The write that has begun may reach the system so much later. */
const REACHES_WITHIN_MS = 20_000;
const WORDS_LENGTH = 2_000;
const TROUBLE_LENGTH = 500;
/** So often a report may fail before the ticket is moved without it. */
const REPORT_FAILURES = 5;

/** Runs that may have something to tell. */
const UNTOLD = `
  SELECT id, kind, phase, paused, request, ticket_milestone, parent_id, finished_at, CASE WHEN report IS NULL THEN 0 ELSE 1 END AS reported,
    (SELECT ${jsonArraysOf(['wave_no', 'status'])} FROM waves WHERE campaign_id = runs.id) AS waves
  FROM runs ${byIndex('runs_ticket')}
  WHERE ticket_told = 0
  ORDER BY created_at`;

interface UntoldRow {
  id: string;
  kind: string;
  phase: RunPhase;
  paused: number;
  request: string;
  ticket_milestone: string | null;
  parent_id: string | null;
  finished_at: number | null;
  reported: number;
  waves: string;
}

/**
 * The next that is due and may be written now. The report waits for the status, and the move for both; a report that the system keeps
 * refusing holds the move back for a while only.
 */
const NEXT = `
  SELECT post.id, post.run_id, post.system, post.ticket_id, post.kind, post.post_key, post.words, post.state, post.created_at, post.failures,
    runs.ticket_entry,
    (SELECT count(*) FROM ticket_posts AS later
      WHERE later.run_id = post.run_id AND later.kind = 'status' AND later.id > post.id) AS later
  FROM ticket_posts AS post ${byIndex('ticket_posts_open')}
  JOIN runs ON runs.id = post.run_id
  LEFT JOIN ticket_turns AS turn ON turn.system = post.system AND turn.ticket_id = post.ticket_id
  WHERE post.ended_at IS NULL AND post.due_at <= ?
    AND (turn.system IS NULL OR turn.held_until <= ? AND turn.free_at <= ?)
    AND NOT EXISTS (
      SELECT 1
      FROM ticket_posts AS before
      WHERE before.run_id = post.run_id AND before.ended_at IS NULL AND before.id < post.id
        AND (post.kind IN ('report', 'move') AND before.kind = 'status'
          OR post.kind = 'move' AND before.kind = 'move'
          OR post.kind = 'move' AND before.kind = 'report' AND before.failures < ${REPORT_FAILURES})
    )
  ORDER BY post.due_at, post.id
  LIMIT 1`;

interface PostRow {
  id: number;
  run_id: string;
  system: string;
  ticket_id: string;
  kind: PostKind;
  post_key: string;
  words: string | null;
  state: 'waiting' | 'sent';
  created_at: number;
  failures: number;
  ticket_entry: string | null;
  later: number;
}

const TAKE_TURN = `
  INSERT INTO ticket_turns (system, ticket_id, holder, held_until) VALUES (?, ?, ?, ?)
  ON CONFLICT (system, ticket_id) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until`;

/** Whoever was held up for too long must not write behind the next one's back. */
const HELD_TURN = 'SELECT 1 AS found FROM ticket_turns WHERE system = ? AND ticket_id = ? AND holder = ? AND held_until > ?';
const BEGIN = 'UPDATE ticket_turns SET free_at = ? WHERE system = ? AND ticket_id = ? AND holder = ?';

/** Not where its key is another by now: the text was made for the one that it had. */
const SENT = `UPDATE ticket_posts SET state = 'sent' WHERE id = ? AND post_key = ? AND ended_at IS NULL`;

const GIVE_BACK = 'UPDATE ticket_turns SET holder = NULL, held_until = 0 WHERE system = ? AND ticket_id = ? AND holder = ?';

const WROTE = `
  UPDATE ticket_turns
  SET free_at = ?
  WHERE system = ? AND ticket_id = ? AND free_at > ?`;

const NEW_POST = `
  INSERT INTO ticket_posts (run_id, system, ticket_id, kind, post_key, words, created_at, due_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (run_id, kind, post_key) DO NOTHING`;

const SET_MILESTONE = `
  UPDATE runs
  SET ticket_milestone = ?, ticket_told = ?
  WHERE id = ? AND ticket_told = 0 AND coalesce(ticket_milestone, '') = ?`;

type Ticket = Pick<TicketPost, 'runId' | 'system' | 'ticketId'>;

export class TicketPosts {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Puts the milestones that runs have come to among the posts: of several in the meantime, the last. */
  async noteMilestones(): Promise<void> {
    for (const row of await this.#database.all<UntoldRow>(UNTOLD)) {
      const { ticket } = JSON.parse(row.request) as StoredRequest;
      // Of a step its campaign tells; without a hook nobody knows which system it is, and `standard` has no API.
      if (!ticket?.hook || ticket.system === 'standard' || row.kind === 'step') {
        await this.#database.run('UPDATE runs SET ticket_told = 1 WHERE id = ?', [row.id]);
        continue;
      }
      const milestone = milestoneOf(factsOf(row), row.ticket_milestone ?? undefined);
      if (milestone === undefined || milestone === row.ticket_milestone) continue;
      const of = { runId: row.id, system: ticket.system, ticketId: ticket.id };
      const told = { milestone, before: row.ticket_milestone ?? '', isRecheck: row.parent_id !== null };
      await this.#database.transaction((sql) => noteMilestone(sql, of, told));
    }
  }

  /** Has a sentence written on the run's ticket, once for each `key`. False where no ticket that can be written into has started the run. */
  async say(runId: string, { key, words }: { key: string; words: string }): Promise<boolean> {
    const run = await this.#database.first<{ request: string }>('SELECT request FROM runs WHERE id = ?', [runId]);
    const ticket = run && (JSON.parse(run.request) as StoredRequest).ticket;
    if (!ticket?.hook || ticket.system === 'standard') return false;
    const now = await this.#database.now();
    const text = storableText(words.slice(0, WORDS_LENGTH));
    await this.#database.run(NEW_POST, [runId, ticket.system, ticket.id, 'line', storableText(key), text, now, now]);
    return true;
  }

  /** Takes the turn of the ticket that has the next due post. To be given back by `done`, `again` or `giveUp`. */
  async take(holder: string): Promise<TicketPost | undefined> {
    const now = await this.#database.now();
    // Nearly every look finds nothing, and costs no transaction.
    if (!(await this.#database.first(NEXT, [now, now, now]))) return undefined;
    return this.#database.transaction(async (sql) => {
      const at = await sql.now();
      const row = await sql.first<PostRow>(NEXT, [at, at, at]);
      if (!row) return undefined;
      await sql.run(TAKE_TURN, [row.system, row.ticket_id, holder, at + TURN_MS]);
      return toPost(row);
    });
  }

  /**
   * To be called before the write: from here on the post may be on the ticket. False when the turn is lost, or there is something newer to
   * say: then nothing may be written.
   */
  async begin(post: TicketPost, holder: string): Promise<boolean> {
    return this.#database.transaction(async (sql) => {
      const now = await sql.now();
      const turn = [post.system, post.ticketId, holder];
      if (!(await sql.first(HELD_TURN, [...turn, now]))) return false;
      const changed = await sql.run(SENT, [post.id, post.key]);
      if (changed > 0) await sql.run(BEGIN, [now + WRITE_EVERY_MS + REACHES_WITHIN_MS, ...turn]);
      return changed > 0;
    });
  }

  /** It is on the ticket, or there is nothing to be written. `next`: a further move of the same kind of post. */
  async done(
    post: TicketPost,
    holder: string,
    { entry, next }: { entry?: string | undefined; next?: string | undefined } = {},
  ): Promise<void> {
    await this.#end(post, holder, async (sql, now) => {
      await sql.run(`UPDATE ticket_posts SET state = 'done', ended_at = ?, trouble = NULL WHERE id = ?`, [now, post.id]);
      if (entry !== undefined) await sql.run('UPDATE runs SET ticket_entry = ? WHERE id = ?', [entry, post.runId]);
      if (next !== undefined) await addPost(sql, post, post.kind, next);
    });
  }

  /**
   * To be tried again. `sent`: it may be on the ticket; false where the system has said no, true where nobody knows; undefined: nothing was
   * written by this attempt. `entry`: null where the entry is not there any more.
   */
  async again(
    post: TicketPost,
    holder: string,
    { inMs, trouble, sent, entry }: { inMs: number; trouble: string; sent?: boolean | undefined; entry?: null | undefined },
  ): Promise<void> {
    await this.#end(post, holder, async (sql, now) => {
      await sql.run(
        `UPDATE ticket_posts SET due_at = ?, failures = failures + 1, trouble = ?, state = coalesce(?, state) WHERE id = ? AND ended_at IS NULL`,
        [now + inMs, storableText(trouble.slice(0, TROUBLE_LENGTH)), sent === undefined ? null : sent ? 'sent' : 'waiting', post.id],
      );
      if (entry === null) await sql.run('UPDATE runs SET ticket_entry = NULL WHERE id = ?', [post.runId]);
    });
  }

  /** The system asks to wait: not before that, and no failure. */
  async wait(post: TicketPost, holder: string, inMs: number): Promise<void> {
    await this.#end(post, holder, async (sql, now) => {
      await sql.run('UPDATE ticket_posts SET due_at = ? WHERE id = ? AND ended_at IS NULL', [now + inMs, post.id]);
    });
  }

  async giveUp(post: TicketPost, holder: string, why: string): Promise<void> {
    await this.#end(post, holder, async (sql, now) => {
      await sql.run(`UPDATE ticket_posts SET state = 'given-up', ended_at = ?, trouble = ? WHERE id = ?`, [
        now,
        storableText(why.slice(0, TROUBLE_LENGTH)),
        post.id,
      ]);
      const detail = storableText(`${post.kind} ${post.key} was not written into ticket ${post.ticketId} of ${post.system}: ${why}`);
      await addAudit(sql, post.runId, { action: 'ticket-given-up', detail });
    });
  }

  #end(post: TicketPost, holder: string, change: (sql: Sql, now: number) => Promise<void>): Promise<void> {
    return this.#database.transaction(async (sql) => {
      const now = await sql.now();
      await change(sql, now);
      // What was begun has been answered by now: the next may follow sooner than a write that is still on its way.
      await sql.run(WROTE, [now + WRITE_EVERY_MS, post.system, post.ticketId, now]);
      await sql.run(GIVE_BACK, [post.system, post.ticketId, holder]);
    });
  }
}

/** What was never sent is replaced by what there is to say now; what may be on the ticket keeps its number. */
async function noteMilestone(
  sql: Sql,
  of: Ticket,
  { milestone, before: told, isRecheck }: { milestone: string; before: string; isRecheck: boolean },
): Promise<void> {
  const isLast = LAST_MILESTONES.includes(milestone);
  // Another worker may have noted it since this one looked, or something newer.
  if ((await sql.run(SET_MILESTONE, [milestone, isLast, of.runId, told])) === 0) return;
  const [newest, before] = await sql.all<{ id: number; post_key: string; state: string }>(
    `SELECT id, post_key, state FROM ticket_posts WHERE run_id = ? AND kind = 'status' ORDER BY id DESC LIMIT 2`,
    [of.runId],
  );
  const number = newest ? Number.parseInt(newest.post_key, 10) : 0;
  if (newest?.state !== 'waiting') await addPost(sql, of, 'status', `${number + 1}-${milestone}`);
  // Paused and resumed before the pause was told: the ticket says what is the case already.
  else if (before?.post_key === `${number - 1}-${milestone}`) await sql.run('DELETE FROM ticket_posts WHERE id = ?', [newest.id]);
  else await sql.run('UPDATE ticket_posts SET post_key = ? WHERE id = ?', [`${number}-${milestone}`, newest.id]);
  if (!isLast) return;
  if (milestone === 'finished') await addPost(sql, of, 'report', '0');
  // The ticket's own state belongs to the run that the ticket has started, not to a second look at it.
  if (!isRecheck) await addPost(sql, of, 'move', '0');
}

async function addPost(sql: Sql, { runId, system, ticketId }: Ticket, kind: PostKind, key: string): Promise<void> {
  const now = await sql.now();
  await sql.run(NEW_POST, [runId, system, ticketId, kind, key, undefined, now, now]);
}

function factsOf({ phase, paused, finished_at, reported, waves }: UntoldRow) {
  return {
    phase,
    paused: paused === 1,
    ended: finished_at === null ? undefined : reported === 1 ? ('reported' as const) : ('refused' as const),
    waves: (JSON.parse(waves) as [number, WaveStatus][]).map(([no, status]) => ({ no, status })).sort((a, b) => a.no - b.no),
  };
}

function toPost(row: PostRow): TicketPost {
  return {
    id: row.id,
    runId: row.run_id,
    system: row.system,
    ticketId: row.ticket_id,
    kind: row.kind,
    key: row.post_key,
    words: row.words ?? undefined,
    mayBeThere: row.state === 'sent',
    isOvertaken: row.kind === 'status' && row.later > 0,
    entry: row.ticket_entry ?? undefined,
    createdAt: row.created_at,
    failures: row.failures,
  };
}
