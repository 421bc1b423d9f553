// A disk that does what a test tells it: the ledger's log is written by SQLite as ever, and synced when the test says so.
import { readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { LogFile } from '../../../src/ledger/sqlite/log-sync.js';

export interface ManualDisk {
  open(path: string): LogFile;
  /** How many syncs were asked for so far. */
  asked(): number;
  /** Lets the sync that is under way end. */
  finish(): void;
  fail(code: string): void;
  /** Lets every sync end until it holds. */
  until(holds: () => boolean | Promise<boolean>): Promise<void>;
  /** The same until this is answered. */
  through<T>(asked: Promise<T>): Promise<T>;
  /** The log as it was when the latest sync that ended had begun: what a power cut leaves at least. */
  kept(): Buffer;
  /** The file has another name, or none. */
  isGone: boolean;
}

export function manualDisk(): ManualDisk {
  let underWay: PromiseWithResolvers | undefined;
  let [asked, kept] = [0, Buffer.alloc(0)];
  const ended = (): PromiseWithResolvers => {
    if (!underWay) throw new Error('No sync is under way.');
    const ending = underWay;
    underWay = undefined;
    return ending;
  };
  const disk: ManualDisk = {
    isGone: false,
    open: (path) => ({
      isInPlace: () => !disk.isGone,
      close: () => undefined,
      async sync() {
        if (underWay) throw new Error('Two syncs at once.');
        asked += 1;
        const written = readFileSync(`${path}-wal`);
        underWay = withResolvers();
        await underWay.promise;
        kept = written;
      },
    }),
    asked: () => asked,
    finish: () => ended().resolve(),
    fail: (code) => ended().reject(Object.assign(new Error(`${code}: i/o error, fdatasync`), { code })),
    async until(holds) {
      while (!(await holds())) {
        if (underWay) disk.finish();
        // What follows from it needs no other disk, only its turns.
        for (let turns = 0; turns < 20; turns += 1) await turn();
      }
    },
    async through(asked) {
      let isAnswered = false;
      const answer = (): void => {
        isAnswered = true;
      };
      asked.then(answer, answer);
      await disk.until(() => isAnswered);
      return asked;
    },
    kept: () => kept,
  };
  return disk;
}

interface PromiseWithResolvers {
  promise: Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

function withResolvers(): PromiseWithResolvers {
  let [resolve, reject]: [() => void, (error: Error) => void] = [() => undefined, () => undefined];
  const promise = new Promise<void>((...given) => {
    [resolve, reject] = given;
  });
  return { promise, resolve, reject };
}
