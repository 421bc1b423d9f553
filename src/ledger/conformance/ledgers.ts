// What a ledger promises, whatever database it stands on: the suites of this folder ask it by its interface alone, and know no SQL. A kind
// of ledger proves itself by running all of them (src/ledger/sqlite/conformance/ does).
import { afterEach, describe } from '@jest/globals';
import type { Ledger, LedgerOptions } from '../index.js';
import type { CallCaps } from '../limits/call-log.js';
import type { Clocks } from '../sqlite/clock.js';

/** Ledgers on one kind of database. */
export interface LedgerKind {
  name: string;
  /** Makes a database for one ledger; returns its URL. `bare`: without the tables, which whoever opens it first has to make. */
  make(options?: { bare?: boolean }): Promise<string>;
  /** Opens it: a second time beside the first is another connection, after the first was closed it is a restart. */
  open(options: LedgerOptions): Promise<Ledger>;
  /** A database of its own with all that this one holds now: a backup that is put back. */
  copy(url: string): Promise<string>;
  /** What has to hold in its tables at any time, looked at behind each test. Throws where it does not. */
  check?(ledger: Ledger): Promise<void>;
  /** Removes all that was made. */
  drop(): Promise<void>;
}

export interface LedgerSettings {
  caps?: CallCaps | undefined;
  /** The clocks of the machine that opens it. */
  clocks?: Clocks | undefined;
  /** False where hundreds of ledgers need not wait for the disk. */
  durable?: boolean | undefined;
}

export type OpenedLedger = Ledger & { readonly url: string };

/** The ledgers of a test. All are closed and dropped behind it. */
export interface Ledgers {
  /** A fresh ledger on a database of its own. */
  open(settings?: LedgerSettings): Promise<OpenedLedger>;
  /** One that is there: beside others that have it open, or after them. */
  again(url: string, settings?: LedgerSettings): Promise<OpenedLedger>;
  /** The URL of a database without tables. */
  bare(): Promise<string>;
  /** The URL of another ledger that holds what this one holds now. */
  copy(url: string): Promise<string>;
}

export type Suite = (ledgers: Ledgers) => void;

export const NO_CAPS: CallCaps = { callsPerHour: 1_000_000, concurrency: 1_000 };

/** Declares the tests of these suites over this kind of ledger. */
export function describeLedger(kind: LedgerKind, suites: Readonly<Record<string, Suite>>): void {
  for (const [concern, suite] of Object.entries(suites)) describe(`${kind.name}, ${concern}:`, () => suite(useLedgersOf(kind)));
}

/** Ledgers for the tests that are declared where this is called. */
export function useLedgersOf(kind: LedgerKind): Ledgers {
  const { ledgers, end } = ledgersOf(kind);
  afterEach(end);
  return ledgers;
}

/** The same for whoever ends them himself. */
export function ledgersOf(kind: LedgerKind): { ledgers: Ledgers; end(): Promise<void> } {
  const opened = new Set<Ledger>();
  const again: Ledgers['again'] = async (url, { caps = NO_CAPS, ...settings } = {}) => {
    const ledger = await kind.open({ url, create: true, caps, ...settings });
    opened.add(ledger);
    const close = async () => {
      if (opened.delete(ledger)) await ledger.close();
    };
    return { ...ledger, url, close };
  };
  const ledgers: Ledgers = {
    again,
    open: async (settings) => again(await kind.make(), settings),
    bare: () => kind.make({ bare: true }),
    copy: (url) => kind.copy(url),
  };
  const end = async () => {
    try {
      for (const ledger of opened) {
        await kind.check?.(ledger);
        await ledger.close();
      }
    } finally {
      opened.clear();
      await kind.drop();
    }
  };
  return { ledgers, end };
}
