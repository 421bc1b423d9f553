import { uptime } from 'node:os';
import {
  afterReading,
  type ClockOffset,
  type ClockTriple,
  isSameOffset,
  NO_OFFSET,
  offsetAt,
  type SteadyClock,
  startClock,
} from '../../domain/clock/steady.js';
import type { Sql, SqlParameter } from '../sql/database.js';

export interface Clocks {
  wall(): number;
  monotonic(): number;
  uptime(): number;
}

/** The connection in the middle of a transaction, to be used at once. */
export interface ClockStore {
  all<Row>(sql: string, parameters: readonly SqlParameter[]): Row[];
  run(sql: string, parameters: readonly SqlParameter[]): number;
}

interface StoredClock extends ClockOffset {
  mark: number;
}

/** How often the row that all processes share is read and written. */
const SHARED_EVERY_MS = 1_000;
const MARKED_EVERY_MS = 5_000;
const NEVER_STORED: StoredClock = { ...NO_OFFSET, mark: 0 };
const READ = 'SELECT offset_ms AS ms, since, mark FROM ledger_clock WHERE id = 1';

// Taken when the module is loaded: a test that puts another Date in its place has its own clock in mind, not the ledger's.
const dateNow = Date.now.bind(Date);
const performanceNow = performance.now.bind(performance);
/** SQLite runs inside of this process, so the database's clock is this machine's. */
export const MACHINE_CLOCKS: Clocks = { wall: dateNow, monotonic: performanceNow, uptime: () => uptime() * 1_000 };

/** The clock of a ledger in this process: domain/clock/steady.ts decides, the ledger keeps what its processes have to agree on. */
export class LedgerClock {
  readonly #clocks: Clocks;
  #steady: SteadyClock | undefined;
  /** What the ledger was last seen to say. */
  #known: ClockOffset = NO_OFFSET;
  #sharedAt = Number.NEGATIVE_INFINITY;

  constructor(clocks: Clocks) {
    this.#clocks = clocks;
  }

  /** The machine's own clock, however it was set. */
  wall(): number {
    return this.#clocks.wall();
  }

  now(): number {
    const steady = this.#steady;
    if (!steady) return Math.floor(this.#clocks.wall());
    const [wall, monotonic] = [this.#clocks.wall(), this.#clocks.monotonic()];
    const { base } = steady;
    // Uptime is a file to read: only now and then, and where the other two do not agree.
    const isQuiet =
      monotonic - base.monotonic < SHARED_EVERY_MS && Math.abs(wall - base.wall - (monotonic - base.monotonic)) < SHARED_EVERY_MS;
    if (isQuiet) steady.highest = Math.max(steady.highest, wall + offsetAt(steady.offset, wall));
    else this.#steady = afterReading(steady, { wall, monotonic, uptime: this.#clocks.uptime() });
    return Math.floor((this.#steady ?? steady).highest);
  }

  /** From here on the clock is what the ledger's other processes have, and goes on from where the last of them left it. */
  async start(sql: Pick<Sql, 'first'>): Promise<void> {
    const { mark, ...offset } = (await sql.first<StoredClock>(READ)) ?? NEVER_STORED;
    this.#known = offset;
    this.#steady = startClock(this.#read(), { offset, mark });
  }

  /** To be called in every transaction that writes: it costs a look at one row a second. */
  share(store: ClockStore): void {
    const now = this.now();
    const steady = this.#steady;
    if (!steady) return;
    const isNews = !isSameOffset(steady.offset, this.#known);
    if (!isNews && steady.base.monotonic - this.#sharedAt < SHARED_EVERY_MS) return;
    this.#sharedAt = steady.base.monotonic;
    const { mark, ...stored } = store.all<StoredClock>(READ, [])[0] ?? NEVER_STORED;
    // Another process has noticed first, or its start has taken the machine's clock over: one of them is enough.
    if (!isSameOffset(stored, this.#known)) steady.offset = stored;
    else if (isNews) store.run('UPDATE ledger_clock SET offset_ms = ?, since = ? WHERE id = 1', [steady.offset.ms, steady.offset.since]);
    // What was just written is known once it is read again: the transaction may yet be rolled back.
    this.#known = stored;
    if (now - mark >= MARKED_EVERY_MS) store.run('UPDATE ledger_clock SET mark = ? WHERE id = 1', [now]);
  }

  #read(): ClockTriple {
    return { wall: this.#clocks.wall(), monotonic: this.#clocks.monotonic(), uptime: this.#clocks.uptime() };
  }
}
