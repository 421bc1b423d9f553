// Puts the log beside the ledger's file on the disk, off this thread, for many transactions at once (decision 020). SQLite writes a commit
// to the log in one stroke and in order, so a sync that begins afterwards covers it and everything before it.
import { closeSync, fdatasync, fstatSync, openSync, statSync } from 'node:fs';
import { promisify } from 'node:util';
import { LedgerUnusable } from '../sql/database.js';

const datasync = promisify(fdatasync);

/** The log as the disk has it. Tests put another in its place. */
export interface LogFile {
  sync(): Promise<void>;
  /** False where SQLite writes to a file that has no name any more. */
  isInPlace(): boolean;
  close(): void;
}

/**
 * Opened once, and kept: a file opened later is not told of what could not be written before. Nothing else of the ledger may be opened
 * here: to close it would drop the locks that SQLite holds on it in this process. It takes none on the log.
 */
export function openLog(path: string): LogFile {
  const log = `${path}-wal`;
  const descriptor = openSync(log, 'r+');
  const { dev, ino } = fstatSync(descriptor);
  return {
    sync: () => datasync(descriptor),
    isInPlace() {
      const stats = statSync(log, { throwIfNoEntry: false });
      return stats?.dev === dev && stats.ino === ino;
    },
    close: () => closeSync(descriptor),
  };
}

export class LogSync {
  readonly #log: LogFile;
  /** Commits are counted; so far they were made, and so far they are on the disk. */
  #made = 0;
  #synced = 0;
  #underWay: Promise<void> | undefined;
  #failure: LedgerUnusable | undefined;
  #isClosed = false;

  constructor(log: LogFile) {
    this.#log = log;
  }

  /** Something was committed that is not known to be on the disk. What has to be there for it to be told. */
  made(): number {
    this.#made += 1;
    return this.#made;
  }

  /** What has to be on the disk for anything to be told that was read just now. */
  get latest(): number {
    return this.#made;
  }

  hasReached(point: number): boolean {
    return this.#synced >= point;
  }

  /** Why nothing is on the disk any more. */
  get failure(): LedgerUnusable | undefined {
    return this.#failure;
  }

  /** Resolves when so much is on the disk. At most one sync is under way, and one waits, for all that were made meanwhile. */
  async reach(point: number): Promise<void> {
    while (this.#synced < point) {
      if (this.#failure) throw this.#failure;
      this.#underWay ??= this.#sync().finally(() => {
        this.#underWay = undefined;
      });
      await this.#underWay;
    }
  }

  /** Waits for what is under way, and for what was made and nobody waits for. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      if (!this.#failure) await this.reach(this.#made);
    } finally {
      this.#log.close();
    }
  }

  async #sync(): Promise<void> {
    const point = this.#made;
    try {
      if (!this.#log.isInPlace()) throw new Error('its log was removed or replaced');
      await this.#log.sync();
      this.#synced = point;
    } catch (error) {
      // The system may have dropped what it could not write, and say nothing of it the next time: no later sync proves anything.
      this.#failure = new LedgerUnusable(
        `The disk did not keep what was written to the ledger (${error instanceof Error ? error.message : String(error)}). ` +
          'Nothing more is written to it by this process. See to the disk, then start it again.',
      );
      throw this.#failure;
    }
  }
}
