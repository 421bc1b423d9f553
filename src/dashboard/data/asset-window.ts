// A window over the assets of a run, however many they are: pages are read as they come into view, by the cursor of the page before, and
// let go of when they are far away.
import type { AssetPage, AssetRow } from './types.js';

export const PAGE_ROWS = 100;
/** Pages on either side of the view that are kept. */
const KEPT_AROUND = 5;

interface Page {
  cursor: string | undefined;
  next: string | undefined;
  /** How many rows it has, kept or not. */
  length: number;
  rows: readonly AssetRow[] | undefined;
}

interface Asking {
  read: (cursor: string | undefined, abort: AbortSignal) => Promise<AssetPage>;
  onChange: () => void;
}

export class AssetWindow {
  error: Error | undefined;
  readonly #asking: Asking;
  readonly #abort = new AbortController();
  readonly #reading = new Set<number>();
  #pages: Page[] = [];
  #inView = { first: 0, last: 0 };

  constructor(asking: Asking) {
    this.#asking = asking;
  }

  /** Rows that are known of; there may be more behind them. */
  get count(): number {
    const last = this.#pages.at(-1);
    return last ? (this.#pages.length - 1) * PAGE_ROWS + last.length : 0;
  }

  get isReading(): boolean {
    return this.#reading.size > 0;
  }

  /** Whether it has been read to its end. */
  get isWhole(): boolean {
    const last = this.#pages.at(-1);
    return last !== undefined && last.next === undefined;
  }

  /** Undefined while it is not read. */
  row(index: number): AssetRow | undefined {
    return this.#pages[Math.floor(index / PAGE_ROWS)]?.rows?.[index % PAGE_ROWS];
  }

  /** These rows are in view now. */
  show(firstRow: number, lastRow: number): void {
    this.#inView = { first: Math.floor(firstRow / PAGE_ROWS), last: Math.floor(lastRow / PAGE_ROWS) };
    const { first, last } = this.#inView;
    for (const [at, page] of this.#pages.entries()) {
      if (at < first - KEPT_AROUND || at > last + KEPT_AROUND) page.rows = undefined;
      else if (at >= first && at <= last && !page.rows) this.#read(at);
    }
    // One ahead: who scrolls on finds it there.
    if (last + 1 >= this.#pages.length && !this.isWhole) this.#read(this.#pages.length);
  }

  /** Reads again what is in view: outcomes have changed. */
  refresh(): void {
    const { first, last } = this.#inView;
    for (let at = first; at <= last && at < this.#pages.length; at += 1) this.#read(at);
    if (this.#pages.length === 0 || (this.isWhole && last >= this.#pages.length - 1)) this.#read(Math.max(0, this.#pages.length - 1));
  }

  close(): void {
    this.#abort.abort();
  }

  #read(at: number): void {
    if (this.#reading.has(at) || this.#abort.signal.aborted) return;
    const cursor = at === 0 ? undefined : this.#pages[at - 1]?.next;
    if (at > 0 && cursor === undefined) return;
    this.#reading.add(at);
    void this.#take(at, cursor).finally(() => {
      this.#reading.delete(at);
      if (!this.#abort.signal.aborted) this.#asking.onChange();
    });
  }

  async #take(at: number, cursor: string | undefined): Promise<void> {
    try {
      const { items, next } = await this.#asking.read(cursor, this.#abort.signal);
      this.error = undefined;
      // What it is behind was read again meanwhile, and ends elsewhere now.
      if (at > 0 && this.#pages[at - 1]?.next !== cursor) return;
      this.#pages[at] = { cursor, next, length: items.length, rows: items };
      // Assets came in or went out of what is asked for: what follows begins elsewhere now.
      if (this.#pages[at + 1]?.cursor !== next || next === undefined) this.#pages.length = at + 1;
    } catch (error) {
      if (!this.#abort.signal.aborted) this.error = error instanceof Error ? error : new Error(String(error));
    }
  }
}
