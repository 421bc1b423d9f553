import { closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import SqliteDatabase from 'libsql';
import { type Database, LedgerUnusable, type Sql, type SqlParameter, type SqlValue, type TransactionOptions } from '../sql/database.js';
import { rendered } from '../sql/dialect.js';
import { bound, mayWrite, namesItsColumns, parameterCount } from './bound.js';
import { LedgerClock, MACHINE_CLOCKS } from './clock.js';
import { type LogFile, LogSync, openLog } from './log-sync.js';

/** How long a statement waits for another connection's write transaction before it fails. */
const BUSY_TIMEOUT_MS = 10_000;
/** How much of that it waits inside SQLite, where it stops the whole process, and the transaction it waits for may be our own. */
const BLOCKING_MS = 20;
const LONGEST_PAUSE_MS = 25;
const STATEMENTS_KEPT = 200;
/**
 * The assets of one tag lie all over a large cohort: with SQLite's 2 MB a transaction on 1,000 of them would not fit, and read its pages
 * twice.
 */
const CACHE_KIB = 16_384;
/**
 * Pages of the log, 32 MB, after which it is folded in: folded at SQLite's 1,000, each such transaction would write all it changes twice.
 */
const PAGES_A_CHECKPOINT = 8_000;
/**
 * SQLite works within the calling thread: without a turn now and then, work on a million rows would keep heartbeats from being sent, and
 * what the disk has said of earlier work from being heard.
 */
const LONGEST_HOLD_MS = 5;

export interface SqliteOptions {
  path: string;
  /** Create the file when it is missing. Worker and server do, the command line never does. */
  create: boolean;
  clock?: LedgerClock | undefined;
  /** Another clock, epoch milliseconds: for a ledger of one process that lives in rehearsed time. */
  now?: (() => number) | undefined;
  /** False for a ledger that is thrown away: a power cut may then cost its last commits. */
  durable?: boolean | undefined;
  /** Opens the log of the ledger at a path: another disk than this machine's, for tests. */
  log?: ((path: string) => LogFile) | undefined;
}

/** Opens an SQLite file on local disk with the pragmas that the safety of `execute` rests on. Throws `LedgerUnusable`. */
export function openSqlite(options: SqliteOptions): Database {
  const { path, create, clock = new LedgerClock(MACHINE_CLOCKS), now, durable = true, log = openLog } = options;
  if (!existsSync(path)) {
    if (!create) throw new LedgerUnusable(`No ledger at ${path}. Start a worker, which creates it, or set OVERHAUL_DATABASE_URL.`);
    createPrivateFile(path);
  }
  try {
    return new Sqlite(openingSameFile(path, durable), { keepsFile: create, clock, now, openLog: durable ? () => log(path) : undefined });
  } catch (error) {
    throw new LedgerUnusable(
      `Cannot read the ledger at ${path} (${error instanceof Error ? error.message : String(error)}). ` +
        'Restore it from a backup. If you move it away, a new ledger starts empty and leaves the runs of the old one alone.',
    );
  }
}

interface SameFile {
  connect(): Connection;
  /** An open file keeps its number, so no other has it. */
  isInPlace(): boolean;
  /** Throws where it is not: libsql would create a file that is gone, and a backup put in its place is another ledger. */
  check(): void;
}

/** The file that is there now. */
function openingSameFile(path: string, durable: boolean): SameFile {
  const opened = fileId(path);
  const isInPlace = (): boolean => fileId(path) === opened;
  const check = (): void => {
    if (!isInPlace()) throw new LedgerUnusable(`The ledger at ${path} was moved or replaced while it was open.`);
  };
  return {
    isInPlace,
    check,
    connect() {
      check();
      return connect(path, durable);
    },
  };
}

function fileId(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats && `${stats.dev}/${stats.ino}`;
}

function connect(path: string, durable: boolean): Connection {
  const connection = new SqliteDatabase(path, { timeout: BUSY_TIMEOUT_MS });
  connection.pragma('journal_mode = WAL');
  // An intent that a power cut could undo would let a script be sent twice, so every commit reaches the disk before it is told: by us
  // (log-sync.ts), as SQLite would have this thread wait for the disk. NORMAL syncs what a commit rests on: the log's head, and checkpoints.
  connection.pragma(`synchronous = ${durable ? 'NORMAL' : 'OFF'}`);
  connection.pragma('foreign_keys = ON');
  connection.pragma(`cache_size = -${CACHE_KIB}`);
  connection.pragma(`wal_autocheckpoint = ${PAGES_A_CHECKPOINT}`);
  connection.prepare('SELECT count(*) AS tables FROM sqlite_master').all([]);
  connection.pragma(`busy_timeout = ${BLOCKING_MS}`);
  return connection;
}

/** Mode 0600 from the first moment: script output can hold anything. */
function createPrivateFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, 'a', 0o600));
  } catch (error) {
    throw new LedgerUnusable(`Cannot create the ledger at ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

type Connection = InstanceType<typeof SqliteDatabase>;

interface Statement {
  prepared: ReturnType<Connection['prepare']>;
  parameters: number;
  /** It answers with rows. */
  isReader: boolean;
  mayWrite: boolean;
  /** Where its text alone says what its columns are: its rows come as lists, in a third of the time. */
  columns: readonly string[] | undefined;
}

interface SqliteParts {
  /** It folds the log into its file when it opens and closes: it is no reader, and none that is gone in a moment. */
  keepsFile: boolean;
  clock: LedgerClock;
  now: SqliteOptions['now'];
  openLog: (() => LogFile) | undefined;
}

class Sqlite implements Database {
  #connection: Connection;
  readonly #statements = new Map<string, Statement>();
  #changesOfOthers: ReturnType<Connection['prepare']>;
  /** How much work waits for its turn, or has it. */
  #pending = 0;
  /** The tail of the queue: a transaction spans awaits, and a statement of other work must not slip into it. */
  #tail: Promise<unknown> = Promise.resolve();
  /** When the event loop had its latest turn between two pieces of work. */
  #turnedAt = 0;
  readonly #direct: Sql;

  readonly #file: SameFile;
  readonly #keepsFile: boolean;
  readonly #clock: LedgerClock;
  readonly #otherClock: (() => number) | undefined;
  /** Undefined where nothing has to reach the disk. */
  readonly #log: LogSync | undefined;
  /** SQLite's number of the changes that other connections made. */
  #otherChanges: number | undefined;
  #hasWritten = false;

  constructor(file: SameFile, { keepsFile, clock, now, openLog }: SqliteParts) {
    this.#file = file;
    this.#connection = file.connect();
    this.#changesOfOthers = changesOfOthers(this.#connection);
    this.#keepsFile = keepsFile;
    this.#clock = clock;
    this.#otherClock = now;
    // What a process left behind whose disk had failed it may be in memory alone, and is written again, into the file.
    if (keepsFile) this.#fold('PASSIVE');
    this.#log = openLog && new LogSync(openLog());
    this.#direct = {
      all: async <Row>(sql: string, parameters: readonly SqlParameter[] = []) => this.#all<Row>(sql, parameters),
      first: async <Row>(sql: string, parameters: readonly SqlParameter[] = []) => this.#first<Row>(sql, parameters),
      run: async (sql, parameters = []) => this.#run(sql, parameters),
      now: async () => this.#now(),
      wall: async () => this.#wall(),
    };
  }

  all<Row>(sql: string, parameters: readonly SqlParameter[] = []): Promise<Row[]> {
    return this.#readNow(sql, () => this.#all<Row>(sql, parameters)) ?? this.#alone(sql, (direct) => direct.all<Row>(sql, parameters));
  }

  first<Row>(sql: string, parameters: readonly SqlParameter[] = []): Promise<Row | undefined> {
    return this.#readNow(sql, () => this.#first<Row>(sql, parameters)) ?? this.#alone(sql, (direct) => direct.first<Row>(sql, parameters));
  }

  run(sql: string, parameters?: readonly SqlParameter[]): Promise<number> {
    return this.#alone(sql, (direct) => direct.run(sql, parameters));
  }

  now(): Promise<number> {
    return this.#enqueue(() => this.#direct.now());
  }

  async wall(): Promise<number> {
    return this.#wall();
  }

  isInPlace(): boolean {
    return !this.#log?.failure && this.#file.isInPlace();
  }

  transaction<T>(work: (sql: Sql) => Promise<T>, { durable = true }: TransactionOptions = {}): Promise<T> {
    return this.#onDisk(() => this.#inTransaction(work), durable);
  }

  /**
   * One statement by itself. A prepared write that times out waiting for another connection's lock stays open in libsql 0.5.29, and every
   * later COMMIT of this connection fails: so nothing but a BEGIN, which leaves nothing open, ever waits for that lock.
   */
  #alone<T>(sql: string, statement: (direct: Sql) => Promise<T>): Promise<T> {
    return this.#onDisk(() => (mayWrite(sql) ? this.#inTransaction(statement) : this.#read(statement)));
  }

  /**
   * What only reads, while nothing waits for its turn, which is most of what is read: without the dozen promises of a turn. Undefined where
   * it has to wait for one, or did not go through.
   */
  #readNow<T>(sql: string, read: () => T): Promise<T> | undefined {
    if (this.#pending > 0 || this.#isDue() || this.#log?.failure || (this.#statements.get(sql)?.mayWrite ?? true)) return undefined;
    let found: T;
    try {
      found = read();
    } catch {
      return undefined;
    }
    const point = this.#pointToTell();
    return this.#log?.hasReached(point) === false ? this.#log.reach(point).then(() => found) : Promise.resolve(found);
  }

  /** What has to be on the disk for that to be told which was read just now. */
  #pointToTell(): number {
    if (!this.#log) return 0;
    return this.#othersChanged() ? this.#log.made() : this.#log.latest;
  }

  /**
   * Nothing is told that a power cut could undo: neither what was written, nor what was read of others' work, nor an error, which tells
   * something as well. The next work does not wait for that.
   */
  async #onDisk<T>(work: () => Promise<T>, durable = true): Promise<T> {
    const log = this.#log;
    if (!log) return this.#enqueue(work);
    let point = 0;
    try {
      return await this.#enqueue(async () => {
        if (log.failure) throw log.failure;
        const before = log.latest;
        try {
          return await work();
        } finally {
          // What others wrote before its own commit lies before that in the log. What they wrote since is asked for by the next that reads.
          const hasCommitted = log.latest > before && this.#otherChanges !== undefined;
          point = hasCommitted ? log.latest : this.#pointToTell();
        }
      });
    } finally {
      const reached = log.reach(point);
      // Somebody else is told why.
      if (durable) await reached;
      else reached.catch(() => undefined);
    }
  }

  /** Since this was asked last: what they committed may not be on the disk yet. */
  #othersChanged(): boolean {
    const before = this.#otherChanges;
    try {
      [this.#otherChanges] = this.#changesOfOthers.get([]) as [number];
    } catch {
      this.#otherChanges = undefined;
    }
    return this.#otherChanges === undefined || this.#otherChanges !== before;
  }

  async #read<T>(statement: (direct: Sql) => Promise<T>): Promise<T> {
    try {
      return await patiently(() => statement(this.#direct));
    } catch (error) {
      // A reading that broke off in the middle would keep its view of the database for good.
      if (isOfSqlite(error)) this.#reconnect();
      throw error;
    }
  }

  async #inTransaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    this.#file.check();
    if (this.#connection.inTransaction) this.#rollBack();
    // IMMEDIATE takes the write lock first: a transaction that reads and then writes could otherwise decide on a stale read.
    await patiently(async () => this.#connection.exec('BEGIN IMMEDIATE'));
    let isWorkDone = false;
    this.#hasWritten = false;
    try {
      this.#clock.share({ all: (sql, parameters) => this.#all(sql, parameters), run: (sql, parameters) => this.#run(sql, parameters) });
      const result = await work(this.#direct);
      isWorkDone = true;
      this.#connection.exec('COMMIT');
      if (this.#hasWritten) this.#log?.made();
      return result;
    } catch (error) {
      this.#rollBack();
      // Whatever kept this commit from going through would keep every later one.
      if (isWorkDone || isBusy(error)) this.#reconnect();
      throw error;
    }
  }

  /** Another connection in place of this one: a statement that was left open in the old one holds it back no longer. */
  #reconnect(): void {
    const old = this.#connection;
    // Still inside of a transaction it holds the write lock, for which the new one would wait forever.
    if (old.inTransaction) return;
    try {
      this.#connection = this.#file.connect();
      this.#changesOfOthers = changesOfOthers(this.#connection);
      this.#otherChanges = undefined;
      this.#statements.clear();
      old.close();
    } catch {
      // The file cannot be opened just now: the old connection may serve yet, and says why if it does not.
    }
  }

  close(): Promise<void> {
    return this.#enqueue(async () => {
      this.#statements.clear();
      try {
        await this.#log?.close();
        // The log beside another file is that file's. libsql leaves it there: a copy of the file alone would be an older ledger.
        if (this.#keepsFile && this.isInPlace()) this.#fold('TRUNCATE');
      } finally {
        this.#connection.close();
      }
    });
  }

  #fold(how: 'PASSIVE' | 'TRUNCATE'): void {
    try {
      this.#connection.pragma(`wal_checkpoint(${how})`);
    } catch (error) {
      // Another process is writing: it will fold the log when it closes. What is written is in the log anyway.
      if (how === 'PASSIVE' && !isBusy(error)) throw error;
    }
  }

  #rollBack(): void {
    try {
      this.#connection.exec('ROLLBACK');
    } catch {
      // SQLite has rolled back by itself (disk full, I/O error): the first error tells why.
    }
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    this.#pending += 1;
    const result = this.#tail
      .then(() => this.#letOthersRun())
      .then(work)
      .finally(() => {
        this.#pending -= 1;
      });
    this.#tail = result.catch(() => undefined);
    return result;
  }

  #isDue(): boolean {
    return performance.now() - this.#turnedAt >= LONGEST_HOLD_MS;
  }

  async #letOthersRun(): Promise<void> {
    if (!this.#isDue()) return;
    await turn();
    this.#turnedAt = performance.now();
  }

  #all<Row>(sql: string, parameters: readonly SqlParameter[]): Row[] {
    const statement = this.#statement(sql);
    this.#hasWritten ||= statement.mayWrite;
    const rows = statement.prepared.all(bound(parameters, statement.parameters));
    const { columns } = statement;
    return (columns ? rows.map((row) => named(columns, row as SqlValue[])) : rows) as Row[];
  }

  #first<Row>(sql: string, parameters: readonly SqlParameter[]): Row | undefined {
    const statement = this.#statement(sql);
    const { columns } = statement;
    // Of a statement that writes every row is asked for, as libsql would stop at its first one, and never commit it.
    if (!columns || statement.mayWrite) return this.#all<Row>(sql, parameters)[0];
    const row = statement.prepared.get(bound(parameters, statement.parameters)) as SqlValue[] | undefined;
    return row && (named(columns, row) as Row);
  }

  #run(sql: string, parameters: readonly SqlParameter[]): number {
    const statement = this.#statement(sql);
    // libsql would stop at its first row, leave it open, and never commit it.
    if (statement.isReader) throw new TypeError('This statement returns rows: use all or first.');
    this.#hasWritten ||= statement.mayWrite;
    return statement.prepared.run(bound(parameters, statement.parameters)).changes;
  }

  #now(): number {
    return this.#otherClock?.() ?? this.#clock.now();
  }

  #wall(): number {
    return this.#otherClock?.() ?? this.#clock.wall();
  }

  #statement(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      if (this.#statements.size >= STATEMENTS_KEPT) this.#statements.clear();
      const words = rendered(sql, 'sqlite');
      const prepared = this.#connection.prepare(words);
      const columns = prepared.reader && namesItsColumns(words) ? prepared.columns().map(({ name }) => name) : undefined;
      if (columns) prepared.raw();
      statement = { prepared, parameters: parameterCount(words), isReader: prepared.reader, mayWrite: mayWrite(words), columns };
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** A row of one number. */
function changesOfOthers(connection: Connection): ReturnType<Connection['prepare']> {
  return connection.prepare('PRAGMA data_version').raw();
}

function named(columns: readonly string[], values: readonly SqlValue[]): Record<string, SqlValue> {
  const row: Record<string, SqlValue> = {};
  for (const [index, column] of columns.entries()) row[column] = values[index] ?? null;
  return row;
}

/** Tries again while another connection holds the write lock. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  const until = performance.now() + BUSY_TIMEOUT_MS;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= until) throw error;
      await pause(pauseMs);
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && /database is locked|SQLITE_BUSY/i.test(`${'code' in error ? error.code : ''} ${error.message}`);
}

function isOfSqlite(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_');
}
