// A ticket that has started a run may have lost its approval since: before the first execution it was read again, within the minute, and
// was approved. What has been executed once is not asked about again.
import type { RunRow } from '../rows/run.js';
import type { Database, Sql } from '../sql/database.js';
import { leastOf } from '../sql/dialect.js';

/** As long as tags are: whoever withdraws an approval later than this before the first send finds it sent. */
const TRUSTED_MS = 60_000;

/** `spent`: it was sent, or may have been. */
const SENT = 'SELECT 1 FROM sends WHERE run_id IN (?, ?) AND spent = 1 LIMIT 1';
const SENT_BY_STEPS = `
  SELECT 1
  FROM runs
  JOIN sends ON sends.run_id = runs.id
  WHERE runs.campaign_id IN (?, ?) AND sends.spent = 1
  LIMIT 1`;

/** Of the future, by a clock that was set back, it counts from now on. */
const GONE = `
  UPDATE runs
  SET ticket_gone_since = ${leastOf('coalesce(ticket_gone_since, ?)', '?')}
  WHERE id = ?
  RETURNING ticket_gone_since AS since`;

/** Why the ticket has to be read before anything is sent; undefined where none has started the run, or its reading is good. */
export async function whyTicketUnread(sql: Sql, run: RunRow, now: number): Promise<string | undefined> {
  if (!isTicketRead(run)) return undefined;
  const at = run.ticketCheckedAt;
  // A reading of the future is one by a clock that was set back: nobody knows its age.
  if (at !== undefined && at <= now && now - at < TRUSTED_MS) return undefined;
  return (await hasSent(sql, run)) ? undefined : 'the ticket must be read again before the first execution';
}

async function hasSent(sql: Sql, run: RunRow): Promise<boolean> {
  // What follows from a run goes by what the run was allowed; a retry is an order of its own, given when the ticket may say something else.
  const isRetry = run.parentId !== undefined && run.id.startsWith(`${run.parentId}/retry-`);
  const parent = isRetry ? run.id : (run.parentId ?? run.id);
  if (await sql.first(SENT, [run.id, parent])) return true;
  return (await sql.first(SENT_BY_STEPS, [run.campaign?.id ?? run.id, parent])) !== undefined;
}

/** A hook has started it, and the system of the ticket has an API. Only the configuration knows whether the hook names it. */
function isTicketRead({ request: { ticket } }: RunRow): boolean {
  return ticket?.hook !== undefined && ticket.system !== 'standard';
}

export class TicketReadings {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Why the ticket has to be read before anything is sent or scheduled for the run. */
  async whyUnread(run: RunRow): Promise<string | undefined> {
    return whyTicketUnread(this.#database, run, await this.#database.now());
  }

  /** Whether anything of the run was executed, or may have been. */
  hasSent(run: RunRow): Promise<boolean> {
    return hasSent(this.#database, run);
  }

  /** To be called before the ticket is asked for: its age counts from here. */
  begin(): Promise<number> {
    return this.#database.now();
  }

  /**
   * The ticket was approved, or its hook names no system to read it from. The last word counts, also where its clock was set back: one of
   * the future would never be good.
   */
  async end(runId: string, at: number): Promise<void> {
    await this.#database.run('UPDATE runs SET ticket_checked_at = ?, ticket_gone_since = NULL WHERE id = ?', [at, runId]);
  }

  /** There is no such ticket, by its system. Returns for how many milliseconds it has been saying so. */
  async gone(runId: string, at: number): Promise<number> {
    const [row] = await this.#database.all<{ since: number }>(GONE, [at, at, runId]);
    return row ? at - row.since : 0;
  }
}
