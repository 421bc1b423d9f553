// Deliveries in the audit log. They are written behind the answer, several in one transaction: a sender never waits for the ledger, whose
// worker may be writing. What started a run is in the run's own history as well, so a crash loses no more than the note of it.
import type { NewAuditEntry } from '../ledger/rows/audit.js';
import type { HookAnswer, HookResult } from './hook-answers.js';

/** What a stranger can cause in any number is one entry a minute, with the number. */
const COUNTED: readonly HookResult[] = ['same', 'ignored', 'unauthentic', 'unknown', 'malformed', 'limited', 'unavailable', 'failed'];
const AUTHENTIC: readonly HookResult[] = ['started', 'same', 'ignored', 'conflict', 'refused'];
const WRITE_EVERY_MS = 500;
const COUNT_FOR_MS = 60_000;
/** Of a ledger that cannot be written to for long; what is left out is told. */
const KEPT = 1_000;

type Entry = { runId?: string | undefined; entry: NewAuditEntry };

export interface AuditedHooks {
  write(entries: readonly Entry[]): Promise<void>;
  now(): Date;
  onTrouble(error: unknown, entries: number): void;
}

interface Count {
  hook: string | undefined;
  result: HookResult;
  n: number;
  why: string | undefined;
  since: number;
}

export class HookAudit {
  readonly #to: AuditedHooks;
  readonly #timer: NodeJS.Timeout;
  #waiting: Entry[] = [];
  readonly #counts = new Map<string, Count>();
  #writing: Promise<void> = Promise.resolve();
  #leftOut = 0;

  constructor(to: AuditedHooks) {
    this.#to = to;
    this.#timer = setInterval(() => this.#flush(), WRITE_EVERY_MS);
    this.#timer.unref();
  }

  note(answer: HookAnswer): void {
    if (COUNTED.includes(answer.result)) this.#count(answer);
    else this.#keep({ runId: answer.workflowId, entry: entryOf(answer, { ...(answer.why === undefined ? {} : { why: answer.why }) }) });
  }

  /** Writes what there is, and ends. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#flush(true);
    await this.#writing;
  }

  #count({ hook, result, why }: HookAnswer): void {
    const key = `${hook ?? ''} ${result}`;
    const known = this.#counts.get(key);
    if (known) known.n += 1;
    else this.#counts.set(key, { hook, result, n: 1, why, since: this.#to.now().getTime() });
  }

  #keep(entry: Entry): void {
    if (this.#waiting.length < KEPT) this.#waiting.push(entry);
    else this.#leftOut += 1;
  }

  #flush(all = false): void {
    const now = this.#to.now().getTime();
    for (const [key, { n, since, why, ...answer }] of this.#counts) {
      if (!all && Math.abs(now - since) < COUNT_FOR_MS) continue;
      this.#counts.delete(key);
      this.#keep({ entry: entryOf(answer, { events: n, since: new Date(since).toISOString(), ...(why === undefined ? {} : { why }) }) });
    }
    if (this.#waiting.length === 0) return;
    this.#writing = this.#writing.then(() => this.#write());
  }

  async #write(): Promise<void> {
    const entries = this.#waiting;
    if (entries.length === 0) return;
    this.#waiting = [];
    try {
      await this.#to.write(entries);
      this.#leftOut = 0;
    } catch (error) {
      const kept = [...entries, ...this.#waiting].slice(0, KEPT);
      this.#leftOut += entries.length + this.#waiting.length - kept.length;
      this.#waiting = kept;
      this.#to.onTrouble(error, this.#waiting.length + this.#leftOut);
    }
  }
}

/** An authentic delivery comes from whoever has a secret of the hook; the names within it are claims. */
function entryOf({ hook, result }: HookAnswer, detail: object): NewAuditEntry {
  const isAuthentic = AUTHENTIC.includes(result) && hook !== undefined;
  return {
    ...(isAuthentic ? { actor: `hook ${hook}` } : {}),
    verified: isAuthentic,
    action: `webhook-${result}`,
    detail: JSON.stringify({ ...(isAuthentic || hook === undefined ? {} : { hook }), ...detail }),
  };
}
