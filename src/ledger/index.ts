import { CheckIns } from './campaigns/check-ins.js';
import { Campaigns } from './campaigns/registry.js';
import { Cohort } from './cohort/freeze.js';
import { Executions } from './executions/registry.js';
import { Scripts } from './executions/scripts.js';
import { TrailVotes } from './executions/trail-votes.js';
import { Verdicts } from './executions/verdicts.js';
import { type CallCaps, CallLog } from './limits/call-log.js';
import { LedgerServerClock } from './limits/server-clock.js';
import { ScriptReadings } from './policy/script-reading.js';
import { TicketReadings } from './policy/ticket-reading.js';
import { Policies } from './policy/versions.js';
import { Reader } from './reads/reader.js';
import { Audit } from './rows/audit.js';
import { Copies } from './rows/copies.js';
import { AuthenticatedOrders } from './runs/authenticated-orders.js';
import { KillSwitch } from './runs/kill-switch.js';
import { NeverTouchLists } from './runs/never-touch-lists.js';
import { Orders } from './runs/orders.js';
import { Outputs } from './runs/outputs.js';
import { Runs } from './runs/registry.js';
import { Schedules } from './runs/schedules.js';
import { StaleLedger } from './snapshots/stale-ledger.js';
import type { Database } from './sql/database.js';
import type { NameIndex } from './sql/name-index.js';
import { type Clocks, LedgerClock, MACHINE_CLOCKS } from './sqlite/clock.js';
import { openSqlite, type SqliteOptions } from './sqlite/driver.js';
import { SqliteNameIndex } from './sqlite/name-index.js';
import { prepareTables, readIdentity } from './sqlite/tables.js';
import { Planned } from './tags/planned.js';
import { TicketRuns } from './tickets/authorised.js';
import { TicketPosts } from './tickets/posts.js';

/** The database of outcomes: what was approved, what was sent, what came of it, and what was spent. */
export interface Ledger {
  /** Drawn once when the ledger was created: the activities' task queue carries it. */
  readonly id: string;
  readonly runs: Runs;
  readonly cohort: Cohort;
  readonly copies: Copies;
  readonly campaigns: Campaigns;
  readonly checkIns: CheckIns;
  readonly planned: Planned;
  readonly policies: Policies;
  readonly neverTouch: NeverTouchLists;
  readonly executions: Executions;
  readonly verdicts: Verdicts;
  readonly trailVotes: TrailVotes;
  readonly outputs: Outputs;
  readonly scripts: Scripts;
  readonly scriptReadings: ScriptReadings;
  readonly ticketReadings: TicketReadings;
  readonly ticketPosts: TicketPosts;
  readonly ticketRuns: TicketRuns;
  readonly schedules: Schedules;
  readonly orders: Orders;
  readonly authenticatedOrders: AuthenticatedOrders;
  readonly staleness: StaleLedger;
  readonly audit: Audit;
  readonly killSwitch: KillSwitch;
  readonly calls: CallLog;
  readonly serverClock: LedgerServerClock;
  readonly reader: Reader;
  readonly names: NameIndex;
  readonly database: Database;
  /** False once its file was moved, or another was put in its place. */
  isInPlace(): boolean;
  close(): Promise<void>;
}

export interface LedgerOptions {
  /** `sqlite:/path/to/ledger.db`. */
  url: string;
  /** Worker and server create the ledger, the command line never does. */
  create: boolean;
  caps: CallCaps;
  /** For rehearsals: see `SqliteOptions`. */
  now?: (() => number) | undefined;
  durable?: boolean | undefined;
  log?: SqliteOptions['log'];
  /** The clocks of another machine than this: for tests of clocks that are set. */
  clocks?: Clocks | undefined;
}

/** Opens the ledger. Throws `LedgerUnusable` with a sentence that says what to do. */
export async function openLedger({ url, create, caps, now, durable, log, clocks = MACHINE_CLOCKS }: LedgerOptions): Promise<Ledger> {
  const clock = new LedgerClock(clocks);
  const database = openSqlite({ path: sqlitePath(url), create, clock, now, durable, log });
  try {
    const id = create ? await prepareTables(database) : await readIdentity(database);
    await clock.start(database);
    return ledgerOver(database, id, { caps, names: new SqliteNameIndex(database) });
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** The file of an `sqlite:` URL. */
export function sqlitePath(url: string): string {
  return url.replace(/^sqlite:(\/\/(?=\/))?/, '');
}

function ledgerOver(database: Database, id: string, { caps, names }: { caps: CallCaps; names: NameIndex }): Ledger {
  return {
    id,
    runs: new Runs(database),
    cohort: new Cohort(database),
    copies: new Copies(database),
    campaigns: new Campaigns(database),
    checkIns: new CheckIns(database),
    planned: new Planned(database),
    policies: new Policies(database),
    neverTouch: new NeverTouchLists(database),
    executions: new Executions(database),
    verdicts: new Verdicts(database),
    trailVotes: new TrailVotes(database),
    outputs: new Outputs(database),
    scripts: new Scripts(database),
    scriptReadings: new ScriptReadings(database),
    ticketReadings: new TicketReadings(database),
    ticketPosts: new TicketPosts(database),
    ticketRuns: new TicketRuns(database),
    schedules: new Schedules(database),
    orders: new Orders(database),
    authenticatedOrders: new AuthenticatedOrders(database),
    staleness: new StaleLedger(database),
    audit: new Audit(database),
    killSwitch: new KillSwitch(database),
    calls: new CallLog(database, caps),
    serverClock: new LedgerServerClock(database),
    reader: new Reader(database, names),
    names,
    database,
    isInPlace: () => database.isInPlace(),
    close: () => database.close(),
  };
}
